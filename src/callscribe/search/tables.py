"""What can be searched."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base
from callscribe.db.sealed import SealedBytes


@dataclass(frozen=True, slots=True)
class SpokenSentence:
    """A sentence of a call. `channel` counts from 0, `start` is in seconds, `language` a locale or an ISO 639 code.

    `participant` is the position in the call's list of participants, where it is known.
    """

    channel: int
    participant: int | None
    start: float
    language: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Spoken:
    """What is said in a call, as it is kept: columns with an entry for each sentence, which are read in a moment."""

    texts: list[str]
    channels: list[int]
    participants: list[int | None]
    starts: list[float]
    languages: list[str]
    """ISO 639-1 codes; empty where the language is not known."""
    words: dict[str, list[str]]
    """By such a code, each word that there is, once and as it stands in the text."""


SPOKEN: Final = TypeAdapter(Spoken)
"""Writes and reads it as JSON."""


@dataclass(frozen=True, slots=True)
class Call:
    """A transcription, as far as search knows of it. `language` is the locale that was asked for."""

    account_sid: str
    transcription_id: str
    created_at: datetime
    language: str | None
    source_id: str | None


class SearchDocument(Base):
    """A call that can be found. Which words it has is in the table `search_index`, under the same number.

    That one is the database's own: a virtual table of FTS5 on SQLite, one with a GIN index on PostgreSQL.
    """

    __tablename__ = "search_documents"
    __table_args__ = (sa.Index("ix_search_documents_account", "account_sid", "number"),)

    number: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    """Milliseconds since 1970 at which the call's job was made, or the next that is free: newer calls have greater."""
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    transcription_id: Mapped[str] = mapped_column(sa.String(64), unique=True)
    spoken: Mapped[bytes | None] = mapped_column(SealedBytes, nullable=False)
    """`SPOKEN`, compressed by zlib; None is read where its key was erased."""
    terms: Mapped[bytes | None]
    """On SQLite, what the index was given, compressed: FTS5 keeps no copy, and must be told what it is to forget."""


def number_at(instant: datetime) -> int:
    """The number of a call whose job was made at this instant, where no other has it."""
    return int(instant.timestamp() * 1000)

"""What `listing.py` puts into the database, and the lists of transcriptions that it reads.

Rows are as a year of calls leaves them: every other one belongs to the first of four accounts, a few come at the same
instant, most are COMPLETED and English, and each recording was transcribed once or twice.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Session
from typeid import TypeID

from callscribe.accounts.tables import Account
from callscribe.db.base import Base
from callscribe.db.engine import Database
from callscribe.db.paging import Order, Page
from callscribe.transcriptions import repository as transcriptions
from callscribe.transcriptions.documents import Participant, ResolvedConfiguration
from callscribe.transcriptions.repository import NEWEST_FIRST, Filters, OrderBy, Ordering
from callscribe.transcriptions.tables import Status, Transcription

ACCOUNTS = tuple(f"AC{number:032x}" for number in range(4))
SHARES = (8, 1, 1, 1)
"""The first account's lists are read; it has the most."""
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = timedelta(days=365)
EARLY, LATE = BEGIN + timedelta(days=1), BEGIN + YEAR - timedelta(days=1)
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Filtered:
    """A list with a filter: how the API reads its pages, and the rows that it has."""

    name: str
    page: Callable[[Session, str | None, int], Page[Any]]
    where: Sequence[sa.ColumnElement[bool]]
    order: Order | None = None
    """Where it is not that of the list; the greatest first, or with `ascending` the least."""
    ascending: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A list."""

    name: str
    model: type[Base]
    order: Order
    fill: Callable[[Database, int, random.Random], None]
    filters: Callable[[], list[Filtered]]
    oldest_first: bool = False


def filtered(
    page: Callable[..., Page[Any]], cases: Sequence[tuple[str, Any, Sequence[sa.ColumnElement[bool]]]]
) -> list[Filtered]:
    """`page` with each of the cases: a name, what `page` takes as `filters`, and the rows that it has to find."""
    return [Filtered(name, partial(page, filters=filters), where) for name, filters, where in cases]


def instants(rows: int, chance: random.Random) -> Iterator[datetime]:
    """Spread over a year; one in ten at the same instant as the one before."""
    instant = BEGIN
    step = YEAR / rows / 0.9
    for _ in range(rows):
        if chance.random() >= 0.1:
            instant += step * chance.random() * 2
        yield instant


def type_id(prefix: str, instant: datetime, chance: random.Random) -> str:
    """A TypeID of a UUIDv7 made at this instant (RFC 9562, section 5.7)."""
    number = int(instant.timestamp() * 1000) << 80 | chance.getrandbits(80)
    number = number & ~(0xF << 76) | 0x7 << 76
    number = number & ~(0x3 << 62) | 0x2 << 62
    return str(TypeID.from_uuid(UUID(int=number), prefix))


def insert(database: Database, model: type[Base], rows: Iterator[dict[str, Any]]) -> None:
    """All of them, a few thousand in a transaction."""
    statement = sa.insert(model.__table__)  # rows are by the names of columns
    while batch := list(islice(rows, BATCH)):
        with database.engine.begin() as connection:
            connection.execute(statement, batch)


def add_accounts(database: Database) -> None:
    """The accounts that everything belongs to."""
    insert(
        database,
        Account,
        iter(
            {
                "sid": sid,
                "name": "benchmark",
                "token_hash": f"{number:064x}",
                "token_encrypted": "",
                "created_at": BEGIN,
            }
            for number, sid in enumerate(ACCOUNTS)
        ),
    )


def transcription_rows(rows: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    """So many rows of transcriptions, by the names of columns."""
    participants = [
        Participant(audio_channel_index=1, type="CUSTOMER", address="+15550100", name=None),
        Participant(audio_channel_index=2, type="HUMAN_AGENT", address="+15550199", name="Daniel"),
    ]
    configuration = f"voice_transcriptionconfiguration_{'0' * 26}"
    for number, instant in enumerate(instants(rows, chance)):
        account = chance.choices(ACCOUNTS, SHARES)[0]
        language = chance.choices(("en-US", "es-US", "de-DE"), (80, 15, 5))[0]
        status = chance.choices((Status.COMPLETED, Status.FAILED, Status.RUNNING, Status.PENDING), (96, 3, 0.5, 0.5))[0]
        yield {
            "id": type_id("voice_transcription", instant, chance),
            "account_sid": account,
            "status": status,
            "configuration_id": configuration,
            # One recording stands out, so that the list by source has pages too.
            "source_id": f"RE{number // 2 if number % 20 else 0:032x}",
            "media_url": None,
            "audio_started_at": instant - timedelta(minutes=5),
            "participants": participants,
            "resolved_configuration": ResolvedConfiguration.model_validate(
                {
                    "transcriptionEngine": "deepgram",
                    "speechModel": "nova-3",
                    "language": language,
                    "transcriptionStatusCallback": {"url": "https://calls.example.com/done", "method": "POST"},
                    "participantDefaults": [{"audioChannelIndex": 1, "type": "CUSTOMER"}],
                    "servedBy": {"engine": "whisper", "model": "base"},
                }
            ),
            "language": language,
            "duration": chance.lognormvariate(5, 1) if status == Status.COMPLETED else None,
            "progress": 1.0,
            "base_url": "https://transcribe.example.com",
            "created_at": instant,
            "updated_at": instant + timedelta(seconds=30),
        }


def _fill_transcriptions(database: Database, rows: int, chance: random.Random) -> None:
    add_accounts(database)
    insert(database, Transcription, transcription_rows(rows, chance))


def _transcription_filters() -> list[Filtered]:
    of = Transcription
    early, late = EARLY, LATE
    source = f"RE{0:032x}"
    cases: list[tuple[str, Filters, list[sa.ColumnElement[bool]]]] = [
        ("none", Filters(), []),
        ("status=COMPLETED", Filters(status=Status.COMPLETED), [of.status == Status.COMPLETED]),
        ("status=FAILED", Filters(status=Status.FAILED), [of.status == Status.FAILED]),
        ("createdAfter", Filters(created_after=early), [of.created_at >= early]),
        ("createdBefore", Filters(created_before=late), [of.created_at < late]),
        ("both", Filters(created_after=early, created_before=late), [of.created_at >= early, of.created_at < late]),
        ("languageCode=en-US", Filters(language="en-US"), [of.language == "en-US"]),
        ("languageCode=de-DE", Filters(language="de-DE"), [of.language == "de-DE"]),
        ("sourceId", Filters(source_id=source), [of.source_id == source]),
        (
            "languageCode and status",
            Filters(language="de-DE", status=Status.FAILED),
            [of.language == "de-DE", of.status == Status.FAILED],
        ),
        (
            "status, createdAfter, createdBefore",
            Filters(created_after=early, created_before=late, status=Status.COMPLETED),
            [of.created_at >= early, of.created_at < late, of.status == Status.COMPLETED],
        ),
    ]

    def page(
        session: Session, token: str | None, size: int, *, filters: Filters, ordering: Ordering = NEWEST_FIRST
    ) -> Page[Transcription]:
        return transcriptions.page(session, ACCOUNTS[0], filters, token, size, ordering)

    mine = [(name, filters, [of.account_sid == ACCOUNTS[0], *where]) for name, filters, where in cases]
    return [
        *filtered(page, mine),
        Filtered("oldest first", partial(page, filters=Filters(), ordering=_OLDEST), mine[0][2], ascending=True),
        *(
            Filtered(
                f"{name}, longest first",
                partial(page, filters=filters, ordering=_LONGEST),
                where,
                (of.listed_duration, of.id),
            )
            for name, filters, where in mine
        ),
    ]


_OLDEST, _LONGEST = Ordering(ascending=True), Ordering(OrderBy.DURATION)

TRANSCRIPTIONS = Listed(
    "transcriptions",
    Transcription,
    (Transcription.created_at, Transcription.id),
    _fill_transcriptions,
    _transcription_filters,
)

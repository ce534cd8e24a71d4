"""Answers that are kept for `Idempotency-Key`."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now
from callscribe.db.sealed import SealedJson


class IdempotentAnswer(Base):
    """What the first request with a key was answered, and the hash of what it asked."""

    __tablename__ = "idempotent_answers"
    __table_args__ = (sa.Index("ix_idempotent_answers_subject", "account_sid", "subject_id"),)

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    payload_hash: Mapped[str] = mapped_column(sa.String(64))
    subject_id: Mapped[str | None] = mapped_column(sa.String(64))
    """What was made, or what it is a part of."""
    answer: Mapped[dict[str, Any]] = mapped_column(SealedJson(dict[str, Any], "{}"))
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)

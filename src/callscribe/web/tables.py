"""Answers that are kept for `Idempotency-Key`."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now


class IdempotentAnswer(Base):
    """What the first request with a key was answered, and the hash of what it asked."""

    __tablename__ = "idempotent_answers"

    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"), primary_key=True)
    key: Mapped[str] = mapped_column(sa.String(128), primary_key=True)
    payload_hash: Mapped[str] = mapped_column(sa.String(64))
    answer: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now, index=True)

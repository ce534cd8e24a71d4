"""Callbacks and the log of attempts to deliver them."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from callscribe.db.base import Base, Dated, now, partial_index
from callscribe.db.sealed import SealedBytes


class Delivery(StrEnum):
    """Where a callback stands."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"


class Callback(Dated, Base):
    """One event to be told to one address. The body, in the row or in the blob store, is the same for every attempt."""

    __tablename__ = "callbacks"
    __table_args__ = (
        sa.Index("ix_callbacks_subject", "account_sid", "subject_id", "created_at"),
        partial_index("ix_callbacks_due_at", "due_at", where="due_at IS NOT NULL"),
    )

    id: Mapped[str] = mapped_column(sa.String(96), primary_key=True)
    account_sid: Mapped[str] = mapped_column(sa.ForeignKey("accounts.sid"))
    subject_id: Mapped[str] = mapped_column(sa.String(64))
    """What it tells about: the id of a transcription or a conversation."""
    event_id: Mapped[str] = mapped_column(sa.String(64))
    """Of the event, the same for all who are told of it, and when it is told again."""
    event: Mapped[str] = mapped_column(sa.String(32))
    """Its kind."""
    url: Mapped[str] = mapped_column(sa.Text)
    body: Mapped[bytes | None] = mapped_column(SealedBytes)
    """A small body: a failure is told also where it is the blob store that failed."""
    body_key: Mapped[str | None] = mapped_column(sa.Text)
    """The blob with any other body."""
    body_bytes: Mapped[int | None] = mapped_column(sa.BigInteger)
    """What that blob takes, and its job counts."""
    reduced: Mapped[str | None] = mapped_column(sa.String(16))
    """What was left out to keep the body under 1 MB; see `callbacks.service.Reduced`."""
    kept_days: Mapped[float | None]
    """Days for which its log is kept once it is delivered or given up; None is as long as what it tells about."""
    due_at: Mapped[datetime | None]
    """When the log is to be erased, as soon as that is known."""
    delivery: Mapped[Delivery] = mapped_column(sa.Enum(Delivery, native_enum=False, length=16))
    request_id: Mapped[str | None] = mapped_column(sa.String(64))
    """Of the request that all this goes back to."""
    traceparent: Mapped[str | None] = mapped_column(sa.String(55))
    """The trace that it belongs to, as W3C writes it."""
    attempts: Mapped[list["CallbackAttempt"]] = relationship(
        order_by="CallbackAttempt.started_at", lazy="selectin", passive_deletes=True
    )

    @property
    def content(self) -> bytes | str | None:
        """The body itself, or the key of the blob with it; None where it was erased, since its time was over."""
        return self.body if self.body is not None else self.body_key


class CallbackAttempt(Base):
    """One request to the callback's address. Without `finished_at` the process ended in the middle of it."""

    __tablename__ = "callback_attempts"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    callback_id: Mapped[str] = mapped_column(sa.ForeignKey("callbacks.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    http_status: Mapped[int | None]
    error_code: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(sa.Text)

"""Workers that are alive."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now


class Worker(Base):
    """A running worker process; `id` is its executor id in DBOS. The row is refreshed while it lives."""

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    machine: Mapped[str] = mapped_column(sa.String(128))
    pid: Mapped[int]
    process_started: Mapped[float]
    started_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)
    """By the database's clock, like `started_at`."""
    roles: Mapped[list[str]] = mapped_column(sa.JSON)
    models: Mapped[list[str]] = mapped_column(sa.JSON)
    """Those that it recognises with, as `ENGINE/MODEL`."""
    device: Mapped[str | None] = mapped_column(sa.String(16))
    """`cpu` or `cuda`; None where it does not recognise."""
    version: Mapped[str] = mapped_column(sa.String(32))
    protocol: Mapped[str] = mapped_column(sa.String(8))
    """Version of the workflows that it runs."""
    recognized_at: Mapped[datetime | None]
    """When the model last answered."""
    checked_at: Mapped[datetime | None]
    check_error: Mapped[str | None] = mapped_column(sa.Text)

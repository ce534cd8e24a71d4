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

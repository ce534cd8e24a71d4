"""Workers that are alive, and the work that waits or is in hand."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from callscribe.db.base import Base, now, partial_index

_BY_BYTES = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
"""Compared byte by byte on both databases, so that ids with a common beginning are a range of the index."""


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
    swept_at: Mapped[datetime | None]
    """When it last had erased what was due."""


class Piece(Base):
    """A piece of work, from the transaction that wants it done until its workflow has ended.

    It waits, for its time (`not_before`) or for its turn, or is in hand of the worker that it names.
    """

    __tablename__ = "work"

    id: Mapped[str] = mapped_column(_BY_BYTES, primary_key=True)
    """That of the workflow; those of one job begin with the job's id."""
    workflow: Mapped[str] = mapped_column(sa.String(64))
    """`class.method`."""
    arguments: Mapped[list[Any]] = mapped_column(sa.JSON)
    protocol: Mapped[str] = mapped_column(sa.String(8))
    queue: Mapped[str] = mapped_column(sa.Text)
    account: Mapped[str] = mapped_column(sa.String(64))
    line: Mapped[str] = mapped_column(sa.Text)
    """Who waits one behind the other: the pieces of an account; of its callbacks those to one receiver. It is the
    account, or begins with the account and a space."""
    rank: Mapped[int]
    cost: Mapped[float]
    """Seconds of audio, or what is worth as much."""
    created_at: Mapped[datetime]
    not_before: Mapped[datetime | None]
    """Null once that time has come."""
    deaths: Mapped[int] = mapped_column(default=0)
    """Workers that died while they had it in hand."""
    worker: Mapped[str | None] = mapped_column(sa.String(64))
    taken_at: Mapped[datetime | None]

    __table_args__ = (
        partial_index(
            "ix_work_waiting",
            *("protocol", "queue", "line", "rank", "created_at", "id"),
            where="worker IS NULL AND not_before IS NULL",
        ),
        partial_index("ix_work_not_before", "not_before", where="not_before IS NOT NULL"),
        partial_index("ix_work_in_hand", "queue", "account", "worker", where="worker IS NOT NULL"),
        partial_index("ix_work_worker", "worker", where="worker IS NOT NULL"),
    )

    @classmethod
    def waits(cls) -> sa.ColumnElement[bool]:
        """That it waits for nothing but its turn."""
        return sa.and_(cls.worker.is_(None), cls.not_before.is_(None))


class ProviderRefusal(Base):
    """That a provider did not take its key the last time that it was asked."""

    __tablename__ = "provider_refusals"

    engine: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    detail: Mapped[str] = mapped_column(sa.Text)
    refused_at: Mapped[datetime] = mapped_column(default=now)

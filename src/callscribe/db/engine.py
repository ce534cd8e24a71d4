"""Connections to SQLite or PostgreSQL.

DBOS keeps its tables in the same database, so that a job's row and its place in the queue are one
transaction; hence one engine serves both.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

SQLITE_BUSY_MILLISECONDS = 30_000
POOL_SIZE = 16


class Database:
    """Sessions over one engine.

    SQLite has one writer at a time, and waits for the lock by sleeping longer and longer. Writers of this
    process therefore queue at a lock of its own first, which hands over at once.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine = _create_engine(url)
        self._writer = threading.Lock() if self.is_sqlite else nullcontext()

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the single-file database of a laptop."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries; nothing of it is committed."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed together at the end, or not at all."""
        with self._writer, Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def begin_writing(session: Session) -> None:
    """Let no other process write before this transaction ends, where rows cannot be locked: on SQLite.

    There a transaction begins with its first change, so that what was read before may be out of date.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite" and not getattr(connection.connection, "in_transaction", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create_engine(url: str) -> sa.Engine:
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(
            parsed, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, connect_args={"check_same_thread": False}
        )
        sa.event.listen(engine, "connect", _prepare_sqlite)
        return engine
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    return sa.create_engine(parsed, pool_size=POOL_SIZE, max_overflow=POOL_SIZE, pool_pre_ping=True)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Writers take the lock when they begin: a lock taken half-way can only fail.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={SQLITE_BUSY_MILLISECONDS}")
    connection.execute("PRAGMA journal_mode=WAL")
    # What was answered with 202 must survive a power failure, not only a killed process.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")

"""Connections to SQLite or PostgreSQL.

DBOS keeps its tables in the same database, so that a job's row and its place in the queue are one
transaction; hence one engine serves both.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.reserve import Reserve
from callscribe.db.url_credentials import Cipher
from callscribe.waiting import TimedOut, check

PATIENCE = 30.0
"""Seconds that a connection, or SQLite's lock, is waited for, unless the caller says otherwise."""
CONNECTIONS = 32
"""Most connections at once, unless the caller says otherwise. Half of them are kept open when they idle."""

POSTGRESQL = {
    "fallback_application_name": "callscribe",  # who it is in pg_stat_activity
    # A server that does not answer is known as such in seconds, also where packets are swallowed.
    "connect_timeout": "10",
    "keepalives_idle": "15",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
"""Options of a connection, where the URL has none of that name (libpq's names)."""
IDLE_IN_TRANSACTION = "15s"
"""A process that stands still inside a transaction must not keep its locks from the others for longer."""


class Database:
    """Sessions over one engine.

    SQLite has one writer at a time, and waits for the lock by sleeping longer and longer. Writers of this
    process therefore queue at a lock of its own first, which hands over at once.

    With `patience`, in seconds, each statement, lock and connection that takes longer is an error: for those whose
    clients wait.
    """

    def __init__(self, url: str, connections: int = CONNECTIONS, patience: float | None = None) -> None:
        self.url = url
        self.cipher: Cipher | None = None
        """What seals the secrets of rows, once that is known."""
        self.engine = _create_engine(url, connections, patience)
        self._patience = patience or PATIENCE
        file = self.engine.url.database
        self.reserve = Reserve(Path(file)) if self.is_sqlite and file else None
        self._writer = threading.Lock()

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
        """A session whose changes are committed together at the end, or not at all, as where nobody waits any more."""
        with self._turn(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session
            check()

    def make_room(self) -> None:
        """Let a deletion find some on a full disk."""
        if self.reserve is not None and self.reserve.give_up():
            with self.engine.connect() as connection:  # so that the log begins anew, instead of growing
                connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self.is_sqlite:
            yield
            return
        if not self._writer.acquire(timeout=self._patience):
            raise TimedOut("the database is locked")
        try:
            yield
        finally:
            self._writer.release()


def begin_writing(session: Session) -> None:
    """Let no other process write before this transaction ends, where rows cannot be locked: on SQLite.

    There a transaction begins with its first change, so that what was read before may be out of date.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite" and not getattr(connection.connection, "in_transaction", False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _create_engine(url: str, connections: int, patience: float | None) -> sa.Engine:
    parsed = sa.make_url(url)
    options: dict[str, Any] = {
        "pool_size": connections // 2,
        "max_overflow": connections - connections // 2,
        "pool_timeout": patience or PATIENCE,
        "hide_parameters": True,  # texts of calls, numbers and tokens, which an error would bring into the log
    }
    if parsed.get_backend_name() == "sqlite":
        if parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(parsed, connect_args={"check_same_thread": False}, **options)
        sa.event.listen(engine, "connect", partial(_prepare_sqlite, patience or PATIENCE))
        return engine
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    arguments = {name: value for name, value in POSTGRESQL.items() if name not in parsed.query}
    engine = sa.create_engine(parsed, pool_pre_ping=True, connect_args=arguments, **options)
    sa.event.listen(engine, "connect", partial(_prepare_postgresql, patience))
    return engine


def _prepare_postgresql(patience: float | None, connection: Any, _record: object) -> None:
    connection.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION}'")
    if patience is not None:  # which counts the wait for locks as well
        connection.execute(f"SET statement_timeout = {round(patience * 1000)}")
    connection.commit()  # the pool rolls a connection back, which would undo it


def _prepare_sqlite(patience: float, connection: Any, _record: object) -> None:
    # Writers take the lock when they begin: a lock taken half-way can only fail.
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={round(patience * 1000)}")
    connection.execute("PRAGMA journal_mode=WAL")
    # What was answered with 202 must survive a power failure, not only a killed process.
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    # What is deleted is overwritten: keys of redacted jobs, say, and texts.
    connection.execute("PRAGMA secure_delete=ON")

"""Bring the database to the schema of this version; Alembic for our tables, DBOS for its own.

One process at a time, whichever machine it is on. Each revision is a transaction: who is killed in one leaves nothing
of it, and running it again goes on behind the last that is done.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import command
from dbos import DBOS
from psycopg import errors as postgres

from callscribe.db.engine import Database
from callscribe.durable import quiet_dbos
from callscribe.errors import SetupError
from callscribe.migrations.schema import Fit, SchemaState, config, refuse_too_new, scripts, state

ADVISORY_LOCK = 7_251_943_110
"""Any number, the same in every version."""
TURN_TIMEOUT = 600.0
"""Seconds to wait for another process that changes the schema."""
TURN_INTERVAL = 0.25
LOCK_TIMEOUT = "5s"
"""How long a revision may wait for a table. What works with the table waits behind it, so it must not be long."""
LOCK_ATTEMPTS = 20
LOCK_PAUSE = 2.0
"""Seconds in which others get on before a revision asks for the table again."""

_TABLE_IS_BUSY = (postgres.LockNotAvailable, postgres.DeadlockDetected)


def migrate(database: Database) -> list[str]:
    """Apply what is missing; returns a line for each revision that was. Safe to call at every start.

    A schema that is newer, and that this version can work with, is left alone.

    Raises:
        SetupError: the schema is too new for this version; or others keep it from being changed for minutes.
    """
    quiet_dbos()
    with one_at_a_time(database):
        before = state(database)
        refuse_too_new(before)
        if before.fit in {Fit.CURRENT, Fit.NEWER}:
            return []
        if before.revision in before.known | {None}:
            _upgrade(database)
        DBOS.migrate(database.engine.url.render_as_string(hide_password=False))
        return _applied(before, state(database))


@contextmanager
def one_at_a_time(database: Database) -> Iterator[None]:
    """Let no other process do what is inside meanwhile. On SQLite that is for a lock in the data folder to see to.

    Raises:
        SetupError: another one takes longer than `TURN_TIMEOUT`.
    """
    if database.is_sqlite:
        yield
        return
    # A lock of the session, which ends with the process; outside a transaction, and tried again and again instead of
    # waited for: DBOS builds indexes while others write, and such an index waits for every statement under way.
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + TURN_TIMEOUT
        while not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(ADVISORY_LOCK))):
            if time.monotonic() > deadline:
                raise SetupError("Another process has been changing the database's schema for ten minutes.")
            time.sleep(TURN_INTERVAL)
        try:
            yield
        finally:
            connection.scalar(sa.select(sa.func.pg_advisory_unlock(ADVISORY_LOCK)))


def _upgrade(database: Database) -> None:
    alembic = config()
    if database.is_sqlite:
        with database.engine.begin() as connection:
            # pysqlite begins no transaction before DDL: a process killed here would leave half a schema.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            alembic.attributes["connection"] = connection
            command.upgrade(alembic, "head")
        return
    for _ in range(LOCK_ATTEMPTS):
        try:
            with database.engine.connect() as connection:
                connection.detach()  # what is set for this session stays in it
                connection.exec_driver_sql(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
                connection.commit()
                alembic.attributes["connection"] = connection
                command.upgrade(alembic, "head")
        except sa.exc.OperationalError as error:
            if not isinstance(error.orig, _TABLE_IS_BUSY):
                raise
            time.sleep(LOCK_PAUSE)
        else:
            return
    raise SetupError(
        "A table could not be changed, since transactions that do not end keep it locked; see pg_stat_activity. "
        "What is done so far stays; run `callscribe migrate` again once they have ended."
    )


def _applied(before: SchemaState, after: SchemaState) -> list[str]:
    revisions = reversed(list(scripts().iterate_revisions(after.revision, before.revision)))
    lines = [f"{script.revision}  {script.doc}" for script in revisions]
    if after.queues != before.queues:
        lines.append(f"queues  DBOS {before.queues} → {after.queues}")
    return lines

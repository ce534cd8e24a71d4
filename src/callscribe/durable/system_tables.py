"""DBOS's own tables, as far as this program looks into them or sets them right.

DBOS documents them (https://docs.dbos.dev/explanations/system-tables) and has no call for what is done with them here:
who has work in hand, which queues have any, and handing work back. pyproject.toml pins DBOS's minor version.
"""

from typing import Final

import sqlalchemy as sa

from callscribe.db.engine import Database

ENQUEUED: Final = "ENQUEUED"
"""Waits in a queue."""
PENDING: Final = "PENDING"
"""In hand of the worker `executor_id`."""
GIVEN_UP: Final = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"
"""Workers died over it, too often."""
BROKEN: Final = "ERROR"
"""Ended with an exception that nothing in it had reckoned with."""

INTERNAL_QUEUE: Final = "_dbos_internal_queue"
"""Where DBOS puts what was in no queue before."""


def workflow_status(database: Database) -> sa.TableClause:
    """The table with a row for each workflow. Times are in milliseconds since 1970."""
    return sa.table(
        "workflow_status",
        sa.column("workflow_uuid", sa.Text()),
        sa.column("status", sa.Text()),
        sa.column("name", sa.Text()),
        sa.column("executor_id", sa.Text()),
        sa.column("application_version", sa.Text()),
        sa.column("queue_name", sa.Text()),
        sa.column("queue_partition_key", sa.Text()),
        sa.column("priority", sa.Integer()),
        sa.column("recovery_attempts", sa.BigInteger()),
        sa.column("owner_xid", sa.Text()),
        sa.column("deduplication_id", sa.Text()),
        sa.column("created_at", sa.BigInteger()),
        sa.column("updated_at", sa.BigInteger()),
        sa.column("started_at_epoch_ms", sa.BigInteger()),
        sa.column("completed_at", sa.BigInteger()),
        schema=None if database.is_sqlite else "dbos",
    )


def is_in_flight(table: sa.TableClause, status: str) -> sa.ColumnElement[bool]:
    """That a workflow has a status, ENQUEUED or PENDING, in words that both databases find DBOS's indexes by."""
    has = table.c.status == sa.literal_column(f"'{status}'")
    if table.schema is not None:  # PostgreSQL draws the conclusion that SQLite has to be told
        return has
    return sa.and_(has, table.c.status.in_([sa.literal_column(f"'{each}'") for each in (ENQUEUED, PENDING)]))

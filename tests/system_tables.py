"""DBOS's table of workflows, as far as tests look into it: https://docs.dbos.dev/explanations/system-tables."""

import sqlalchemy as sa

from callscribe.db.engine import Database

PENDING = "PENDING"


def workflow_status(database: Database) -> sa.TableClause:
    """The table with a row for each workflow."""
    return sa.table(
        "workflow_status",
        sa.column("workflow_uuid", sa.Text()),
        sa.column("status", sa.Text()),
        sa.column("executor_id", sa.Text()),
        schema=None if database.is_sqlite else "dbos",
    )

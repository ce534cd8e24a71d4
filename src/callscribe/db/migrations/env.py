"""Alembic's entry point. The connection is handed in by `callscribe.db.migrate`."""

import sqlalchemy as sa
from alembic import context

import callscribe.accounts.tables
import callscribe.callbacks.tables
import callscribe.configurations.tables
import callscribe.conversations.tables
import callscribe.durable.tables
import callscribe.recordings.tables
import callscribe.transcriptions.tables
import callscribe.web.tables  # noqa: F401  each import registers its tables
from callscribe.db.base import Base

# Any number, the same everywhere: two servers that start together migrate one after the other.
ADVISORY_LOCK = 7_251_943_110

connection: sa.Connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # DBOS's tables in the same SQLite file are not ours to compare.
    include_object=lambda _object, name, kind, _reflected, _compare: kind != "table" or name in Base.metadata.tables,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

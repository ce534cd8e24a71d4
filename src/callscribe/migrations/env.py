"""Alembic's entry point. The connection is handed in by `callscribe.migrations.runner`."""

import sqlalchemy as sa
from alembic import context

import callscribe.accounts.tables
import callscribe.callbacks.tables
import callscribe.configurations.tables
import callscribe.conversations.tables
import callscribe.durable.tables
import callscribe.evaluation.tables
import callscribe.recordings.tables
import callscribe.search.tables
import callscribe.transcriptions.tables
import callscribe.web.tables  # noqa: F401  each import registers its tables
from callscribe.db.base import Base
from callscribe.migrations.schema import VERSION_TABLE, note_compatibility

connection: sa.Connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    version_table=VERSION_TABLE,
    # Where the connection is in no transaction yet: on SQLite all revisions are one, opened by `migrations.runner`.
    transaction_per_migration=True,
    on_version_apply=note_compatibility,
    # DBOS's tables in the same SQLite file are not ours to compare.
    include_object=lambda _object, name, kind, _reflected, _compare: kind != "table" or name in Base.metadata.tables,
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()

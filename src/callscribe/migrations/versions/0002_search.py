"""What was said can be searched."""

import sqlalchemy as sa
from alembic import op

from callscribe.errors import SetupError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Written out: what a later version of the program has of this is another matter.
_FTS5 = """
CREATE VIRTUAL TABLE search_index USING fts5(
    terms, content='', detail=none, columnsize=0, tokenize="ascii tokenchars '.=^@#-'"
)
"""
_GIN = (
    "CREATE TABLE search_index (number bigint PRIMARY KEY, terms tsvector NOT NULL)",
    # New calls are found through a list that is gone through at each search, so it must not be long.
    "CREATE INDEX ix_search_index_terms ON search_index USING gin (terms) WITH (gin_pending_list_limit = 1024)",
)


def upgrade() -> None:
    op.create_table(
        "search_documents",
        sa.Column("number", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("transcription_id", sa.String(64), nullable=False, unique=True),
        sa.Column("spoken", sa.LargeBinary(), nullable=False),
        sa.Column("terms", sa.LargeBinary()),
        sa.Index("ix_search_documents_account", "account_sid", "number"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in _GIN:
            op.execute(statement)
    else:
        _make_fts5()
    op.add_column("transcriptions", sa.Column("is_searchable", sa.Boolean()))
    # What was transcribed before, and by workers of the version before: see `transcriptions.searching`.
    unsearched = sa.text("status = 'COMPLETED' AND is_searchable IS NULL AND transcript_erased_at IS NULL")
    op.create_index(
        "ix_transcriptions_unsearched",
        "transcriptions",
        ["id"],
        sqlite_where=unsearched,
        postgresql_where=unsearched,
    )


def _make_fts5() -> None:
    try:
        op.execute(_FTS5)
    except sa.exc.OperationalError as error:
        if "no such module" not in str(error):
            raise
        raise SetupError(
            "The SQLite that this Python was built with has no full-text search (FTS5). Use another build of Python, "
            "such as that of python.org or of uv, or PostgreSQL (CALLSCRIBE_DATABASE_URL)."
        ) from error

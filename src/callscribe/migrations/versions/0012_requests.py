"""The request and the trace that a job and its callbacks came from, and the failed job that one repeats."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("transcriptions", "callbacks"):
        op.add_column(table, sa.Column("request_id", sa.String(length=64), nullable=True))
        op.add_column(table, sa.Column("traceparent", sa.String(length=55), nullable=True))
    op.add_column("transcriptions", sa.Column("retry_of", sa.String(length=64), nullable=True))
    # Partial: of millions of rows, hardly any is in them.
    repeats = sa.text("retry_of IS NOT NULL")
    op.create_index(
        "ix_transcriptions_retry",
        "transcriptions",
        ["retry_of"],
        unique=True,
        sqlite_where=repeats,
        postgresql_where=repeats,
    )
    failed = sa.text("status = 'FAILED'")
    op.create_index("ix_transcriptions_failed", "transcriptions", ["id"], sqlite_where=failed, postgresql_where=failed)


def downgrade() -> None:
    op.drop_index("ix_transcriptions_failed", "transcriptions")
    op.drop_index("ix_transcriptions_retry", "transcriptions")
    op.drop_column("transcriptions", "retry_of")
    for table in ("transcriptions", "callbacks"):
        op.drop_column(table, "traceparent")
        op.drop_column(table, "request_id")

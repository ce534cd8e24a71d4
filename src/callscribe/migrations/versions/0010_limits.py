"""Limits of an account, and what it uses."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

NOT_COUNTED = sa.text("media_bytes IS NULL AND status IN ('COMPLETED', 'FAILED')")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("limit_jobs_waiting", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("limit_jobs_running", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("limit_requests", sa.String(32), nullable=True))
    op.add_column("accounts", sa.Column("limit_stored_bytes", sa.BigInteger(), nullable=True))
    op.add_column("accounts", sa.Column("limit_audio_hours", sa.Double(), nullable=True))
    op.add_column("transcriptions", sa.Column("media_bytes", sa.BigInteger(), nullable=True))
    op.add_column("transcriptions", sa.Column("result_bytes", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_transcriptions_not_counted",
        "transcriptions",
        ["id"],
        sqlite_where=NOT_COUNTED,
        postgresql_where=NOT_COUNTED,
    )
    op.create_table(
        "account_storage",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("counted_at", sa.Double(), nullable=True),
    )
    op.create_table(
        "account_activity",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("period", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("audio_seconds", sa.Double(), nullable=False, server_default="0"),
        sa.Column("jobs_ended", sa.Integer(), nullable=False, server_default="0"),
    )
    op.create_index("ix_account_activity_period", "account_activity", ["period"])


def downgrade() -> None:
    op.drop_table("account_activity")
    op.drop_table("account_storage")
    op.drop_index("ix_transcriptions_not_counted", table_name="transcriptions")
    for name in ("result_bytes", "media_bytes"):
        op.drop_column("transcriptions", name)
    for name in ("audio_hours", "stored_bytes", "requests", "jobs_running", "jobs_waiting"):
        op.drop_column("accounts", f"limit_{name}")

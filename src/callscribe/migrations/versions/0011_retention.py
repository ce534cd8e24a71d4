"""When media, transcripts, jobs and callbacks of a job are to be erased."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_INSTANTS = ("media_due_at", "transcript_due_at", "job_due_at", "media_erased_at", "transcript_erased_at")


def upgrade() -> None:
    op.add_column("accounts", sa.Column("retention", sa.JSON(none_as_null=True), nullable=True))
    for name in _INSTANTS:
        op.add_column("transcriptions", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.add_column("callbacks", sa.Column("kept_days", sa.Double(), nullable=True))
    op.add_column("callbacks", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    # Partial: the sweep reads what is due, and where nothing is ever erased nothing is in them.
    for table, column in (
        ("transcriptions", "media_due_at"),
        ("transcriptions", "transcript_due_at"),
        ("transcriptions", "job_due_at"),
        ("callbacks", "due_at"),
    ):
        due = sa.text(f"{column} IS NOT NULL")
        op.create_index(f"ix_{table}_{column}", table, [column], sqlite_where=due, postgresql_where=due)
    op.create_index("ix_conversations_active", "conversations", ["account_sid", "active_at"])


def downgrade() -> None:
    op.drop_index("ix_conversations_active", "conversations")
    op.drop_index("ix_callbacks_due_at", "callbacks")
    for column in ("media_due_at", "transcript_due_at", "job_due_at"):
        op.drop_index(f"ix_transcriptions_{column}", "transcriptions")
    op.drop_column("callbacks", "due_at")
    op.drop_column("callbacks", "kept_days")
    for name in reversed(_INSTANTS):
        op.drop_column("transcriptions", name)
    op.drop_column("accounts", "retention")

"""An index for lists of transcriptions by language and status at once."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_transcriptions_language_status",
        "transcriptions",
        ["account_sid", "language", "status", "created_at", "id"],
    )


def downgrade() -> None:
    op.drop_index("ix_transcriptions_language_status", table_name="transcriptions")

"""How large the body of a callback is, and what of an account is to be erased next."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

NOT_SIZED = sa.text("body_key IS NOT NULL AND body_bytes IS NULL")
DUE = ("media_due_at", "transcript_due_at", "job_due_at")


def upgrade() -> None:
    op.add_column("callbacks", sa.Column("body_bytes", sa.BigInteger(), nullable=True))
    op.create_index("ix_callbacks_not_sized", "callbacks", ["id"], sqlite_where=NOT_SIZED, postgresql_where=NOT_SIZED)
    for column in DUE:
        due = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_transcriptions_account_{column}",
            "transcriptions",
            ["account_sid", column],
            sqlite_where=due,
            postgresql_where=due,
        )


def downgrade() -> None:
    for column in reversed(DUE):
        op.drop_index(f"ix_transcriptions_account_{column}", "transcriptions")
    op.drop_index("ix_callbacks_not_sized", "callbacks")
    op.drop_column("callbacks", "body_bytes")

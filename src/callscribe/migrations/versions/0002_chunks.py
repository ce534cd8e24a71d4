"""Chunks of a recording, and how much of its text can be read while the job runs."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "chunks",
        sa.Column("transcription_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("done", sa.Double(), nullable=False),
        sa.Column("readable", sa.Double(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["transcription_id"], ["transcriptions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("transcription_id", "number"),
    )
    op.add_column("transcriptions", sa.Column("transcribed", sa.Double(), nullable=True))


def downgrade() -> None:
    op.drop_column("transcriptions", "transcribed")
    op.drop_table("chunks")

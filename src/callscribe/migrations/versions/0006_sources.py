"""Where the audio of a recording is that a job transcribes, and which recordings were transcribed automatically."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("recording", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "automatic_transcriptions",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("source_id", sa.String(length=34), nullable=False),
        sa.Column("configuration_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "source_id", "configuration_id"),
    )


def downgrade() -> None:
    op.drop_table("automatic_transcriptions")
    op.drop_column("transcriptions", "recording")

"""What is sent to providers of speech recognition, for whom, and who of them does not take their key."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "provider_requests",
        sa.Column(
            "transcription_id",
            sa.String(64),
            sa.ForeignKey("transcriptions.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("engine", sa.String(64), nullable=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("is_out", sa.Boolean(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "provider_handles",
        sa.Column("transcription_id", sa.String(64), primary_key=True),
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("part", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("model", sa.String(255), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True)),
        sa.Column("is_withdrawn", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "provider_activity",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(255), primary_key=True),
        sa.Column("hour", sa.Integer(), primary_key=True, autoincrement=False),
        sa.Column("seconds", sa.Double(), nullable=False),
    )
    op.create_index("ix_provider_activity_hour", "provider_activity", ["hour"])
    op.create_table(
        "provider_refusals",
        sa.Column("engine", sa.String(64), primary_key=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("refused_at", sa.DateTime(timezone=True), nullable=False),
    )

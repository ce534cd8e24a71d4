"""Calls, recordings, and recordings that are being taken in."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "calls",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("parent_call_sid", sa.String(length=34), nullable=True),
        sa.Column("from", sa.String(length=255), nullable=True),
        sa.Column("to", sa.String(length=255), nullable=True),
        sa.Column("direction", sa.String(length=32), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "sid"),
    )
    op.create_index("ix_calls_list", "calls", ["account_sid", "date_created", "sid"])
    op.create_index("ix_calls_started", "calls", ["account_sid", "start_time", "sid"])
    op.create_index("ix_calls_from", "calls", ["account_sid", "from", "date_created", "sid"])
    op.create_index("ix_calls_to", "calls", ["account_sid", "to", "date_created", "sid"])
    op.create_index("ix_calls_status", "calls", ["account_sid", "status", "date_created", "sid"])
    op.create_index("ix_calls_parent", "calls", ["account_sid", "parent_call_sid", "date_created", "sid"])

    op.create_table(
        "recordings",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("call_sid", sa.String(length=34), nullable=True),
        sa.Column("conference_sid", sa.String(length=34), nullable=True),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Double(), nullable=True),
        sa.Column("start_time", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("source", sa.String(length=32), nullable=False),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("encryption_details", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(length=16), nullable=False),
        sa.Column("container", sa.String(length=16), nullable=True),
        sa.Column("codec", sa.String(length=32), nullable=True),
        sa.Column("sample_rate", sa.Integer(), nullable=True),
        sa.Column("size", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("blobs", sa.String(length=128), nullable=True),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "sid"),
    )
    op.create_index("ix_recordings_list", "recordings", ["account_sid", "date_created", "sid"])
    op.create_index("ix_recordings_call", "recordings", ["account_sid", "call_sid", "date_created", "sid"])
    op.create_index("ix_recordings_conference", "recordings", ["account_sid", "conference_sid", "date_created", "sid"])

    op.create_table(
        "recording_intakes",
        sa.Column("folder", sa.String(length=128), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("folder"),
    )
    op.create_index("ix_recording_intakes_seen_at", "recording_intakes", ["seen_at"])


def downgrade() -> None:
    op.drop_table("recording_intakes")
    op.drop_table("recordings")
    op.drop_table("calls")

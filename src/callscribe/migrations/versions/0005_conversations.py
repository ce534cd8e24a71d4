"""Conversations with participants and communications, and their configurations."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

OPEN = sa.text("status <> 'CLOSED'")


def upgrade() -> None:
    op.create_table(
        "conversation_configurations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("memory_store_id", sa.String(length=128), nullable=True),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_conversation_configurations_list", "conversation_configurations", ["account_sid", "created_at", "id"]
    )
    op.create_index(
        "ix_conversation_configurations_memory_store",
        "conversation_configurations",
        ["account_sid", "memory_store_id", "created_at", "id"],
    )
    op.create_table(
        "conversation_operations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("related", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversation_operations_created_at", "conversation_operations", ["created_at"])
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("configuration_id", sa.String(length=64), nullable=True),
        sa.Column(
            "status",
            sa.Enum("ACTIVE", "INACTIVE", "CLOSED", name="conversationstatus", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("name", sa.String(length=256), nullable=True),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("grouping_key", sa.String(length=64), nullable=True),
        sa.Column("channel", sa.String(length=16), nullable=True),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversations_list", "conversations", ["account_sid", "created_at", "id"])
    op.create_index("ix_conversations_status", "conversations", ["account_sid", "status", "created_at", "id"])
    op.create_index(
        "ux_conversations_open",
        "conversations",
        ["account_sid", "configuration_id", "grouping_key"],
        unique=True,
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index("ix_conversations_due", "conversations", ["due_at", "account_sid"])
    op.create_table(
        "conversation_participants",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=True),
        sa.Column("type", sa.String(length=16), nullable=False),
        sa.Column("profile_id", sa.String(length=128), nullable=True),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_conversation_participants_list", "conversation_participants", ["conversation_id", "created_at", "id"]
    )
    op.create_table(
        "conversation_communications",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("author", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("channel_id", sa.String(length=256), nullable=True),
        sa.Column("resource_id", sa.String(length=256), nullable=True),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "resource_id"),
    )
    op.create_index(
        "ix_conversation_communications_list", "conversation_communications", ["conversation_id", "occurred_at", "id"]
    )
    op.create_index(
        "ix_conversation_communications_channel",
        "conversation_communications",
        ["conversation_id", "channel_id", "occurred_at", "id"],
    )
    op.create_table(
        "conversation_channels",
        sa.Column("account_sid", sa.String(length=34), nullable=False),
        sa.Column("channel_id", sa.String(length=256), nullable=False),
        sa.Column("conversation_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_sid", "channel_id", "conversation_id"),
    )
    op.create_index("ix_conversation_channels_conversation_id", "conversation_channels", ["conversation_id"])


def downgrade() -> None:
    for table in (
        "conversation_channels",
        "conversation_communications",
        "conversation_participants",
        "conversations",
        "conversation_operations",
        "conversation_configurations",
    ):
        op.drop_table(table)

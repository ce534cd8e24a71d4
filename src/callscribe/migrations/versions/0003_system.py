"""Operators see when a worker last swept, and accounts in pages."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("workers", sa.Column("swept_at", sa.DateTime(timezone=True)))
    op.create_index("ix_accounts_list", "accounts", ["created_at", "sid"])

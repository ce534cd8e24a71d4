"""API keys have roles, accounts a second token, and who did what is logged."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("api_keys", sa.Column("roles", sa.JSON(none_as_null=True)))
    op.add_column("accounts", sa.Column("secondary_hash", sa.String(64)))
    op.add_column("accounts", sa.Column("secondary_encrypted", sa.String(255)))
    op.create_table(
        "audit_events",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(64)),
        sa.Column("actor", sa.String(34), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("address", sa.String(45)),
        sa.Column("request_id", sa.String(64)),
        sa.Column("detail", sa.JSON(none_as_null=True)),
        sa.Index("ix_audit_events_list", "account_sid", "created_at", "id"),
        sa.Index("ix_audit_events_subject", "account_sid", "subject", "created_at", "id"),
        sa.Index("ix_audit_events_actor", "account_sid", "actor", "created_at", "id"),
        sa.Index("ix_audit_events_action", "account_sid", "action", "created_at", "id"),
        sa.Index("ix_audit_events_age", "created_at"),
    )

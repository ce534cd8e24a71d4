"""What each worker can do, and when it last heard that it can."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "roles": sa.JSON(),
    "models": sa.JSON(),
    "device": sa.String(16),
    "version": sa.String(32),
    "protocol": sa.String(8),
    "recognized_at": sa.DateTime(timezone=True),
    "checked_at": sa.DateTime(timezone=True),
    "check_error": sa.Text(),
}


def upgrade() -> None:
    for name, kind in _COLUMNS.items():
        op.add_column("workers", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name in _COLUMNS:
        op.drop_column("workers", name)

"""Lists of transcriptions by length."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_transcriptions_duration",
        "transcriptions",
        ["account_sid", "status", sa.text("coalesce(duration, -1)"), "id", "language", "created_at", "source_id"],
    )

"""What is sealed takes more room than a name: texts that can be sealed have no longest length."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = (
    ("transcriptions", "title", 255),
    ("corrected_terms", "term", 100),
    ("conversations", "name", 256),
    ("conversations", "grouping_key", 64),
    ("conversation_participants", "name", 512),
    ("calls", "from", 255),
    ("calls", "to", 255),
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":  # which knows no lengths
        return
    for table, column, length in _TEXTS:  # no table is written anew for it
        op.alter_column(table, column, type_=sa.Text(), existing_type=sa.String(length))

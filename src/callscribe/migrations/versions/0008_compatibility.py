"""Which older versions of the program can work with the schema."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# A program that knows this revision can work with every schema from here on, until a later revision says another one.
compatible_from = "0007"


def upgrade() -> None:
    op.create_table(
        "schema_compatibility",
        sa.Column("revision", sa.String(32), primary_key=True),
        sa.Column("oldest", sa.String(32), nullable=False),
    )
    # Programs before this revision know one table of versions, and start only when its revision is one of theirs.
    if not sa.inspect(op.get_bind()).has_table("alembic_version"):
        op.create_table("alembic_version", sa.Column("version_num", sa.String(32), primary_key=True))


def downgrade() -> None:
    op.drop_table("schema_compatibility")

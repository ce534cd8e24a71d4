"""Jobs that redact: the key that seals what is theirs, where their redacted audio is, and the original's figures."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("sealing_key", sa.Text()))
    op.add_column("transcriptions", sa.Column("audio_folder", sa.String(64)))
    op.add_column("transcriptions", sa.Column("original_audio", sa.JSON()))

"""Transcripts can be corrected."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcript_versions",
        _transcription(),
        sa.Column("number", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(34), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Index("ix_transcript_versions_list", "transcription_id", "created_at"),
    )
    op.create_table(
        "corrected_terms",
        _transcription(),
        sa.Column("term", sa.String(100), primary_key=True),
        sa.Column("configuration_id", sa.String(64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Index("ix_corrected_terms_configuration", "configuration_id", "term", "count"),
    )
    op.add_column("transcriptions", sa.Column("transcript_version", sa.Integer()))
    op.add_column("transcriptions", sa.Column("participant_names", sa.JSON()))


def _transcription() -> "sa.Column[str]":
    of = sa.ForeignKey("transcriptions.id", ondelete="CASCADE")
    return sa.Column("transcription_id", sa.String(64), of, primary_key=True)

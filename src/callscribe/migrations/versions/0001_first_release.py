"""The tables of the first release."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A program that knows this revision can work with every schema from here on, until a later revision says another one.
compatible_from = "0001"


def _where(condition: str) -> dict[str, Any]:
    return {f"{dialect}_where": sa.text(condition) for dialect in ("sqlite", "postgresql")}


def upgrade() -> None:  # noqa: PLR0915  a statement for each table and index
    op.create_table(
        "schema_compatibility",
        sa.Column("revision", sa.String(32), nullable=False),
        sa.Column("oldest", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("revision"),
    )
    op.create_table(
        "accounts",
        sa.Column("sid", sa.String(34), nullable=False),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("token_encrypted", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_jobs_waiting", sa.Integer()),
        sa.Column("limit_jobs_running", sa.Integer()),
        sa.Column("limit_requests", sa.String(32)),
        sa.Column("limit_stored_bytes", sa.BigInteger()),
        sa.Column("limit_audio_hours", sa.Double()),
        sa.Column("retention", sa.JSON(none_as_null=True)),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("machine", sa.String(128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.Double(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("device", sa.String(16)),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("protocol", sa.String(8), nullable=False),
        sa.Column("recognized_at", sa.DateTime(timezone=True)),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("check_error", sa.Text()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "account_activity",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("period", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audio_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("jobs_ended", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "period"),
    )
    op.create_index("ix_account_activity_period", "account_activity", ["period"])
    op.create_table(
        "account_default_configurations",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "type"),
    )
    op.create_table(
        "account_storage",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("stored_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counted_at", sa.Double()),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid"),
    )
    op.create_table(
        "api_keys",
        sa.Column("sid", sa.String(34), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("friendly_name", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("sid"),
    )
    op.create_index("ix_api_keys_list", "api_keys", ["account_sid", "created_at", "sid"])
    op.create_table(
        "automatic_transcriptions",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("source_id", sa.String(34), nullable=False),
        sa.Column("configuration_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "source_id", "configuration_id"),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(96), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("subject_id", sa.String(64), nullable=False),
        sa.Column("event_id", sa.String(64), nullable=False),
        sa.Column("event", sa.String(32), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary()),
        sa.Column("body_key", sa.Text()),
        sa.Column("body_bytes", sa.BigInteger()),
        sa.Column("reduced", sa.String(16)),
        sa.Column("kept_days", sa.Double()),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column(
            "delivery",
            sa.Enum("PENDING", "DELIVERED", "FAILED", name="delivery", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("request_id", sa.String(64)),
        sa.Column("traceparent", sa.String(55)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_callbacks_due_at", "callbacks", ["due_at"], **_where("due_at IS NOT NULL"))
    op.create_index("ix_callbacks_subject", "callbacks", ["account_sid", "subject_id", "created_at"])
    op.create_table(
        "calls",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("sid", sa.String(34), nullable=False),
        sa.Column("parent_call_sid", sa.String(34)),
        sa.Column("from", sa.String(255)),
        sa.Column("to", sa.String(255)),
        sa.Column("direction", sa.String(32)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True)),
        sa.Column("end_time", sa.DateTime(timezone=True)),
        sa.Column("duration", sa.Double()),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "sid"),
    )
    op.create_index("ix_calls_from", "calls", ["account_sid", "from", "date_created", "sid"])
    op.create_index("ix_calls_list", "calls", ["account_sid", "date_created", "sid"])
    op.create_index("ix_calls_parent", "calls", ["account_sid", "parent_call_sid", "date_created", "sid"])
    op.create_index("ix_calls_started", "calls", ["account_sid", "start_time", "sid"])
    op.create_index("ix_calls_status", "calls", ["account_sid", "status", "date_created", "sid"])
    op.create_index("ix_calls_to", "calls", ["account_sid", "to", "date_created", "sid"])
    op.create_table(
        "configurations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("unique_name", sa.String(50)),
        sa.Column("description", sa.Text()),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("account_sid", "type", "unique_name"),
    )
    op.create_index("ix_configurations_list", "configurations", ["account_sid", "type", "date_created", "id"])
    op.create_table(
        "conversation_configurations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("memory_store_id", sa.String(128)),
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
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("related", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversation_operations_created_at", "conversation_operations", ["created_at"])
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("configuration_id", sa.String(64)),
        sa.Column(
            "status",
            sa.Enum("ACTIVE", "INACTIVE", "CLOSED", name="conversationstatus", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("name", sa.String(256)),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("grouping_key", sa.String(64)),
        sa.Column("channel", sa.String(16)),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_conversations_active", "conversations", ["account_sid", "active_at"])
    op.create_index("ix_conversations_due", "conversations", ["due_at", "account_sid"])
    op.create_index("ix_conversations_list", "conversations", ["account_sid", "created_at", "id"])
    op.create_index("ix_conversations_status", "conversations", ["account_sid", "status", "created_at", "id"])
    op.create_index(
        "ux_conversations_open",
        "conversations",
        ["account_sid", "configuration_id", "grouping_key"],
        unique=True,
        **_where("status <> 'CLOSED'"),
    )
    op.create_table(
        "idempotent_answers",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("key", sa.String(128), nullable=False),
        sa.Column("payload_hash", sa.String(64), nullable=False),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "key"),
    )
    op.create_index("ix_idempotent_answers_created_at", "idempotent_answers", ["created_at"])
    op.create_table(
        "recording_intakes",
        sa.Column("folder", sa.String(128), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("folder"),
    )
    op.create_index("ix_recording_intakes_seen_at", "recording_intakes", ["seen_at"])
    op.create_table(
        "recordings",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("sid", sa.String(34), nullable=False),
        sa.Column("call_sid", sa.String(34)),
        sa.Column("conference_sid", sa.String(34)),
        sa.Column("channels", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Double()),
        sa.Column("start_time", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source", sa.String(32), nullable=False),
        sa.Column("error_code", sa.Integer()),
        sa.Column("encryption_details", sa.JSON(none_as_null=True)),
        sa.Column("external", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("container", sa.String(16)),
        sa.Column("codec", sa.String(32)),
        sa.Column("sample_rate", sa.Integer()),
        sa.Column("size", sa.BigInteger()),
        sa.Column("sha256", sa.String(64)),
        sa.Column("blobs", sa.String(128)),
        sa.Column("date_created", sa.DateTime(timezone=True), nullable=False),
        sa.Column("date_updated", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("account_sid", "sid"),
    )
    op.create_index("ix_recordings_call", "recordings", ["account_sid", "call_sid", "date_created", "sid"])
    op.create_index("ix_recordings_conference", "recordings", ["account_sid", "conference_sid", "date_created", "sid"])
    op.create_index("ix_recordings_list", "recordings", ["account_sid", "date_created", "sid"])
    op.create_table(
        "transcriptions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column(
            "status",
            sa.Enum("PENDING", "RUNNING", "COMPLETED", "FAILED", name="status", native_enum=False, length=16),
            nullable=False,
        ),
        sa.Column("configuration_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(34)),
        sa.Column("recording", sa.JSON(none_as_null=True)),
        sa.Column("media_url", sa.Text()),
        sa.Column("audio_started_at", sa.DateTime(timezone=True)),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("resolved_configuration", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("duration", sa.Double()),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("transcribed", sa.Double()),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True)),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("media_due_at", sa.DateTime(timezone=True)),
        sa.Column("transcript_due_at", sa.DateTime(timezone=True)),
        sa.Column("job_due_at", sa.DateTime(timezone=True)),
        sa.Column("media_erased_at", sa.DateTime(timezone=True)),
        sa.Column("transcript_erased_at", sa.DateTime(timezone=True)),
        sa.Column("media_bytes", sa.BigInteger()),
        sa.Column("result_bytes", sa.BigInteger()),
        sa.Column("request_id", sa.String(64)),
        sa.Column("traceparent", sa.String(55)),
        sa.Column("retry_of", sa.String(64)),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_transcriptions_account_job_due_at",
        "transcriptions",
        ["account_sid", "job_due_at"],
        **_where("job_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_transcriptions_account_media_due_at",
        "transcriptions",
        ["account_sid", "media_due_at"],
        **_where("media_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_transcriptions_account_transcript_due_at",
        "transcriptions",
        ["account_sid", "transcript_due_at"],
        **_where("transcript_due_at IS NOT NULL"),
    )
    op.create_index("ix_transcriptions_failed", "transcriptions", ["id"], **_where("status = 'FAILED'"))
    op.create_index(
        "ix_transcriptions_job_due_at", "transcriptions", ["job_due_at"], **_where("job_due_at IS NOT NULL")
    )
    op.create_index("ix_transcriptions_language", "transcriptions", ["account_sid", "language", "created_at", "id"])
    op.create_index(
        "ix_transcriptions_language_status", "transcriptions", ["account_sid", "language", "status", "created_at", "id"]
    )
    op.create_index("ix_transcriptions_list", "transcriptions", ["account_sid", "created_at", "id"])
    op.create_index(
        "ix_transcriptions_media_due_at", "transcriptions", ["media_due_at"], **_where("media_due_at IS NOT NULL")
    )
    op.create_index(
        "ix_transcriptions_retry", "transcriptions", ["retry_of"], unique=True, **_where("retry_of IS NOT NULL")
    )
    op.create_index("ix_transcriptions_source", "transcriptions", ["account_sid", "source_id", "created_at", "id"])
    op.create_index("ix_transcriptions_status", "transcriptions", ["account_sid", "status", "created_at", "id"])
    op.create_index(
        "ix_transcriptions_transcript_due_at",
        "transcriptions",
        ["transcript_due_at"],
        **_where("transcript_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_transcriptions_unfinished", "transcriptions", ["id"], **_where("status IN ('PENDING', 'RUNNING')")
    )
    op.create_table(
        "callback_attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("callback_id", sa.String(96), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("http_status", sa.Integer()),
        sa.Column("error_code", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.ForeignKeyConstraint(["callback_id"], ["callbacks.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_callback_attempts_callback_id", "callback_attempts", ["callback_id"])
    op.create_table(
        "chunks",
        sa.Column("transcription_id", sa.String(64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("done", sa.Double(), nullable=False),
        sa.Column("readable", sa.Double(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["transcription_id"], ["transcriptions.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("transcription_id", "number"),
    )
    op.create_table(
        "conversation_channels",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("channel_id", sa.String(256), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_sid", "channel_id", "conversation_id"),
    )
    op.create_index("ix_conversation_channels_conversation_id", "conversation_channels", ["conversation_id"])
    op.create_table(
        "conversation_communications",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("author", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("channel_id", sa.String(256)),
        sa.Column("resource_id", sa.String(256)),
        sa.Column("recipients", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("conversation_id", "resource_id"),
    )
    op.create_index(
        "ix_conversation_communications_channel",
        "conversation_communications",
        ["conversation_id", "channel_id", "occurred_at", "id"],
    )
    op.create_index(
        "ix_conversation_communications_list", "conversation_communications", ["conversation_id", "occurred_at", "id"]
    )
    op.create_table(
        "conversation_participants",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("name", sa.String(512)),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("profile_id", sa.String(128)),
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
        "default_configurations",
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("configuration_id", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["account_sid"], ["accounts.sid"]),
        sa.ForeignKeyConstraint(["configuration_id"], ["configurations.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("account_sid", "type"),
    )
    op.create_index("ix_default_configurations_configuration_id", "default_configurations", ["configuration_id"])
    by_bytes = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
    op.create_table(
        "work",
        sa.Column("id", by_bytes, nullable=False),
        sa.Column("workflow", sa.String(64), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("protocol", sa.String(8), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("account", sa.String(64), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before", sa.DateTime(timezone=True)),
        sa.Column("deaths", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(64)),
        sa.Column("taken_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("id"),
    )
    waiting, delayed, in_hand = "worker IS NULL AND not_before IS NULL", "not_before IS NOT NULL", "worker IS NOT NULL"
    op.create_index(
        "ix_work_waiting", "work", ["protocol", "queue", "line", "rank", "created_at", "id"], **_where(waiting)
    )
    op.create_index("ix_work_not_before", "work", ["not_before"], **_where(delayed))
    op.create_index("ix_work_in_hand", "work", ["queue", "account", "worker"], **_where(in_hand))
    op.create_index("ix_work_worker", "work", ["worker"], **_where(in_hand))

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


def _instants(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in names]


def _one_of(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, length=16)


def _part_of(name: str, owner: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.String(64), sa.ForeignKey(owner, ondelete="CASCADE"), **options)


def upgrade() -> None:
    op.create_table(
        "schema_compatibility",
        sa.Column("revision", sa.String(32), primary_key=True),
        sa.Column("oldest", sa.String(32), nullable=False),
    )
    op.create_table(
        "accounts",
        sa.Column("sid", sa.String(34), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("token_encrypted", sa.String(255), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("limit_jobs_waiting", sa.Integer()),
        sa.Column("limit_jobs_running", sa.Integer()),
        sa.Column("limit_requests", sa.String(32)),
        sa.Column("limit_stored_bytes", sa.BigInteger()),
        sa.Column("limit_audio_hours", sa.Double()),
        sa.Column("retention", sa.JSON(none_as_null=True)),
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("machine", sa.String(128), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("process_started", sa.Double(), nullable=False),
        *_instants("started_at", "seen_at"),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("models", sa.JSON(), nullable=False),
        sa.Column("device", sa.String(16)),
        sa.Column("version", sa.String(32), nullable=False),
        sa.Column("protocol", sa.String(8), nullable=False),
        sa.Column("recognized_at", sa.DateTime(timezone=True)),
        sa.Column("checked_at", sa.DateTime(timezone=True)),
        sa.Column("check_error", sa.Text()),
    )
    op.create_table(
        "account_activity",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("period", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("audio_seconds", sa.Double(), server_default="0", nullable=False),
        sa.Column("jobs_ended", sa.Integer(), server_default="0", nullable=False),
        sa.Index("ix_account_activity_period", "period"),
    )
    op.create_table(
        "account_default_configurations",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("type", sa.String(32), primary_key=True),
        sa.Column("description", sa.Text()),
        sa.Column("configuration", sa.JSON(), nullable=False),
        *_instants("date_created", "date_updated"),
    )
    op.create_table(
        "account_storage",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("stored_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("counted_at", sa.Double()),
    )
    op.create_table(
        "api_keys",
        sa.Column("sid", sa.String(34), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("friendly_name", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        *_instants("created_at", "updated_at"),
        sa.Index("ix_api_keys_list", "account_sid", "created_at", "sid"),
    )
    op.create_table(
        "browser_sessions",
        sa.Column("token_hash", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("key_sid", sa.String(34)),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("is_link", sa.Boolean(), nullable=False),
        *_instants("expires_at"),
        sa.Index("ix_browser_sessions_expires_at", "expires_at"),
    )
    op.create_table(
        "automatic_transcriptions",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("source_id", sa.String(34), primary_key=True),
        sa.Column("configuration_id", sa.String(64), primary_key=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_table(
        "callbacks",
        sa.Column("id", sa.String(96), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
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
        sa.Column("delivery", _one_of("delivery", "PENDING", "DELIVERED", "FAILED"), nullable=False),
        sa.Column("request_id", sa.String(64)),
        sa.Column("traceparent", sa.String(55)),
        *_instants("created_at", "updated_at"),
        sa.Index("ix_callbacks_due_at", "due_at", **_where("due_at IS NOT NULL")),
        sa.Index("ix_callbacks_subject", "account_sid", "subject_id", "created_at"),
    )
    op.create_table(
        "calls",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("sid", sa.String(34), primary_key=True),
        sa.Column("parent_call_sid", sa.String(34)),
        sa.Column("from", sa.String(255)),
        sa.Column("to", sa.String(255)),
        sa.Column("direction", sa.String(32)),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("start_time", sa.DateTime(timezone=True)),
        sa.Column("end_time", sa.DateTime(timezone=True)),
        sa.Column("duration", sa.Double()),
        *_instants("date_created", "date_updated"),
        sa.Index("ix_calls_from", "account_sid", "from", "date_created", "sid"),
        sa.Index("ix_calls_list", "account_sid", "date_created", "sid"),
        sa.Index("ix_calls_parent", "account_sid", "parent_call_sid", "date_created", "sid"),
        sa.Index("ix_calls_started", "account_sid", "start_time", "sid"),
        sa.Index("ix_calls_status", "account_sid", "status", "date_created", "sid"),
        sa.Index("ix_calls_to", "account_sid", "to", "date_created", "sid"),
    )
    op.create_table(
        "configurations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("type", sa.String(32), nullable=False),
        sa.Column("unique_name", sa.String(50)),
        sa.Column("description", sa.Text()),
        sa.Column("configuration", sa.JSON(), nullable=False),
        *_instants("date_created", "date_updated"),
        sa.UniqueConstraint("account_sid", "type", "unique_name"),
        sa.Index("ix_configurations_list", "account_sid", "type", "date_created", "id"),
    )
    op.create_table(
        "conversation_configurations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("memory_store_id", sa.String(128)),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *_instants("created_at", "updated_at"),
        sa.Index("ix_conversation_configurations_list", "account_sid", "created_at", "id"),
        sa.Index("ix_conversation_configurations_memory_store", "account_sid", "memory_store_id", "created_at", "id"),
    )
    op.create_table(
        "conversation_operations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("related", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("ix_conversation_operations_created_at", "created_at"),
    )
    op.create_table(
        "conversations",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("configuration_id", sa.String(64)),
        sa.Column("status", _one_of("conversationstatus", "ACTIVE", "INACTIVE", "CLOSED"), nullable=False),
        sa.Column("name", sa.String(256)),
        sa.Column("configuration", sa.JSON(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("grouping_key", sa.String(64)),
        sa.Column("channel", sa.String(16)),
        sa.Column("active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True)),
        *_instants("created_at", "updated_at"),
        sa.Index("ix_conversations_active", "account_sid", "active_at"),
        sa.Index("ix_conversations_due", "due_at", "account_sid"),
        sa.Index("ix_conversations_list", "account_sid", "created_at", "id"),
        sa.Index("ix_conversations_status", "account_sid", "status", "created_at", "id"),
        sa.Index(
            "ux_conversations_open",
            "account_sid",
            "configuration_id",
            "grouping_key",
            unique=True,
            **_where("status <> 'CLOSED'"),
        ),
    )
    op.create_table(
        "idempotent_answers",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("key", sa.String(128), primary_key=True),
        sa.Column("payload_hash", sa.String(64), nullable=False),
        sa.Column("subject_id", sa.String(64)),
        sa.Column("answer", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("ix_idempotent_answers_created_at", "created_at"),
        sa.Index("ix_idempotent_answers_subject", "account_sid", "subject_id"),
    )
    op.create_table(
        "recording_intakes",
        sa.Column("folder", sa.String(128), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Index("ix_recording_intakes_seen_at", "seen_at"),
    )
    op.create_table(
        "recordings",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("sid", sa.String(34), primary_key=True),
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
        *_instants("date_created", "date_updated"),
        sa.Index("ix_recordings_call", "account_sid", "call_sid", "date_created", "sid"),
        sa.Index("ix_recordings_conference", "account_sid", "conference_sid", "date_created", "sid"),
        sa.Index("ix_recordings_list", "account_sid", "date_created", "sid"),
    )
    op.create_table(
        "transcriptions",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), nullable=False),
        sa.Column("status", _one_of("status", "PENDING", "RUNNING", "COMPLETED", "FAILED"), nullable=False),
        sa.Column("configuration_id", sa.String(64), nullable=False),
        sa.Column("source_id", sa.String(34)),
        sa.Column("recording", sa.JSON(none_as_null=True)),
        sa.Column("media_url", sa.Text()),
        sa.Column("audio_started_at", sa.DateTime(timezone=True)),
        sa.Column("title", sa.String(255)),
        sa.Column("participants", sa.JSON(), nullable=False),
        sa.Column("resolved_configuration", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("duration", sa.Double()),
        sa.Column("progress", sa.Double(), nullable=False),
        sa.Column("transcribed", sa.Double()),
        sa.Column("base_url", sa.Text(), nullable=False),
        sa.Column("error", sa.JSON(none_as_null=True)),
        sa.Column("notices", sa.JSON(none_as_null=True)),
        sa.Column("conversation_id", sa.String(64)),
        sa.Column("media_due_at", sa.DateTime(timezone=True)),
        sa.Column("transcript_due_at", sa.DateTime(timezone=True)),
        sa.Column("job_due_at", sa.DateTime(timezone=True)),
        sa.Column("media_erased_at", sa.DateTime(timezone=True)),
        sa.Column("transcript_erased_at", sa.DateTime(timezone=True)),
        sa.Column("media_bytes", sa.BigInteger()),
        sa.Column("media_sha256", sa.String(64)),
        sa.Column("media_info", sa.JSON(none_as_null=True)),
        sa.Column("result_bytes", sa.BigInteger()),
        sa.Column("request_id", sa.String(64)),
        sa.Column("traceparent", sa.String(55)),
        sa.Column("retry_of", sa.String(64)),
        *_instants("created_at", "updated_at"),
        *(
            sa.Index(f"ix_transcriptions_account_{due}", "account_sid", due, **_where(f"{due} IS NOT NULL"))
            for due in ("media_due_at", "transcript_due_at", "job_due_at")
        ),
        *(
            sa.Index(f"ix_transcriptions_{due}", due, **_where(f"{due} IS NOT NULL"))
            for due in ("media_due_at", "transcript_due_at", "job_due_at")
        ),
        sa.Index("ix_transcriptions_failed", "id", **_where("status = 'FAILED'")),
        sa.Index("ix_transcriptions_language", "account_sid", "language", "created_at", "id"),
        sa.Index("ix_transcriptions_language_status", "account_sid", "language", "status", "created_at", "id"),
        sa.Index("ix_transcriptions_list", "account_sid", "created_at", "id"),
        sa.Index("ix_transcriptions_retry", "retry_of", unique=True, **_where("retry_of IS NOT NULL")),
        sa.Index("ix_transcriptions_source", "account_sid", "source_id", "created_at", "id"),
        sa.Index("ix_transcriptions_status", "account_sid", "status", "created_at", "id"),
        sa.Index("ix_transcriptions_unfinished", "id", **_where("status IN ('PENDING', 'RUNNING')")),
    )
    op.create_table(
        "callback_attempts",
        sa.Column("id", sa.Integer(), autoincrement=True, primary_key=True),
        sa.Column("callback_id", sa.String(96), sa.ForeignKey("callbacks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.Column("http_status", sa.Integer()),
        sa.Column("error_code", sa.Integer()),
        sa.Column("error", sa.Text()),
        sa.Index("ix_callback_attempts_callback_id", "callback_id"),
    )
    op.create_table(
        "chunks",
        _part_of("transcription_id", "transcriptions.id", primary_key=True),
        sa.Column("number", sa.Integer(), autoincrement=False, primary_key=True),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("done", sa.Double(), nullable=False),
        sa.Column("readable", sa.Double(), nullable=False),
        sa.Column("finished", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "conversation_channels",
        sa.Column("account_sid", sa.String(34), primary_key=True),
        sa.Column("channel_id", sa.String(256), primary_key=True),
        _part_of("conversation_id", "conversations.id", primary_key=True),
        sa.Index("ix_conversation_channels_conversation_id", "conversation_id"),
    )
    op.create_table(
        "conversation_communications",
        sa.Column("id", sa.String(64), primary_key=True),
        _part_of("conversation_id", "conversations.id", nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("author", sa.JSON(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("channel_id", sa.String(256)),
        sa.Column("resource_id", sa.String(256)),
        sa.Column("recipients", sa.JSON(), nullable=False),
        *_instants("occurred_at", "created_at", "updated_at"),
        sa.UniqueConstraint("conversation_id", "resource_id"),
        sa.Index("ix_conversation_communications_channel", "conversation_id", "channel_id", "occurred_at", "id"),
        sa.Index("ix_conversation_communications_list", "conversation_id", "occurred_at", "id"),
    )
    op.create_table(
        "conversation_participants",
        sa.Column("id", sa.String(64), primary_key=True),
        _part_of("conversation_id", "conversations.id", nullable=False),
        sa.Column("account_sid", sa.String(34), nullable=False),
        sa.Column("name", sa.String(512)),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("profile_id", sa.String(128)),
        sa.Column("addresses", sa.JSON(), nullable=False),
        *_instants("created_at", "updated_at"),
        sa.Index("ix_conversation_participants_list", "conversation_id", "created_at", "id"),
    )
    op.create_table(
        "default_configurations",
        sa.Column("account_sid", sa.String(34), sa.ForeignKey("accounts.sid"), primary_key=True),
        sa.Column("type", sa.String(32), primary_key=True),
        _part_of("configuration_id", "configurations.id", nullable=False),
        sa.Index("ix_default_configurations_configuration_id", "configuration_id"),
    )
    by_bytes = sa.String(255).with_variant(sa.String(255, collation="C"), "postgresql")
    op.create_table(
        "work",
        sa.Column("id", by_bytes, primary_key=True),
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
        sa.Index(
            "ix_work_waiting",
            *("protocol", "queue", "line", "rank", "created_at", "id"),
            **_where("worker IS NULL AND not_before IS NULL"),
        ),
        sa.Index("ix_work_not_before", "not_before", **_where("not_before IS NOT NULL")),
        sa.Index("ix_work_in_hand", "queue", "account", "worker", **_where("worker IS NOT NULL")),
        sa.Index("ix_work_worker", "worker", **_where("worker IS NOT NULL")),
    )

"""Jobs that are done again."""

import sqlalchemy as sa

from callscribe.transcriptions.tables import AsRequested, Transcription

OF_ITS_COURSE = {
    "id",
    "status",
    "duration",
    "progress",
    "transcribed",
    "error",
    "notices",
    "conversation_id",
    "media_due_at",
    "transcript_due_at",
    "job_due_at",
    "media_erased_at",
    "transcript_erased_at",
    "media_bytes",
    "media_sha256",
    "media_info",
    "result_bytes",
    "is_searchable",
    "retry_of",
    "transcript_version",
    "participant_names",
    "statistics",
    "sealing_key",
    "audio_folder",
    "original_audio",
    "created_at",
    "updated_at",
}


def test_columns_are_request_or_course() -> None:
    columns = {column.key for column in sa.inspect(Transcription).columns}
    requested = set(AsRequested.__annotations__)
    assert requested <= columns
    assert columns - requested == OF_ITS_COURSE

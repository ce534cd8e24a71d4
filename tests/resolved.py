"""Rows of jobs that tests make, and what such jobs are resolved to."""

from typing import Any

from callscribe.ids import new_configuration_id, new_transcription_id
from callscribe.transcriptions.documents import ResolvedConfiguration
from callscribe.transcriptions.tables import Status, Transcription

_LEAST = {"transcriptionEngine": "whisper", "servedBy": {"engine": "whisper", "model": "base"}}


def resolved(**members: Any) -> ResolvedConfiguration:
    """A configuration that says no more than what serves it, but for members as they stand in the document."""
    return ResolvedConfiguration.model_validate(_LEAST | members)


def job_row(account_sid: str, **columns: Any) -> Transcription:
    """A running job, but for these columns. It is not in a database yet."""
    usual: dict[str, Any] = {
        "id": new_transcription_id(),
        "account_sid": account_sid,
        "status": Status.RUNNING,
        "configuration_id": new_configuration_id(),
        "participants": [],
        "resolved_configuration": resolved(),
        "base_url": "http://127.0.0.1:8321",
    }
    return Transcription(**usual | columns)

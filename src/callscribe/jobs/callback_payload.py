"""What a callback says about a transcription that ended."""

from datetime import datetime
from typing import Any

from callscribe.db.base import now
from callscribe.transcriptions.schemas import conversation_url
from callscribe.transcriptions.tables import Transcription
from callscribe.transcripts.formats import diarization_json, omissions_json, sentences_json
from callscribe.transcripts.models import Transcript


def callback_body(
    row: Transcription,
    *,
    transcript: Transcript | None = None,
    error: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of the status callback: `completed` with sentences, or `failed` with the error."""
    url = f"{row.base_url}/v3/Transcriptions/{row.id}"
    duration = transcript.duration if transcript else row.duration
    links = {"self": url}
    if transcript:
        links["transcript"] = f"{url}/Transcript"
    if row.conversation_id:
        links["conversation"] = conversation_url(row.base_url, row.conversation_id)
    body: dict[str, Any] = {
        "id": row.id,
        "accountId": row.account_sid,
        "status": "failed" if error else "completed",
        "transcriptionConfigurationId": row.configuration_id,
        "sourceId": row.source_id,
        "mediaUrl": row.media_url,
        "duration": None if duration is None else round(duration),
        "participants": row.participants,
        "createdAt": _timestamp(row.created_at),
        "updatedAt": _timestamp(now()),
        "language": transcript.language if transcript else None,
        "links": links,
        "sentences": sentences_json(transcript) if transcript else [],
    }
    if row.conversation_id:
        body["conversationId"] = row.conversation_id
    if transcript and transcript.omissions:
        body["omissions"] = omissions_json(transcript)
    if transcript and transcript.diarization:
        body["diarization"] = diarization_json(transcript)
    if error:
        body |= {"errorCode": error["code"], "errorMessage": f"{error['title']}: {error['detail']}"}
    return body


def _timestamp(value: datetime) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ")

"""What a callback says about a transcription that ended."""

from typing import Literal

from pydantic import Field

from callscribe.db.base import now
from callscribe.transcriptions.documents import Failure, Participant
from callscribe.transcriptions.schemas import conversation_url
from callscribe.transcriptions.tables import Transcription
from callscribe.transcripts.models import Transcript
from callscribe.transcripts.wire import (
    DiarizationResource,
    Notice,
    OmissionResource,
    SentenceResource,
    omissions,
    sentences,
)
from callscribe.web.wire import MaskedUrl, Timestamp, Wire, from_row, optional


class CallbackBody(Wire):
    """The body of the status callback: `completed` with sentences, or `failed` with the error."""

    id: str
    account_id: str
    status: Literal["completed", "failed"]
    transcription_configuration_id: str
    source_id: str | None
    media_url: MaskedUrl | None
    duration: int | None
    participants: list[Participant]
    created_at: Timestamp
    updated_at: Timestamp
    language: str | None
    links: dict[str, str]
    sentences: list[SentenceResource]
    conversation_id: str | None = optional()
    omissions: list[OmissionResource] = Field(default_factory=list, exclude_if=lambda value: not value)
    notices: list[Notice] = Field(default_factory=list, exclude_if=lambda value: not value)
    diarization: DiarizationResource | None = optional()
    error_code: int | None = optional()
    error_message: str | None = optional()

    @classmethod
    def of(
        cls, row: Transcription, *, transcript: Transcript | None = None, error: Failure | None = None
    ) -> "CallbackBody":
        """What there is to say of a job that ends now, with a transcript or an error."""
        url = f"{row.base_url}/v3/Transcriptions/{row.id}"
        duration = transcript.duration if transcript else row.duration
        links = {"self": url}
        if transcript:
            links["transcript"] = f"{url}/Transcript"
        if row.conversation_id:
            links["conversation"] = conversation_url(row.base_url, row.conversation_id)
        return from_row(
            cls,
            row,
            account_id=row.account_sid,
            status="failed" if error else "completed",
            transcription_configuration_id=row.configuration_id,
            duration=None if duration is None else round(duration),
            updated_at=now(),
            language=transcript.language if transcript else None,
            links=links,
            sentences=sentences(transcript) if transcript else [],
            omissions=omissions(transcript) if transcript else [],
            notices=row.notices or [],
            diarization=DiarizationResource.of(transcript.diarization) if transcript else None,
            error_code=error.code if error else None,
            error_message=f"{error.title}: {error.detail}" if error else None,
        )

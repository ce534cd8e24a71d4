"""The wire format of transcriptions."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    StrictInt,
    StrictStr,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from callscribe.characters import LINE
from callscribe.errors import Code, RequestError
from callscribe.ids import CONFIGURATION_ID, RECORDING_SID, UNIQUE_NAME
from callscribe.media.peaks import FULL_SCALE, MOST, Peaks
from callscribe.search.finding import Hit
from callscribe.search.schemas import MatchResource
from callscribe.speech.interface import SAMPLE_RATE
from callscribe.transcriptions import examples
from callscribe.transcriptions.documents import Failure, Participant
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription
from callscribe.transcriptions.versions import Versioned
from callscribe.transcripts.models import Transcript
from callscribe.transcripts.wire import (
    MODELS,
    DiarizationResource,
    Notice,
    OmissionResource,
    SentenceResource,
    StatisticsResource,
    omissions,
    sentences,
)
from callscribe.web.wire import (
    ClosedWire,
    Instant,
    ListMeta,
    MaskedDocument,
    MaskedUrl,
    Milliseconds,
    OfRow,
    Timestamp,
    Wire,
    field_error,
    from_row,
    optional,
)

MAX_PARTICIPANTS = 2
_TITLE = "What people call it: the name of the file, say. An addition."
MALFORMED = "must be voice_transcriptionconfiguration_ and 26 characters, or the unique_name of a configuration"

_FIELD_CODES: dict[tuple[str, str | None], Code] = {
    ("transcriptionConfigurationId", None): Code.CONFIGURATION_ID_INVALID,
    ("sourceId", None): Code.SOURCE_ID_INVALID,
    ("mediaUrl", None): Code.MEDIA_URL_INVALID,
    ("participants", "too_long"): Code.PARTICIPANT_COUNT,
    ("audioChannelIndex", "channel"): Code.CHANNEL_OUT_OF_RANGE,
    ("audioChannelIndex", "missing"): Code.CHANNEL_OUT_OF_RANGE,
    ("audioChannelIndex", None): Code.CHANNEL_NOT_INTEGER,
    ("type", None): Code.PARTICIPANT_TYPE_INVALID,
}
"""The public code of a fault in a field, by the kind of fault or for every kind. All others are 20001."""


def _configuration_id(value: str) -> str:
    if not (CONFIGURATION_ID.fullmatch(value) or UNIQUE_NAME.fullmatch(value)):
        raise PydanticCustomError("id", MALFORMED)
    return value


def _source_id(value: str) -> str:
    if not RECORDING_SID.fullmatch(value):
        raise PydanticCustomError("sid", "must be RE and 32 hexadecimal digits")
    return value


def _media_url(value: str) -> str:
    try:
        url = urlsplit(value)
        valid = url.scheme in {"http", "https", "s3"} and bool(url.hostname) and (url.port or 1) > 0
    except ValueError:
        valid = False
    blank = " " if value.startswith("s3://") else ""  # which a key may hold
    if not valid or any(each != blank and (each.isspace() or not each.isprintable()) for each in value):
        raise PydanticCustomError("url", "must be an absolute https or s3 URL")
    return value


def _channel(value: int) -> int:
    if value not in {1, 2}:
        raise PydanticCustomError("channel", "must be 1 or 2")
    return value


def _documented(*, pattern: str, **schema: Any) -> WithJsonSchema:
    """Says in the document what is checked under a code of its own."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", **schema})


ShortText = Annotated[StrictStr, Field(max_length=512, pattern=LINE)]


class ParticipantRequest(ClosedWire):
    """A party of the call, as far as the client names it."""

    audio_channel_index: Annotated[StrictInt, AfterValidator(_channel)]
    type: Literal["CUSTOMER", "HUMAN_AGENT", "AI_AGENT"] | None = None
    address: ShortText | None = None
    name: ShortText | None = None


class CreateTranscription(ClosedWire):
    """Body of POST: what to transcribe, how, and who is on it. Exactly one of `sourceId` and `mediaUrl`."""

    transcription_configuration_id: Annotated[
        StrictStr,
        AfterValidator(_configuration_id),
        _documented(
            pattern=f"({CONFIGURATION_ID.pattern}|{UNIQUE_NAME.pattern})",
            description="Id of a configuration of the account, or (an addition) its unique_name.",
        ),
    ]
    input_source: Literal["SOURCE_ID", "MEDIA_URL"] | None = None
    source_id: Annotated[StrictStr, AfterValidator(_source_id), _documented(pattern=RECORDING_SID.pattern)] | None = (
        None
    )
    media_url: (
        Annotated[
            StrictStr,
            Field(max_length=4096),
            AfterValidator(_media_url),
            _documented(pattern="(https?|s3)://.+", maxLength=4096),
        ]
        | None
    ) = None
    audio_started_at: Instant | None = None
    participants: Annotated[list[ParticipantRequest], Field(max_length=MAX_PARTICIPANTS)] | None = None
    title: Annotated[StrictStr, Field(min_length=1, max_length=255, pattern=LINE, description=_TITLE)] | None = None


def request_error(faults: Sequence[Any]) -> RequestError:
    """The answer to a body that does not validate: every fault with its pointer, under the first one's code."""
    errors = [field_error(fault) for fault in faults]
    return RequestError(_code(faults[0]), errors[0].detail, errors=errors)


def _code(fault: Any) -> Code:
    kind: str = fault["type"]
    if kind == "extra_forbidden":
        return Code.INVALID_PARAMETER
    field = fault["loc"][-1]
    return _FIELD_CODES.get((field, kind)) or _FIELD_CODES.get((field, None), Code.INVALID_PARAMETER)


class KeptResource(Wire):
    """Until when what of a job is kept, as far as that is known, and what was erased since its time was over."""

    media_until: Timestamp | None
    transcript_until: Timestamp | None
    job_until: Timestamp | None
    media_erased_at: Timestamp | None
    transcript_erased_at: Timestamp | None

    @classmethod
    def of(cls, row: Transcription) -> "KeptResource | None":
        """From the job's row; None where it says nothing."""
        instants = {
            "media_until": row.media_due_at,
            "transcript_until": row.transcript_due_at,
            "job_until": row.job_due_at,
            "media_erased_at": row.media_erased_at,
            "transcript_erased_at": row.transcript_erased_at,
        }
        return cls(**instants) if any(instants.values()) else None


class TranscriptionResource(Wire):
    """A transcription as it is answered. `links` are absolute URLs; `progress` runs from 0 to 1."""

    id: str = Field(examples=[examples.ID])
    account_id: str = Field(examples=[examples.ACCOUNT])
    status: Status
    transcription_configuration_id: str = Field(examples=[examples.CONFIGURATION_ID])
    media_url: MaskedUrl | None
    source_id: str | None
    title: str | None = optional(_TITLE)
    audio_started_at: Timestamp | None = optional()
    duration: int | None = Field(description="Seconds of audio.", examples=[61])
    conversation_id: str | None
    participants: list[Participant] = Field(description="By the names that they were given last.")
    transcript_version: int | None = optional("Of the latest correction of its transcript. An addition.")
    resolved_configuration: MaskedDocument = Field(
        description="The configuration as it was when the transcription was created, and in `servedBy` the engine "
        "and model that really do the work. `languageModels` has the models for languages that the recording may turn "
        "out to be in, by ISO 639-1 code, where it is not that model; it is left out without any."
    )
    progress: float = Field(ge=0, le=1)
    transcribed_seconds: float | None = optional(
        "While it is RUNNING: seconds from the start whose sentences can be read already, about."
    )
    error: Failure | None = optional()
    notices: list[Notice] = Field(
        default_factory=list,
        exclude_if=lambda value: not value,
        description="What is to be known though the transcript is there.",
    )
    statistics: StatisticsResource | None = optional(
        "Once it is COMPLETED: figures of the call, as in its transcript. An addition."
    )
    retention: KeptResource | None = optional("Once the job has ended, where something of it is not kept for ever.")
    created_at: Timestamp
    updated_at: Timestamp
    url: str
    links: dict[str, str] = Field(default_factory=dict, exclude_if=lambda value: not value)
    matches: list[MatchResource] | None = optional(
        "In a search: the sentences that have some of what was looked for, at most five of them."
    )
    match_count: int | None = optional("In a search: how many such sentences there are in all.")

    @classmethod
    def of(cls, row: Transcription, base_url: str, hit: Hit | None = None) -> "TranscriptionResource":
        """From its row. `base_url` is the address that the client reaches the server by, without a slash."""
        url = f"{base_url}/v3/Transcriptions/{row.id}"
        links = {}
        if row.duration is not None and row.media_erased_at is None and not row.is_withheld:
            links["media"] = f"{url}/Media"
        readable = row.status == Status.RUNNING and row.transcribed is not None and not row.is_withheld
        if readable or (row.status == Status.COMPLETED and row.transcript_erased_at is None):
            links["transcript"] = f"{url}/Transcript"
        if row.conversation_id is not None:
            links["conversation"] = conversation_url(base_url, row.conversation_id)
        return from_row(
            cls,
            row,
            account_id=row.account_sid,
            transcription_configuration_id=row.configuration_id,
            duration=None if row.duration is None else round(row.duration),
            participants=row.parties,
            resolved_configuration=row.resolved_configuration.document(),
            progress=round(row.progress, 3),
            transcribed_seconds=round(row.transcribed or 0.0, 3) if readable else None,
            notices=row.notices or [],
            retention=KeptResource.of(row),
            url=url,
            links=links,
            matches=None if hit is None else [MatchResource.of(match) for match in hit.matches],
            match_count=None if hit is None else hit.count,
        )


def conversation_url(base_url: str, conversation_id: str) -> str:
    """Where the conversation is that a transcript was stored in."""
    return f"{base_url}/v2/Conversations/{conversation_id}"


class CreatedTranscription(Wire):
    """Answer to POST."""

    status: Status
    status_url: str
    transcription: TranscriptionResource


class FetchedTranscription(Wire):
    """Answer to GET."""

    operation_id: str
    status: Status
    status_url: str
    transcription: TranscriptionResource


class TranscriptionListMeta(ListMeta):
    """Where a page stands in its list."""

    key: Literal["transcriptions"] = "transcriptions"


class TranscriptionList(Wire):
    """A page of transcriptions, newest first."""

    transcriptions: list[TranscriptionResource]
    meta: TranscriptionListMeta


def notices_of(row: Transcription, transcript: Transcript) -> list[Notice]:
    """What is to be known of a transcript, or of what there is of one by now."""
    return [*(row.notices or ()), *(() if row.status.is_final else Notice.of_languages(transcript))]


class TranscriptResource(Wire):
    """The text of a call, sentence by sentence on one time line; while the job is RUNNING, as far as there is any."""

    id: str
    account_id: str
    status: Literal[Status.RUNNING, Status.COMPLETED]
    progress: float = Field(ge=0, le=1)
    transcribed_seconds: float = Field(description="Seconds from the start whose sentences these are, about.")
    language: str | None
    models: list[str] | None = optional(MODELS)
    duration: int
    version: int = Field(description="Which version of the transcript this is: 0 is as it was recognised.")
    participants: list[Participant]
    sentences: list[SentenceResource]
    omissions: list[OmissionResource] = Field(description="Where somebody speaks and it is left out, and why.")
    notices: list[Notice] = Field(description="What is to be known of the transcript, as in the transcription.")
    statistics: StatisticsResource | None = Field(description="Figures for the call; null while the job runs.")
    diarization: DiarizationResource | None = optional(
        "Once the job is completed, where its configuration asks for diarization."
    )

    @classmethod
    def of(cls, row: Transcription, version: Versioned, figures: StatisticsResource | None) -> "TranscriptResource":
        """A transcript with what a reader needs to make sense of it."""
        transcript = version.transcript
        return from_row(
            cls,
            row,
            account_id=row.account_sid,
            progress=round(row.progress, 3),
            transcribed_seconds=round(row.transcribed or 0.0, 3),
            language=transcript.language,
            models=list(transcript.models) or None,
            duration=round(transcript.duration),
            version=version.corrected.version,
            participants=version.participants,
            sentences=sentences(transcript, version.corrected.corrections),
            omissions=omissions(transcript),
            # Those of a job that has ended are in its row.
            notices=notices_of(row, transcript),
            statistics=figures,
            diarization=DiarizationResource.of(transcript.diarization),
        )


class PeaksResource(Wire):
    """What a waveform is drawn by: the largest absolute sample of each piece of the recording, channel by channel."""

    seconds_per_peak: float = Field(description="Length of a piece; the last may be shorter.")
    duration_seconds: float
    channels: list[list[Annotated[int, Field(ge=0, le=FULL_SCALE)]]] = Field(
        description=f"In the order of `audioChannelIndex`. Linear; {FULL_SCALE} is full scale. All have as many peaks, "
        f"{MOST} at most."
    )

    @classmethod
    def of(cls, peaks: Peaks) -> "PeaksResource":
        """As they are answered."""
        return cls(
            seconds_per_peak=peaks.piece / SAMPLE_RATE,
            duration_seconds=round(peaks.samples / SAMPLE_RATE, 3),
            channels=peaks.channels.tolist(),
        )


class Attempt(OfRow, Wire):
    """One request to the callback's address. Without `finishedAt` the server ended in the middle of it."""

    number: int
    started_at: Milliseconds
    finished_at: Milliseconds | None
    http_status: int | None
    error_code: int | None
    error: str | None


class CallbackResource(Wire):
    """An event that was to be told, and the log of the attempts."""

    id: str
    event_id: str = Field(
        description="The event, as receivers see it in `I-Twilio-Idempotency-Token`; the same when it is sent again."
    )
    event: str
    url: MaskedUrl
    status: Literal["PENDING", "DELIVERED", "FAILED"]
    reduced: Literal["words", "sentences"] | None = Field(
        description="What was left out to keep the body under 1 MB; the transcript has it."
    )
    error_code: Literal[17564] | None = Field(description="17564 where something was left out.")
    created_at: Timestamp
    attempts: list[Attempt]


class CallbackList(Wire):
    """Every callback of a transcription, oldest first."""

    callbacks: list[CallbackResource]

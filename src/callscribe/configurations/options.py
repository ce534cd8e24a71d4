"""The inner documents of configurations, in camelCase, one for each type."""

from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from callscribe.accounts.retention import MOST_DAYS, check
from callscribe.callbacks.events import TranscriptionEvent
from callscribe.callbacks.urls import CallbackUrl
from callscribe.redaction.entities import Entity
from callscribe.redaction.policy import Mask, Muting, Policy
from callscribe.speech.diarization.turns import MOST_SPEAKERS, SpeakerRange
from callscribe.speech.interface import OnLanguageMismatch
from callscribe.speech.keyterms import LONGEST_KEYTERM, MOST_KEYTERMS, keyterm, vocabulary
from callscribe.web.wire import ClosedWire, optional

MOST_FEATURES = 3


class StatusCallback(ClosedWire):
    """Where it is told how a transcription ends."""

    url: CallbackUrl
    method: Literal["POST"] = "POST"
    events: Annotated[list[TranscriptionEvent], Field(max_length=len(TranscriptionEvent))] | None = Field(
        None,
        description="What is told: only what is listed, and nothing where the list is empty. Null, or left out, is "
        "`COMPLETED` and `FAILED`.",
    )


class ParticipantDefault(ClosedWire):
    """Who speaks on a channel when the request does not say."""

    audio_channel_index: Annotated[StrictInt, Field(ge=1, le=2)]
    type: Literal["CUSTOMER", "HUMAN_AGENT", "AI_AGENT"]


def _two_channels(defaults: list[ParticipantDefault] | None) -> list[ParticipantDefault]:
    if defaults and sorted(each.audio_channel_index for each in defaults) != [1, 2]:
        raise PydanticCustomError("participant_defaults", "must be exactly two, for channels 1 and 2")
    return defaults or []


def _keyterm(value: str) -> str:
    try:
        return keyterm(value)
    except ValueError as error:
        raise PydanticCustomError("keyterm", "{reason}", {"reason": str(error)}) from error


def _each_once(terms: list[str]) -> list[str]:
    return list(vocabulary(terms))


class DiarizationOptions(ClosedWire):
    """Whether, and among how many, speakers are told apart where several share one channel."""

    enabled: StrictBool = False
    min_speakers: Annotated[StrictInt, Field(ge=1, le=MOST_SPEAKERS)] | None = None
    max_speakers: Annotated[StrictInt, Field(ge=1, le=MOST_SPEAKERS)] | None = None

    @model_validator(mode="after")
    def _defaults(self) -> "DiarizationOptions":
        try:
            speakers = SpeakerRange.of(self.min_speakers, self.max_speakers)
        except ValueError:
            raise PydanticCustomError("speakers", "minSpeakers must not be greater than maxSpeakers") from None
        self.min_speakers, self.max_speakers = speakers.least, speakers.most
        return self


def _one_fault(value: Any, check_: ValidatorFunctionWrapHandler) -> Any:
    """The same, where one thing is said of the field, and not one of each form that it may have."""
    try:
        return check_(value)
    except ValidationError:
        reason = f"must be a number of days from 0 to {MOST_DAYS:g}, or forever"
        raise PydanticCustomError("kept_days", reason) from None


KeptDays = Annotated[
    Annotated[StrictInt, Field(ge=0, le=MOST_DAYS)]
    | Annotated[StrictFloat, Field(ge=0, le=MOST_DAYS, allow_inf_nan=False)]
    | Literal["forever"],
    WrapValidator(_one_fault),
]


class RetentionOptions(ClosedWire):
    """For how many days after the end of a job what is kept; null is as the account, or else the server, has it."""

    media_days: KeptDays | None = Field(None, description="The recording as it was fetched.")
    transcript_days: KeptDays | None = Field(None, description="The transcript, and the texts in its callbacks.")
    callback_days: KeptDays | None = Field(None, description="The log of its callbacks, from their last attempt on.")
    job_days: KeptDays | None = Field(None, description="The transcription itself, with all that is of it.")

    @model_validator(mode="after")
    def _in_order(self) -> "RetentionOptions":
        try:
            check(self.model_dump(by_alias=True))
        except ValueError as error:
            raise PydanticCustomError("retention", "{reason}", {"reason": str(error)}) from error
        return self


def _one_each(entities: list[Entity]) -> list[Entity]:
    return list(dict.fromkeys(entities))


class RedactionOptions(ClosedWire):
    """Whether what is nobody's to read is taken out of the text and the audio of a call, and how."""

    policy: Policy = Field(
        Policy.NONE,
        description="`redacted`: the original is erased with the end of the job. `redacted_and_original`: it is kept, "
        "sealed, for those who may read originals.",
    )
    entities: Annotated[list[Entity], Field(min_length=1), AfterValidator(_one_each)] | None = Field(
        None, description="What is taken out. Null, or left out, is all of them."
    )
    mask: Mask = Field(
        Mask.ENTITY_TYPE, description="What stands in the text: what it was, such as `[CARD_NUMBER]`, or `[PII]`."
    )
    audio: Muting = Field(
        Muting.SILENCE, description="What is heard in its place; with `none` the audio stays as it was recorded."
    )


class TranscriptionOptions(ClosedWire):
    """The inner document of a transcription configuration.

    Which models and languages go together is checked by `configurations.service`.
    """

    configuration_type: Literal["Transcription"] = "Transcription"
    transcription_engine: StrictStr
    speech_model: StrictStr | None = None
    language: StrictStr = "en-US"
    transcription_status_callback: StatusCallback | None = optional(also_null=True)
    conversation_configuration_id: Annotated[StrictStr, Field(pattern=r"^conv_configuration_[0-9a-z]{26}$")] | None = (
        None
    )
    participant_defaults: Annotated[list[ParticipantDefault] | None, AfterValidator(_two_channels)] = Field([])
    # Additions: a document without them is as Twilio's.
    keyterms: (
        Annotated[
            list[Annotated[StrictStr, AfterValidator(_keyterm)]],
            Field(max_length=MOST_KEYTERMS),
            AfterValidator(_each_once),
        ]
        | None
    ) = optional(
        "Words and names that are likely to be said, as they are to be written: up to "
        f"{MOST_KEYTERMS}, each of 1 to {LONGEST_KEYTERM} characters.",
        also_null=True,
    )
    diarization: DiarizationOptions | None = optional(
        "Who says what on mono recordings, and on stereo ones whose channels are copies. Off by default.",
        also_null=True,
    )
    on_language_mismatch: OnLanguageMismatch | None = optional(
        "What is done with speech that is surely in another language than `language`: `notice` keeps the words of "
        "`language` that can be made of it, `follow` recognises it in its own, `omit` leaves it out. There is a notice "
        "in every case. `follow` where it is left out.",
        also_null=True,
    )
    verbatim: StrictBool | None = optional(
        "Whether fillers (um, uh, mm-hmm), repetitions and false starts are kept, which are mostly left out otherwise.",
        also_null=True,
    )
    priority: Literal["low", "normal", "high"] | None = optional(
        "Which of the account's jobs are done first where several wait; `normal` where it is left out.",
        also_null=True,
    )
    retention: RetentionOptions | None = optional(
        "How long what a job leaves is kept, where it differs from the account's and the server's.",
        also_null=True,
    )
    redaction: RedactionOptions | None = optional(
        "What is nobody's to read, such as card numbers, is taken out. Off by default.",
        also_null=True,
    )


class CompositionPolicy(ClosedWire):
    """How the recorder makes one recording of a call. Kept and answered; nothing is recorded here."""

    channels: Literal["dual", "mono"] | None = None
    trim: Literal["trim-silence", "do-not-trim"] | None = None
    track: Literal["inbound", "outbound", "both"] | None = None


class RecordingStatusCallback(ClosedWire):
    """Where the recorder tells of it. Kept and answered; nothing is recorded here."""

    url: CallbackUrl
    # Null is what Twilio's SDKs send for what is left out.
    method: Annotated[Literal["GET", "POST"], BeforeValidator(lambda value: "POST" if value is None else value)] = (
        "POST"
    )
    events: Annotated[list[Literal["in-progress", "completed", "absent", "failed"]], Field(max_length=4)] | None = None


class Feature(ClosedWire):
    """What is done with a recording once it is completed: it is transcribed."""

    type: Literal["transcriptionConfiguration"]
    feature_id: StrictStr = Field(description="Id or unique name of a transcription configuration; kept as its id.")
    description: Annotated[StrictStr, Field(max_length=512)] | None = None


class RecordingOptions(ClosedWire):
    """The inner document of a recording configuration.

    That its features lead somewhere is checked by `configurations.service`.
    """

    configuration_type: Literal["Recording"] = "Recording"
    composition_policy: CompositionPolicy | None = optional(also_null=True)
    call_recording_status_callback: RecordingStatusCallback | None = optional(also_null=True)
    conference_recording_status_callback: RecordingStatusCallback | None = optional(also_null=True)
    features: Annotated[list[Feature], Field(max_length=MOST_FEATURES)] | None = None

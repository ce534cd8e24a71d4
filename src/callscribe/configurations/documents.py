"""The options of transcription configurations as they are kept: checked when they were written (`options`)."""

from typing import Literal

from callscribe.callbacks.events import TranscriptionEvent, is_told
from callscribe.db.documents import Document
from callscribe.redaction.policy import Redaction

KeptDays = int | float | Literal["forever"]


class CallbackTarget(Document):
    """Where the end of a transcription is told, and which ends; None is both."""

    url: str
    events: list[str] | None = None

    def wants(self, event: TranscriptionEvent) -> bool:
        """Whether it is to be told of this."""
        return is_told(event, self.events)


class ChannelRole(Document):
    """Who speaks on a channel, from 1, when the request does not say."""

    audio_channel_index: int
    type: str


class SpeakersAsked(Document):
    """Whether, and among how many, speakers are told apart where several share one channel."""

    enabled: bool
    min_speakers: int | None = None
    max_speakers: int | None = None


class RedactionAsked(Document):
    """What is taken out of a call that is nobody's to read, in words of `redaction.policy`."""

    policy: str
    entities: list[str] | None = None
    mask: str | None = None
    audio: str | None = None


class JobOptions(Document):
    """What a job takes from its configuration."""

    language: str = "en-US"
    transcription_status_callback: CallbackTarget | None = None
    conversation_configuration_id: str | None = None
    participant_defaults: list[ChannelRole] | None = None
    keyterms: list[str] | None = None
    diarization: SpeakersAsked | None = None
    priority: str | None = None
    on_language_mismatch: str | None = None
    verbatim: bool | None = None
    retention: dict[str, KeptDays | None] | None = None
    redaction: RedactionAsked | None = None

    @property
    def redacts(self) -> Redaction | None:
        """What is to be taken out; None where nothing is."""
        asked = self.redaction
        return None if asked is None else Redaction.of(asked.policy, asked.entities, asked.mask, asked.audio)


class KeptTranscriptionOptions(JobOptions):
    """All of it that is read."""

    transcription_engine: str
    speech_model: str | None = None

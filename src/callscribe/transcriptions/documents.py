"""What is kept of a transcription as JSON."""

from collections.abc import Mapping

from pydantic import ConfigDict

from callscribe.configurations.documents import JobOptions, KeptTranscriptionOptions
from callscribe.db.documents import Document
from callscribe.media.inspecting import MediaInfo
from callscribe.speech.engines.served_by import ServedBy
from callscribe.web.wire import optional


class Participant(Document):
    """A party of the call, filled from the configuration's defaults."""

    model_config = ConfigDict(extra="ignore")  # it is also the model of the answer

    audio_channel_index: int
    type: str | None = optional()
    address: str | None = optional()
    name: str | None = optional()

    @property
    def called(self) -> str:
        """The name, or else the role; empty where there is neither."""
        return self.name or (self.type or "").replace("_", " ").title()


class Failure(Document):
    """Why a transcription FAILED."""

    model_config = ConfigDict(extra="ignore")  # likewise

    code: int
    title: str
    detail: str
    type: str


class RecordedAudio(Document):
    """What a job keeps of its recording, so that it does not need the rows again: they may be deleted meanwhile."""

    sid: str
    channels: int
    media: str | None
    """The key of its blob; without it, the audio is at Twilio."""
    sha256: str | None = None
    """What that blob must have."""
    call_sid: str | None


class InspectedMedia(Document):
    """What a job's recording is: see `media.inspecting.MediaInfo`."""

    container: str
    codec: str
    channels: int
    sample_rate: int
    duration: float
    regular: bool

    @classmethod
    def of(cls, info: MediaInfo) -> "InspectedMedia":
        """As it was found."""
        return cls(**{name: getattr(info, name) for name in cls.model_fields})


class ResolvedConfiguration(JobOptions):
    """The configuration as it was when the transcription was created, and what serves it."""

    served_by: ServedBy
    language_models: dict[str, str] | None = None
    """Models for languages that the recording may turn out to be in, by ISO 639-1 code; `served_by` has the others."""

    @classmethod
    def of(
        cls, options: KeptTranscriptionOptions, served_by: ServedBy, language_models: Mapping[str, str]
    ) -> "ResolvedConfiguration":
        """A configuration as it is now, and what serves it."""
        given = options.document()
        given.pop("configurationType", None)  # there is but one
        models = {"languageModels": dict(language_models)} if language_models else {}
        return cls.model_validate(given | {"servedBy": served_by} | models)

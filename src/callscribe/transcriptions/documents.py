"""What is kept of a transcription as JSON."""

from collections.abc import Mapping, Sequence

from pydantic import ConfigDict

from callscribe.configurations.documents import KeptTranscriptionOptions
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


def renamed(participants: Sequence[Participant], names: Sequence[str | None]) -> list[Participant]:
    """Participants by other names, in the same order."""
    pairs = zip(participants, names, strict=True)
    return [each if each.name == name else each.model_copy(update={"name": name}) for each, name in pairs]


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


class OriginalAudio(Document):
    """A recording as it was fetched, where something else is heard in its place: what it is, SHA-256, size in bytes."""

    info: InspectedMedia
    sha256: str | None
    size: int


class ResolvedConfiguration(KeptTranscriptionOptions):
    """The configuration as it was when the transcription was created, and what serves it."""

    served_by: ServedBy
    language_models: dict[str, str] | None = None
    """Models for languages that the recording may turn out to be in, by ISO 639-1 code; `served_by` has the others."""
    stands_in_for: ServedBy | None = None
    """What it was to be served by, and was out."""

    @classmethod
    def of(
        cls, options: KeptTranscriptionOptions, served_by: ServedBy, language_models: Mapping[str, str]
    ) -> "ResolvedConfiguration":
        """A configuration as it is now, and what serves it."""
        given = options.document()
        given.pop("configurationType", None)  # there is but one
        models = {"languageModels": dict(language_models)} if language_models else {}
        return cls.model_validate(given | {"servedBy": served_by} | models)

    def served_instead(self, served_by: ServedBy, language_models: Mapping[str, str]) -> "ResolvedConfiguration":
        """The same, served by what stands in for what serves it."""
        given = self.document()
        given.pop("languageModels", None)
        models = {"languageModels": dict(language_models)} if language_models else {}
        served = {"servedBy": served_by, "standsInFor": self.served_by}
        return type(self).model_validate(given | served | models)


class SentenceEdit(Document):
    """What is said of a sentence: its text, or who said it, or both; what is not set stays."""

    sentence_index: int
    text: str | None = None
    participant_index: int | None = None
    """None, where it is set, is nobody in particular."""

    @property
    def says_who(self) -> bool:
        """Whether it says who said it."""
        return "participant_index" in self.model_fields_set


class ParticipantName(Document):
    """What a participant is called from now on; None is by the role."""

    participant_index: int
    name: str | None = None


class Changes(Document):
    """What one version of a transcript changes in the one before."""

    edits: list[SentenceEdit]
    participants: list[ParticipantName]

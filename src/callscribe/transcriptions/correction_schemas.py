"""The wire format of corrections: what is put right, and the versions that come of it."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, Field, StrictInt, StrictStr, model_validator
from pydantic_core import PydanticCustomError

from callscribe.characters import LINE
from callscribe.transcriptions.documents import Changes, Participant, ParticipantName, SentenceEdit
from callscribe.transcriptions.schemas import ShortText
from callscribe.transcriptions.tables import TranscriptVersion
from callscribe.transcriptions.versions import Versioned
from callscribe.transcripts.wire import SentenceResource
from callscribe.web.wire import ClosedWire, ListMeta, Milliseconds, Wire

MAX_SENTENCE = 2000
"""Characters. What is recognised has some 300 at most."""

MAX_EDITS = 500
"""In one request; each may be told to the callbacks of a conversation."""

Each = TypeVar("Each")
Index = Annotated[StrictInt, Field(ge=0, le=2**31 - 1)]


def _written(value: str) -> str:
    text = " ".join(value.split())
    if not text:
        raise PydanticCustomError("blank", "must have a word; what nobody said cannot be written as nothing")
    return text


def _named(value: str) -> str | None:
    return " ".join(value.split()) or None


def _each_once(name: str, index: "Callable[[Each], int]") -> "Callable[[list[Each]], list[Each]]":
    def check(given: list[Each]) -> list[Each]:
        if len({index(each) for each in given}) < len(given):
            raise PydanticCustomError("twice", "must name each {name} once", {"name": name})
        return given

    return check


class SentenceEditRequest(ClosedWire):
    """Another text of a sentence, or another participant who said it, or both. What is left out stays as it is."""

    sentence_index: Index
    text: Annotated[StrictStr, Field(min_length=1, max_length=MAX_SENTENCE, pattern=LINE)] | None = None
    participant_index: Index | None = Field(None, description="Null is nobody who is known.")

    @model_validator(mode="after")
    def _says_something(self) -> "SentenceEditRequest":
        if self.text is not None:
            self.text = _written(self.text)
        elif "participant_index" not in self.model_fields_set:
            raise PydanticCustomError("nothing", "must have text or participantIndex")
        return self

    def kept(self) -> SentenceEdit:
        """As it is kept: with what it says, and nothing else."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        return SentenceEdit(**{name: value for name, value in said.items() if name != "text" or value is not None})


class ParticipantNameRequest(ClosedWire):
    """Another name of a participant."""

    participant_index: Index
    name: Annotated[ShortText, AfterValidator(_named)] | None = Field(
        description="Null, or only blanks: the participant is called by the role."
    )


class CorrectTranscript(ClosedWire):
    """Body of PATCH: what is put right in the version of the transcript that the client has seen."""

    base_version: Index = Field(description="That version: `version` of the transcript; 0 is as it was recognised.")
    edits: Annotated[
        list[SentenceEditRequest],
        Field(max_length=MAX_EDITS),
        AfterValidator(_each_once("sentence", lambda each: each.sentence_index)),
    ] = Field(default_factory=list)
    participants: Annotated[
        list[ParticipantNameRequest],
        AfterValidator(_each_once("participant", lambda each: each.participant_index)),
    ] = Field(default_factory=list)

    def changes(self) -> Changes:
        """As it is kept."""
        return Changes(
            edits=[each.kept() for each in self.edits],
            participants=[
                ParticipantName(participant_index=each.participant_index, name=each.name) for each in self.participants
            ],
        )


class CorrectedTranscript(Wire):
    """What came of it: the version that is the latest now, and in it the sentences that were edited."""

    id: str
    version: int
    participants: list[Participant]
    sentences: list[SentenceResource]

    @classmethod
    def of(cls, transcription_id: str, latest: Versioned, indexes: Sequence[int]) -> "CorrectedTranscript":
        """The latest version, with the sentences of these indexes."""
        known = latest.corrected
        return cls(
            id=transcription_id,
            version=known.version,
            participants=latest.participants,
            sentences=[
                SentenceResource.of(index, known.transcript.sentences[index], known.corrections.get(index))
                for index in indexes
            ],
        )


class TranscriptVersionResource(Wire):
    """One time at which a transcript was corrected."""

    version: int
    created_at: Milliseconds
    created_by: str = Field(description="The SID of the account, or of the API key.")
    sentences_edited: int
    participants_renamed: int

    @classmethod
    def of(cls, row: TranscriptVersion) -> "TranscriptVersionResource":
        """From its row."""
        return cls(
            version=row.number,
            created_at=row.created_at,
            created_by=row.created_by,
            sentences_edited=len(row.changes.edits),
            participants_renamed=len(row.changes.participants),
        )


class TranscriptVersionListMeta(ListMeta):
    """Where a page stands in its list."""

    key: Literal["versions"] = "versions"


class TranscriptVersionList(Wire):
    """A page of the versions of a transcript, newest first; what was recognised is none of them."""

    versions: list[TranscriptVersionResource]
    meta: TranscriptVersionListMeta


class KeytermSuggestion(BaseModel):
    """What people wrote into transcripts where the recogniser did not know it."""

    term: str
    corrections: int
    calls: int


class KeytermSuggestions(BaseModel):
    """Keyterms that a configuration may want, those that were written most often first."""

    suggestions: list[KeytermSuggestion]

"""What a finished transcription hands over to be stored as a conversation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from callscribe.speech.interface import Word


@dataclass(frozen=True, slots=True)
class StoredParticipant:
    """A party of the call. Without an address it groups with nobody."""

    type: str
    address: str | None
    name: str | None = None
    channel: str = "VOICE"


@dataclass(frozen=True, slots=True)
class StoredSentence:
    """One sentence; `start` and `end`, and the times of its words, in seconds from the start of the recording.

    `participant_index` is the position in the transcript's participants, None where it is not known who speaks.
    `audio_channel` counts from 0. `engine` names what recognised it.
    """

    resource_id: str
    participant_index: int | None
    audio_channel: int
    text: str
    confidence: float
    words: Sequence[Word]
    start: float
    end: float
    engine: str


@dataclass(frozen=True, slots=True)
class StoredTranscript:
    """A call's sentences, in spoken order; they are read once, so a generator will do.

    `channel_id` is the SID of the call, or else the id of the transcription.
    """

    channel_id: str
    started_at: datetime
    participants: Sequence[StoredParticipant]
    sentences: Iterable[StoredSentence]

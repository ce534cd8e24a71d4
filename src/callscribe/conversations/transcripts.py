"""What a finished transcription hands over to be stored as a conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from callscribe.transcripts.models import Sentence


@dataclass(frozen=True, slots=True)
class StoredParticipant:
    """A party of the call. Without an address it groups with nobody; without a type it is UNKNOWN."""

    type: str | None
    address: str | None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class StoredTranscript:
    """A call's sentences, in spoken order, each a resource by the transcription's `id` and its index.

    `engine` names what recognised them. `channel_id` is the SID of the call, or else the id of the transcription.
    """

    id: str
    engine: str
    channel_id: str
    started_at: datetime
    participants: Sequence[StoredParticipant]
    sentences: Sequence[Sentence]


def resource_prefix(transcription_id: str) -> str:
    """What the resource ids of all sentences of a transcript begin with; the rest is the sentence's index."""
    return f"{transcription_id}:"

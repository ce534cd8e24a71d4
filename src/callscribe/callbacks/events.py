"""What is told of a transcription, and whether it is: the rule of a configuration's `events`.

Conversations have their own kinds (`conversations.events`), of which every status callback is told.
"""

from collections.abc import Collection
from enum import StrEnum


class TranscriptionEvent(StrEnum):
    """What a configuration's `events` may name. Each is named like the status that a job comes to by it."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


TOLD_UNASKED = frozenset({TranscriptionEvent.COMPLETED, TranscriptionEvent.FAILED})
"""What is told where no events are listed. It stays as it is when a kind is added: nobody asked for that one."""


def is_told(event: TranscriptionEvent, listed: Collection[str] | None) -> bool:
    """Whether an event is told where these are `listed`; None is no list."""
    return event in (TOLD_UNASKED if listed is None else listed)

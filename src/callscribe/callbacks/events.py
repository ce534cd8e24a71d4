"""What is told of a transcription, and which addresses are told: the rule of a configuration's `events`.

Conversations have their own kinds (`conversations.events`), of which every status callback is told.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Protocol


class TranscriptionEvent(StrEnum):
    """What a configuration's `events` may name. Each is named like the status that a job comes to by it."""

    COMPLETED = "COMPLETED"
    FAILED = "FAILED"


TOLD_UNASKED = frozenset({TranscriptionEvent.COMPLETED, TranscriptionEvent.FAILED})
"""What is told where no events are listed. It stays as it is when a kind is added: nobody asked for that one."""


class Target(Protocol):
    """The `transcriptionStatusCallback` of a configuration."""

    @property
    def url(self) -> str:
        """Its address."""
        ...

    @property
    def events(self) -> Collection[str] | None:
        """What it is told of."""
        ...


def addresses(target: Target | None, event: TranscriptionEvent) -> list[str]:
    """The URLs that are told of an event, by the `transcriptionStatusCallback` of a job's snapshot.

    Without `events` these are told of `TOLD_UNASKED`, with a list of what it names; with an empty one of nothing.
    """
    if target is None:
        return []
    return [target.url] if event in (TOLD_UNASKED if target.events is None else target.events) else []

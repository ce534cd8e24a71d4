"""What the finder takes and gives: sentences as they were said, and what is in them."""

from dataclasses import dataclass

from callscribe.redaction.entities import Entity


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence as it is looked through, in the order of time: who says it, from when to when in seconds.

    `language` is a locale or an ISO 639-1 code, None where it is not known. Of `party` only equality counts.
    """

    text: str
    language: str | None
    party: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Found:
    """An entity, or the part of one that is in a sentence: by its index, and by characters of its text.

    `first` is the first character, `behind` the one behind the last.
    """

    entity: Entity
    sentence: int
    first: int
    behind: int

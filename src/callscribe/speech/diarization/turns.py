"""Turns: who speaks from when to when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_SPEAKERS: Final = 20
"""More are not looked for on one recording."""

USUAL_MOST: Final = 8
"""Speakers that are looked for at most where nobody says: a call has two, a conference a few more."""


@dataclass(frozen=True, slots=True)
class SpeakerRange:
    """How many speakers there may be, both included."""

    least: int = 1
    most: int = USUAL_MOST

    @classmethod
    def of(cls, least: int | None, most: int | None) -> "SpeakerRange":
        """The range where one end or both are left open.

        Raises:
            ValueError: it is empty, or reaches beyond 1 to `MOST_SPEAKERS`.
        """
        least_ = 1 if least is None else least
        most_ = max(USUAL_MOST, least_) if most is None else most
        if not 1 <= least_ <= most_ <= MOST_SPEAKERS:
            raise ValueError(f"must be 1 to {MOST_SPEAKERS}, the least no more than the most")
        return cls(least_, most_)


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A stretch, in seconds from the start of the recording, in which `speaker`, counted from 0, is the one to hear.

    Turns of a recording are in order and do not overlap: where two speak at once, the clearer one has it.
    """

    start: float
    end: float
    speaker: int


def speakers_of(times: Sequence[tuple[float, float]], turns: Sequence[SpeakerTurn]) -> list[int]:
    """For each stretch, such as a word's start and end, the speaker whose turns cover most of it, else the nearest's.

    Both are ordered by start. Without turns everything is speaker 0.
    """
    found = []
    first = 0
    for start, end in times:
        # Turns do not overlap, so those that end before a stretch are behind all that follow; one is kept as nearest.
        while first + 1 < len(turns) and turns[first + 1].start <= start and turns[first].end <= start:
            first += 1
        covered: dict[int, float] = {}
        index = first
        while index < len(turns) and (turns[index].start < end or index == first):
            turn = turns[index]
            overlap = min(end, turn.end) - max(start, turn.start)
            covered[turn.speaker] = covered.get(turn.speaker, 0.0) + max(overlap, 0.0)
            index += 1
        best = max(covered, key=covered.__getitem__, default=0)
        found.append(best if covered.get(best) else _nearest(turns[first : index + 1], start, end))
    return found


def _nearest(turns: Sequence[SpeakerTurn], start: float, end: float) -> int:
    nearest = min(turns, key=lambda turn: max(turn.start - end, start - turn.end), default=None)
    return nearest.speaker if nearest else 0

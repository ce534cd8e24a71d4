"""A call as recognisers see it: tokens, cues, items and runs, and what was announced before a place."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from callscribe.redaction.codes import with_codes
from callscribe.redaction.cues import Cue, cues_in
from callscribe.redaction.items import Item, items_in
from callscribe.redaction.runs import Run, runs_in
from callscribe.redaction.said import Said
from callscribe.redaction.softness import Softness
from callscribe.redaction.tokens import Stream, stream_of

_TOKENS: Final = 90
"""How far a cue reaches, in tokens; further away something else is talked about."""

_SENTENCES: Final = 8
_SECONDS: Final = 90.0
_AFTER: Final = 7
"""How far behind what it announces a cue may stand: `4111 is my card number`."""


@dataclass(frozen=True, slots=True)
class Context:
    """All that is read of a call before anything is recognised."""

    stream: Stream
    cues: Sequence[Cue]
    items: Sequence[Item]
    runs: Sequence[Run]
    softness: Softness
    _begins: Sequence[int]
    _items: Sequence[int]
    looked_up: dict[tuple[int, str], bool] = field(default_factory=dict)
    """What was asked of whole sentences, by sentence and question; so none is read again for each of its words."""

    def before(self, place: int) -> Iterator[tuple[int, Cue]]:
        """The cues before a token, the nearest first, each with its distance in tokens."""
        stream = self.stream
        sentence = stream.tokens[place].sentence
        at = bisect_left(self._begins, place) - 1
        while at >= 0:
            cue = self.cues[at]
            if cue.behind <= place:
                distance = place - cue.behind
                other = stream.tokens[cue.first].sentence
                if distance > _TOKENS or sentence - other > _SENTENCES:
                    return
                if stream.said[sentence].start - stream.said[other].end > _SECONDS:
                    return
                yield distance, cue
            at -= 1

    def after(self, place: int) -> tuple[int, Cue] | None:
        """The cue behind a token in its sentence, where nothing else is there that it could announce."""
        stream = self.stream
        if place >= len(stream.tokens) or place in stream.begins:
            return None
        end = stream.bounds(stream.tokens[place].sentence)[1]
        at = bisect_left(self._begins, place)
        if at >= len(self.cues):
            return None
        cue = self.cues[at]
        if cue.first >= min(end, place + _AFTER) or self.items_within(cue.behind, min(end, cue.behind + _AFTER)):
            return None
        if any(stream.tokens[each].raw in ";.?!" for each in range(place, cue.first)):
            return None
        return cue.first - place, cue

    def cues_between(self, first: int, behind: int) -> Sequence[Cue]:
        """The cues that begin within a range of tokens."""
        return self.cues[bisect_left(self._begins, first) : bisect_left(self._begins, behind)]

    def items_within(self, first: int, behind: int) -> Sequence[Item]:
        """The items that begin within a range of tokens."""
        return self.items[bisect_left(self._items, first) : bisect_left(self._items, behind)]

    def item_at(self, place: int) -> Item | None:
        """The item that a token belongs to."""
        at = bisect_right(self._items, place) - 1
        return self.items[at] if at >= 0 and self.items[at].behind > place else None


def context_of(sentences: Sequence[Said]) -> Context:
    """Reads a call."""
    stream = stream_of(sentences)
    cues = cues_in(stream)
    softness = Softness(stream, cues)
    items = with_codes(stream, cues, items_in(stream, cues, softness), softness)
    runs = runs_in(stream, items, softness)
    return Context(stream, cues, items, runs, softness, [cue.first for cue in cues], [item.first for item in items])

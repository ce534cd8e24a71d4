"""Words that mean nothing beside digits: fillers, confirmations, corrections."""

from collections.abc import Sequence
from typing import Final

from callscribe.redaction.cues import Cue
from callscribe.redaction.phrases import listed
from callscribe.redaction.tokens import Stream

_MEANING: Final = frozenset("@$€£%=|*`")
"""Marks that mean something."""


class Softness:
    """Which tokens of a call mean nothing between two digits, which correct, and where cues are."""

    def __init__(self, stream: Stream, cues: Sequence[Cue]) -> None:
        count = len(stream.tokens)
        self.soft = bytearray(count)
        self.corrects = bytearray(count)
        self.cue = bytearray(count)
        for sentence in range(len(stream.said)):
            begin, end = stream.bounds(sentence)
            language = stream.languages[sentence]
            for name, marks in (
                ("soft", self.soft),
                ("idle", self.soft),
                ("correct", self.soft),
                ("correct", self.corrects),
            ):
                phrases = listed(language, name)
                for place in range(begin, end):
                    match = phrases.longest(stream.tokens, place, end)
                    if match is not None:
                        for each in range(place, match[0]):
                            marks[each] = 1
            for place in range(begin, end):
                if stream.tokens[place].mark and stream.tokens[place].raw not in _MEANING:
                    self.soft[place] = 1
        for cue in cues:
            for place in range(cue.first, cue.behind):
                self.cue[place] = 1

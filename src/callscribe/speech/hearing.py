"""What is speech of a channel's own party, by what a first and a second look made of it.

What the first look is certain of is speech. The rest is by either look's evidence, less of which will do at second
sight; but what is far below the party's own level, or may be a leak of the other channel, is none.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import Span
from callscribe.speech.levels import gain, speech_level
from callscribe.speech.silero import FRAME_SECONDS
from callscribe.speech.spans import DOUBT, ActivityOptions, Probabilities, Stretch, certain, credible, padded, stretches

Mask = npt.NDArray[np.bool_]
"""`(frames,)`."""

_FAINT_DB: Final = 30.0
"""So far below the level of a channel's own speech is nothing that its party says to the other."""

_BESIDE: Final = 31
"""Frames (one second) around a leak."""

_LEAK_DB: Final = 6.0
_LATE: Final = 16
_EARLY: Final = 3
"""What takes a second look, and is so far below what the other channel's party says or said half a second ago, may be a
leak, whether or not its way is known. The party of the channel itself waits for its turn, or speaks as loud."""

_MOSTLY: Final = 0.5
"""Share of a span's speech that was certain at once, from which on it is its channel's usual party."""

_SOFT_DB: Final = 12.0
"""So far below its channel's level, a span is a softer party's, and gets a gain of its own. One party's voice, which
may swing by as much, is recognised better at one gain."""

_EDGE: Final = 8
"""Frames (a quarter of a second) by which a word that is certain may begin earlier or end later."""

_PAUSES_DB: Final = 10.0
_LIKELY: Final = 0.45
"""A crowd of voices is louder than its own background by less than the one, and scores less than the other. A single
voice has deeper pauses; noise on its line fills them, but then it scores more, or is left in doubt."""

_BEHIND_DB: Final = 6.0
"""What hums and is so much softer than the channel's speech is a room behind it. Whoever speaks into a telephone is
nearer to it than anybody else, and at twice the distance a voice has 6 dB less."""

_DOUBTED: Final = 0.12
"""Mean probability, at second sight, of what may be speech."""


@dataclass(frozen=True, slots=True)
class Looks:
    """When frames are speech at first and at second sight."""

    first: ActivityOptions
    second: ActivityOptions


@dataclass(frozen=True, slots=True)
class Heard:
    """A channel frame by frame: levels in dB of full scale, and probabilities of speech at first and second sight."""

    levels: npt.NDArray[np.float32]
    plain: Probabilities
    second: Probabilities
    looks: Looks

    def beside(self, other: "Heard") -> "Heard":
        """Without what is seen at second sight only and may be a leak of the other channel."""
        spoken = np.where(other.speaks, other.levels, -np.inf)
        latest = np.pad(spoken, (_LATE, _EARLY), constant_values=-np.inf)
        loudest = np.lib.stride_tricks.sliding_window_view(latest, _LATE + _EARLY + 1).max(axis=1)
        return replace(self, second=np.where(self.levels < loudest - _LEAK_DB, np.float32(0), self.second))

    def without(self, leak: Mask) -> "Heard":
        """Without the frames, counted from the first, that are known to be a leak."""
        marked = np.pad(leak, (0, max(0, len(self.levels) - len(leak))))[: len(self.levels)]
        rest = _masked(self, marked)
        # A breath or a rustle under the other party's leak is not this party's speech, as faint as it is.
        around = np.convolve(marked, np.ones(2 * _BESIDE + 1), mode="same") > 0.5
        return _masked(rest, around & (self.levels < rest.level - _FAINT_DB))

    @property
    def speaks(self) -> Mask:
        """The frames in which somebody speaks, as far as each can tell by itself."""
        speaks: Mask = (self.plain >= self.looks.first.threshold) | (self.second >= self.looks.second.threshold)
        return speaks

    @property
    def level(self) -> float:
        """The level of the channel's speech."""
        return speech_level(self.levels[self.speaks])

    def spans(self, duration: float) -> tuple[tuple[Span, ...], tuple[float, ...]]:
        """The spans of speech within so many seconds, and the gain of each."""
        sure = certain(self.plain, self.looks.first)
        level, speaks = self.level, self.speaks
        found = [self._whole(each) for each in stretches(self.plain, self.looks.first) if sure[each[0]]]
        found += [
            each
            for each in self._believed(sure)
            if speech_level(self.levels[slice(*each)][speaks[slice(*each)]]) >= level - _FAINT_DB
        ]
        spans = padded(sorted(found), np.maximum(self.plain, self.second), duration, self.looks.first)
        gains = []
        for span in spans:
            frames = slice(round(span.start / FRAME_SECONDS), round(span.end / FRAME_SECONDS))
            spoken = self.levels[frames][speaks[frames]]
            own = speech_level(spoken) if len(spoken) else level
            certainly = float(np.mean(sure[frames][speaks[frames]])) if len(spoken) else 1.0
            crowd = self._hums((frames.start, frames.stop), self.second)
            gains.append(gain(own if own <= level - _SOFT_DB and certainly < _MOSTLY and not crowd else level))
        return spans, tuple(gains)

    def doubtful(self, spans: Sequence[Span], duration: float) -> tuple[Span, ...]:
        """What beside these spans may be speech: it scores little at second sight, but for long, or is too faint."""
        rest = self.second.copy()
        for span in spans:
            rest[int(span.start / FRAME_SECONDS) : math.ceil(span.end / FRAME_SECONDS)] = 0.0
        found = [each for each in stretches(rest, DOUBT) if rest[slice(*each)].mean() >= _DOUBTED]
        return tuple(
            Span(round(first * FRAME_SECONDS, 3), round(min(duration, end * FRAME_SECONDS), 3))
            for first, end in found
            if (end - first) * FRAME_SECONDS >= DOUBT.shortest
        )

    def _whole(self, stretch: Stretch) -> Stretch:
        """Certain speech with its onset and its end, where they are heard at second sight only."""
        first, end = stretch
        low, high = max(0, first - _EDGE), min(len(self.second), end + _EDGE)
        while first > low and self.second[first - 1] >= self.looks.second.threshold:
            first -= 1
        while end < high and self.second[end] >= self.looks.second.threshold:
            end += 1
        return first, end

    def _believed(self, sure: Mask) -> list[Stretch]:
        """Stretches beside what is certain for which there is evidence at first or second sight.

        Each has it in itself or around it, but not in what is certain: no breath is speech because somebody speaks.
        """
        second = np.where(sure, np.float32(0), self.second)
        either = np.maximum(self.plain, second)
        found = [
            (run + first, run + end)
            for run, last in _runs(~sure)
            for first, end in stretches(either[run:last], self.looks.second)
        ]
        by_second = set(credible(found, second, self.looks.second))
        by_first = credible(stretches(self.plain, self.looks.first), self.plain, self.looks.first)
        believed: list[Stretch] = []
        for each in found:
            of_first = [(first, end) for first, end in by_first if first < each[1] and end > each[0]]
            if self._hums(each, second):
                if speech_level(self.levels[slice(*each)]) > self.level - _BEHIND_DB:
                    believed += [(max(first, each[0]), min(end, each[1])) for first, end in of_first]
            elif of_first or each in by_second:
                believed.append(each)
        return believed

    def _hums(self, stretch: Stretch, second: Probabilities) -> bool:
        """Whether it goes on as many voices do, or machines: without a pause between syllables, and not very likely."""
        levels = self.levels[slice(*stretch)]
        depth = speech_level(levels) - float(np.percentile(levels, 10))
        return depth < _PAUSES_DB and float(second[slice(*stretch)].mean()) < _LIKELY


def _masked(heard: Heard, mask: Mask) -> Heard:
    nothing = np.float32(0)
    return replace(heard, plain=np.where(mask, nothing, heard.plain), second=np.where(mask, nothing, heard.second))


def _runs(mask: Mask) -> list[Stretch]:
    """Where a mask is set."""
    edges = np.flatnonzero(np.diff(mask, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))

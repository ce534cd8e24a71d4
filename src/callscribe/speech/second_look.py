"""A second look at what voice activity rejects: a party beside a louder one, or on a line with a narrow band.

Two things keep Silero from hearing such a party. Its state: behind a wide-band voice it scores what a telephone brings
at 0.01 instead of 0.22. And the band: without the fundamental, and without anything above 3.4 kHz, even a voice by
itself seldom reaches 0.4.

So a second network hears only what the first one is not sure of, in a state of its own; it begins anew wherever the
first is sure that somebody speaks, and goes on where nobody is, for it is by what came before that noise, tones and
music are told from speech. It hears each stretch at the level of what stands out in it, and with a rectifier's
distortion mixed in, which makes up for the band: of harmonics it makes the fundamental and higher ones, as bandwidth
extension does since Makhoul and Berouti ("High-frequency regeneration in speech coding systems", ICASSP 1979).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import Samples
from callscribe.speech.levels import FLOOR_DB, gain, speech_level
from callscribe.speech.silero import FRAME, GROUP, Frames, Lane, Scores
from callscribe.speech.spans import ActivityOptions, certain

_CHUNK: Final = 8
"""Groups that are looked at together, under one gain: 16 s."""

_STANDS_OUT_DB: Final = 6.0
"""What is louder than the background by so much may be speech."""

_BACKGROUND: Final = 10
"""Percentile of the levels of the last half minute that is the background."""

_LEAST: Final = 6
"""Frames that have to stand out for a second look: 0.2 s."""

_RECTIFIED: Final = np.float32(0.3)
"""Share of the distortion. With half or twice as much fewer frames of narrow-band speech are found."""

_AVERAGED: Final = 400
"""Samples over which the rectified sound's average is taken away: 25 ms, longer than a period of any voice."""


class SecondLook:
    """Scores of a second network for what the first, whose scores it is told, is not sure of."""

    def __init__(self, options: ActivityOptions) -> None:
        self._options = options
        self._lane = Lane()
        self._frames: list[Frames] = []
        self._levels: list[npt.NDArray[np.int8]] = []
        self._plain: list[Scores] = []
        self._before_levels = np.zeros(0, np.int8)
        self._before_plain = np.zeros(0, np.uint8)
        self._goes_on = False
        self._scores = bytearray()  # a byte a frame

    def push(self, frames: Frames, levels: npt.NDArray[np.int8], plain: Scores) -> None:
        """Take the next group, its levels in dB of full scale, and what the first network made of it."""
        self._frames.append(frames)
        self._levels.append(levels)
        self._plain.append(plain)
        if len(self._frames) == _CHUNK:
            self._look()

    def skip(self) -> None:
        """Begin anew behind a group of silence."""
        self._look()
        self._scores += bytes(GROUP)
        self._before_levels, self._before_plain = np.zeros(0, np.int8), np.zeros(0, np.uint8)
        self._goes_on = False

    def finish(self) -> Scores:
        """The scores of all frames; those that were not looked at have 0."""
        self._look()
        return np.frombuffer(self._scores, np.uint8)

    def _look(self) -> None:
        if not self._frames:
            return
        frames, levels = np.concatenate(self._frames), np.concatenate(self._levels)
        plain = np.concatenate(self._plain)
        self._frames, self._levels, self._plain = [], [], []
        heard = np.concatenate([self._before_levels, levels])
        background = np.percentile(heard[heard >= FLOOR_DB], _BACKGROUND) if heard.max() >= FLOOR_DB else 0.0
        stands_out = levels > max(background + _STANDS_OUT_DB, FLOOR_DB)
        told = np.concatenate([self._before_plain, plain]).astype(np.float32) / np.float32(255)
        sure = certain(told, self._options)[len(self._before_plain) :]
        scores: Scores = np.zeros(len(levels), np.uint8)
        edges = np.flatnonzero(np.diff(np.concatenate([[True], sure, [True]])))
        for first, end in edges.reshape(-1, 2):
            if first or not self._goes_on:
                self._lane.forget()
            self._goes_on = int(np.sum(stands_out[first:end])) >= _LEAST
            if self._goes_on:
                level = speech_level(levels[first:end][stands_out[first:end]])
                loud = np.clip(frames[first:end].ravel() * np.float32(gain(level)), -1.0, 1.0)
                scores[first:end] = self._lane.hear(rectified(loud).reshape(-1, FRAME))
        self._goes_on = self._goes_on and not sure[-1]
        self._before_levels, self._before_plain = levels, plain
        self._scores += scores.tobytes()


def rectified(samples: Samples) -> Samples:
    """Audio with some of it rectified mixed in, which has no direct current."""
    magnitude = np.abs(samples)
    sums = np.cumsum(np.pad(magnitude, (_AVERAGED, 0)), dtype=np.float64)
    average = (sums[_AVERAGED:] - sums[:-_AVERAGED]) / _AVERAGED
    mixed: Samples = samples + _RECTIFIED * (magnitude - average).astype(np.float32)
    return mixed

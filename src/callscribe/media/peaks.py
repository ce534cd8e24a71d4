"""Peaks of a recording, by which its waveform is drawn.

A recording is divided into pieces of equal length, fine ones at first. Whenever there are as many as there may be, two
and two become one. So memory does not grow with the recording, and its length need not be known.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE

FULL_SCALE: Final = 127
MOST: Final = 20_000
"""Peaks of a channel; an even number."""

_FINEST: Final = SAMPLE_RATE // 50
"""Samples of a piece, at first."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """The largest absolute samples of pieces that follow one another, by channel; `FULL_SCALE` is full scale.

    `piece` is the length of each in samples at `SAMPLE_RATE`, but for the last, which may be shorter; `samples`, that
    of the recording. `channels` is `(channels, pieces) uint8`.
    """

    piece: int
    samples: int
    channels: npt.NDArray[np.uint8]


class PeakMeter:
    """Takes a recording in as it is decoded."""

    def __init__(self) -> None:
        self._piece = _FINEST
        self._samples = self._count = 0
        self._rest = np.zeros((0, 0), np.float32)
        self._peaks = np.zeros((0, MOST), np.uint8)

    def push(self, samples: npt.NDArray[np.float32]) -> None:
        """Take the next window, `(channels, n) float32`."""
        if not self._samples:
            self._rest = np.zeros((len(samples), 0), np.float32)
            self._peaks = np.zeros((len(samples), MOST), np.uint8)
        self._samples += samples.shape[1]
        left = np.concatenate([self._rest, samples], axis=1)
        while pieces := min(left.shape[1] // self._piece, MOST - self._count):
            taken = pieces * self._piece
            self._add(left[:, :taken].reshape(len(left), pieces, self._piece))
            left = left[:, taken:]
            if self._count == MOST:
                self._halve()
        self._rest = left

    def finish(self) -> Peaks:
        """What was found, when the last window has been pushed."""
        if self._rest.shape[1]:
            self._add(self._rest[:, np.newaxis])
        return Peaks(self._piece, self._samples, self._peaks[:, : self._count])

    def _add(self, pieces: npt.NDArray[np.float32]) -> None:
        end = self._count + pieces.shape[1]
        # A damaged file may have samples beyond full scale, and some that are no numbers.
        loudest = np.fmin(np.abs(pieces).max(axis=2), np.float32(1.0))
        self._peaks[:, self._count : end] = np.rint(loudest * FULL_SCALE)
        self._count = end

    def _halve(self) -> None:
        self._piece *= 2
        self._count //= 2
        self._peaks[:, : self._count] = self._peaks.reshape(len(self._peaks), -1, 2).max(axis=2)

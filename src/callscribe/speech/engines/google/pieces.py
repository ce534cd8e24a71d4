"""A long recording in pieces of less than a minute, for requests that are answered at once."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from callscribe.speech.audio import AudioWindow
from callscribe.speech.interface import SAMPLE_RATE, Samples

LONGEST: Final = 55.0
"""Seconds of a piece."""
SEARCHED: Final = 20.0
"""Seconds at the end of the longest piece in which it is cut."""

_FRAME: Final = SAMPLE_RATE // 100
_PAUSE: Final = 30
"""Frames, 0.3 s, over which it has to be quiet."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a recording: `start` in seconds, `samples` as `(channels, n)` float32 at 16 kHz."""

    start: float
    samples: Samples

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.samples.shape[1] / SAMPLE_RATE)


def pieces(windows: Iterable[AudioWindow], longest: float) -> Iterator[Piece]:
    """A recording in pieces that follow one another, cut where all of its channels together are the most quiet.

    The last may have `longest` seconds, the others `LONGEST`; they follow from the recording alone. Two pieces are in
    memory at a time.
    """
    held: list[Samples] = []
    start = count = 0
    for window in windows:
        held.append(window.samples)
        count += window.samples.shape[1]
        while count > longest * SAMPLE_RATE:
            samples = np.concatenate(held, axis=1)
            cut = _quietest(samples[:, : round(LONGEST * SAMPLE_RATE)])
            yield Piece(start / SAMPLE_RATE, samples[:, :cut])
            held, start, count = [samples[:, cut:]], start + cut, count - cut
    if count:
        yield Piece(start / SAMPLE_RATE, np.concatenate(held, axis=1))


def _quietest(samples: Samples) -> int:
    """The sample in the middle of the pause with the least energy, in the last `SEARCHED` seconds; the last of them."""
    first = int(samples.shape[1]) - round(SEARCHED * SAMPLE_RATE)
    frames = samples[:, first:].reshape(len(samples), -1, _FRAME)
    energy = np.square(frames, dtype=np.float64).sum(axis=(0, 2))
    pauses = np.convolve(energy, np.ones(_PAUSE), "valid")
    # Later is better among pauses that are silent alike: fewer pieces.
    latest = len(pauses) - 1 - int(np.argmin(pauses[::-1]))
    return first + (latest + _PAUSE // 2) * _FRAME

"""Stereo whose channels are copies of each other, so that nothing is transcribed twice.

Copies stay copies when one is louder, inverted, or went through a lossy codec: what remains is that one channel is the
other times one factor. A call whose parties bleed into each other's channel correlates as well, but with one factor
while the first speaks and another while the second does.
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE

_BLOCK: Final = SAMPLE_RATE // 2

_OVERALL: Final = 0.95
"""Correlation of the whole channels."""

_BLOCKWISE: Final = 0.90
_SHARE: Final = 0.98
"""… and of nearly all blocks that are not much quieter than the recording: there a second party would show."""

_QUIETER_DB: Final = 15
_FLOOR_DB: Final = -60


class CopyDetector:
    """Compares the two channels of a recording that arrives in windows."""

    def __init__(self) -> None:
        self._sums = np.zeros(3)
        self._blocks = 0
        self._rest = np.zeros((2, 0), np.float32)
        # Blocks by level, 0 to -60 dB of full scale: all of them, and those alike with either sign.
        self._counts = {sign: np.zeros(1 - _FLOOR_DB, np.int64) for sign in (0, 1, -1)}

    def push(self, samples: npt.NDArray[np.float32]) -> None:
        """Take the next `(channels, n)`; anything but two channels is not compared."""
        if len(samples) != 2:
            return
        audio = np.hstack([self._rest, samples])
        blocks = audio.shape[1] // _BLOCK
        self._rest = audio[:, blocks * _BLOCK :]
        if not blocks:
            return
        left, right = audio[:, : blocks * _BLOCK].reshape(2, blocks, _BLOCK)
        products = np.stack([_inner(left, left), _inner(right, right), _inner(left, right)])
        self._sums += products.sum(axis=1)
        self._blocks += blocks
        correlation = products[2] / np.sqrt(products[0] * products[1] + 1e-20)
        levels = _level(np.maximum(products[0], products[1]) / _BLOCK)
        audible = levels >= _FLOOR_DB
        for sign, counts in self._counts.items():
            alike = audible & (sign * correlation >= _BLOCKWISE) if sign else audible
            np.add.at(counts, -levels[alike], 1)

    def found(self) -> bool:
        """Whether the channels are copies, as far as they have been heard."""
        left, right, both = self._sums
        if left == 0 or right == 0:
            return False
        overall = both / np.sqrt(left * right)
        loud = slice(0, _QUIETER_DB + 1 - int(_level(np.array(max(left, right) / (self._blocks * _BLOCK)))))
        compared = self._counts[0][loud].sum()
        alike = self._counts[1 if overall > 0 else -1][loud].sum()
        return bool(compared and abs(overall) >= _OVERALL and alike >= _SHARE * compared)


def _level(power: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Whole decibels of full scale, at most 0."""
    decibels: npt.NDArray[np.int64] = np.minimum(np.floor(10 * np.log10(power + 1e-20)), 0).astype(np.int64)
    return decibels


def _inner(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    products: npt.NDArray[np.float64] = np.einsum("ij,ij->i", one, other, dtype=np.float64)
    return products

"""How sure a word error rate is, by the bootstrap over recordings.

Bisani and Ney, Bootstrap estimates for confidence intervals in ASR performance evaluation, 2004,
https://doi.org/10.1109/ICASSP.2004.1326009.

Words of one recording go wrong together, by its line and its speaker, so whole recordings are drawn again and not
words. All engines are given the same draws, so that what differs is the engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.evaluation.scoring import Counts

DRAWS: Final = 10_000
SEED: Final = 20_260_302
"""The same figures for the same counts, always."""
_AT_ONCE: Final = 500
"""Draws that are in memory at once."""

LEVEL: Final = 0.95
_ENDS: Final = (100 * (1 - LEVEL) / 2, 100 * (1 + LEVEL) / 2)
LEAST_RECORDINGS: Final = 2
"""Of one recording nothing is known of how others would differ."""


@dataclass(frozen=True, slots=True)
class Interval:
    """Where a figure would be in 95 of 100 such samples of recordings; a share, not a percentage."""

    low: float
    high: float


def intervals(counts: Sequence[Sequence[Counts]]) -> tuple[list[Interval | None], list[Interval | None]]:
    """Of the word error rate of each engine; and of how much it is above that of the first.

    `counts` has for each engine its counts by recording, the same recordings in the same order, none without a word.
    None where there are too few recordings.
    """
    if not counts or len(counts[0]) < LEAST_RECORDINGS:
        nothing: list[Interval | None] = [None] * len(counts)
        return nothing, nothing
    rates = _rates(counts)
    return [_ends(rate) for rate in rates], [_ends(rate - rates[0]) for rate in rates]


def _rates(counts: Sequence[Sequence[Counts]]) -> npt.NDArray[np.float64]:
    """Word error rates `(engines, DRAWS) float64` of recordings that were drawn with replacement."""
    errors = np.array([[each.errors for each in of_engine] for of_engine in counts], dtype=np.float64)
    words = np.array([each.words for each in counts[0]], dtype=np.float64)
    chance = np.random.default_rng(SEED)
    parts = []
    for _ in range(DRAWS // _AT_ONCE):
        # How often each recording was drawn: (draws, recordings).
        drawn = chance.multinomial(len(words), np.full(len(words), 1 / len(words)), size=_AT_ONCE).astype(np.float64)
        parts.append(errors @ drawn.T / (drawn @ words))
    return np.concatenate(parts, axis=1)


def _ends(values: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, _ENDS)
    return Interval(float(low), float(high))

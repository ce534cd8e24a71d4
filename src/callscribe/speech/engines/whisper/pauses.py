"""Where nothing is heard within a window, to the fiftieth of a second.

Voice activity says where somebody speaks, generously: its stretches are padded and bridge short pauses. To tell when a
word begins, sound is measured against the window's own noise and speech.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE, Samples, Span

STEP: Final = 0.02
"""Seconds of one step, which is that of the encoder's output."""

_STEP_SAMPLES: Final = round(STEP * SAMPLE_RATE)

_FLOOR: Final = 5
_TOP: Final = 95
"""Percentiles of the window's levels that are taken for its noise and its speech."""

_ABOVE_DB: Final = 6.0
_ABOVE_SHARE: Final = 0.2
"""Sound is what rises above the noise by so much, and by this share of the way to speech."""

_CONTRAST_DB: Final = 12.0
"""With less between noise and speech, levels do not tell them apart."""

_SHORTEST: Final = 8
"""Steps. The closure of a plosive is silent too, and no pause."""


def silent_steps(samples: Samples, speech: Sequence[Span], steps: int) -> npt.NDArray[np.bool_]:
    """Which of the window's first `steps` are silent; `speech` in seconds from its start. `(steps)`."""
    levels = _levels(samples, steps)
    floor, top = np.percentile(levels, [_FLOOR, _TOP])
    contrast = top - floor
    quiet = (levels < floor + max(_ABOVE_DB, _ABOVE_SHARE * contrast)) & (contrast >= _CONTRAST_DB)
    times = np.arange(steps) * STEP
    for before, after in pairwise([Span(-np.inf, 0.0), *speech, Span(steps * STEP, np.inf)]):
        quiet |= (times >= before.end) & (times < after.start - STEP)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]])))
    silent = np.zeros(steps, bool)
    for start, end in edges.reshape(-1, 2):
        if end - start >= _SHORTEST or start == 0 or end == steps:
            silent[start:end] = True
    return silent


def _levels(samples: Samples, steps: int) -> npt.NDArray[np.float64]:
    """Level in dB of each step, the louder of its two halves. Each half is heard with as much again around it."""
    half = _STEP_SAMPLES // 2
    wanted = (2 * steps + 1) * half
    padded = np.pad(samples, (half, max(0, wanted - len(samples))))[: wanted + half]
    power = np.square(padded, dtype=np.float64).reshape(-1, half).sum(axis=1)
    levels = 10 * np.log10((power[:-1] + power[1:]) / (2 * half) + 1e-10)
    louder: npt.NDArray[np.float64] = np.maximum(levels[0 : 2 * steps : 2], levels[1 : 2 * steps + 1 : 2])
    return louder

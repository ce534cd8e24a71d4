"""Levels of speech in decibels of full scale (RMS), and the gains that bring it to where models want it."""

from typing import Any, Final

import numpy as np
import numpy.typing as npt

FLOOR_DB: Final = -75.0
"""Below this is silence on any line; nothing is lifted out of it."""

TARGET_DB: Final = -23.0
"""Level that speech is brought to."""

_LOUDER: Final = 0.75
"""The level of speech is that of its louder frames: the other party's bleed is speech too."""


def frame_levels(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.int8]:
    """The level of each frame of `(frames, samples)`, at least -120."""
    power = np.mean(np.square(frames), axis=1)
    levels: npt.NDArray[np.int8] = np.maximum(10 * np.log10(power + 1e-12), -120).astype(np.int8)
    return levels


def speech_level(levels: npt.NDArray[Any]) -> float:
    """The level of speech whose frames have these levels; the target where there are none."""
    return float(np.quantile(levels, _LOUDER)) if len(levels) else TARGET_DB


def gain(level: float) -> float:
    """The factor that brings a level to the target: not more than 40 dB up, and never down by more than 12 dB."""
    return round(float(10 ** (min(40.0, max(-12.0, TARGET_DB - level)) / 20)), 4)

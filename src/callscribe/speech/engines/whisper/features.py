"""Log-mel spectrograms for Whisper, of windows shorter than its 30 s as well."""

import math
from typing import Final

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor

from callscribe.speech.interface import SAMPLE_RATE, Samples

HOP: Final = 160
FRAMES_PER_SECOND: Final = SAMPLE_RATE // HOP
FULL: Final = 30 * FRAMES_PER_SECOND
"""Frames of the window that Whisper was trained on."""


def made_up(seed: int, seconds: float = 2.0) -> Samples:
    """Sound that is no speech but computed with like it: noise that swells and ebbs. The same for a seed every time."""
    count = int(seconds * SAMPLE_RATE)
    swell = np.sin(np.arange(count) * (2 * np.pi * seed / SAMPLE_RATE)) ** 2
    noise: Samples = (np.random.default_rng(seed).normal(0.0, 0.1, count) * swell).astype(np.float32)
    return noise


class Features:
    """Computes spectrograms with the number of mel bands that a model takes."""

    def __init__(self, mel_bands: int) -> None:
        self._extractor = FeatureExtractor(feature_size=mel_bands)

    def of(self, samples: Samples, frames: int) -> npt.NDArray[np.float32]:
        """`(mel bands, frames)`: a window followed by digital silence."""
        padded = np.pad(samples, (0, max(0, frames * HOP - len(samples))))[: frames * HOP]
        features: npt.NDArray[np.float32] = self._extractor(padded, padding=0)
        return features


_TAIL: Final = 4.0
_TAIL_OF_TINY: Final = 6.0
_TINY: Final = 384
"""What a model of this width, or less, needs more of: `tiny.en` loses words behind 4 s, `base` does not."""


def tail_for(width: int) -> float:
    """Seconds of silence behind a window, for a model of so many numbers a step.

    With less the model talks on past the end, or leaves out the last words; more costs time only.
    """
    return _TAIL_OF_TINY if width <= _TINY else _TAIL


def frames_for(samples: int, tail: float, grain: int) -> int:
    """Frames for so many samples and the tail, in whole multiples of `grain` seconds; at most Whisper's window."""
    seconds = grain * math.ceil((samples / SAMPLE_RATE + tail) / grain)
    return min(FULL, seconds * FRAMES_PER_SECOND)

"""Log-mel spectrograms for Whisper, of windows shorter than its 30 s as well."""

from typing import Final

import numpy as np
import numpy.typing as npt
from faster_whisper.feature_extractor import FeatureExtractor

from callscribe.speech.interface import SAMPLE_RATE, Samples

HOP: Final = 160
FRAMES_PER_SECOND: Final = SAMPLE_RATE // HOP
FULL: Final = 30 * FRAMES_PER_SECOND
"""Frames of the window that Whisper was trained on."""


class Features:
    """Computes spectrograms with the number of mel bands that a model takes."""

    def __init__(self, mel_bands: int) -> None:
        self._extractor = FeatureExtractor(feature_size=mel_bands)

    def of(self, samples: Samples, frames: int) -> npt.NDArray[np.float32]:
        """`(mel bands, frames)`: a window followed by digital silence."""
        padded = np.pad(samples, (0, max(0, frames * HOP - len(samples))))[: frames * HOP]
        features: npt.NDArray[np.float32] = self._extractor(padded, padding=0)
        return features


def frames_for(samples: int, tail: float) -> int:
    """Frames that hold so many samples and `tail` seconds of silence, in whole seconds, at most Whisper's window."""
    seconds = int(-(-(samples / SAMPLE_RATE + tail) // 1))
    return min(FULL, seconds * FRAMES_PER_SECOND)

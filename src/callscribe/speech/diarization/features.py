"""Log mel energies as Kaldi computes them (`compute-fbank-feats`), which the embedding network was trained on.

Frames of 25 ms every 10 ms, without dither; each frame's mean taken off, pre-emphasis 0.97, Povey window, power
spectrum of 512 points, 80 triangular bands from 20 Hz to 8 kHz on the mel scale 1127 ln(1 + f / 700), logarithm.
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE, Samples

BANDS: Final = 80
FRAME: Final = 400
SHIFT: Final = 160
"""Samples."""

_POINTS: Final = 512
_PREEMPHASIS: Final = np.float32(0.97)
_FLOOR: Final = np.float32(np.finfo(np.float32).eps)


def log_mel(samples: Samples) -> npt.NDArray[np.float32]:
    """`(frames, 80)`; only whole frames, so 10 s give 998."""
    if len(samples) < FRAME:
        return np.zeros((0, BANDS), np.float32)
    # Kaldi takes samples as 16 bit integers.
    frames = np.lib.stride_tricks.sliding_window_view(samples * np.float32(32768), FRAME)[::SHIFT]
    frames = frames - frames.mean(axis=1, keepdims=True)
    emphasised = np.empty_like(frames)
    emphasised[:, 1:] = frames[:, 1:] - _PREEMPHASIS * frames[:, :-1]
    emphasised[:, 0] = frames[:, 0] * (1 - _PREEMPHASIS)
    window, bands = _tables()
    spectrum = np.fft.rfft(emphasised * window, _POINTS)
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    energies: npt.NDArray[np.float32] = np.log(np.maximum(power.astype(np.float32) @ bands, _FLOOR))
    return energies


@cache
def _tables() -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """The Povey window, and the bands' weights as `(257, 80)`."""
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FRAME) / (FRAME - 1))) ** 0.85
    edges = np.linspace(_mel(20.0), _mel(SAMPLE_RATE / 2), BANDS + 2)
    points = _mel(np.arange(_POINTS // 2 + 1) * SAMPLE_RATE / _POINTS)[:, None]
    rising = (points - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - points) / (edges[2:] - edges[1:-1])
    bands = np.clip(np.minimum(rising, falling), 0, None)
    bands[-1] = 0  # Kaldi leaves the last point out
    return window.astype(np.float32), bands.astype(np.float32)


def _mel(frequency: float | npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    mel: npt.NDArray[np.float64] = 1127 * np.log1p(np.asarray(frequency) / 700)
    return mel

"""A second of speech, to try recognition with: "Thank you for calling". `scripts/make_sample.py` cuts it."""

import wave
from pathlib import Path

import numpy as np

from callscribe.speech.interface import SAMPLE_RATE, Samples

RECORDING = Path(__file__).with_suffix(".wav")
"""16-bit PCM, 8 kHz, one channel."""


def second_of_speech() -> Samples:
    """`(16000,) float32`."""
    with wave.open(str(RECORDING)) as recording:
        rate, count = recording.getframerate(), recording.getnframes()
        samples = np.frombuffer(recording.readframes(count), "<i2") / 32768.0
    times = np.arange(count * SAMPLE_RATE // rate) * rate / SAMPLE_RATE
    found: Samples = np.interp(times, np.arange(count), samples).astype(np.float32)
    return found

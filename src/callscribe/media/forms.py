"""The forms that a recording can be brought into, and the figures of each."""

from enum import StrEnum

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""Hz; those of MPEG-1, MPEG-2 and MPEG-2.5, layer III."""

LONG_BYTES = 2**31
"""A WAV file of more bytes has sizes that not every reader understands; it is resampled."""

LONG_RATE = 16000
SAMPLE_BYTES = 2


class Form(StrEnum):
    """Raw 16-bit samples, the channels by turns, or MP3."""

    PCM = "pcm"
    MP3 = "mp3"


def form_rate(form: Form, *, rate: int, channels: int, duration: float) -> int:
    """The sample rate to bring a recording of `rate` Hz and `duration` seconds to: its own where that can be."""
    if form == Form.MP3:
        return next((each for each in MP3_RATES if each >= rate), MP3_RATES[-1])
    return rate if rate * channels * SAMPLE_BYTES * duration < LONG_BYTES else min(rate, LONG_RATE)


def mp3_bit_rate(rate: int, channels: int) -> int:
    """Bits a second that speech needs at a sample rate; each is one that layer III has for it."""
    return (32_000 if rate <= 16_000 else 64_000) * channels

"""A recording in which some stretches are not heard: silence or a tone in their place, everything else to the sample.

The result is FLAC, which is lossless, half as large as WAV, and played by every browser. It is written as it comes, so
memory does not grow with the recording and nothing of it lies on a disk before.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

import av
import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from callscribe.media.forms import SAMPLE_BYTES
from callscribe.media.inspecting import FLAC
from callscribe.media.resampling import LAYOUTS

TONE_HERTZ: Final = 1000.0
TONE_LEVEL: Final = 0.1
"""Of full scale: -20 dB, as loud as speech."""

CONTAINER: Final = FLAC.name
CODEC: Final = "flac"

_HEAD: Final = 42
"""Bytes of a FLAC file up to the end of its first block, STREAMINFO (RFC 9639)."""

_TOTAL: Final = slice(18, 26)
"""Of these, rate, channels and width, and in the last 36 bits the number of samples."""

_FRAMES: Final = 4096


@dataclass(frozen=True, slots=True)
class Muted:
    """A stretch that is not heard: its channel, from 0, from when to when in seconds."""

    channel: int
    start: float
    end: float


def merged(stretches: Iterable[Muted]) -> list[Muted]:
    """The same by channel and time, without overlap."""
    result: list[Muted] = []
    for each in sorted(stretches, key=lambda one: (one.channel, one.start)):
        if result and result[-1].channel == each.channel and each.start <= result[-1].end:
            result[-1] = Muted(each.channel, result[-1].start, max(result[-1].end, each.end))
        else:
            result.append(each)
    return result


def mute(samples: npt.NDArray[np.float32], start: float, rate: int, stretches: Iterable[Muted], *, tone: bool) -> None:
    """Change samples, `(channels, n)` float32 of which the first is that at `start` seconds, where they are muted."""
    first = round(start * rate)
    for channel, begin, end in _places(stretches, first, samples.shape[1], rate):
        samples[channel, begin:end] = _tone(first + begin, end - begin, rate) if tone else 0.0


def muted_flac(
    pieces: Iterable[bytes], *, channels: int, rate: int, seconds: float, stretches: Sequence[Muted], tone: bool
) -> Iterator[bytes]:
    """A recording as FLAC, from its 16-bit samples in pieces, the channels by turns.

    `seconds` is its length, to a sample or two: it gets exactly so many, since the head, which comes first, says so.
    """
    sink = _Sink()
    output = av.open(cast("BinaryIO", sink), "w", format="flac")
    stream = output.add_stream(CODEC, rate=rate, layout=LAYOUTS[channels])
    total = round(seconds * rate)
    position = 0
    for samples in _blocks(pieces, channels, total):
        for channel, begin, end in _places(stretches, position, len(samples), rate):
            sound = _tone(position + begin, end - begin, rate) * 32767 if tone else 0
            samples[begin:end, channel] = np.rint(sound)
        frame = AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout=LAYOUTS[channels])
        frame.sample_rate, frame.pts = rate, position
        position += len(samples)
        output.mux(stream.encode(frame))
        if position > len(samples):  # the head is out
            yield from sink.take(total)
    output.mux(stream.encode(None))
    output.close()
    yield from sink.take(total)


def _blocks(pieces: Iterable[bytes], channels: int, total: int) -> Iterator[npt.NDArray[np.int16]]:
    """Samples, `(n, channels)`, `total` in all: those that lack are silence, and what is beyond is left out."""
    width = SAMPLE_BYTES * channels
    held, left = bytearray(), total
    for piece in pieces:
        held += piece
        while len(held) >= _FRAMES * width and left:
            count = min(_FRAMES, left)
            yield _samples(held[: count * width], channels)
            del held[: _FRAMES * width]
            left -= count
    while left:
        count = min(_FRAMES, left)
        yield _samples(bytes(held[: count * width]).ljust(count * width, b"\0"), channels)
        del held[: count * width]
        left -= count


def _samples(data: bytes | bytearray, channels: int) -> npt.NDArray[np.int16]:
    return np.frombuffer(data, "<i2").reshape(-1, channels).copy()


def _places(stretches: Iterable[Muted], first: int, count: int, rate: int) -> Iterator[tuple[int, int, int]]:
    """Channel, begin and end, counted from `first`, of what of the stretches is in so many samples."""
    for each in stretches:
        begin = max(0, int(each.start * rate) - first)
        end = min(count, -int(-each.end * rate) + 1 - first)
        if begin < end:
            yield each.channel, begin, end


def _tone(first: int, count: int, rate: int) -> npt.NDArray[np.float32]:
    """From sample `first` on, so that it goes on where a block ends."""
    turns = np.arange(first, first + count, dtype=np.float64) * (TONE_HERTZ / rate)
    return (TONE_LEVEL * np.sin(2 * np.pi * turns)).astype(np.float32)


class _Sink:
    """A file that can only be written to, which a head that says how many samples there are comes out of."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._has_head = False

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self, total: int) -> Iterator[bytes]:
        """What was written since."""
        if not self._has_head and len(self._data) >= _HEAD:
            described = int.from_bytes(self._data[_TOTAL], "big") >> 36 << 36
            self._data[_TOTAL] = (described | total).to_bytes(8, "big")
            self._has_head = True
        if self._has_head and self._data:
            piece = bytes(self._data)
            self._data.clear()
            yield piece

"""From decoded frames to samples at the engines' rate, on an exact time line.

Runs in the decoder's child process, where numpy is not loaded: samples are bytes here.
"""

from collections.abc import Iterable, Iterator
from math import gcd

import av
from av.audio.frame import AudioFrame

_SILENCE_BLOCK = 4096
_WARM_UP = 0.05
"""Seconds of input that settle the resampler's filter."""

LAYOUTS = {1: "mono", 2: "stereo"}


def grid_start(position: int, rate: int, target_rate: int) -> int:
    """The last input sample, well before `position`, that falls on an output sample.

    A resampler that starts there gives the same samples as one that started at the beginning.
    """
    step = rate // gcd(rate, target_rate)
    return max(0, (position - int(_WARM_UP * rate)) // step * step)


class Resampler:
    """Takes frames in order from input sample `start` on, gives planar float32 at `target_rate` Hz."""

    def __init__(self, start: int, *, rate: int, channels: int, target_rate: int) -> None:
        self._layout = LAYOUTS[channels]
        self._target_rate = target_rate
        self._position = start * target_rate // rate
        self._resampler = self._make()
        self._shape: tuple[str, str] | None = None

    def _make(self) -> av.AudioResampler:
        return av.AudioResampler(format="fltp", layout=self._layout, rate=self._target_rate)

    def feed(self, frame: AudioFrame) -> Iterator[tuple[int, list[bytes]]]:
        """The samples that `frame` completes: the number of the first, and one `bytes` a channel."""
        shape = frame.format.name, frame.layout.name
        if self._shape is not None and shape != self._shape:
            yield from self.drain()
            self._resampler = self._make()
        self._shape = shape
        frame.pts = None  # the resampler is not to have a time line of its own
        yield from self._planes(self._resampler.resample(frame))

    def drain(self) -> Iterator[tuple[int, list[bytes]]]:
        """What the filter still holds at the end."""
        yield from self._planes(self._resampler.resample(None))

    def _planes(self, frames: list[AudioFrame]) -> Iterator[tuple[int, list[bytes]]]:
        for frame in frames:
            size = frame.samples * 4
            yield self._position, [bytes(memoryview(plane)[:size]) for plane in frame.planes]
            self._position += frame.samples


class RateKeeper:
    """Brings what has another sample rate to one, and tells where it then lies on the time line of that rate.

    `gap` is in seconds: frames that are further from where the last ones end are not taken as their continuation.
    """

    def __init__(self, rate: int, gap: float) -> None:
        self._rate = rate
        self._gap = gap * rate
        self._resampler: av.AudioResampler | None = None
        self._shape: tuple[int, str, str] | None = None
        self._last: AudioFrame | None = None
        self._position = 0
        self._expected = 0.0

    def feed(self, position: int, frame: AudioFrame) -> Iterator[tuple[int, AudioFrame]]:
        """What can be played by now, with positions."""
        if frame.sample_rate == self._rate:
            yield from self.drain()
            yield position, frame
            return
        shape = frame.sample_rate, frame.format.name, frame.layout.name
        if self._resampler is None or shape != self._shape or abs(position - self._expected) > self._gap:
            yield from self.drain()
            self._resampler = av.AudioResampler(format=frame.format, layout=frame.layout, rate=self._rate)
            self._shape, self._position, self._expected = shape, position, float(position)
        self._expected += frame.samples * self._rate / frame.sample_rate
        frame.pts = None  # the resampler is not to have a time line of its own
        yield from self._placed(self._resampler.resample(frame))

    def drain(self) -> Iterator[tuple[int, AudioFrame]]:
        """What the filter still holds, and no more and no less than what went into it takes."""
        if self._resampler is None:
            return
        end = round(self._expected)
        for frame in self._resampler.resample(None):
            if (samples := min(frame.samples, end - self._position)) > 0:
                yield from self._placed([frame if samples == frame.samples else cut(frame, 0, samples)])
        if self._last is not None:
            yield from self._placed(silence(self._last, end - self._position))
        self._resampler = self._last = None

    def _placed(self, frames: Iterable[AudioFrame]) -> Iterator[tuple[int, AudioFrame]]:
        for frame in frames:
            self._last = frame
            yield self._position, frame
            self._position += frame.samples


def cut(frame: AudioFrame, skip: int, length: int | None = None) -> AudioFrame:
    """The frame without its first `skip` samples, and no more than `length`."""
    samples = frame.samples - skip if length is None else min(length, frame.samples - skip)
    result = AudioFrame(frame.format.name, frame.layout.name, samples, align=1)
    result.sample_rate = frame.sample_rate
    width = frame.format.bytes * (1 if frame.format.is_planar else frame.layout.nb_channels)
    for source, target in zip(frame.planes, result.planes, strict=True):
        target.update(bytes(memoryview(source)[skip * width : (skip + samples) * width]))
    return result


def silence(like: AudioFrame, samples: int) -> Iterator[AudioFrame]:
    """Frames of silence of the same kind, `samples` in all."""
    zero = b"\x80" if like.format.name.startswith("u8") else b"\0"
    while samples > 0:
        block = min(samples, _SILENCE_BLOCK)
        frame = AudioFrame(like.format.name, like.layout.name, block, align=1)
        frame.sample_rate = like.sample_rate
        for plane in frame.planes:
            plane.update(zero * plane.buffer_size)
        yield frame
        samples -= block

"""From decoded frames to samples at the engines' rate, on an exact time line.

Runs in the decoder's child process, where numpy is not loaded: samples are bytes here.
"""

from collections.abc import Iterator
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


def cut(frame: AudioFrame, skip: int) -> AudioFrame:
    """The frame without its first `skip` samples."""
    samples = frame.samples - skip
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

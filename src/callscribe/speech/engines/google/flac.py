"""A recording as FLAC, where Google does not decode it, or is to have one channel: lossless, half as large as WAV."""

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO, Final, cast

import av
import numpy as np
from av.audio.frame import AudioFrame

from callscribe.speech.audio import AudioWindow
from callscribe.speech.interface import SAMPLE_RATE

_LAYOUTS: Final = {1: "mono", 2: "stereo"}
_FULL_SCALE: Final = 32_767


def as_flac(windows: Iterable[AudioWindow], channels: Sequence[int]) -> Iterator[bytes]:
    """These channels of a recording in 16 bits at 16 kHz, piece by piece as they are encoded.

    How long it is, the head does not say: that is not known before the end (RFC 9639 has 0 for that).
    """
    sink = _Sink()
    layout = _LAYOUTS[len(channels)]
    with av.open(cast("BinaryIO", sink), "w", format="flac") as output:
        stream = output.add_stream("flac", rate=SAMPLE_RATE, layout=layout)
        position = 0
        for window in windows:
            samples = np.rint(np.clip(window.samples[list(channels)], -1.0, 1.0) * _FULL_SCALE).astype(np.int16)
            frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples.T).reshape(1, -1), "s16", layout)
            frame.sample_rate, frame.pts = SAMPLE_RATE, position
            position += samples.shape[1]
            output.mux(stream.encode(frame))
            yield from sink.take()
        output.mux(stream.encode(None))
    yield from sink.take()


class _Sink:
    """A file that can only be written to."""

    def __init__(self) -> None:
        self._data = bytearray()

    def write(self, data: bytes) -> int:
        self._data += data
        return len(data)

    def take(self) -> Iterator[bytes]:
        """What was written since."""
        if self._data:
            piece = bytes(self._data)
            self._data.clear()
            yield piece

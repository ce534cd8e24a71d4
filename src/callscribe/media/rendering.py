"""A recording in another form. Runs in the decoder's child process, whose memory it must not fill."""

from collections import deque
from collections.abc import Iterator
from operator import mul
from typing import BinaryIO, cast

import av
from av.audio.frame import AudioFrame

from callscribe.media.audio_file import AudioFile
from callscribe.media.forms import Form, mp3_bit_rate
from callscribe.media.resampling import LAYOUTS

_PIECE = 64 * 1024
_AHEAD, _HALF_LIFE = 0.25, 0.1
"""Seconds that are looked ahead for whether two channels are opposite, and after which what was heard counts half."""

_LOOKED_AT = 4
"""One sample of so many is looked at for that."""


def render(recording: AudioFile, form: str, channels: int, rate: int) -> Iterator[bytes]:
    """The whole recording with so many channels at `rate` Hz, in pieces.

    Of two channels that become one, each counts half, and one of them upside down where they would cancel each other
    out. PCM has no header: who knows its end writes one.

    Raises:
        JobError: as for reading it; see `AudioFile.read`.
    """
    sink = _Sink()
    encoder = _Mp3(sink, channels, rate) if form == Form.MP3 else _Pcm(sink, channels)
    for frame in _converted(recording, encoder.format, channels, rate):
        encoder.encode(frame)
        if len(sink.data) >= _PIECE:
            yield sink.take()
    encoder.finish()
    if sink.data:
        yield sink.take()


def _converted(recording: AudioFile, format_: str, channels: int, rate: int) -> Iterator[AudioFrame]:
    frames = recording.read(0)
    if channels == 1 and recording.channels == 2:
        frames = _in_phase(frames)
    return _resampled(frames, format_, channels, rate)


def _resampled(frames: Iterator[AudioFrame], format_: str, channels: int, rate: int) -> Iterator[AudioFrame]:
    resampler, shape = None, None
    for frame in frames:
        if resampler is None or (frame.format.name, frame.layout.name) != shape:
            if resampler is not None:
                yield from resampler.resample(None)
            shape = frame.format.name, frame.layout.name
            resampler = av.AudioResampler(format=format_, layout=LAYOUTS[channels], rate=rate)
        frame.pts = None  # one after another: `read` leaves no gaps
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


def _in_phase(frames: Iterator[AudioFrame]) -> Iterator[AudioFrame]:
    """Frames of two channels, the second upside down where it is, for the most part, the first one's opposite."""
    common = power = held = 0.0
    upside_down = False
    ahead: deque[AudioFrame] = deque()
    for frame in frames:
        # As floating point, channel by channel; by a converter for each frame, so that none holds anything back.
        for planar in av.AudioResampler(format="fltp", layout="stereo", rate=frame.sample_rate).resample(frame):
            first, second = (memoryview(plane)[: 4 * planar.samples].cast("f")[::_LOOKED_AT] for plane in planar.planes)
            seconds = planar.samples / planar.sample_rate
            kept = 0.5 ** (seconds / _HALF_LIFE)
            common = kept * common + 2 * sum(map(mul, first, second))
            power = kept * power + sum(map(mul, first, first)) + sum(map(mul, second, second))
            upside_down = common < (0 if upside_down else -0.5) * power
            ahead.append(planar)
            held += seconds
        while held > _AHEAD:
            held -= ahead[0].samples / ahead[0].sample_rate
            yield _turned(ahead.popleft(), upside_down)
    while ahead:
        yield _turned(ahead.popleft(), upside_down)


def _turned(frame: AudioFrame, upside_down: bool) -> AudioFrame:  # noqa: FBT001
    """The frame; with its second channel turned over by the signs of its samples."""
    if upside_down:
        plane = frame.planes[1]
        signs = int.from_bytes(b"\0\0\0\x80" * (plane.buffer_size // 4), "little")
        turned = int.from_bytes(memoryview(plane), "little") ^ signs
        plane.update(turned.to_bytes(plane.buffer_size, "little"))
    return frame


class _Sink:
    """A file that can only be written to."""

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> int:
        self.data += data
        return len(data)

    def take(self) -> bytes:
        piece = bytes(self.data)
        self.data.clear()
        return piece


class _Pcm:
    format = "s16"

    def __init__(self, sink: _Sink, channels: int) -> None:
        self._sink = sink
        self._width = 2 * channels

    def encode(self, frame: AudioFrame) -> None:
        self._sink.write(bytes(memoryview(frame.planes[0])[: frame.samples * self._width]))

    def finish(self) -> None:
        pass


class _Mp3:
    format = "fltp"

    def __init__(self, sink: _Sink, channels: int, rate: int) -> None:
        # A constant bit rate, and no header that would have to be filled in at the end: the size tells the length, and
        # `mpeg.info_frame` says it.
        options = {"write_xing": "0", "id3v2_version": "0"}
        self._output = av.open(cast("BinaryIO", sink), "w", format="mp3", options=options)
        self._stream = self._output.add_stream("libmp3lame", rate=rate, layout=LAYOUTS[channels])
        self._stream.bit_rate = mp3_bit_rate(rate, channels)
        self._position = 0

    def encode(self, frame: AudioFrame) -> None:
        frame.pts = self._position
        self._position += frame.samples
        self._output.mux(self._stream.encode(frame))

    def finish(self) -> None:
        self._output.mux(self._stream.encode(None))
        self._output.close()

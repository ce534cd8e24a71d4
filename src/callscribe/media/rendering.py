"""A recording in another form. Runs in the decoder's child process, whose memory it must not fill."""

from collections.abc import Iterator
from typing import BinaryIO, cast

import av
from av.audio.frame import AudioFrame

from callscribe.media.audio_file import AudioFile
from callscribe.media.forms import Form, mp3_bit_rate
from callscribe.media.resampling import LAYOUTS

_PIECE = 64 * 1024


def render(recording: AudioFile, form: str, channels: int, rate: int) -> Iterator[bytes]:
    """The whole recording with so many channels at `rate` Hz, in pieces.

    Of two channels that become one, each counts half. PCM has no header: who knows its end writes one.

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
    resampler, shape = None, None
    for frame in recording.read(0):
        if resampler is None or (frame.format.name, frame.layout.name) != shape:
            if resampler is not None:
                yield from resampler.resample(None)
            shape = frame.format.name, frame.layout.name
            resampler = av.AudioResampler(format=format_, layout=LAYOUTS[channels], rate=rate)
        frame.pts = None  # one after another: `read` leaves no gaps
        yield from resampler.resample(frame)
    if resampler is not None:
        yield from resampler.resample(None)


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
        # A constant bit rate, and no header that would have to be filled in at the end: the size tells the length.
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

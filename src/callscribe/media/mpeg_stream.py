"""An MP3 as it is: frame by frame, over tags, junk and damage, and from one file into the next that was joined to it.

Runs in the decoder's child process. FFmpeg only decodes: its demuxer counts tags and junk as frames, and loses the
first frame behind them.
"""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import BinaryIO, Final

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.packet import Packet

from callscribe.media.mpeg import (
    HEADER_BYTES,
    MAX_FRAME_BYTES,
    FrameHeader,
    find_stream,
    frame_header,
    tag_size,
    vbr_header,
)
from callscribe.media.resampling import cut
from callscribe.media.sources import Piece

UNITS: Final = 14_112_000
"""Of time in a second: frames of every sample rate have whole numbers of them."""

_BUFFER: Final = 256 * 1024
_NOTHING: Final = bytes(9)
"""The side information of a frame that is a header, or silence."""

_SAMPLED: Final = 64
"""Places at which is looked whether sample rate or channels change; the same in every reading of a file."""


class MpegStream:
    """The frames of layer III in a file that begins with one. See `sources.Source`."""

    codec = "mp3"
    varies = True
    exact = False
    counts = True
    base = Fraction(1, UNITS)

    def __init__(self, file: BinaryIO, report: Callable[[], None]) -> None:
        self._file = file
        self._report = report
        self._size = file.seek(0, os.SEEK_END)
        self._begin, self._buffer = 0, b""
        self._broken_off = False
        context = av.CodecContext.create("mp3float", "r")
        assert isinstance(context, AudioCodecContext)
        context.thread_count = 1
        self._context = context
        first = frame_header(self._at(0, HEADER_BYTES))
        assert first is not None
        self.rate, self.channels = self._most(first)
        self._vbr = vbr_header(self._at(0, first.length), first)
        self.declared: float | None = None
        self.known: float | None = None
        self._delay, self._stop = 0, None
        if self._vbr is not None:
            self.declared = self._vbr.frames * first.samples / first.sample_rate or None
            self._delay = self._vbr.delay * first.unit
            if self._vbr.padding and self._vbr.is_of(self._size, first):
                end = self._vbr.frames * first.samples
                self._stop = range((end - self._vbr.padding) * first.unit, end * first.unit)
            # Frames of one size, as many as the bytes: it need not be read through.
            if self._stop is not None and abs(self._vbr.frames * first.length - self._size) <= self._vbr.frames:
                self.known = (self._stop.start - self._delay) / UNITS

    @property
    def complete(self) -> bool:
        """Whether it ends within a frame, and does not have all the bytes that it says it has."""
        return self._broken_off and self._vbr is not None and not 0 < self._vbr.size <= self._size

    def seek(self, time: int) -> None:
        """Not possible: frames have to be counted."""
        raise NotImplementedError

    def pieces(self) -> Iterator[Piece]:
        """The frames. Time passes for what damage took, not for tags."""
        position = clock = frames = size = 0
        last: FrameHeader | None = None
        while True:
            header = frame_header(self._at(position, HEADER_BYTES))
            if header is None or (last and not header.continues(last) and not self._begins(position)):
                junk = self._behind_tags(position)
                found = self._next(junk, last)
                if found is None:
                    return
                if last and size:
                    clock += round((found - junk) * frames / size) * last.samples * last.unit
                position, header = found, frame_header(self._at(found, HEADER_BYTES))
                assert header is not None
            data = self._at(position, header.length)
            position, last = position + header.length, header
            if position > self._size:
                self._broken_off = True
                return
            frames, size = frames + 1, size + header.length
            if data[4:13] != _NOTHING or vbr_header(data, header) is None:  # else a header, which is not played
                end = clock + header.samples * header.unit
                yield self._played(clock, end, data)
                clock = end

    def _played(self, clock: int, end: int, data: bytes) -> Piece:
        """A frame without the encoder's delay, and without what it filled the last frames up with."""
        begin = max(clock, min(self._delay, end))
        if self._stop is not None and end <= self._stop.stop:
            end = max(begin, min(end, self._stop.start))
        return Piece(begin - self._delay, end - begin, data, begin - clock)

    def decode(self, piece: Piece) -> Iterator[tuple[int | None, AudioFrame]]:
        """What a frame sounds like."""
        header = frame_header(piece.payload[:HEADER_BYTES])
        assert header is not None
        unit = header.unit
        for frame in self._context.decode(Packet(piece.payload)):
            frame.sample_rate = header.sample_rate  # the decoder says that of the frame before
            skip, length = piece.skip // unit, piece.duration // unit
            if length > 0:
                yield piece.time, frame if length >= frame.samples else cut(frame, skip, length)

    def _most(self, first: FrameHeader) -> tuple[int, int]:
        """Sample rate and channels: the most of what is found at places all over the file."""
        rate, channels = first.sample_rate, first.channels
        for place in range(1, _SAMPLED):
            self._file.seek(self._size * place // _SAMPLED)
            found = find_stream(self._file.read(5 * MAX_FRAME_BYTES), within=2 * MAX_FRAME_BYTES)
            if found is not None:
                rate, channels = max(rate, found[1].sample_rate), max(channels, found[1].channels)
        return rate, channels

    def _begins(self, position: int, frames: int = 3) -> bool:
        """Whether so many frames follow one another from here on."""
        self._file.seek(position)
        return find_stream(self._file.read(3 * MAX_FRAME_BYTES), within=1, frames=frames) is not None

    def _behind_tags(self, position: int) -> int:
        """Where tags end that begin here: those of a file that was joined, or of the end."""
        while True:
            head = self._at(position, 16)
            if head[:3] == b"ID3" and len(head) >= 10:
                position += 10 + tag_size(head)
            elif head[:3] == b"TAG":
                position += 128
            elif head[:8] == b"APETAGEX" and len(head) == 16:
                position += 32 + int.from_bytes(head[12:16], "little")
            else:
                return position

    def _next(self, position: int, last: FrameHeader | None) -> int | None:
        """Where frames go on: two that belong to those before, or three of another kind."""
        while position < self._size:
            data = self._at(position, _BUFFER)
            offset = data.find(b"\xff")
            while offset >= 0:
                header = frame_header(data[offset : offset + HEADER_BYTES])
                if header is not None:
                    goes_on = last is not None and header.continues(last)
                    if goes_on and position + offset + header.length == self._size:
                        return position + offset
                    if self._begins(position + offset, frames=2 if goes_on else 3):
                        return position + offset
                offset = data.find(b"\xff", offset + 1)
            self._report()
            position += max(1, len(data) - HEADER_BYTES + 1)
        return None

    def _at(self, position: int, count: int) -> bytes:
        offset = position - self._begin
        if offset < 0 or offset + count > len(self._buffer):
            self._file.seek(position)
            self._begin, offset = position, 0
            self._buffer = self._file.read(max(count, _BUFFER))
        return self._buffer[offset : offset + count]

"""An open recording: its packets and frames on a time line that is exact to the sample.

Runs in the decoder's child process. Positions are input samples, counted from the first one that decodes.
"""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import BinaryIO

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from callscribe.errors import Code, JobError
from callscribe.media import inspecting, mpeg
from callscribe.media.inspecting import MAX_SECONDS, Container, MediaInfo
from callscribe.media.resampling import cut, silence

_PRE_ROLL = 1.0
"""Seconds decoded before a slice, for codecs that lean on earlier frames."""

_GAP = 0.02
"""Seconds that a frame's time may be off before silence fills the gap: more than containers round by."""

_DECODERS = ",".join(sorted(frozenset().union(*(kind.codecs for kind in inspecting.CONTAINERS))))


class AudioFile:
    """A recording, opened by the demuxer for what its first bytes say it is and by no other.

    Args:
        file: open for reading, seekable.
        extended: whether Ogg, M4A and WebM are taken.
        report: called often, to show that the work goes on.

    Raises:
        JobError: 17554, 17556, 17557, 17558 or 17559.
    """

    def __init__(self, file: BinaryIO, *, extended: bool, report: Callable[[], None]) -> None:
        self._file = file
        self._report = report
        self._kind = inspecting.sniff(file, extended=extended)
        size = file.seek(0, os.SEEK_END)
        self._declared = inspecting.declared_duration(self._kind, file, size)
        if self._declared == 0:
            raise JobError(Code.MEDIA_EMPTY, "the file has no audio in it")
        self._origin = 0
        self.rate = inspecting.MIN_SAMPLE_RATE
        self._open()
        first = self._first_frame()
        self._origin = first.pts or 0
        self.rate = first.sample_rate
        self.channels = first.layout.nb_channels
        inspecting.check_stream(self._kind, self._codec, self.channels, self.rate)
        if self._declared is None:
            self._declared = self._demuxer_duration()

    def _open(self) -> None:
        """Open the file from its beginning, or again."""
        self._lost = mpeg.LostFrames()
        self._shift = 0
        self._container = _open_container(self._file, self._kind)
        if not self._container.streams.audio:
            raise JobError(Code.MEDIA_EMPTY, "the file has no audio in it")
        self._stream: AudioStream = self._container.streams.audio[0]
        context = self._stream.codec_context
        if context is None:
            raise JobError(Code.MEDIA_FORMAT, "the file's codec is not supported")
        self._codec = context.name
        # Some codecs tell only with their first frame.
        rate = context.sample_rate or inspecting.MIN_SAMPLE_RATE
        inspecting.check_stream(self._kind, self._codec, context.channels or 1, rate)
        context.thread_count = 1
        self._time_base = self._stream.time_base or Fraction(1)

    def _first_frame(self) -> AudioFrame:
        for _, frame in self._frames():
            return frame
        raise JobError(Code.MEDIA_UNDECODABLE, "nothing in the file can be decoded")

    def _demuxer_duration(self) -> float | None:
        """Seconds by an index or by the last page, for containers that have one."""
        if self._kind in {inspecting.WAV, inspecting.MP3, inspecting.FLAC}:
            return None  # FFmpeg would estimate it from the size
        if self._stream.duration:
            return float(self._stream.duration * self._time_base)
        if self._container.duration and not self._container.streams.video:
            return self._container.duration / av.time_base
        return None

    def info(self) -> MediaInfo:
        """What the recording is. Its packets are counted where nothing says how long it is.

        Raises:
            JobError: 17554 or 17555 for its length.
        """
        duration = self._declared if self._declared is not None else self._packets_duration()
        inspecting.check_duration(duration)
        codec = "mp3" if self._codec == "mp3float" else self._codec
        return MediaInfo(self._kind.name, codec, self.channels, self.rate, duration)

    def _packets_duration(self) -> float:
        self._open()
        end = 0
        for packet in self._packets():
            if packet.pts is not None:
                end = max(end, self._position(packet.pts + (packet.duration or 0)))
            if end > MAX_SECONDS * self.rate:
                break
        return end / self.rate

    def read(self, start: int) -> Iterator[AudioFrame]:
        """Frames without gaps, the first of which begins with the sample at position `start`.

        Raises:
            JobError: 17555 beyond eight hours. Where all was read from 0 on, also 17554 and 17558.
        """
        line = _TimeLine(start, self.rate)
        for position, frame in self._frames_from(start):
            yield from line.place(position, frame)
        if start == 0:
            self._check_whole(line)

    def _check_whole(self, line: "_TimeLine") -> None:
        if line.concealed * 2 > line.end:
            raise JobError(Code.MEDIA_UNDECODABLE, "most of the file is damaged")
        seconds = line.end / self.rate
        if self._declared is not None:
            inspecting.check_complete(seconds, self._declared)
        inspecting.check_duration(seconds)

    def _frames_from(self, start: int) -> Iterator[tuple[int, AudioFrame]]:
        """Frames from shortly before position `start` on, each with its own position."""
        self._open()
        early = start - int(_PRE_ROLL * self.rate)
        if early > 0 and self._kind.exact_times:
            try:
                target = self._origin + int(early / (self.rate * self._time_base))
                self._container.seek(target, stream=self._stream)
                frames = self._frames()
                position, frame = next(frames)
            except (av.FFmpegError, StopIteration):
                position = start + 1
            if position <= start:
                yield position, frame
                yield from frames
                return
            self._open()  # the seek went elsewhere
        # Where a container's times are not exact, they are right only if everything before was counted. The
        # packets of an MP3 can be counted without being decoded.
        yield from self._frames(skip=early if self._kind is inspecting.MP3 else 0)

    def _frames(self, skip: int = 0) -> Iterator[tuple[int, AudioFrame]]:
        """Frames with their positions. Packets that begin before position `skip` are not decoded."""
        following = 0
        for packet in self._packets():
            if skip > 0 and packet.pts is not None and self._position(packet.pts) < skip:
                continue
            try:
                frames = self._stream.codec_context.decode(packet)
            except av.FFmpegError:
                continue  # the gap becomes silence
            for frame in frames:
                position = following if frame.pts is None else self._position(frame.pts)
                following = position + frame.samples
                yield position, frame

    def _packets(self) -> Iterator["Packet[AudioStream]"]:
        """The audio stream's packets; the time that damage took adds up in `_shift`."""
        try:
            for packet in self._container.demux(self._stream):
                if self._kind is inspecting.MP3 and packet.size:
                    head = bytes(memoryview(packet)[: mpeg.HEADER_BYTES])
                    self._shift += self._lost.before_end_of(head, packet.size)
                self._report()
                yield packet
        except av.FFmpegError:
            return  # damage that the demuxer cannot get over: the recording ends here

    def _position(self, time: int) -> int:
        # Whole numbers: this is done for each packet of up to eight hours.
        units = (time - self._origin) * self._time_base.numerator * self.rate
        return (2 * units + self._time_base.denominator) // (2 * self._time_base.denominator) + self._shift


class _TimeLine:
    """Puts frames one after another: gaps become silence, and what comes before `start` is cut off."""

    def __init__(self, start: int, rate: int) -> None:
        self._start = start
        self._rate = rate
        self._begun = False
        self.end = start
        self.concealed = 0

    def place(self, position: int, frame: AudioFrame) -> Iterator[AudioFrame]:
        """What to play for a frame whose own time is `position`."""
        if frame.sample_rate != self._rate:
            raise JobError(
                Code.MEDIA_UNDECODABLE,
                f"the sample rate changes from {self._rate} to {frame.sample_rate} Hz",
            )
        if not self._begun:
            self._begun = True
            self.end = min(position, self._start)
        gap = position - self.end
        # Times that go back, as where two files were put together, are not followed.
        gap = gap if gap > _GAP * self._rate else 0
        end = self.end + gap + frame.samples
        if end > MAX_SECONDS * self._rate:
            inspecting.check_duration(end / self._rate)
        if gap:
            self.concealed += gap
            yield from silence(frame, self.end + gap - max(self.end, self._start))
        early = self._start - (self.end + gap)
        self.end = end
        if early < frame.samples:
            yield cut(frame, early) if early > 0 else frame


def _open_container(file: BinaryIO, kind: Container) -> InputContainer:
    file.seek(0)
    try:
        return av.open(
            file,
            "r",
            format=kind.demuxer,
            metadata_errors="replace",
            container_options={
                "format_whitelist": av.ContainerFormat(kind.demuxer, "r").name,
                "codec_whitelist": _DECODERS,
                "protocol_whitelist": "none",
            },
        )
    except av.FFmpegError as error:
        raise JobError(Code.MEDIA_UNDECODABLE, f"the {kind.name} file is damaged") from error

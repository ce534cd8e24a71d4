"""Audio that FFmpeg finds in a container. Runs in the decoder's child process."""

from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer

from callscribe.errors import Code, JobError
from callscribe.media.inspecting import DECODERS, MIN_SAMPLE_RATE
from callscribe.media.sources import Piece


class Demuxed:
    """The first audio stream of a file, opened by the demuxer that is named and by no other. See `sources.Source`.

    Raises:
        JobError: 17554, 17556 or 17558.
    """

    varies = False
    known: float | None = None

    def __init__(
        self, file: BinaryIO, demuxer: str, *, exact: bool, counts: bool, declared: float | None, complete: bool
    ) -> None:
        self.exact, self.counts, self.complete = exact, counts, complete
        self._container = _open(file, demuxer)
        if not self._container.streams.audio:
            raise JobError(Code.MEDIA_EMPTY, "the file has no audio in it")
        self._stream: AudioStream = self._container.streams.audio[0]
        context = self._stream.codec_context
        if context is None:
            raise JobError(Code.MEDIA_FORMAT, "the file's codec is not supported")
        context.thread_count = 1
        self.codec = "mp3" if context.name == "mp3float" else context.name
        # Some codecs tell only with their first frame.
        self.rate, self.channels = context.sample_rate or MIN_SAMPLE_RATE, context.channels or 1
        self.base = self._stream.time_base or Fraction(1)
        self.declared = declared

    def indexed(self) -> float | None:
        """Seconds by an index or by the last page, for containers that have one."""
        if self._stream.duration:
            return float(self._stream.duration * self.base)
        if self._container.duration and not self._container.streams.video:
            return self._container.duration / av.time_base
        return None

    def seek(self, time: int) -> None:
        """Go on from `time`, or from before.

        Raises:
            av.FFmpegError: that cannot be done.
        """
        self._container.seek(time, stream=self._stream)

    def pieces(self) -> Iterator[Piece]:
        """The packets; none behind damage that the demuxer cannot get over."""
        try:
            for packet in self._container.demux(self._stream):
                yield Piece(packet.pts, packet.duration or 0, packet)
        except av.FFmpegError:
            return

    def decode(self, piece: Piece) -> Iterator[tuple[int | None, AudioFrame]]:
        """What a packet sounds like."""
        for frame in self._stream.codec_context.decode(piece.payload):
            yield frame.pts, frame


def _open(file: BinaryIO, demuxer: str) -> InputContainer:
    file.seek(0)
    try:
        return av.open(
            file,
            "r",
            format=demuxer,
            metadata_errors="replace",
            container_options={
                "format_whitelist": av.ContainerFormat(demuxer, "r").name,
                "codec_whitelist": DECODERS,
                "protocol_whitelist": "none",
            },
        )
    except av.FFmpegError as error:
        raise JobError(Code.MEDIA_UNDECODABLE, "the file is damaged") from error

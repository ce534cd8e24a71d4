"""An open recording: its packets and frames on a time line that is exact to the sample.

Runs in the decoder's child process. Positions are input samples, counted from the first one that decodes.
"""

import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from typing import BinaryIO, cast

import av
from av.audio.frame import AudioFrame

from callscribe.errors import Code, JobError
from callscribe.media import inspecting
from callscribe.media.inspecting import MAX_SECONDS, MediaInfo
from callscribe.media.opening import opening
from callscribe.media.resampling import RateKeeper, cut, silence
from callscribe.media.sources import Piece, Source
from callscribe.media.spliced import Spliced

_PRE_ROLL = 1.0
"""Seconds decoded before a slice, for codecs that lean on earlier frames."""

_GAP = 0.02
"""Seconds that a frame's time may be off before silence fills the gap: more than containers round by."""

_DISAGREEMENT = 0.5
"""Seconds by which a header may be off before it is told: what encoders add at both ends is less."""


class AudioFile:
    """A recording, opened for what its content says it is and by no other demuxer.

    Args:
        file: open for reading, seekable.
        extended: whether more is taken than WAV with PCM, MP3 and FLAC.
        report: called often, to show that the work goes on.

    Raises:
        JobError: 17554, 17556, 17557, 17558 or 17559.
    """

    def __init__(self, file: BinaryIO, *, extended: bool, report: Callable[[], None]) -> None:
        self._report = report
        self._kind, start = inspecting.sniff(file, extended=extended)
        self._regular = start == (inspecting.after_tags(file) if self._kind is inspecting.MP3 else 0)
        if start:
            file = cast("BinaryIO", Spliced(file, [range(start, file.seek(0, os.SEEK_END))]))
        self._opening = opening(self._kind, file, report)
        sources = [make() for make in self._opening.sources]
        for source in sources:
            inspecting.check_stream(self._kind, source.codec, source.channels, source.rate, extended=extended)
        self._codec = sources[0].codec
        self._declared = sources[0].declared
        self._seconds = sources[0].known if self._opening.seconds is None else self._opening.seconds
        self._complete = False
        self._origin = self._end = 0
        self.rate = max(source.rate for source in sources)
        self.channels = max(source.channels for source in sources)
        self._origin, first = self._first_frame(sources[0])
        if len(sources) == 1 and not sources[0].varies:
            self.rate, self.channels = first.sample_rate, first.layout.nb_channels
        inspecting.check_stream(self._kind, self._codec, self.channels, self.rate, extended=extended)

    def _first_frame(self, source: Source) -> tuple[int, AudioFrame]:
        for piece in source.pieces():
            try:
                for time, frame in source.decode(piece):
                    return time or 0, frame
            except av.FFmpegError:
                continue
        raise JobError(Code.MEDIA_UNDECODABLE, "nothing in the file can be decoded")

    def info(self) -> MediaInfo:
        """What the recording is. Its packets are counted where nothing else tells how long it is.

        Raises:
            JobError: 17554 or 17555 for its length, 17558 where it breaks off.
        """
        seconds, exact = self._seconds, True
        if seconds is None:
            seconds, exact = self._counted()
        declared = self._declared if self._opening.share is None else seconds * self._opening.share
        # Without a length in it, an MP3 is played all the same, and others cannot be sought in.
        regular = self._regular and self._opening.regular and (declared is not None or self._kind is inspecting.MP3)
        if declared is not None:
            if self._complete:
                inspecting.check_complete(seconds, declared)
            if abs(declared - seconds) > _DISAGREEMENT:
                seconds = seconds if exact else self._decoded()
            else:
                seconds, declared = seconds if exact else declared, None
        inspecting.check_duration(seconds)
        regular &= declared is None
        return MediaInfo(self._kind.name, self._codec, self.channels, self.rate, seconds, declared, regular)

    def _counted(self) -> tuple[float, bool]:
        """Seconds by all packets, and whether they are exact: else they have what codecs put in, and may lack times."""
        line = _TimeLine(0, self.rate)
        exact = True
        for source, base in self._sources(lambda: line.end):
            exact &= source.varies
            for position, piece in self._placed(source, base):
                if position is not None:
                    line.advance(position, self._scaled(piece.duration, source.base))
                if line.end > MAX_SECONDS * self.rate:
                    break
        return line.end / self.rate, exact

    def _decoded(self) -> float:
        """Seconds of all that can be heard."""
        line = _TimeLine(0, self.rate)
        for position, frame in self._frames_from(0):
            line.advance(position, self._scaled(frame.samples, Fraction(1, frame.sample_rate)))
            if line.end > MAX_SECONDS * self.rate:
                break
        return line.end / self.rate

    def read(self, start: int) -> Iterator[AudioFrame]:
        """Frames without gaps, the first of which begins with the sample at position `start`.

        Raises:
            JobError: 17555 beyond eight hours. Where all was read from 0 on, also 17554 and 17558.
        """
        line = _TimeLine(start, self.rate)
        keeper = RateKeeper(self.rate, _GAP)
        for position, frame in self._frames_from(start):
            for placed, kept in keeper.feed(position, frame):
                yield from line.place(placed, kept)
        for placed, kept in keeper.drain():
            yield from line.place(placed, kept)
        if start == 0:
            self._check_whole(line)

    def _check_whole(self, line: "_TimeLine") -> None:
        if line.concealed * 2 > line.end:
            raise JobError(Code.MEDIA_UNDECODABLE, "most of the file is damaged")
        seconds = line.end / self.rate
        if self._declared is not None and self._complete:
            inspecting.check_complete(seconds, self._declared)
        inspecting.check_duration(seconds)

    def _frames_from(self, start: int) -> Iterator[tuple[int, AudioFrame]]:
        """Frames from shortly before position `start` on, each with its own position."""
        early = start - int(_PRE_ROLL * self.rate)
        if early > 0 and len(self._opening.sources) == 1 and (found := self._sought(early, start)) is not None:
            yield from found
            return
        # Where a source cannot be sought in, times are right only if everything before was counted, which needs no
        # decoding where packets have the times that they add up to.
        for source, base in self._sources(lambda: self._end):
            yield from self._frames(source, base, skip=early if source.counts else 0)

    def _sought(self, early: int, start: int) -> Iterator[tuple[int, AudioFrame]] | None:
        """Frames from about `early` on; None where the source cannot be sought in, or went elsewhere."""
        source = self._opening.sources[0]()
        if not source.exact:
            return None
        try:
            source.seek(self._origin + int(early / (self.rate * source.base)))
            frames = self._frames(source, 0)
            first = next(frames)
        except (av.FFmpegError, StopIteration):
            return None
        return chain((first,), frames) if first[0] <= start else None

    def _sources(self, end: Callable[[], int]) -> Iterator[tuple[Source, int]]:
        """Every source, opened anew, and the position at which it begins: where the one before has its `end`."""
        self._end, self._complete = 0, False
        for make in self._opening.sources:
            source, base = make(), end()
            yield source, base
            self._complete |= source.complete

    def _frames(self, source: Source, base: int, skip: int = 0) -> Iterator[tuple[int, AudioFrame]]:
        """Frames with their positions. Packets that begin before position `skip` are not decoded."""
        following = base
        for position, piece in self._placed(source, base):
            if position is not None:
                self._end = position + self._scaled(piece.duration, source.base)
                if position < skip and skip > 0:
                    continue
            try:
                frames = list(source.decode(piece))
            except av.FFmpegError:
                continue  # the gap becomes silence
            for time, frame in frames:
                place = following if time is None else self._position(source, base, time)
                following = self._end = place + self._scaled(frame.samples, Fraction(1, frame.sample_rate))
                yield place, frame

    def _placed(self, source: Source, base: int) -> Iterator[tuple[int | None, Piece]]:
        """Packets with their positions."""
        for piece in source.pieces():
            self._report()
            yield None if piece.time is None else self._position(source, base, piece.time), piece

    def _position(self, source: Source, base: int, time: int) -> int:
        return base + self._scaled(time - (self._origin if base == 0 else 0), source.base)

    def _scaled(self, units: int, unit: Fraction) -> int:
        # Whole numbers: this is done for each packet of up to eight hours.
        return (2 * units * unit.numerator * self.rate + unit.denominator) // (2 * unit.denominator)


class _TimeLine:
    """Puts frames one after another: gaps become silence, and what comes before `start` is cut off."""

    def __init__(self, start: int, rate: int) -> None:
        self._start = start
        self._rate = rate
        self._begun = False
        self.end = start
        self.concealed = 0

    def advance(self, position: int, samples: int) -> int:
        """Take what has this time and length; the samples that are missing before it."""
        if not self._begun:
            self._begun = True
            self.end = min(position, self._start)
        gap = position - self.end
        # Times that go back, as where two files were put together, are not followed.
        gap = gap if gap > _GAP * self._rate else 0
        self.end += gap + samples
        self.concealed += gap
        return gap

    def place(self, position: int, frame: AudioFrame) -> Iterator[AudioFrame]:
        """What to play for a frame whose own time is `position`."""
        gap = self.advance(position, frame.samples)
        if self.end > MAX_SECONDS * self._rate:
            inspecting.check_duration(self.end / self._rate)
        begin = self.end - frame.samples
        if gap:
            yield from silence(frame, begin - max(begin - gap, self._start))
        early = self._start - begin
        if early < frame.samples:
            yield cut(frame, early) if early > 0 else frame

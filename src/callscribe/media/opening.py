"""How each kind of file is opened so that all its audio is read, whatever its header says of length and size."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, cast

from callscribe.errors import Code, JobError
from callscribe.media import chunks, flac, inspecting, mpeg
from callscribe.media.demuxed import Demuxed
from callscribe.media.inspecting import Container
from callscribe.media.mpeg_stream import MpegStream
from callscribe.media.sources import Source
from callscribe.media.spliced import Spliced

_SEARCHED: Final = 1024 * 1024
"""Bytes that are searched in one go."""

_AMR_HEAD: Final = 16
_MATROSKA_HEAD: Final = 4096


@dataclass(frozen=True, slots=True)
class Opening:
    """What a file is read by: sources that follow one another, each opened anew by a call.

    `seconds` is how long all of it is, None where only packets tell. `share` is how much of it the header speaks of,
    None where that is not said, or told by the source. `regular` is whether it is written as its kind is.
    """

    sources: tuple[Callable[[], Source], ...]
    seconds: float | None = None
    share: float | None = None
    regular: bool = True


def opening(kind: Container, file: BinaryIO, report: Callable[[], None]) -> Opening:
    """How to read a file that begins as its kind does.

    Raises:
        JobError: 17554, 17556 or 17558.
    """
    if kind in {inspecting.WAV, inspecting.W64, inspecting.RIFX, inspecting.AIFF, inspecting.AU}:
        found = chunks.find_au(file) if kind is inspecting.AU else chunks.find_chunked(file)
        lengths = [run.seconds for run in found.runs]
        seconds = None if None in lengths else sum(filter(None, lengths))
        sources = tuple(_opening(run, file, report) for run in found.runs)
        return Opening(sources, seconds, found.share, kind is inspecting.WAV and chunks.is_regular(file))
    if kind is inspecting.MP3:
        return Opening((lambda: MpegStream(file, report),))
    if kind is inspecting.FLAC:
        declared, whole = flac.declared_duration(file), flac.is_whole(file)
        return Opening((lambda: Demuxed(file, "flac", exact=True, counts=True, declared=declared, complete=not whole),))
    if kind is inspecting.AMR:
        file = _one_amr(file)
    return Opening((lambda: _indexed(file, kind),))


def _opening(run: chunks.Run, file: BinaryIO, report: Callable[[], None]) -> Callable[[], Source]:
    made = run.format
    if made.demuxer != inspecting.MP3.demuxer:
        whole = cast("BinaryIO", Spliced(file, run.parts))
        return lambda: Demuxed(whole, made.demuxer, exact=made.exact, counts=True, declared=None, complete=False)
    audio = Spliced(file, run.stretches)
    found = mpeg.find_stream(audio.read(_SEARCHED), within=_SEARCHED)
    if found is None:
        raise JobError(Code.MEDIA_UNDECODABLE, "there is no MPEG audio in the file")
    frames = cast("BinaryIO", Spliced(cast("BinaryIO", audio), [range(found[0], audio.size)]))
    return lambda: MpegStream(frames, report)


def _indexed(file: BinaryIO, kind: Container) -> Source:
    complete = not kind.counted and not (kind is inspecting.MATROSKA and _segment_is_whole(file))
    source = Demuxed(file, kind.demuxer, exact=kind.exact_times, counts=kind.counted, declared=None, complete=complete)
    if not kind.counted:  # else FFmpeg would estimate it from the size
        source.declared = source.indexed()
    return source


def _one_amr(file: BinaryIO) -> BinaryIO:
    """A file without the heads of others that were joined to it: they would be taken for speech."""
    file.seek(0)
    head = file.read(_AMR_HEAD).partition(b"\n")[0] + b"\n"
    parts: list[bytes | range] = [head]
    begin = position = len(head)
    size = file.seek(0, os.SEEK_END)
    while position < size:
        file.seek(position)
        data = file.read(_SEARCHED)
        if (place := data.find(head)) >= 0:
            parts.append(range(begin, position + place))
            begin = position = position + place + len(head)
        else:
            position += max(1, len(data) - len(head) + 1)
    return cast("BinaryIO", Spliced(file, [*parts, range(begin, size)]))


def _segment_is_whole(file: BinaryIO) -> bool:
    """Whether a Matroska file (RFC 9559) has all the bytes that its segment says it has, if it says so."""
    file.seek(0)
    head = file.read(_MATROSKA_HEAD)
    place = head.find(b"\x18S\x80g") + 4
    width = 9 - head[place].bit_length() if 4 <= place < len(head) else 9
    if width > 8:
        return False
    value = int.from_bytes(head[place : place + width], "big") & (1 << 7 * width) - 1
    return value == (1 << 7 * width) - 1 or place + width + value <= file.seek(0, os.SEEK_END)

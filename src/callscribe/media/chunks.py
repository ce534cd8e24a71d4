"""Files of chunks as they are: WAV (RIFF, RIFX, RF64, Wave64), AIFF; and AU, which has but a header.

What a header says of lengths and of block sizes may be of another file, or of none. Here is found where the audio lies,
and each run of it gets a header that says nothing wrong, under which FFmpeg reads it.
"""

import os
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from callscribe.errors import Code, JobError
from callscribe.media.inspecting import check_complete

_NO_SIZES: Final = (0, 2**30, 2**31 - 1, 2**32 - 1)
_HEADER: Final = 64 * 1024
"""Bytes by which a size that is none may be off: who cannot know it adds a header to it, or takes it away."""

_SEARCHED: Final = 1024 * 1024
"""Bytes behind a chunk of a wrong size in which the next one is looked for."""

_PCM, _MS, _FLOAT, _ALAW, _MULAW, _IMA, _GSM, _G722, _EXTENSIBLE = 1, 2, 3, 6, 7, 0x11, 0x31, 0x28F, 0xFFFE
_OTHER_G722, _MP3 = 0x65, 0x55
_AU: Final = {
    (_PCM, 1): 2,
    (_PCM, 2): 3,
    (_PCM, 3): 4,
    (_PCM, 4): 5,
    (_FLOAT, 4): 6,
    (_FLOAT, 8): 7,
    (_MULAW, 1): 1,
    (_ALAW, 1): 27,
}
"""AU's number for a kind of samples of so many bytes."""

_AIFF: Final = {
    **dict.fromkeys((b"NONE", b"twos", b"sowt"), (_PCM, 0)),
    b"in24": (_PCM, 3),
    b"in32": (_PCM, 4),
    **dict.fromkeys((b"fl32", b"FL32"), (_FLOAT, 4)),
    **dict.fromkeys((b"fl64", b"FL64"), (_FLOAT, 8)),
    **dict.fromkeys((b"ulaw", b"ULAW"), (_MULAW, 1)),
    **dict.fromkeys((b"alaw", b"ALAW"), (_ALAW, 1)),
}
"""AIFF's names for kinds of samples, and how many bytes one has; 0 where the number of bits says it."""

_KNOWN: Final = frozenset(
    (
        *(b"fmt ", b"data", b"fact", b"LIST", b"JUNK", b"junk", b"bext", b"cue ", b"smpl", b"inst", b"iXML", b"_PMX"),
        *(b"id3 ", b"ID3 ", b"PEAK", b"PAD ", b"FLLR", b"ds64", b"plst", b"DISP", b"acid", b"chna", b"axml", b"levl"),
        *(b"COMM", b"SSND", b"FVER", b"MARK", b"INST", b"NAME", b"AUTH", b"ANNO", b"(c) ", b"APPL", b"CHAN", b"wavl"),
    )
)
_TAGS: Final = (b"ID3", b"TAG", b"APETAGEX", b"LYRICS")


@dataclass(frozen=True, slots=True)
class Format:
    """How audio is written: a header for FFmpeg that says so and no length, and FFmpeg's demuxer for it.

    `block` is in bytes and holds all channels. `samples_in` is how many sample frames a block has, 0 where only packets
    tell; `exact`, whether FFmpeg finds a moment in it to the sample; `overstated`, how many times as long its audio is
    by the byte rate that the header states.
    """

    header: bytes
    demuxer: str
    channels: int
    rate: int
    block: int
    samples_in: int
    byte_rate: float
    exact: bool = True
    overstated: float = 1.0


@dataclass(slots=True)
class Run:
    """Audio of one format: the stretches of the file that it lies in, one behind another."""

    format: Format
    stretches: list[range]

    @property
    def parts(self) -> list[bytes | range]:
        """What a file with this run alone is made of."""
        return [self.format.header, *self.stretches]

    @property
    def seconds(self) -> float | None:
        """How long it is, None where only its packets tell."""
        made = self.format
        if not (made.samples_in and made.rate):
            return None
        return sum(map(len, self.stretches)) // made.block * made.samples_in / made.rate


@dataclass(frozen=True, slots=True)
class Found:
    """The audio of a file, and what share of its seconds the first header speaks of, None where it does not."""

    runs: list[Run]
    share: float | None

    @classmethod
    def of(cls, runs: list[Run], claimed: int | None) -> "Found":
        """Runs, and the bytes that are claimed.

        Raises:
            JobError: 17554, there are none.
        """
        size = sum(len(stretch) for run in runs for stretch in run.stretches)
        if not size:
            raise JobError(Code.MEDIA_EMPTY, "the file has no audio in it")
        if claimed is None:
            return cls(runs, None)
        made = runs[0].format
        lengths = [run.seconds for run in runs]
        if made.samples_in and None not in lengths:
            return cls(runs, claimed / made.byte_rate * made.overstated / max(1e-9, sum(filter(None, lengths))))
        return cls(runs, claimed / size)


def is_no_size(size: int) -> bool:
    """Whether a size is what is written where it is not known."""
    return any(abs(size - each) <= (_HEADER if each else 0) for each in _NO_SIZES)


class _Seeker:
    """Reads pieces of a file here and there."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size = file.seek(0, os.SEEK_END)

    def at(self, position: int, count: int) -> bytes:
        self._file.seek(position)
        return self._file.read(count)


@dataclass(frozen=True, slots=True)
class _Family:
    """How chunks are written: byte order, and the names of those that matter."""

    big: bool
    format_name: bytes
    data_name: bytes
    read_format: Callable[[bytes], Format]
    wide: bool = False
    """Sizes of 64 bits that count the head, names of 16 bytes, chunks aligned to 8."""

    def head(self, seeker: _Seeker, position: int) -> tuple[bytes, int, int]:
        """Name, where the content begins, and how long it says it is."""
        head = seeker.at(position, 24 if self.wide else 8)
        if self.wide:
            return head[:4], position + 24, max(0, int.from_bytes(head[16:24], "little") - 24)
        return head[:4], position + 8, int.from_bytes(head[4:8], "big" if self.big else "little")


def find_chunked(file: BinaryIO) -> Found:
    """The audio of a WAV or AIFF file, of every one where several were joined.

    Raises:
        JobError: 17554 where there is none, 17558 where no header says how it is written, or the file breaks off.
    """
    walk = _Walk(_Seeker(file))
    position = sought = 0
    while position + 8 <= walk.seeker.size:
        if family := _family(walk.seeker.at(position, 40)):
            walk.begin(family)
            position = sought = position + (40 if family.wide else 12)
        else:
            position, sought = walk.chunk(position, sought)
    if not walk.claims:
        raise JobError(Code.MEDIA_UNDECODABLE, "the file is damaged: it has a header and nothing behind it")
    return Found.of(walk.runs, walk.claims[0])


class _Walk:
    """From chunk to chunk of files that follow one another."""

    def __init__(self, seeker: _Seeker) -> None:
        self.seeker = seeker
        self.runs: list[Run] = []
        self.claims: list[int | None] = []

    def begin(self, family: _Family) -> None:
        """Another file begins."""
        self._family = family
        self._format: Format | None = None
        self._wide_size = 0

    def chunk(self, position: int, sought: int) -> tuple[int, int]:
        """Take in a chunk; where the next one begins, and where it is looked for should that be none."""
        seeker, family = self.seeker, self._family
        name, content, length = family.head(seeker, position)
        if name == family.data_name:
            begin, end = self._audio(name, content, length)
            following = _following(seeker, family, begin, end)
            return following, following
        if name == b"ds64":
            self._wide_size = int.from_bytes(seeker.at(content + 8, 8), "little")
        elif name == family.format_name and self._format is None:
            self._format = family.read_format(seeker.at(content, min(length, 1024)))
        following = _following(seeker, family, content, content + length)
        if not (_is_name(name, following, seeker.size) or self.runs):
            following = _search(seeker, family, sought)
        return following, content

    def _audio(self, name: bytes, content: int, length: int) -> tuple[int, int]:
        if self._format is None:
            raise JobError(Code.MEDIA_UNDECODABLE, "the file does not say how its audio is written")
        if name == b"SSND":
            content, length = content + 8 + _aiff_offset(self.seeker, content), max(0, length - 8)
        elif self._wide_size and length == 0xFFFF_FFFF:
            length = self._wide_size
        end, claimed = _extent(self.seeker, self._family, self._format, content, length)
        self.claims.append(claimed)
        _add(self.runs, self._format, range(content, end))
        return content, end


def find_au(file: BinaryIO) -> Found:
    """The audio of an AU file.

    Raises:
        JobError: 17554, 17556 or 17558.
    """
    seeker = _Seeker(file)
    offset, length, encoding, rate, channels = struct.unpack(">5I", seeker.at(4, 20).ljust(20, b"\0"))
    kind = next((pair for pair, code in _AU.items() if code == encoding), None)
    if kind is None:
        raise JobError(Code.MEDIA_FORMAT, f"encoding {encoding} in an au file is not supported")
    made = _big_endian(*kind, channels, rate)
    start = max(24, offset)
    end, claimed = _extent(seeker, None, made, start, length)
    runs: list[Run] = []
    _add(runs, made, range(start, end))
    while end + 24 <= seeker.size and seeker.at(end, 4) == b".snd":  # another one, joined byte by byte
        again = struct.unpack(">5I", seeker.at(end + 4, 20))
        if again[2:] != (encoding, rate, channels):
            break
        start = end + max(24, again[0])
        end, _ = _extent(seeker, None, made, start, again[1])
        _add(runs, made, range(start, end))
    return Found.of(runs, claimed)


def is_regular(file: BinaryIO) -> bool:
    """Whether a WAV file is written as the format has it, so that every player plays all of it.

    It is RIFF, one chunk follows another as their sizes say, the audio ends within the file, and what the header says
    of its samples does not contradict itself.
    """
    seeker = _Seeker(file)
    position = 12 if seeker.at(0, 4) == b"RIFF" else seeker.size
    described = False
    while position + 8 <= seeker.size:
        name, length = struct.unpack("<4sI", seeker.at(position, 8))
        if name == b"data":
            return described and not is_no_size(length) and position + 8 + length <= seeker.size
        if not _is_name(name, position + 8 + length, seeker.size):
            return False
        if name == b"fmt ":
            _, channels, rate, byte_rate, block, bits = struct.unpack("<HHIIHH", seeker.at(position + 8, 16).ljust(16))
            described = 8 * block == channels * bits and byte_rate == rate * block
        position += 8 + length + length % 2
    return False


def _family(head: bytes) -> _Family | None:
    if head[8:12] == b"WAVE" and head[:4] in {b"RIFF", b"RF64", b"BW64", b"RIFX"}:
        big = head[:4] == b"RIFX"
        return _Family(big, b"fmt ", b"data", lambda data: _wav_format(data, big=big))
    if head[:4] == b"riff" and head[24:28] == b"wave":
        return _Family(False, b"fmt ", b"data", lambda data: _wav_format(data, big=False), wide=True)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return _Family(True, b"COMM", b"SSND", _aiff_format)
    return None


def _extent(seeker: _Seeker, family: _Family | None, made: Format, start: int, length: int) -> tuple[int, int | None]:
    """Where audio that begins at `start` ends, and the bytes that its header says it has."""
    end, available = start + length, seeker.size - start
    if length > available:
        if is_no_size(length):
            return seeker.size, None
        check_complete(available / made.byte_rate, length / made.byte_rate)
        return seeker.size, length
    if length == available or _is_over(seeker, family, start, end):
        return end, length
    return seeker.size, None if is_no_size(length) else length


def _is_over(seeker: _Seeker, family: _Family | None, start: int, end: int) -> bool:
    """Whether what follows is not audio: nothing more, zeros, chunks up to the end, another file, tags, or text."""
    following = _following(seeker, family, start, end) if family else end
    head = seeker.at(following, 256)
    text = len(set(head)) > 8 and all(byte in b"\t\r\n" or 32 <= byte < 127 for byte in head)  # some recorders add it
    blank = end > start and _is_blank(seeker, following)
    if len(head) < 8 or text or blank or _family(head[:40]) or head.startswith((b".snd", *_TAGS)):
        return True
    while family and following + 8 <= seeker.size:
        name, content, length = family.head(seeker, following)
        if name in _KNOWN or _family(seeker.at(following, 40)):
            return True
        if not _is_name(name, content + length, seeker.size):
            return False
        following = _following(seeker, family, content, content + length)
    return family is not None


def _is_blank(seeker: _Seeker, start: int) -> bool:
    """Whether there are but zeros from here on, at many places: what a block of the disk was filled up with."""
    places = range(start, seeker.size, (seeker.size - start) // 64 + 1)
    return not any(seeker.at(place, 256).strip(b"\0") for place in places)


def _following(seeker: _Seeker, family: _Family, start: int, end: int) -> int:
    """Where the next chunk begins behind content from `start` to `end`: what is odd is padded, but not by everybody."""
    if family.wide:
        return -(-end // 8) * 8
    if (end - start) % 2 == 0:
        return end
    padded, plain = (seeker.at(position, 4) for position in (end + 1, end))
    if padded not in _KNOWN and (plain in _KNOWN or plain in {b"RIFF", b"RIFX", b"RF64", b"FORM"}):
        return end
    return end + 1


def _is_name(name: bytes, end: int, size: int) -> bool:
    """Whether a chunk is believed: its name is one, and it ends within the file."""
    return len(name) == 4 and all(32 <= byte < 127 for byte in name) and end <= size + 1


def _search(seeker: _Seeker, family: _Family, position: int) -> int:
    """Where the next chunk that matters begins, behind one whose size is wrong."""
    searched = seeker.at(position, _SEARCHED)
    places = [searched.find(name) for name in (family.format_name, family.data_name)]
    return position + min((place for place in places if place >= 0), default=seeker.size)


def _add(runs: list[Run], made: Format, stretch: range) -> None:
    """Append audio to the last run, where it goes on in the same way."""
    if not len(stretch):
        return
    if runs and runs[-1].format == made:
        last = runs[-1].stretches[-1]
        runs[-1].stretches[-1] = range(last.start, last.stop - len(last) % made.block)
        runs[-1].stretches.append(stretch)
    else:
        runs.append(Run(made, [stretch]))


def _aiff_offset(seeker: _Seeker, content: int) -> int:
    offset = int.from_bytes(seeker.at(content, 4), "big")
    return offset if offset < _HEADER else 0


def _wav_format(data: bytes, *, big: bool) -> Format:
    if len(data) < 16:
        raise JobError(Code.MEDIA_UNDECODABLE, "the wav file is damaged")
    tag, channels, rate, stated, block, bits = struct.unpack(">HHIIHH" if big else "<HHIIHH", data[:16])
    kind = struct.unpack_from("<H", data, 24)[0] if tag == _EXTENSIBLE and len(data) >= 26 else tag
    if exact := kind in {_PCM, _FLOAT, _ALAW, _MULAW}:
        # The width of a sample is believed first: block and rate follow from it, and are wrong more often.
        width = 1 if kind in {_ALAW, _MULAW} else (bits + 7) // 8
        if not 1 <= width <= 8:
            width = block // max(1, channels) or 1
            bits = width * 8 & 0xFFFF
        channels = channels or block // width
        block = width * channels
        if big and width > 1:
            return _big_endian(kind, width, channels, rate)
    elif kind == _GSM:
        block = 65
    elif kind == _OTHER_G722:
        tag = kind = _G722
    share = block // max(1, channels)
    samples = {_GSM: 320, _G722: 2 * share, _MS: 2 * (share - 7) + 2, _IMA: 2 * (share - 4) + 1}
    samples_in = 1 if exact else max(0, samples.get(kind, 0))
    byte_rate = max(1.0, rate * block / samples_in if samples_in else stated)
    fmt = (
        struct.pack("<HHIIHH", tag, channels, rate, min(0xFFFF_FFFF, round(byte_rate)), block & 0xFFFF, bits)
        + data[16:]
    )
    head = b"WAVEfmt " + struct.pack("<I", len(fmt)) + fmt + b"\0" * (len(fmt) % 2) + b"data\0\0\0\0"
    header = b"RIFF" + struct.pack("<I", len(head)) + head
    demuxer = "mp3" if kind == _MP3 else "wav"
    overstated = byte_rate / stated if exact and stated else 1.0
    return Format(header, demuxer, channels, rate, max(1, block), samples_in, byte_rate, exact, overstated)


def _aiff_format(data: bytes) -> Format:
    if len(data) < 18:
        raise JobError(Code.MEDIA_UNDECODABLE, "the aiff file is damaged")
    channels, _, bits, exponent, mantissa = struct.unpack(">HIHHQ", data[:18])
    rate = mantissa >> min(64, max(0, 16383 + 63 - exponent))
    name = data[18:22] or b"NONE"
    kind, width = _AIFF.get(name, (0, 0))
    width = width or (bits + 7) // 8
    if not kind or rate >= 2**32:
        raise JobError(Code.MEDIA_FORMAT, f"{name.decode('latin-1')} in an aiff file is not supported")
    if name == b"sowt" and width > 1:
        return _wav_format(struct.pack("<HHIIHH", kind, channels, rate, 0, 0, width * 8), big=False)
    return _big_endian(kind, width, channels, rate)


def _big_endian(kind: int, width: int, channels: int, rate: int) -> Format:
    """Samples with their highest byte first, as AU has them."""
    if (kind, width) not in _AU:
        raise JobError(Code.MEDIA_FORMAT, f"samples of {8 * width} bits, highest byte first, are not supported")
    header = b".snd" + struct.pack(">5I", 24, 0xFFFF_FFFF, _AU[kind, width], rate, channels)
    block = width * channels
    return Format(header, "au", channels, rate, max(1, block), 1, max(1.0, rate * block))

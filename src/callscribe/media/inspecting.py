"""What a recording is, told by its content and never by its name.

This module and those below it run in the decoder's child process: nothing here but the standard library.
"""

from dataclasses import dataclass
from typing import BinaryIO

from callscribe.errors import Code, JobError
from callscribe.media import mpeg

MIN_SECONDS = 2.0
MAX_SECONDS = 8 * 3600.0
MIN_SAMPLE_RATE = 8000
MAX_SAMPLE_RATE = 384_000
"""Hz. Nothing records faster; what says so is damaged."""

MAX_CHANNELS = 2

_HEAD = 64 * 1024
_SEARCHED = 1024 * 1024
"""Bytes in which the beginning of the audio is looked for."""

_NEAR = 4096
"""Bytes of junk in front of which anything may be; behind more, nothing that is another kind of file."""

_FOREIGN = (
    *(
        b"PK\x03\x04",
        b"Rar!",
        b"7z\xbc\xaf",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ",
        b"%PDF",
        b"\x89PNG",
        b"GIF8",
        b"\xff\xd8\xff",
    ),
    *(
        b"FLV",
        b"FWS",
        b"CWS",
        b"RIFF",
        b"FORM",
        b"\0\0\x01\xba",
        b"\0\0\x01\xb3",
        b"0&\xb2u",
        b"MZ",
        b"\x7fELF",
        b"caff",
    ),
    *(b"BM", b"II*\0", b"MM\0*", b"SQLite", b"\xd0\xcf\x11\xe0", b"G@", b"MThd", b"OTTO"),
)
_PCM = frozenset(f"pcm_{name}" for name in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le", "mulaw", "alaw"))
_BIG_PCM = frozenset(f"pcm_{name}" for name in ("s8", "s16be", "s24be", "s32be", "f32be", "f64be", "mulaw", "alaw"))
_TELEPHONY = frozenset({"gsm_ms", "adpcm_ima_wav", "adpcm_ms", "g722", "mp3"})


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A recording that can be transcribed.

    `container` is the name of one of `CONTAINERS`; `codec` is FFmpeg's name. `sample_rate` is in Hz, `duration` in
    seconds: what there is to be heard, about. `declared` are the seconds that the header says instead, where it says
    others. `regular` is whether header and structure are such that every player of its kind plays all of it.
    """

    container: str
    codec: str
    channels: int
    sample_rate: int
    duration: float
    declared: float | None = None
    regular: bool = True


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file: FFmpeg's demuxer for it, the codecs taken in it, and whether Twilio takes it too.

    Of the codecs in `extended` it takes none.
    """

    name: str
    demuxer: str
    """One name of it; FFmpeg lists some under several."""

    codecs: frozenset[str]
    standard: bool = False
    exact_times: bool = True
    """Whether packets carry times that are exact to the sample, so that seeking is."""

    counted: bool = False
    """Whether packets have the times that they add up to, so that those in front need not be decoded."""

    extended: frozenset[str] = frozenset()
    magic: bytes = b""
    """What its files begin with, where that is enough."""


WAV = Container("wav", "wav", _PCM, standard=True, extended=_TELEPHONY)
W64 = Container("w64", "wav", _PCM | _TELEPHONY)
RIFX = Container("rifx", "wav", _PCM | _BIG_PCM | _TELEPHONY)
MP3 = Container("mp3", "mp3", frozenset({"mp3"}), standard=True)
FLAC = Container("flac", "flac", frozenset({"flac"}), standard=True, magic=b"fLaC")
OGG = Container("ogg", "ogg", frozenset({"opus", "vorbis", "flac"}), magic=b"OggS")
MP4 = Container("mp4", "mov", frozenset({"aac", "mp3", "flac", "opus", "amrnb", "amrwb"}))
MATROSKA = Container(
    "matroska", "matroska", frozenset({"opus", "vorbis", "aac"}), exact_times=False, magic=b"\x1aE\xdf\xa3"
)
AAC = Container("aac", "aac", frozenset({"aac"}), exact_times=False, counted=True)
AMR = Container("amr", "amr", frozenset({"amrnb", "amrwb"}), exact_times=False, counted=True, magic=b"#!AMR")
AU = Container("au", "au", _BIG_PCM, magic=b".snd")
AIFF = Container("aiff", "au", _BIG_PCM | _PCM)
CONTAINERS = (WAV, W64, RIFX, MP3, FLAC, OGG, MP4, MATROSKA, AAC, AMR, AU, AIFF)
CODECS = frozenset[str]().union(*(kind.codecs | kind.extended for kind in CONTAINERS))
"""Of all of them."""

DECODERS = ",".join(sorted({"mp3float"} | CODECS))
"""The codecs that FFmpeg may use, in its notation."""


def sniff(file: BinaryIO, *, extended: bool) -> tuple[Container, int]:
    """The kind of a file, by its content, and where it begins: behind tags, or junk.

    Raises:
        JobError: 17554 for an empty file, 17556 for a kind that is not taken, 17558 for tags alone.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise JobError(Code.MEDIA_EMPTY, "the file is empty")
    found = _found(head, file)
    if found is None and head[:3] == b"ID3":
        raise JobError(Code.MEDIA_UNDECODABLE, "the file has tags, and no audio behind them")
    if found is None:
        raise JobError(Code.MEDIA_FORMAT, "the file is none of the audio formats that are supported")
    if not (extended or found[0].standard):
        raise JobError(Code.MEDIA_FORMAT, f"{found[0].name} files are not accepted here: WAV, MP3 and FLAC are")
    return found


def _found(head: bytes, file: BinaryIO) -> tuple[Container, int] | None:
    if kind := _known(head):
        return kind, 0
    start = after_tags(file)
    for position in dict.fromkeys((start, 0)):  # from the beginning where a tag's size is wrong
        file.seek(position)
        body = file.read(_SEARCHED)
        if kind := _known(body):
            return kind, position
        within = _NEAR if head.startswith(_FOREIGN) else len(body)
        places = [
            (found[0], kind)
            for kind, read in ((MP3, mpeg.frame_header), (AAC, mpeg.adts_header))
            if (found := mpeg.find_stream(body, within=within, read=read))
        ]
        for kind in (FLAC, OGG, WAV):
            place = body.find(kind.magic or b"WAVEfmt ", 0, within) - (0 if kind.magic else 8)
            if place >= 0 and _known(body[place:]) is kind:
                places.append((place, kind))
        if places:
            offset, kind = min(places, key=lambda each: each[0])
            return kind, position + offset
    return None


def _known(head: bytes) -> Container | None:
    """The kind of a file that begins so, where its first bytes are enough."""
    if head[8:12] == b"WAVE":
        return {b"RIFF": WAV, b"RF64": WAV, b"BW64": WAV, b"RIFX": RIFX}.get(head[:4])
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        return AIFF
    if head[:4] == b"riff" and head[24:28] == b"wave":
        return W64
    if head[4:8] == b"ftyp":
        return MP4
    return next((kind for kind in CONTAINERS if kind.magic and head.startswith(kind.magic)), None)


def after_tags(file: BinaryIO) -> int:
    """The position behind ID3v2 tags and the zeros that may follow them."""
    position = 0
    for _ in range(8):
        file.seek(position)
        tag = file.read(10)
        if tag[:3] != b"ID3" or len(tag) < 10:
            break
        position += 10 + mpeg.tag_size(tag)
    file.seek(position)
    padding = file.read(_HEAD)
    return position + len(padding) - len(padding.lstrip(b"\0"))


def check_stream(container: Container, codec: str, channels: int, sample_rate: int, *, extended: bool = True) -> None:
    """Raise 17556, 17557, 17558 or 17559 for a stream that is not taken."""
    if codec not in container.codecs and not (extended and codec in container.extended):
        raise JobError(Code.MEDIA_FORMAT, f"{codec} in a {container.name} file is not supported")
    if channels > MAX_CHANNELS:
        raise JobError(Code.MEDIA_CHANNELS, f"{channels} channels, where {MAX_CHANNELS} are allowed")
    if sample_rate < MIN_SAMPLE_RATE:
        raise JobError(Code.MEDIA_SAMPLE_RATE, f"{sample_rate} Hz, where {MIN_SAMPLE_RATE} are needed")
    if sample_rate > MAX_SAMPLE_RATE or channels < 1:
        raise JobError(Code.MEDIA_UNDECODABLE, f"{channels} channels at {sample_rate} Hz")


def check_duration(seconds: float) -> None:
    """Raise 17554 or 17555 for a recording that is too short or too long."""
    if not seconds >= MIN_SECONDS:  # so nor is what is not a number
        raise JobError(Code.MEDIA_EMPTY, f"{seconds:.2f} s of audio, where {MIN_SECONDS:g} s are needed")
    if seconds > MAX_SECONDS:
        raise JobError(Code.MEDIA_TOO_LONG, f"{seconds / 3600:.2f} h of audio")


def check_complete(actual: float, declared: float) -> None:
    """Raise 17558 when a recording is shorter than it says by more than a second and a hundredth."""
    if declared - actual > max(1.0, 0.01 * declared):
        raise JobError(Code.MEDIA_UNDECODABLE, f"the recording ends early: {actual:.1f} s of {declared:.1f} s")

"""What a recording is, told by its content and never by its name.

This module and those below it run in the decoder's child process: nothing here but the standard library.
"""

from collections.abc import Callable
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
_PCM = frozenset(f"pcm_{name}" for name in ("u8", "s16le", "s24le", "s32le", "f32le", "f64le", "mulaw", "alaw"))


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """A recording that can be transcribed.

    `container` is one of `wav`, `mp3`, `flac`, `ogg`, `mp4`, `matroska`; `codec` is FFmpeg's name.
    `sample_rate` is in Hz, `duration` in seconds: as the file says, or as its packets add up.
    """

    container: str
    codec: str
    channels: int
    sample_rate: int
    duration: float | None


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file: FFmpeg's demuxer for it, the codecs taken in it, and whether Twilio takes it too."""

    name: str
    demuxer: str
    """One name of it; FFmpeg lists some under several."""

    codecs: frozenset[str]
    standard: bool = False
    exact_times: bool = True
    """Whether packets carry times that are exact to the sample, so that seeking is."""


WAV = Container("wav", "wav", _PCM, standard=True)
MP3 = Container("mp3", "mp3", frozenset({"mp3", "mp3float"}), standard=True, exact_times=False)
FLAC = Container("flac", "flac", frozenset({"flac"}), standard=True)
OGG = Container("ogg", "ogg", frozenset({"opus", "vorbis", "flac"}))
MP4 = Container("mp4", "mov", frozenset({"aac", "mp3", "mp3float", "flac", "opus"}))
MATROSKA = Container("matroska", "matroska", frozenset({"opus", "vorbis", "aac"}), exact_times=False)
CONTAINERS = (WAV, MP3, FLAC, OGG, MP4, MATROSKA)


def sniff(file: BinaryIO, *, extended: bool) -> Container:
    """The kind of a file, by its first bytes.

    Raises:
        JobError: 17554 for an empty file, 17556 for a kind that is not taken, 17558 for tags alone.
    """
    file.seek(0)
    head = file.read(_HEAD)
    if not head:
        raise JobError(Code.MEDIA_EMPTY, "the file is empty")
    container = _known(head, file)
    if container is None:
        raise JobError(Code.MEDIA_FORMAT, "the file is none of the audio formats that are supported")
    if not (extended or container.standard):
        raise JobError(Code.MEDIA_FORMAT, f"{container.name} files are not accepted here: WAV, MP3 and FLAC are")
    return container


def _known(head: bytes, file: BinaryIO) -> Container | None:
    if head[:4] in {b"RIFF", b"RF64", b"BW64"}:
        return WAV if head[8:12] == b"WAVE" else None
    if head[4:8] == b"ftyp":
        return MP4
    for magic, container in ((b"fLaC", FLAC), (b"OggS", OGG), (b"\x1aE\xdf\xa3", MATROSKA)):
        if head.startswith(magic):
            return container
    tagged = head[:3] == b"ID3"
    start = _after_tags(file)
    file.seek(start)
    body = file.read(_HEAD)
    if tagged and body[:4] == b"fLaC":
        return FLAC
    if mpeg.find_stream(body) is not None:
        return MP3
    if tagged:
        raise JobError(Code.MEDIA_UNDECODABLE, "the file has tags, and no MPEG audio behind them")
    return None


def _after_tags(file: BinaryIO) -> int:
    """The position behind ID3v2 tags and the zeros that may follow them."""
    position = 0
    for _ in range(8):
        file.seek(position)
        tag = file.read(10)
        if tag[:3] != b"ID3" or len(tag) < 10:
            break
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        position += 10 + size + (10 if tag[5] & 0x10 else 0)
    file.seek(position)
    padding = file.read(_HEAD)
    return position + len(padding) - len(padding.lstrip(b"\0"))


def declared_duration(container: Container, file: BinaryIO, size: int) -> float | None:
    """Seconds of audio that a file's header promises, None where it does not or only the demuxer knows.

    Raises:
        JobError: 17558 when it promises more than the file can hold.
    """
    reader = _DECLARED.get(container.name)
    return reader(file, size) if reader else None


def _wav_duration(file: BinaryIO, size: int) -> float | None:
    file.seek(0)
    wide = file.read(12)[:4] in {b"RF64", b"BW64"}
    position, byte_rate, wide_size = 12, 0, 0
    while position + 8 <= size:
        file.seek(position)
        header = file.read(8)
        name, length = header[:4], int.from_bytes(header[4:], "little")
        if name == b"ds64" and wide:
            wide_size = int.from_bytes(file.read(16)[8:16], "little")
        elif name == b"fmt ":
            fmt = file.read(16)
            byte_rate = int.from_bytes(fmt[4:8], "little") * int.from_bytes(fmt[12:14], "little")
        elif name == b"data":
            return _wav_data_duration(length, wide_size, size - position - 8, byte_rate)
        position += 8 + length + length % 2
    return None


def _wav_data_duration(length: int, wide_size: int, available: int, byte_rate: int) -> float | None:
    if wide_size and length == 0xFFFF_FFFF:
        length = wide_size
    if not byte_rate:
        return None
    # Who writes to a pipe cannot know the length: zero and what is near the largest mean "to the end".
    if length == 0 or (length >= 0x7FFF_0000 and length > available):
        return available / byte_rate
    check_complete(min(length, available) / byte_rate, length / byte_rate)
    return length / byte_rate


def _mp3_duration(file: BinaryIO, _size: int) -> float | None:
    start = _after_tags(file)
    file.seek(start)
    body = file.read(_HEAD)
    found = mpeg.find_stream(body)
    if found is None:
        return None
    offset, header = found
    frames = mpeg.declared_frames(body[offset : offset + header.length], header)
    return frames * header.samples / header.sample_rate if frames else None


def _flac_duration(file: BinaryIO, _size: int) -> float | None:
    """From STREAMINFO, the first block of every FLAC file (RFC 9639, section 8.2)."""
    file.seek(0)
    head = file.read(_HEAD)
    block = head[head.find(b"fLaC") + 4 :]
    if len(block) < 38 or block[0] & 0x7F:
        return None
    packed = int.from_bytes(block[14:22], "big")
    rate, samples = packed >> 44, packed & 0xF_FFFF_FFFF
    return samples / rate if rate and samples else None


_DECLARED: dict[str, Callable[[BinaryIO, int], float | None]] = {
    "wav": _wav_duration,
    "mp3": _mp3_duration,
    "flac": _flac_duration,
}


def check_stream(container: Container, codec: str, channels: int, sample_rate: int) -> None:
    """Raise 17556, 17557, 17558 or 17559 for a stream that is not taken."""
    if codec not in container.codecs:
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

"""Makes files whose headers speak of other audio than there is, or of none: joined, cut, patched and stuffed ones.

Each is made of small files of `media_files`, so nothing of anybody's is kept.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from media_files import Signal, signal, write

Maker = Callable[[Path], bytes]


@dataclass(frozen=True)
class Odd:
    """A file, the seconds of audio in it, and those that its header speaks of where these are others."""

    make: Maker
    seconds: float
    declared: float | None = None
    channels: int = 1
    rate: int = 8000
    container: str = "wav"
    within: float = 0.0
    """Seconds by which it may be longer, for what encoders add."""


def pcm(seconds: float, rate: int = 8000, channels: int = 1, *, order: str = "<", seed: int = 0) -> bytes:
    """Samples of 16 bits."""
    return (signal(seconds, rate, channels, seed=seed).T * 32000).astype(f"{order}i2").tobytes()


def chunk(name: bytes, data: bytes, size: int | None = None, order: str = "<") -> bytes:
    """A chunk of a RIFF file, padded, with whatever size its head is to name."""
    return name + struct.pack(f"{order}I", len(data) if size is None else size) + data + bytes(len(data) % 2)


def wav(
    data: bytes,
    *,
    size: int | None = None,
    rate: int = 8000,
    channels: int = 1,
    align: int | None = None,
    byte_rate: int | None = None,
    tag: int = 1,
    bits: int = 16,
    magic: bytes = b"RIFF",
    front: bytes = b"",
    behind: bytes = b"",
) -> bytes:
    """A WAV file; the size of its data, block align and byte rate are the right ones unless they are given."""
    order = ">" if magic == b"RIFX" else "<"
    block = bits // 8 * channels
    sizes = (rate * block if byte_rate is None else byte_rate, block if align is None else align)
    fmt = chunk(b"fmt ", struct.pack(f"{order}HHIIHH", tag, channels, rate, *sizes, bits), order=order)
    body = b"WAVE" + fmt + front + chunk(b"data", data, size, order) + behind
    declared = len(body) if size is None else min(2**32 - 1, len(body) - len(data) + size)
    return magic + struct.pack(f"{order}I", declared) + body


def w64(data: bytes, *, size: int | None = None) -> bytes:
    """A Wave64 file, mono, 8 kHz."""
    tail = bytes.fromhex("f3acd3118cd100c04f8edb8a")
    fmt = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)
    head = b"riff" + bytes.fromhex("2e91cf11a5d628db04c10000") + struct.pack("<Q", 104 + len(data)) + b"wave" + tail
    declared = len(data) if size is None else size
    return (
        head
        + b"fmt "
        + tail
        + struct.pack("<Q", 24 + len(fmt))
        + fmt
        + b"data"
        + tail
        + struct.pack("<Q", 24 + declared)
        + data
    )


def au(data: bytes, *, size: int | None = None, encoding: int = 3, rate: int = 8000) -> bytes:
    """An AU file, mono."""
    return b".snd" + struct.pack(">5I", 24, len(data) if size is None else size, encoding, rate, 1) + data


def aiff(data: bytes, *, size: int | None = None, frames: int | None = None) -> bytes:
    """An AIFF file, mono, 8 kHz, 16 bits; `size` is that of its audio."""
    common = struct.pack(">hIhHQ", 1, len(data) // 2 if frames is None else frames, 16, 16383 + 12, 8000 << 51)
    sound = chunk(b"SSND", bytes(8) + data, None if size is None else size + 8, ">")
    body = b"AIFF" + chunk(b"COMM", common, order=">") + sound
    return b"FORM" + struct.pack(">I", len(body)) + body


def mp3(
    tmp: Path,
    seconds: float,
    *,
    rate: int = 8000,
    channels: int = 1,
    seed: int = 0,
    bare: bool = False,
    vbr: bool = False,
) -> bytes:
    """An MP3, at a constant bit rate unless `vbr`; `bare` without tags and Xing header."""
    path = tmp / "part.mp3"
    options = {"write_xing": "0", "id3v2_version": "0"} if bare else {"id3v2_version": "0"}
    how = {"quality": 5} if vbr else {"bit_rate": 24_000 if rate < 16_000 else 64_000}
    samples = signal(seconds, rate, channels, seed=seed)
    return write(path, samples, container="mp3", codec="mp3", rate=rate, options=options, **how).read_bytes()


def encoded(
    tmp: Path, container: str, codec: str, seconds: float = 6.0, *, rate: int = 8000, channels: int = 1
) -> bytes:
    """A file of any container and codec."""
    path = tmp / f"part.{container}"
    return write(path, signal(seconds, rate, channels), container=container, codec=codec, rate=rate).read_bytes()


def patched(data: bytes, name: bytes, offset: int, factor: float) -> bytes:
    """A file in which the number of 32 bits, so far behind a name, is another."""
    place = data.index(name) + offset
    number = int.from_bytes(data[place : place + 4], "big")
    return data[:place] + struct.pack(">I", round(number * factor)) + data[place + 4 :]


def xing(data: bytes, frames: float, size: float = 1.0) -> bytes:
    """An MP3 whose Xing header names other numbers of frames and bytes."""
    name = b"Info" if b"Info" in data[:200] else b"Xing"
    return patched(patched(data, name, 8, frames), name, 12, size)


def noise(size: int, seed: int = 1) -> bytes:
    """Bytes that are nothing."""
    return np.random.default_rng(seed).bytes(size)


def id3(size: int) -> bytes:
    """A tag with so many bytes of a picture, say."""
    return b"ID3\4\0\0" + bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0)) + noise(size)


def gsm(blocks: int) -> bytes:
    """WAV with GSM 06.10 as Asterisk writes it (wav49): noise, since every block of 65 bytes is a sound."""
    fmt = struct.pack("<HHIIHHHH", 0x31, 1, 8000, 1625, 65, 0, 2, 320)
    body = (
        b"WAVE"
        + chunk(b"fmt ", fmt)
        + chunk(b"fact", struct.pack("<I", blocks * 320))
        + chunk(b"data", noise(blocks * 65))
    )
    return b"RIFF" + struct.pack("<I", len(body)) + body


LIST = chunk(b"LIST", b"INFOICMT" + struct.pack("<I", 5) + b"call\0")
ODD_LIST = b"LIST" + struct.pack("<I", 17) + b"INFOICMT" + struct.pack("<I", 5) + b"call\0"
"""17 bytes, and the one that should follow is not there."""

STEREO = {"channels": 2, "rate": 8000}

WAVS: dict[str, Odd] = {
    "a size for a third": Odd(lambda _: wav(pcm(9), size=48_000), 9, 3),
    "a size for a third, in two channels": Odd(lambda _: wav(pcm(9, channels=2), size=96_000, channels=2), 9, 3, 2),
    "two files": Odd(lambda _: wav(pcm(3)) + wav(pcm(6, seed=1)), 9, 3),
    "three files": Odd(lambda _: wav(pcm(3)) + wav(pcm(4, seed=1)) + wav(pcm(2.5, seed=2)), 9.5, 3),
    "two files, the first with chunks behind": Odd(lambda _: wav(pcm(3), behind=LIST) + wav(pcm(6)), 9, 3),
    "two files, the second without a size": Odd(lambda _: wav(pcm(3)) + wav(pcm(6), size=0), 9, 3),
    "an announcement at another rate": Odd(lambda _: wav(pcm(3)) + wav(pcm(6, 16000), rate=16000), 9, 3, rate=16000),
    "an announcement in one channel": Odd(lambda _: wav(pcm(3)) + wav(pcm(6, channels=2), channels=2), 9, 3, 2),
    "two data chunks": Odd(lambda _: wav(pcm(3), behind=chunk(b"data", pcm(4))), 7, 3),
    "block align of another width": Odd(lambda _: wav(pcm(9), align=1, byte_rate=8000), 9, 18),
    "block align of two channels": Odd(lambda _: wav(pcm(9), align=4), 9),
    "block align of one channel": Odd(lambda _: wav(pcm(9, channels=2), channels=2, align=2), 9, None, 2),
    "no block align and no byte rate": Odd(lambda _: wav(pcm(9), align=0, byte_rate=0), 9),
    "no bits": Odd(lambda _: wav(pcm(9), bits=0, align=2, byte_rate=16000), 9),
    **{
        f"a size of {size}": Odd(lambda _, size=size: wav(pcm(5), size=size), 5)  # type: ignore[misc]
        for size in (0, 2**30, 2**30 - 44, 2**30 + 36, 2**31 - 1, 2**31 - 45, 2**31, 0x7FFFF024, 2**32 - 1, 2**32 - 37)
    },
    "an odd chunk without padding": Odd(lambda _: wav(pcm(5), front=ODD_LIST), 5),
    "an odd chunk with padding": Odd(lambda _: wav(pcm(5), front=ODD_LIST + b"\0"), 5),
    "an odd chunk without padding, behind": Odd(
        lambda _: wav(pcm(5) + b"\0", bits=8, tag=7, behind=ODD_LIST), 10, within=0.01
    ),
    "a chunk that says it is longer than the file": Odd(
        lambda _: wav(pcm(5), front=b"LIST" + struct.pack("<I", 2**31) + b"INFO" + bytes(20)), 5
    ),
    "a chunk that says it goes into the audio": Odd(
        lambda _: wav(pcm(5), front=b"LIST" + struct.pack("<I", 2001) + b"INFO" + bytes(20)), 5
    ),
    "chunks behind": Odd(lambda _: wav(pcm(5), behind=LIST + chunk(b"id3 ", noise(501)) + chunk(b"abcd", noise(7))), 5),
    "a tag behind": Odd(lambda _: wav(pcm(5)) + id3(20_000), 5),
    "silence without a size": Odd(lambda _: wav(bytes(80_000), size=0), 5),
    "zeros behind": Odd(lambda _: wav(pcm(5)) + bytes(100_000), 5),
    "text behind": Odd(lambda _: wav(pcm(5)) + b"<call><from>+15550100</from></call>\n" * 500, 5),
    "junk in front": Odd(lambda _: noise(6000) + wav(pcm(5)), 5),
    "a tag in front": Odd(lambda _: id3(3000) + wav(pcm(5)), 5),
    "the highest byte first": Odd(lambda _: wav(pcm(5, order=">"), magic=b"RIFX"), 5, container="rifx"),
    "the same, with a size for a third": Odd(
        lambda _: wav(pcm(9, order=">"), magic=b"RIFX", size=48_000), 9, 3, container="rifx"
    ),
    "RF64 without its sizes": Odd(
        lambda _: wav(pcm(5), size=2**32 - 1, magic=b"RF64").replace(
            b"WAVE", b"WAVEds64" + struct.pack("<I", 28) + bytes(28)
        ),
        5,
    ),
    "Wave64": Odd(lambda _: w64(pcm(5)), 5, container="w64"),
    "Wave64 with a size for a third": Odd(lambda _: w64(pcm(9), size=48_000), 9, 3, container="w64"),
}

MP3S: dict[str, Odd] = {
    "joined": Odd(lambda tmp: mp3(tmp, 1.2) + mp3(tmp, 6, seed=1), 7.2, 1.2, within=0.4),
    "joined, with tags between": Odd(lambda tmp: mp3(tmp, 3) + id3(30_000) + mp3(tmp, 6, seed=1), 9, 3, within=0.4),
    "joined, with an old tag between": Odd(
        lambda tmp: mp3(tmp, 3) + b"TAG" + bytes(125) + mp3(tmp, 6, seed=1) + b"TAG" + bytes(125), 9, 3, within=0.4
    ),
    "joined, bare": Odd(lambda tmp: mp3(tmp, 3, bare=True) + mp3(tmp, 6, bare=True, seed=1), 9, within=0.6),
    "joined, a call in two channels": Odd(
        lambda tmp: mp3(tmp, 2.5) + mp3(tmp, 6, channels=2, seed=1), 8.5, 2.5, 2, within=0.4
    ),
    "joined, at another rate": Odd(lambda tmp: mp3(tmp, 3) + mp3(tmp, 6, rate=44100), 9, 3, rate=44100, within=0.4),
    "joined, at a lower rate": Odd(
        lambda tmp: mp3(tmp, 3, rate=44100) + mp3(tmp, 6) + mp3(tmp, 3, rate=22050), 12, 3, rate=44100, within=0.5
    ),
    "a Xing header ten times too long": Odd(lambda tmp: xing(mp3(tmp, 6), 10), 6, 60, within=0.2),
    "the same, with its bytes": Odd(lambda tmp: xing(mp3(tmp, 6), 10, 10), 6, 60, within=0.2),
    "the same, at a variable bit rate": Odd(
        lambda tmp: xing(mp3(tmp, 6, rate=44100, vbr=True), 10), 6, 60, rate=44100, within=0.2
    ),
    "a Xing header for a tenth": Odd(lambda tmp: xing(mp3(tmp, 20), 0.1), 20, 2, within=0.2),
    **{
        f"{size} bytes of junk in front": Odd(lambda tmp, size=size: noise(size) + mp3(tmp, 6), 6, within=0.2)  # type: ignore[misc]
        for size in (1, 100, 6000, 70_000, 500_000)
    },
    "zeros in front": Odd(lambda tmp: bytes(6000) + mp3(tmp, 6), 6, within=0.2),
    "an answer's head in front": Odd(lambda tmp: b"HTTP/1.1 200 OK\r\nServer: x\r\n\r\n" + mp3(tmp, 6), 6, within=0.2),
    "a tag that says it is longer": Odd(lambda tmp: id3(300_000)[:400] + mp3(tmp, 6), 6, within=0.2),
    "a tag that says it is shorter": Odd(lambda tmp: id3(200) + noise(9000, 2) + mp3(tmp, 6), 6, within=0.2),
}
MP3S = {name: Odd(**{**vars(odd), "container": "mp3"}) for name, odd in MP3S.items()}

OTHERS: dict[str, Odd] = {
    "FLAC, joined": Odd(
        lambda tmp: encoded(tmp, "flac", "flac", 3) + encoded(tmp, "flac", "flac", 6), 9, 3, container="flac"
    ),
    "FLAC that says it is longer": Odd(lambda tmp: flac(tmp, 6, 10), 6, 60, container="flac"),
    "FLAC that says it is shorter": Odd(lambda tmp: flac(tmp, 9, 1 / 3), 9, 3, container="flac"),
    "FLAC behind junk": Odd(lambda tmp: noise(6000) + encoded(tmp, "flac", "flac"), 6, container="flac"),
    "AU": Odd(lambda _: au(pcm(5, order=">")), 5, container="au"),
    "AU without a size": Odd(lambda _: au(pcm(5, order=">"), size=2**32 - 1), 5, container="au"),
    "AU with a size for a third": Odd(lambda _: au(pcm(9, order=">"), size=48_000), 9, 3, container="au"),
    "AU, joined": Odd(lambda _: au(pcm(3, order=">")) + au(pcm(6, order=">")), 9, 3, container="au"),
    "AU in mu-law": Odd(lambda tmp: encoded(tmp, "au", "pcm_mulaw"), 6, container="au"),
    "AIFF": Odd(lambda _: aiff(pcm(5, order=">")), 5, container="aiff"),
    "AIFF without a size": Odd(lambda _: aiff(pcm(5, order=">"), size=-8), 5, container="aiff"),
    "AIFF with a size for a third": Odd(lambda _: aiff(pcm(9, order=">"), size=48_000), 9, 3, container="aiff"),
    "AIFF by an encoder": Odd(lambda tmp: encoded(tmp, "aiff", "pcm_s16be"), 6, container="aiff"),
    "AIFF-C": Odd(lambda tmp: encoded(tmp, "aiff", "pcm_s16le"), 6, container="aiff"),
    "AAC": Odd(lambda tmp: encoded(tmp, "adts", "aac", rate=16000), 6, rate=16000, container="aac", within=0.2),
    "AAC behind junk": Odd(
        lambda tmp: noise(6000) + encoded(tmp, "adts", "aac", rate=16000), 6, rate=16000, container="aac", within=0.2
    ),
    "AAC, joined": Odd(
        lambda tmp: 2 * encoded(tmp, "adts", "aac", 3, rate=16000), 6, rate=16000, container="aac", within=0.4
    ),
    "AMR": Odd(lambda tmp: encoded(tmp, "amr", "libopencore_amrnb"), 6, container="amr", within=0.05),
    "AMR, joined": Odd(lambda tmp: 2 * encoded(tmp, "amr", "libopencore_amrnb", 3), 6, container="amr", within=0.1),
    "Ogg, joined": Odd(
        lambda tmp: encoded(tmp, "ogg", "libopus", 3, rate=48000) + encoded(tmp, "ogg", "libopus", rate=48000),
        9,
        6,
        rate=48000,
        container="ogg",
        within=0.1,
    ),
    "AAC, joined with tags between": Odd(
        lambda tmp: encoded(tmp, "adts", "aac", 3, rate=16000) + id3(9000) + encoded(tmp, "adts", "aac", rate=16000),
        9,
        rate=16000,
        container="aac",
        within=0.4,
    ),
    "M4A that says it is longer": Odd(
        lambda tmp: patched(encoded(tmp, "ipod", "aac", rate=16000), b"mdhd", 20, 10),
        6,
        rate=16000,
        container="mp4",
        within=0.1,
    ),
    "M4A that says it is shorter": Odd(
        lambda tmp: patched(encoded(tmp, "ipod", "aac", 9, rate=16000), b"mdhd", 20, 1 / 3),
        9,
        3,
        rate=16000,
        container="mp4",
        within=0.1,
    ),
    "WebM that says it is longer": Odd(
        lambda tmp: webm(tmp, 60_000.0), 6, 60, rate=48000, container="matroska", within=0.1
    ),
    "WebM that says it is shorter": Odd(
        lambda tmp: webm(tmp, 2_000.0), 6, 2, rate=48000, container="matroska", within=0.1
    ),
    "3GP": Odd(lambda tmp: encoded(tmp, "3gp", "libopencore_amrnb"), 6, container="mp4", within=0.05),
    "GSM in WAV": Odd(lambda _: gsm(150), 6),
    "IMA ADPCM": Odd(lambda tmp: encoded(tmp, "wav", "adpcm_ima_wav"), 6, within=0.2),
    "MS ADPCM": Odd(lambda tmp: encoded(tmp, "wav", "adpcm_ms"), 6, within=0.2),
    "MS ADPCM in two channels": Odd(lambda tmp: encoded(tmp, "wav", "adpcm_ms", channels=2), 6, channels=2, within=0.2),
    "G.722": Odd(lambda tmp: encoded(tmp, "wav", "g722", rate=16000), 6, rate=16000),
    "MP3 in WAV": Odd(lambda tmp: encoded(tmp, "wav", "mp3", rate=16000), 6, rate=16000, within=0.2),
    "GSM in WAV, joined": Odd(lambda _: gsm(100) + gsm(75), 7, 4),
    "IMA ADPCM with a size for a part": Odd(
        lambda tmp: resized(encoded(tmp, "wav", "adpcm_ima_wav", 9), 1 / 3), 9, 3, within=0.3
    ),
}


def resized(data: bytes, factor: float) -> bytes:
    """A WAV file whose data is said to have another size."""
    place = data.index(b"data") + 4
    size = int.from_bytes(data[place : place + 4], "little")
    return data[:place] + struct.pack("<I", round(size * factor)) + data[place + 4 :]


def flac(tmp: Path, seconds: float, factor: float) -> bytes:
    """A FLAC file whose header names so many times its samples."""
    data = encoded(tmp, "flac", "flac", seconds)
    return patched(data, b"fLaC", 4 + 4 + 14, factor)


def webm(tmp: Path, milliseconds: float) -> bytes:
    """A WebM file of six seconds that names another length."""
    data = encoded(tmp, "webm", "libopus", rate=48000)
    place = data.index(b"\x44\x89\x88") + 3
    return data[:place] + struct.pack(">d", milliseconds) + data[place + 8 :]


def opposite(seconds: float, rate: int = 8000) -> Signal:
    """Two channels, each the other upside down."""
    samples = signal(seconds, rate)
    return np.concatenate([samples, -samples])

"""Which files Google decodes as they come: of those that it lists (`AutoDetectDecodingConfig`), the plain ones."""

from struct import unpack
from typing import BinaryIO, Final

WAV, FLAC, MP3, OPUS = "audio/wav", "audio/flac", "audio/mpeg", "audio/ogg"

_HEAD: Final = 64
_RATES: Final = range(8_000, 48_001)
_PCM, _ALAW, _MULAW = 1, 6, 7


def read_by_google(file: BinaryIO) -> str | None:
    """The media type of a file that it decodes; None where that is not certain, and the file is better decoded here."""
    file.seek(0, 2)
    size = file.tell()
    file.seek(0)
    head = file.read(_HEAD)
    if head[:4] == b"RIFF" and head[8:16] == b"WAVEfmt " and len(head) == _HEAD:
        return WAV if _is_plain_wav(head, size) else None
    if head[:4] == b"fLaC" and len(head) == _HEAD:
        # STREAMINFO comes first (RFC 9639): rate in 20 bits, channels in 3, width in 5.
        described = int.from_bytes(head[18:22], "big")
        return FLAC if described >> 12 in _RATES and (described >> 4 & 31) + 1 == 16 else None
    if head[:4] == b"OggS" and head[28:36] == b"OpusHead":
        return OPUS
    if head[:3] == b"ID3" and len(head) == _HEAD:
        # Each byte of the length has seven bits of it (ID3v2).
        length = sum((byte & 127) << 7 * place for place, byte in enumerate(reversed(head[6:10])))
        file.seek(10 + length)
        head = file.read(2)
    return MP3 if head[:1] == b"\xff" and head[1:2] and head[1] & 0xE6 == 0xE2 else None


def _is_plain_wav(head: bytes, size: int) -> bool:
    """16-bit samples, or eight by a telephone's law; as long as it says, which what was streamed is not."""
    (said,) = unpack("<I", head[4:8])
    kind, channels, rate = unpack("<HHI", head[20:28])
    (width,) = unpack("<H", head[34:36])
    known = (kind, width) in {(_PCM, 16), (_ALAW, 8), (_MULAW, 8)}
    return known and channels in {1, 2} and rate in _RATES and 36 < said + 8 <= size

"""What a FLAC file says of its length, and whether it breaks off (RFC 9639)."""

import os
from functools import cache
from typing import BinaryIO

_HEAD = 64 * 1024
_TAIL = 128 * 1024
_SYNCS = (b"\xff\xf8", b"\xff\xf9")


def declared_duration(file: BinaryIO) -> float | None:
    """Seconds by STREAMINFO, the first block of every file; None where it does not say."""
    file.seek(0)
    block = file.read(_HEAD)[4:]
    if len(block) < 38 or block[0] & 0x7F:
        return None
    packed = int.from_bytes(block[14:22], "big")
    rate, samples = packed >> 44, packed & 0xF_FFFF_FFFF
    return samples / rate if rate and samples else None


def is_whole(file: BinaryIO) -> bool:
    """Whether the file ends with a frame that is whole: its checksum comes out right."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    if tail[-128:-125] == b"TAG":
        tail = tail[:-128]
    position = len(tail)
    while (position := max(tail.rfind(sync, 0, position) for sync in _SYNCS)) >= 0:
        if _checksum(tail[position:]) == 0:
            return True
    return False


def _checksum(data: bytes) -> int:
    """CRC-16; over a frame with its own behind it, zero."""
    table, value = _table(), 0
    for byte in data:
        value = value << 8 & 0xFFFF ^ table[value >> 8 ^ byte]
    return value


@cache
def _table() -> list[int]:
    found = []
    for byte in range(256):
        value = byte << 8
        for _ in range(8):
            value = value << 1 ^ (0x18005 if value & 0x8000 else 0)
        found.append(value & 0xFFFF)
    return found

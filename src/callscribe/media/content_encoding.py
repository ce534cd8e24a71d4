"""Bodies that are stored compressed: `Content-Encoding: gzip` and `deflate` (RFC 9110, section 8.4.1).

What comes out comes in pieces, so that its reader can stop a body that grows without end.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from callscribe.errors import CallscribeError

_PIECE: Final = 256 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_IDENTITY: Final = frozenset({"", "identity"})
_GZIP_NAMES: Final = frozenset({"gzip", "x-gzip"})


class EncodingError(CallscribeError):
    """A body that cannot be unpacked. `truncated`: it ends early, so that another attempt may bring the rest."""

    def __init__(self, message: str, *, truncated: bool = False) -> None:
        super().__init__(message)
        self.truncated = truncated


def is_encoded(encoding: str) -> bool:
    """Whether a body with this `Content-Encoding` has another length than what is in it."""
    return encoding.strip().lower() not in _IDENTITY


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """What is in a body, in pieces of at most 256 KiB.

    A body that is said to be gzip and does not begin like it is passed on: some hosts name the encoding and have
    undone it.

    Raises:
        EncodingError: it ends early, is damaged, or is in another encoding.
    """
    name = encoding.strip().lower()
    if name in _IDENTITY:
        yield from pieces
    elif name in _GZIP_NAMES or name == "deflate":
        yield from _inflated(iter(pieces), gzip=name != "deflate")
    else:
        raise EncodingError(f"the host sent it in the encoding {name[:40]!r}, which is neither gzip nor deflate")


def _inflated(pieces: Iterator[bytes], *, gzip: bool) -> Iterator[bytes]:
    start = b""
    while len(start) < 2 and (piece := next(pieces, b"")):
        start += piece
    if gzip and start[:2] != b"\x1f\x8b":
        yield start
        yield from pieces
        return
    # "deflate" means zlib's format, and is sent by some hosts without its head.
    bits = _GZIP if gzip else (zlib.MAX_WBITS if _is_zlib(start) else -zlib.MAX_WBITS)
    stream = zlib.decompressobj(bits)
    try:
        while start:
            yield stream.decompress(start, _PIECE)
            while not stream.eof and stream.unconsumed_tail:
                yield stream.decompress(stream.unconsumed_tail, _PIECE)
            start = b""
            if stream.eof and gzip and (start := stream.unused_data):
                if start[:1] != b"\x1f":
                    break  # padding behind the end, which gzip ignores as well
                stream = zlib.decompressobj(bits)  # a further member of the file
            start = start or next(pieces, b"")
        if rest := stream.flush():
            yield rest
    except zlib.error as error:
        raise EncodingError("what the host sent cannot be unpacked") from error
    if not stream.eof:
        raise EncodingError("the connection broke before the end", truncated=True)


def _is_zlib(start: bytes) -> bool:
    return len(start) >= 2 and start[0] & 15 == 8 and int.from_bytes(start[:2], "big") % 31 == 0

"""Sealing: what lies on a disk or in a bucket is read, and changed unseen, by nobody who has not its key.

The form is STREAM (Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption and its Nonce-Reuse
Misuse-Resistance", CRYPTO 2015) with AES-256-GCM, much as Google's Tink has it ("AES-GCM-HKDF Streaming AEAD"):

    header   32 bytes: `MAGIC`, the name of the key (8 bytes), salt (16 random bytes)
    pieces   `PIECE` bytes each, with a tag of 16 behind them; the last may be shorter, and is empty in an empty object

Every object is sealed with a key of its own: HKDF-SHA-256 of the key, with the header as salt. A piece's nonce is 7
bytes of zero, its number (4 bytes, big-endian) and whether it is the last (1 byte). So no piece takes another's place,
in its object or in another, none can be left away, and a range is read by reading the pieces that it lies in.
"""

import hashlib
import io
import os
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path, PosixPath
from typing import Any, BinaryIO, Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from callscribe.errors import Code, KeyUnknown, SealBroken

MAGIC: Final = b"\xc5sealed\x01"
"""What sealed objects begin with; the last byte is the version of the form. No text in UTF-8 begins so."""

KEY_BYTES: Final = 32
PIECE: Final = 64 * 1024
HEADER: Final = 32
TAG: Final = 16

NAME_BYTES: Final = 8
_LAST_PIECE = 2**32 - 1


def new_key() -> bytes:
    """A key for `seal`: 32 random bytes."""
    return os.urandom(KEY_BYTES)


def key_name(key: bytes) -> bytes:
    """What the header calls a key: 8 bytes that tell nothing of it."""
    return hashlib.sha256(b"callscribe key name\0" + key).digest()[:NAME_BYTES]


def derived(key: bytes, purpose: bytes, size: int = KEY_BYTES) -> bytes:
    """A key for something else, which says nothing of this one."""
    return HKDF(SHA256(), size, salt=None, info=purpose).derive(key)


class Keyring:
    """Keys of which the first seals, and each opens what was sealed with it."""

    def __init__(self, current: bytes, *others: bytes) -> None:
        self.current = current
        self.keys = (current, *others)
        self._by_name = {key_name(key): key for key in reversed(self.keys)}

    def find(self, name: bytes) -> bytes:
        """The key of a name.

        Raises:
            KeyUnknown: it is not among these.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyUnknown(Code.JOB_INTERNAL, f"sealed with a key ({name.hex()}) that is not at hand") from None


Keys = bytes | Keyring
"""A key; or several, where what was sealed with an older one is still read."""


def is_sealed(start: bytes) -> bool:
    """Whether an object that begins with these bytes (8 and more of them) is a sealed one."""
    return start.startswith(MAGIC)


def name_in(header: bytes) -> bytes:
    """The name of the key that an object was sealed with which begins so."""
    return header[len(MAGIC) : len(MAGIC) + NAME_BYTES]


def plain_size(sealed_size: int) -> int:
    """Bytes that are in a sealed object of so many bytes.

    Raises:
        SealBroken: no sealed object has this size.
    """
    body = sealed_size - HEADER
    pieces = max(1, -(-body // (PIECE + TAG)))
    size = body - pieces * TAG
    if size < 0 or (size <= (pieces - 1) * PIECE and pieces > 1):
        raise SealBroken(Code.JOB_INTERNAL, "a sealed object was cut short")
    return size


def sealed_size(size: int) -> int:
    """Bytes of the sealed object in which so many are."""
    return HEADER + size + max(1, -(-size // PIECE)) * TAG


def seal(key: Keys, data: bytes) -> bytes:
    """Data as a sealed object."""
    return b"".join(sealing(key, (data,)))


def unseal(key: Keys, data: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        KeyUnknown: it was sealed with another key.
        SealBroken: it is no sealed object, or not as it was sealed.
    """
    pieces = Pieces.of(data[:HEADER], len(data), key)
    return pieces.unseal(0, data[HEADER:])


def sealing(key: Keys, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """A sealed object of what comes in chunks of any size, in pieces as they are ready."""
    sealer = _Sealer(key)
    yield sealer.header
    for chunk in chunks:
        yield from sealer.push(chunk)
    yield sealer.finish()


async def sealing_async(key: Keys, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The same from coroutines."""
    sealer = _Sealer(key)
    yield sealer.header
    async for chunk in chunks:
        for piece in sealer.push(chunk):
            yield piece
    yield sealer.finish()


def unsealing(key: Keys, sealed_size: int, chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What is in a sealed object of so many bytes, which comes in chunks of any size. Raises what `unseal` raises."""
    pieces: Pieces | None = None
    number, held = 0, bytearray()
    for chunk in chunks:
        held += chunk
        if pieces is None and len(held) >= HEADER:
            pieces = Pieces.of(bytes(held[:HEADER]), sealed_size, key)
            del held[:HEADER]
        if pieces is not None and (whole := len(held) // (PIECE + TAG)):
            end = whole * (PIECE + TAG)
            yield pieces.unseal(number, memoryview(held)[:end].tobytes())
            number += whole
            del held[:end]
    if pieces is None:
        pieces = Pieces.of(bytes(held), sealed_size, key)
    if held:
        yield pieces.unseal(number, bytes(held))
        number += 1
    if number != pieces.number:
        raise SealBroken(Code.JOB_INTERNAL, "a sealed object was cut short")


class Pieces:
    """The pieces of one sealed object, to be opened in any order. It has that object's own key, and no other.

    Args:
        object_key: what `object_key` gives.
        sealed_size: bytes of the sealed object.

    Raises:
        SealBroken: no sealed object has this size.
    """

    def __init__(self, object_key: bytes, sealed_size: int) -> None:
        self.size = plain_size(sealed_size)
        self.number = max(1, -(-self.size // PIECE))
        self._cipher = AESGCM(object_key)

    @classmethod
    def of(cls, header: bytes, sealed_size: int, keys: Keys) -> Self:
        """Of the object that begins with this header. Raises what `unseal` raises."""
        return cls(object_key(keys, header), sealed_size)

    def place(self, number: int) -> tuple[int, int]:
        """Where, in the sealed object, a piece lies."""
        start = HEADER + number * (PIECE + TAG)
        return start, min(start + PIECE + TAG, HEADER + self.size + self.number * TAG)

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where, in the sealed object, the pieces lie that have its bytes `start` to `end`, the latter excluded."""
        last = max(start, min(end, self.size) - 1)
        return self.place(start // PIECE)[0], self.place(last // PIECE)[1]

    def cut(self, start: int, end: int, sealed: bytes) -> bytes:
        """Bytes `start` to `end` of the object, of which `sealed` is what lies in their `span`. Raises as `unseal`."""
        first = start // PIECE
        return self.unseal(first, sealed)[start - first * PIECE : end - first * PIECE] if start < self.size else b""

    def unseal(self, first: int, sealed: bytes) -> bytes:
        """Pieces from the `first` on, as they lie behind each other.

        Raises:
            SealBroken: they are not as they were sealed.
        """
        opened = []
        view = memoryview(sealed)
        for number, start in enumerate(range(0, max(1, len(sealed)), PIECE + TAG), first):
            nonce = _nonce(number, is_last=number == self.number - 1)
            try:
                opened.append(self._cipher.decrypt(nonce, view[start : start + PIECE + TAG], None))
            except (InvalidTag, ValueError):
                raise SealBroken(Code.JOB_INTERNAL, "a sealed object is not as it was sealed") from None
        return opened[0] if len(opened) == 1 else b"".join(opened)


def object_key(keys: Keys, header: bytes) -> bytes:
    """The key with which alone the object is read that begins with this header. Raises what `unseal` raises."""
    if len(header) < HEADER or not is_sealed(header):
        raise SealBroken(Code.JOB_INTERNAL, "this is not a sealed object")
    ring = keys if isinstance(keys, Keyring) else Keyring(keys)
    key = ring.find(name_in(header))
    return HKDF(SHA256(), KEY_BYTES, salt=header[:HEADER], info=b"callscribe sealed object").derive(key)


class SealedReader(io.RawIOBase):
    """A sealed file, read as if it were not: any range, with one piece in memory.

    Args:
        file: open for reading; it is read from its beginning, and closed with this.
        keys: those it may be sealed with.
        of_object: in place of `keys` its own key, for a reader that is to have no other.

    Raises:
        KeyUnknown: it was sealed with another key.
        SealBroken: it is no sealed object, or, also while it is read, not as it was sealed.
    """

    def __init__(self, file: BinaryIO, keys: Keys | None = None, *, of_object: bytes | None = None) -> None:
        self._file = file
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        header = file.read(HEADER)
        if of_object is None:
            if keys is None:
                raise TypeError("a key is needed")
            of_object = object_key(keys, header)
        self._pieces = Pieces(of_object, size)
        self._position = 0
        self._number = -1
        self._piece = b""

    @property
    def size(self) -> int:
        """Bytes that are in it."""
        return self._pieces.size

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """As with any file."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError("a position is not negative")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """As with any file."""
        return self._position

    def readinto(self, buffer: Any, /) -> int:
        """As with any file: what is left of one piece at most."""
        view = memoryview(buffer).cast("B")
        if not view or self._position >= max(1, self.size):  # an empty one's piece is looked at as well
            return 0
        number, offset = divmod(self._position, PIECE)
        if number != self._number:
            start, end = self._pieces.place(number)
            self._file.seek(start)
            self._piece, self._number = self._pieces.unseal(number, self._file.read(end - start)), number
        part = memoryview(self._piece)[offset : offset + len(view)]
        view[: len(part)] = part
        self._position += len(part)
        return len(part)

    def close(self) -> None:
        """As with any file."""
        if not self.closed:
            self._file.close()
        super().close()


class SealedPath(PosixPath):
    """The path of a sealed file, which opens for reading as if it were not: with the key of that object alone.

    Who opens it by another way, such as a library that is given its name, finds it sealed.
    """

    object_key: bytes

    @classmethod
    def of(cls, path: Path, key: bytes) -> Self:
        """Of a file, and its object's own key."""
        sealed = cls(path)
        sealed.object_key = key
        return sealed

    def reader(self) -> io.BufferedReader:
        """Open for reading, in plain."""
        return io.BufferedReader(SealedReader(Path(self).open("rb"), of_object=self.object_key), PIECE)

    def open(self, mode: str = "r", *_: Any, **__: Any) -> Any:
        """As `Path.open`, for reading bytes."""
        if mode != "rb":
            raise io.UnsupportedOperation("a sealed file is opened for reading bytes")
        return self.reader()


class _Sealer:
    """Cuts what comes into pieces, and holds back one, which may be the last."""

    def __init__(self, keys: Keys) -> None:
        key = keys.current if isinstance(keys, Keyring) else keys
        self.header = MAGIC + key_name(key) + os.urandom(HEADER - len(MAGIC) - NAME_BYTES)
        self._cipher = AESGCM(object_key(key, self.header))
        self._held = bytearray()
        self._number = 0

    def push(self, chunk: bytes) -> Iterator[bytes]:
        """What is ready with this chunk."""
        self._held += chunk
        ready = (len(self._held) - 1) // PIECE
        if ready <= 0:
            return
        with memoryview(self._held) as view:
            for start in range(0, ready * PIECE, PIECE):
                yield self._seal(view[start : start + PIECE].tobytes(), is_last=False)
        del self._held[: ready * PIECE]

    def finish(self) -> bytes:
        """The last piece."""
        return self._seal(bytes(self._held), is_last=True)

    def _seal(self, piece: bytes, *, is_last: bool) -> bytes:
        if self._number > _LAST_PIECE:
            raise OverflowError("an object of more than 256 TiB")
        sealed = self._cipher.encrypt(_nonce(self._number, is_last=is_last), piece, None)
        self._number += 1
        return sealed


def _nonce(number: int, *, is_last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4) + bytes([is_last])

"""A file made of stretches of another one and of bytes put in between, without a copy."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import BinaryIO


class Spliced(io.RawIOBase):
    """Reads parts one behind another: bytes as they are, and a `range` as those of `file`, which is seekable."""

    def __init__(self, file: BinaryIO, parts: Sequence[bytes | range]) -> None:
        super().__init__()
        self._file = file
        self._parts = [part for part in parts if len(part)]
        self._ends = list(accumulate(map(len, self._parts)))
        self._position = 0

    @property
    def size(self) -> int:
        """Bytes in all."""
        return self._ends[-1] if self._ends else 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes from the beginning."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As every file does."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def read(self, size: int = -1) -> bytes:
        """So many bytes, fewer only at the end."""
        left = max(0, self.size - self._position)
        left = left if size < 0 else min(left, size)
        found = []
        while left:
            number = bisect_right(self._ends, self._position)
            part = self._parts[number]
            offset = self._position - (self._ends[number] - len(part))
            if isinstance(part, range):
                self._file.seek(part.start + offset)
                piece = self._file.read(min(left, len(part) - offset))
            else:
                piece = part[offset : offset + left]
            if not piece:  # the file has become shorter
                break
            found.append(piece)
            self._position += len(piece)
            left -= len(piece)
        return b"".join(found)

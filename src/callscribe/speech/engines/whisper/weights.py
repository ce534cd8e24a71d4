"""Reads the weights of a CTranslate2 model, which is the form that the catalogue has them in.

The file is a header, a list of named arrays, and a list of further names for some of them
(`python/ctranslate2/specs/model_spec.py`, `_serialize`, of https://github.com/OpenNMT/CTranslate2): lengths
little-endian, strings ended by a zero byte.
"""

import mmap
import struct
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt

from callscribe.errors import SetupError

_VERSION: Final = 6
_TYPES: Final = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


class MappedFile:
    """A file as an array of bytes: nothing is read before it is used, and what was read need not stay in memory."""

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)  # some readers want to be able to write
        self.bytes: npt.NDArray[np.uint8] = np.frombuffer(self._map, np.uint8)

    def let_go(self) -> None:
        """Give back the memory of what was read; it is read again when it is used again."""
        self._map.madvise(mmap.MADV_DONTNEED)


class Weights:
    """The arrays of a model, in its file."""

    def __init__(self, file: MappedFile) -> None:
        self._file = file
        self._arrays = _arrays(file.bytes)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """The weights in a model's folder.

        Raises:
            SetupError: the file is of another version, or not such a model.
        """
        path = folder / "model.bin"
        try:
            return cls(MappedFile(path))
        except (KeyError, ValueError, struct.error) as error:
            raise SetupError(f"{path} cannot be read as a CTranslate2 model: {error}") from error

    @classmethod
    def find(cls, folder: Path) -> Self | None:
        """The weights, or None where only CTranslate2 knows what to do with them: quantised, or of another version."""
        try:
            weights = cls.read(folder)
        except SetupError:
            return None
        return None if weights.is_quantized else weights

    def __getitem__(self, name: str) -> npt.NDArray[np.float32]:
        """An array by its name, as float32."""
        return self._arrays[name].astype(np.float32)

    def stored(self, name: str) -> npt.NDArray[Any]:
        """An array by its name, as it is in the file."""
        return self._arrays[name]

    def number(self, name: str) -> int:
        """A whole number by its name."""
        return int(self._arrays[name])

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array."""
        return self._arrays[name].shape

    def layers(self, part: str) -> int:
        """How many layers the `encoder` or `decoder` has."""
        names = {name.split("/")[1] for name in self._arrays if name.startswith(f"{part}/layer_")}
        return len(names - {"layer_norm"})

    def let_go(self) -> None:
        """Give back the memory of what was read of the file."""
        self._file.let_go()

    @property
    def is_quantized(self) -> bool:
        """Whether the linear layers are stored as whole numbers with scales."""
        return any(name.endswith("/weight_scale") for name in self._arrays)


def _arrays(data: npt.NDArray[np.uint8]) -> dict[str, npt.NDArray[Any]]:
    reader = _Reader(data)
    version = reader.number("I")
    if version != _VERSION:
        raise ValueError(f"version {version} of the format is not known")
    reader.string()  # the name of the kind of model
    reader.number("I")  # and its revision
    arrays = {}
    for _ in range(reader.number("I")):
        name = reader.string()
        shape = tuple(reader.number("I") for _ in range(reader.number("B")))
        kind = np.dtype(_TYPES[reader.number("B")])
        arrays[name] = reader.take(reader.number("I")).view(kind).reshape(shape)
    for _ in range(reader.number("I")):  # arrays that are alike are written once, such as norms of a fresh layer
        name = reader.string()
        arrays[name] = arrays[reader.string()]
    return arrays


class _Reader:
    def __init__(self, data: npt.NDArray[np.uint8]) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> npt.NDArray[np.uint8]:
        self._at += size
        return self._data[self._at - size : self._at]

    def number(self, format_: str) -> int:
        layout = struct.Struct(f"<{format_}")
        (value,) = layout.unpack(self.take(layout.size).tobytes())
        return int(value)

    def string(self) -> str:
        return self.take(self.number("H")).tobytes().rstrip(b"\0").decode()

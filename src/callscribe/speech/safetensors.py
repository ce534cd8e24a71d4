"""Reads files in the safetensors format (https://github.com/huggingface/safetensors, "Format").

A file is a length of eight bytes, a header in JSON that says of each array its type, shape and place, and the arrays'
bytes. Nothing in it is code. The library of that name is not used: for numpy it gives no arrays in bfloat16.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.errors import SetupError
from callscribe.speech.transformers_folder import weight_files

_LONGEST_HEADER: Final = 100 * 2**20
"""Bytes; the format's own limit."""

_BFLOAT16: Final = "BF16"
_TYPES: Final[dict[str, np.dtype[Any]]] = {
    "F64": np.dtype("<f8"),
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    _BFLOAT16: np.dtype("<u2"),  # its bits: numpy does not know it
}


class Tensors:
    """The arrays of a folder's model. They stay in their files: what is asked for is read."""

    def __init__(self, folder: Path) -> None:
        """Read the headers.

        Raises:
            SetupError: a file is missing or damaged.
        """
        self._arrays: dict[str, tuple[npt.NDArray[Any], bool]] = {}
        for path in weight_files(folder):
            try:
                for name, array, is_bfloat16 in _read(path):
                    self._arrays[name] = array, is_bfloat16
            except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise SetupError(f"{path} cannot be read as safetensors: {error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self._arrays

    def __getitem__(self, name: str) -> npt.NDArray[np.floating[Any]]:
        """An array by its name: as it is stored, and from bfloat16 as float32.

        Raises:
            KeyError: there is none.
        """
        array, is_bfloat16 = self._arrays[name]
        return (array.astype(np.uint32) << 16).view(np.float32) if is_bfloat16 else array


def _read(path: Path) -> Iterator[tuple[str, npt.NDArray[Any], bool]]:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 0 < length <= min(_LONGEST_HEADER, size - 8):
            raise ValueError("its header is longer than the file")
        header = json.loads(file.read(length))
    header.pop("__metadata__", None)
    places = sorted(tuple(entry["data_offsets"]) for entry in header.values())
    end = size - 8 - length
    if [0, *(stop for _, stop in places)] != [*(start for start, _ in places), end]:
        raise ValueError("its arrays do not fill it, one behind the other")
    data: npt.NDArray[np.uint8] = np.memmap(path, np.uint8, "r", offset=8 + length) if end else np.zeros(0, np.uint8)
    for name, entry in header.items():
        kind, (start, stop) = entry["dtype"], entry["data_offsets"]
        if kind in _TYPES:  # counters and the like are of no use here
            array: npt.NDArray[Any] = np.frombuffer(data[start:stop], _TYPES[kind])
            yield name, array.reshape(entry["shape"]), kind == _BFLOAT16

"""Weights out of a PyTorch file, without PyTorch.

The format (https://docs.pytorch.org/docs/stable/notes/serialization.html) is a zip with a pickle, which names each
tensor's storage, shape and strides, and one raw file a storage. The pickle is read by an unpickler that knows how to
make dictionaries and arrays and turns every other name into an object that does nothing, so no file can run code.
"""

import collections
import pickle
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.errors import SetupError

Weights = dict[str, npt.NDArray[np.float32]]
"""Arrays by the names of the network's `state_dict`."""

_TYPES: Final = {"FloatStorage": "<f4", "HalfStorage": "<f2", "DoubleStorage": "<f8", "LongStorage": "<i8"}


class _Inert:
    """Stands for all else that a checkpoint holds: it can be made from anything, and does nothing."""

    def __init__(self, *args: Any, **kwargs: Any) -> None: ...

    def __setstate__(self, state: Any) -> None: ...


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, folder: str) -> None:
        super().__init__(archive.open(f"{folder}/data.pkl"))
        self._archive = archive
        self._folder = folder
        self._storages: dict[str, npt.NDArray[Any]] = {}

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return collections.OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _TYPES:
            return np.dtype(_TYPES[name])
        return _Inert

    def persistent_load(self, pid: Any) -> npt.NDArray[Any]:
        _, dtype, key, *_ = pid
        if key not in self._storages:
            self._storages[key] = np.frombuffer(self._archive.read(f"{self._folder}/data/{key}"), dtype)
        return self._storages[key]


def read_checkpoint(path: Path) -> Weights:
    """Every array of a checkpoint by its name; whole numbers, which only count training steps, are left out.

    Raises:
        SetupError: the file cannot be read, or is none of this kind.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            folder = archive.namelist()[0].partition("/")[0]
            content = _Unpickler(archive, folder).load()
        state = content.get("state_dict", content)
        return {
            name: np.ascontiguousarray(value, np.float32)
            for name, value in state.items()
            if isinstance(value, np.ndarray) and value.dtype.kind == "f"
        }
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, KeyError, ValueError, AttributeError) as error:
        raise SetupError(f"{path} cannot be read as a PyTorch checkpoint ({error}).") from error


def _tensor(
    storage: npt.NDArray[Any], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> npt.NDArray[Any]:
    """A view on a storage; strides count elements, and what lies outside is refused."""
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if min(offset, *strides, 0) < 0 or last >= len(storage):
        raise ValueError("a tensor lies outside its storage")
    steps = tuple(stride * storage.itemsize for stride in strides)
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, steps, writeable=False)

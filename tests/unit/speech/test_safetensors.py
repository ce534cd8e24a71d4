import json
from pathlib import Path

import numpy as np
import pytest

from callscribe.errors import SetupError
from callscribe.speech.safetensors import Tensors
from callscribe.speech.transformers_folder import weight_files
from whisper_folders import write_safetensors

ARRAYS = {"a.weight": np.array([[0.5, -2.0], [1.5, 3.0]], np.float32), "b": np.arange(3, dtype=np.float32)}


@pytest.mark.parametrize("kind", ["F32", "F16", "BF16"])
def test_arrays_of_each_type_read(tmp_path: Path, kind: str) -> None:
    write_safetensors(tmp_path / "model.safetensors", ARRAYS, kind)
    tensors = Tensors(tmp_path)
    assert tensors["a.weight"].shape == (2, 2)
    for name, array in ARRAYS.items():
        assert name in tensors
        np.testing.assert_array_equal(tensors[name], array)
    assert "c" not in tensors


def test_model_in_several_files_read(tmp_path: Path) -> None:
    parts = {"a.weight": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    for name, file in parts.items():
        write_safetensors(tmp_path / file, {name: ARRAYS[name]})
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))
    assert weight_files(tmp_path) == [tmp_path / file for file in parts.values()]
    tensors = Tensors(tmp_path)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(tensors[name], array)


def _damaged(content: bytes, how: str) -> bytes:
    if how == "cut":
        return content[:-1]
    if how == "header":
        return b"\xff" * 7 + b"\x00" + content[8:]
    if how == "overlap":
        return content.replace(b"[16, 28]", b"[12, 28]")
    return content.replace(b'"shape": [2, 2]', b'"shape": [2, 3]')


@pytest.mark.parametrize("how", ["cut", "header", "overlap", "shape"])
def test_damaged_file_says_which(tmp_path: Path, how: str) -> None:
    path = tmp_path / "model.safetensors"
    write_safetensors(path, ARRAYS)
    path.write_bytes(_damaged(path.read_bytes(), how))
    with pytest.raises(SetupError, match=r"model\.safetensors cannot be read as safetensors"):
        Tensors(tmp_path)


def test_folder_without_such_model_has_no_files(tmp_path: Path) -> None:
    assert weight_files(tmp_path) == []
    (tmp_path / "model.safetensors.index.json").write_text("[]")
    assert weight_files(tmp_path) == []

import struct
from pathlib import Path

import numpy as np
import pytest

from callscribe.errors import SetupError
from callscribe.speech.engines.whisper.weights import Weights


def written(
    folder: Path, arrays: dict[str, np.ndarray], version: int = 6, aliases: dict[str, str] | None = None
) -> Path:
    """A file as CTranslate2 writes it."""
    kinds = {"float32": 0, "int8": 1, "int16": 2, "int32": 3, "float16": 4}

    def string(text: str) -> bytes:
        return struct.pack("<H", len(text) + 1) + text.encode() + b"\0"

    parts = [struct.pack("<I", version), string("WhisperSpec"), struct.pack("<II", 3, len(arrays))]
    for name, array in arrays.items():
        parts += [string(name), struct.pack(f"<B{array.ndim}I", array.ndim, *array.shape)]
        parts += [struct.pack("<BI", kinds[array.dtype.name], array.nbytes), array.tobytes()]
    parts.append(struct.pack("<I", len(aliases or {})))
    parts += [string(name) for each in (aliases or {}).items() for name in each]
    (folder / "model.bin").write_bytes(b"".join(parts))
    return folder


def test_arrays_read_as_written(tmp_path: Path) -> None:
    matrix = np.arange(6, dtype=np.float16).reshape(2, 3)
    folder = written(
        tmp_path,
        {
            "decoder/layer_0/ffn/linear_0/weight": matrix,
            "decoder/layer_1/ffn/linear_0/weight": matrix,
            "decoder/layer_norm/beta": np.ones(2, np.float32),
            "decoder/num_heads": np.array(8, np.int16),
        },
    )
    weights = Weights.read(folder)
    np.testing.assert_array_equal(weights["decoder/layer_0/ffn/linear_0/weight"], matrix)
    assert weights["decoder/layer_0/ffn/linear_0/weight"].dtype == np.float32
    assert weights.stored("decoder/layer_0/ffn/linear_0/weight").dtype == np.float16
    assert weights.shape("decoder/layer_1/ffn/linear_0/weight") == (2, 3)
    assert weights.number("decoder/num_heads") == 8
    assert weights.layers("decoder") == 2
    assert not weights.is_quantized


def test_array_written_once_has_all_its_names(tmp_path: Path) -> None:
    gamma = np.ones(2, np.float16)
    folder = written(
        tmp_path, {"decoder/layer_0/gamma": gamma}, aliases={"encoder/layer_0/gamma": "decoder/layer_0/gamma"}
    )
    weights = Weights.read(folder)
    np.testing.assert_array_equal(weights["encoder/layer_0/gamma"], gamma)
    assert weights.layers("encoder") == 1


def test_quantised_weights_told_apart(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        {"encoder/conv1/weight": np.ones((2, 2), np.int8), "encoder/conv1/weight_scale": np.ones(2, np.float32)},
    )
    assert Weights.read(folder).is_quantized
    assert Weights.find(folder) is None


@pytest.mark.parametrize("damage", ["version", "short"])
def test_non_model_file_says_so(tmp_path: Path, damage: str) -> None:
    folder = written(tmp_path, {"a": np.ones(100, np.float32)}, version=7 if damage == "version" else 6)
    if damage == "short":
        file = folder / "model.bin"
        file.write_bytes(file.read_bytes()[:60])
    with pytest.raises(SetupError, match="cannot be read as a CTranslate2 model"):
        Weights.read(folder)
    assert Weights.find(folder) is None

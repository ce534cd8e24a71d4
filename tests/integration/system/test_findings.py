"""What is wrong is found, and it is said what to do."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.system.findings import findings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path, model="tiny.en")
    database, _ = prepare(settings)
    database.close()
    return settings


def wrong(settings: Settings) -> dict[str, str]:
    """What is not well, by subject."""
    return {each.subject: each.text for each in findings(settings, trying=False) if not each.well}


def test_nothing_is_wrong_after_a_start(settings: Settings) -> None:
    assert wrong(settings) == {}


def test_no_password_is_shown(settings: Settings, tmp_path: Path) -> None:
    blobs = (tmp_path / "blobs").as_uri().replace("file://", "file://user:secret@localhost")
    found = findings(settings.model_copy(update={"blobs_url": blobs}), trying=False)
    shown = {each.subject: each.text for each in found}["blob store"]
    assert shown == f"file://***@localhost{tmp_path}/blobs: written, read and deleted"


def test_each_fault_is_found_by_its_subject(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blobs = settings.model_copy(update={"blobs_url": (tmp_path / "file" / "blobs").as_uri()})
    assert "CALLSCRIBE_BLOBS_URL" in wrong(blobs)["blob store"]
    full = settings.model_copy(update={"disk_keep_free": 2**62})
    assert "make room" in wrong(full)["disk"]
    missing = settings.model_copy(update={"model": "large-v3"})
    assert "callscribe models pull large-v3" in wrong(missing)["model"]
    for changed, told in (
        ({"routes": "deepgram"}, "CALLSCRIBE_ROUTES"),
        ({"engine_audio_hours": "deepgrm=1"}, "CALLSCRIBE_ENGINE_AUDIO_HOURS: nothing is sent to 'deepgrm'"),
        ({"prices": "cheap"}, "CALLSCRIBE_PRICES"),
        ({"deepgram_api_key": SecretStr("a key")}, "CALLSCRIBE_DEEPGRAM_API_KEY"),
    ):
        assert told in wrong(settings.model_copy(update=changed))["engines"]
    hosts = settings.model_copy(update={"media_allow": ("http://not a host",)})
    assert "is not understood" in wrong(hosts)["allow-lists"]

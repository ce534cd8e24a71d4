"""Which engine and model a command means by a name, and what cannot take part in an evaluation."""

from pathlib import Path

import pytest

from callscribe.errors import SetupError
from callscribe.evaluation.running import check
from callscribe.settings import Settings
from callscribe.speech.by_name import meant, stands_in
from callscribe.speech.engines.served_by import ServedBy
from second_engine import SERVED_BY, LoudnessDeclaration, ProviderDeclaration, registered

BASE = ServedBy("whisper", "base")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "served_by"),
    [
        ("whisper/tiny.en", ServedBy("whisper", "tiny.en")),
        ("tiny.en", ServedBy("whisper", "tiny.en")),
        ("whisper", BASE),
        ("/models/own", ServedBy("whisper", "/models/own")),
        ("whisper/elsewhere", ServedBy("whisper", "whisper/elsewhere")),  # a folder
    ],
)
def test_own_engines(settings: Settings, name: str, served_by: ServedBy) -> None:
    assert meant(name, "en-US", settings) == served_by
    assert not stands_in(name, served_by, settings)


@pytest.mark.parametrize("name", ["deepgram/nova-3", "deepgram", "google/chirp_2", "twilio_managed"])
def test_what_stands_in_is_known(settings: Settings, name: str) -> None:
    assert meant(name, "en-US", settings) == BASE
    assert stands_in(name, BASE, settings)


def test_nothing_stands_in_where_that_is_forbidden(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_ROUTES"):
        meant("deepgram/nova-3", "en-US", Settings(data_dir=tmp_path, routes="none"))


def test_a_provider_is_meant_where_it_can_be_used(settings: Settings) -> None:
    with registered(ProviderDeclaration()):
        found = meant("deepgram/nova-3", "en-US", settings)
        assert found == meant("deepgram", "en-US", settings) == ServedBy("deepgram", "nova-3")
        assert not stands_in("deepgram", found, settings)


def test_a_provider_is_not_asked_where_the_route_is_local(tmp_path: Path) -> None:
    local = Settings(data_dir=tmp_path, routes="deepgram=local")
    with registered(ProviderDeclaration()):
        assert meant("deepgram/nova-3", "en-US", local) == BASE
        assert stands_in("deepgram/nova-3", BASE, local)


def test_what_cannot_take_part_is_said(settings: Settings) -> None:
    with registered(LoudnessDeclaration()):
        check(SERVED_BY, ["en-US"], settings, keyterms=False)
        with pytest.raises(SetupError, match=r"loudness/seconds cannot take part: .*de-DE"):
            check(SERVED_BY, ["en-US", "de-DE"], settings, keyterms=False)
    with pytest.raises(SetupError, match="loudness/seconds cannot take part"):
        check(SERVED_BY, ["en-US"], settings, keyterms=False)

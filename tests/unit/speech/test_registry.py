"""Engines by name: what they say of themselves without being loaded, and who stands in for whom."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.abilities import here, prepare_models
from callscribe.speech.engines import registry
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.registry import Engines
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.routes import check, check_served, default_model, engine_names, resolve
from second_engine import SERVED_BY, LoudnessDeclaration, LoudnessEngine, ProviderDeclaration, registered

SETTINGS = Settings(model="base")


@pytest.fixture
def loudness() -> Iterator[EngineDeclaration]:
    with registered(LoudnessDeclaration()) as declaration:
        yield declaration


@pytest.mark.parametrize("module", ["speech.engines.registry", "speech.routes", "transcriptions.service"])
def test_engines_load_only_when_used(module: str) -> None:
    code = f"""
import sys, callscribe.{module}
heavy = {{"openvino", "ctranslate2", "faster_whisper", "tokenizers", "callscribe.speech.engines.whisper.engine"}}
print(*sorted(heavy & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""


def test_written_as_engine_and_model() -> None:
    own = ServedBy("whisper", "/models/our own: v2")
    assert str(own) == "whisper//models/our own: v2"
    assert ServedBy.parse(str(own)) == own


def test_bare_names_mean_default_engine(loudness: EngineDeclaration) -> None:
    assert registry.named("base") == ServedBy("whisper", "base")
    assert registry.named("/models/own") == ServedBy("whisper", "/models/own")
    assert registry.named("whisper/own") == ServedBy("whisper", "whisper/own"), "a folder"
    assert registry.named("loudness/seconds") == SERVED_BY


def test_engine_made_once_and_lazily(loudness: EngineDeclaration) -> None:
    engines = Engines(SETTINGS)
    made = engines.serving(SERVED_BY)
    assert isinstance(made, LoudnessEngine)
    assert engines.serving(SERVED_BY) is made
    assert engines.pid is None
    with pytest.raises(SetupError, match="no engine 'nobody'"):
        engines.serving(ServedBy("nobody", "base"))
    engines.close()


def test_registered_engine_may_be_named(loudness: EngineDeclaration) -> None:
    assert engine_names(SETTINGS)[-1] == "loudness"
    assert resolve("loudness", "seconds", "en-US", SETTINGS) == SERVED_BY
    assert [fault.field for fault in check("loudness", None, "en-US", SETTINGS)] == ["speechModel"]
    assert [fault.field for fault in check("loudness", "seconds", "de-DE", SETTINGS)] == ["language"]
    assert [fault.field for fault in check("loudness", "seconds", "en-US", SETTINGS, keyterms=True)] == ["keyterms"]
    assert [fault.field for fault in check("loudness", "seconds", "en-US", SETTINGS, verbatim=True)] == ["verbatim"]
    assert check("whisper", "base", "en-US", SETTINGS, keyterms=True, verbatim=True) == []
    assert check("deepgram", "nova-3", "en-US", SETTINGS, keyterms=True, verbatim=True) == []


def test_same_name_beats_stand_in() -> None:
    served_by = ServedBy("deepgram", "nova-3")
    with registered(ProviderDeclaration()):
        assert resolve("deepgram", "nova-3", "en-US", SETTINGS) == served_by
        assert check("deepgram", "nova-3", "en-US", Settings(routes="provider")) == []
        assert default_model("deepgram", "en-US", SETTINGS) is None
        assert check_served(served_by, "en-US", SETTINGS) == []


def test_stand_in_serves_new_jobs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProviderDeclaration, "usable", False)
    with registered(ProviderDeclaration()):
        assert resolve("deepgram", "nova-3", "en-US", SETTINGS) == ServedBy("whisper", "base")
        assert [fault.field for fault in check("deepgram", "nova-3", "en-US", Settings(routes="provider"))] == [
            "transcriptionEngine"
        ]
        refused = check_served(ServedBy("deepgram", "nova-3"), "en-US", SETTINGS)
        assert [fault.field for fault in refused] == ["transcriptionEngine"]


def test_worker_serves_local_or_told(loudness: EngineDeclaration, tmp_path: Path) -> None:
    whisper = ServedBy("whisper", "base")
    assert {whisper, SERVED_BY} <= set(prepare_models(Settings(model="base", models_dir=tmp_path)))
    everything = prepare_models(Settings(worker_models=("all",), models_dir=tmp_path))
    assert everything[-1] == SERVED_BY
    assert ServedBy("whisper", "large-v3") in everything
    assert prepare_models(Settings(worker_models=("loudness/seconds",), models_dir=tmp_path)) == [SERVED_BY]
    with pytest.raises(SetupError):
        prepare_models(Settings(worker_models=("nobody/has-this",), models_dir=tmp_path))


def test_providers_models_are_not_local(loudness: EngineDeclaration) -> None:
    with registered(ProviderDeclaration()):
        assert here([ServedBy("deepgram", "nova-3"), SERVED_BY]) == [SERVED_BY]

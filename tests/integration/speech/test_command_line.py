import json
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.cli import app


@pytest.fixture
def short(call: Path, tmp_path: Path) -> Path:
    """The first 14 s of the call."""
    with wave.open(str(call)) as source, wave.open(str(tmp_path / "short.wav"), "wb") as target:
        target.setparams(source.getparams())
        target.writeframes(source.readframes(14 * source.getframerate()))
    return tmp_path / "short.wav"


@pytest.fixture
def runner(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("CALLSCRIBE_MODELS_DIR", str(models_dir))
    monkeypatch.setenv("CALLSCRIBE_MODEL", "tiny.en")
    return CliRunner()


def test_one_file_goes_to_standard_output(runner: CliRunner, short: Path) -> None:
    result = runner.invoke(app, ["transcribe", str(short), "--language", "en-US"])
    assert result.exit_code == 0, result.output
    assert "Channel 2: Thank you for calling Riverside" in result.stdout


def test_several_files_go_to_a_folder_and_a_bad_one_does_not_stop_the_others(
    runner: CliRunner, short: Path, tmp_path: Path
) -> None:
    bad = tmp_path / "picture.wav"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    arguments = ["transcribe", str(bad), str(short), "--language", "en-US", "--format", "json"]
    assert runner.invoke(app, arguments).exit_code == 2
    result = runner.invoke(app, [*arguments, "--output", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert "17556" in result.stderr
    document = json.loads((tmp_path / "out" / "short.json").read_text())
    assert document["language"] == "en-US"
    assert document["sentences"][0]["audioChannelIndex"] == 2
    assert not (tmp_path / "out" / "picture.json").exists()


def test_what_a_model_does_not_know_is_refused_before_any_work(runner: CliRunner, short: Path) -> None:
    result = runner.invoke(app, ["transcribe", str(short), "--language", "de-DE"])
    assert result.exit_code == 2
    assert "does not take language" in result.output


def test_models_are_listed_pulled_and_verified(runner: CliRunner) -> None:
    assert runner.invoke(app, ["models", "pull"]).exit_code == 0
    listed = runner.invoke(app, ["models", "list"])
    assert "tiny.en (served)" in listed.stdout
    verified = runner.invoke(app, ["models", "verify", "tiny.en"])
    assert "every file is as published" in verified.stdout

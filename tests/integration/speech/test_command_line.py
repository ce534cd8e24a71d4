import json
import re
import wave
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.cli import app

SPEECH = Path(__file__).parents[2] / "data" / "speech"


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


def test_one_file_to_standard_output(runner: CliRunner, short: Path) -> None:
    result = runner.invoke(app, ["transcribe", str(short), "--language", "en-US"])
    assert result.exit_code == 0, result.output
    assert "Channel 2: Thank you for calling Riverside" in result.stdout


def test_bad_file_does_not_stop_others(runner: CliRunner, short: Path, tmp_path: Path) -> None:
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
    assert document["omissions"] == []
    assert [each["audioChannelIndex"] for each in document["statistics"]["participants"]] == [1, 2]
    assert document["statistics"]["durationSeconds"] == 14.0
    assert not (tmp_path / "out" / "picture.json").exists()


def test_unknown_to_model_refused_first(runner: CliRunner, short: Path) -> None:
    result = runner.invoke(app, ["transcribe", str(short), "--language", "de-DE"])
    assert result.exit_code == 2
    assert "does not take language" in result.output


def test_another_language_is_told_and_left_out(runner: CliRunner) -> None:
    result = runner.invoke(
        app,
        [
            *("transcribe", str(SPEECH / "fr.wav"), "--language", "en", "--model", "base"),
            *("--on-language-mismatch", "omit", "--format", "json"),
        ],
    )
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert document["sentences"] == []
    assert {(each["reason"], each["language"]) for each in document["omissions"]} == {("languageMismatch", "fr-FR")}
    (notice,) = document["notices"]
    assert (notice["code"], notice["language"]) == ("languageMismatch", "fr-FR")
    assert notice["detail"] in result.stderr
    assert "Speech in fr-FR is left out at 0:00." in result.stderr


def test_keyterms_singly_or_from_file(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    terms = tmp_path / "terms.txt"
    terms.write_text("Emma Carter\n\n  tent \n")
    result = runner.invoke(
        app,
        [
            *("transcribe", str(short), "--language", "en-US"),
            *("--keyterm", "Riverside Outdoor", "--keyterm", "Daniel", "--keyterms", str(terms)),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "Riverside Outdoor" in result.stdout


def test_text_has_keyterms_spelling(runner: CliRunner, call: Path) -> None:
    arguments = ["transcribe", str(call), "--language", "en-US"]
    spellings = {"OK", "Okay"}
    heard = re.search(r"(\w+), I can see what happened", runner.invoke(app, arguments).stdout)
    assert heard, "a model writes one or the other, as its numbers happen to come out"
    (other,) = spellings - {heard[1]}
    # Among hundreds that nobody says.
    terms = [argument for number in range(300) for argument in ("--keyterm", f"Unsaid Name {number}")]
    result = runner.invoke(app, [*arguments, "--keyterm", other, *terms])
    assert f"{other}, I can see what happened" in result.stdout
    assert "Unsaid" not in result.stdout


def test_bad_keyterms_refused_first(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    arguments = ["transcribe", str(short), "--language", "en-US"]
    long = runner.invoke(app, [*arguments, "--keyterm", "x" * 101])
    assert long.exit_code == 2
    assert "1 to 100 characters" in long.output
    many = tmp_path / "terms.txt"
    many.write_text("\n".join(f"term {index}" for index in range(501)))
    assert runner.invoke(app, [*arguments, "--keyterms", str(many)]).exit_code == 2


def test_models_listed_pulled_verified(runner: CliRunner) -> None:
    assert runner.invoke(app, ["models", "pull"]).exit_code == 0
    listed = runner.invoke(app, ["models", "list"])
    assert "tiny.en (served)" in listed.stdout
    verified = runner.invoke(app, ["models", "verify", "tiny.en"])
    assert "every file is as published" in verified.stdout

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


@pytest.mark.long
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


def _line(output: str, model: str) -> list[str]:
    """The cells of a model's line in a table."""
    line = next(line for line in output.splitlines() if line.strip().startswith(f"{model} "))
    return re.split(r"\s{2,}", line.strip())


def test_models_listed_pulled_verified(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert runner.invoke(app, ["models", "pull"]).exit_code == 0
    listed = runner.invoke(app, ["models", "list"]).stdout
    assert _line(listed, "tiny.en")[:6] == ["tiny.en", "all", "en", "78 MB", "here", "published"]
    assert _line(listed, "kb-whisper-base")[:5] == ["kb-whisper-base", "sv", "150 MB", "on the hub", "of first got"]
    assert "kb-whisper-small 7.3, large-v3 7.8, kb-whisper-base 9.1, medium 12.1" in listed
    verified = runner.invoke(app, ["models", "verify", "tiny.en"])
    assert "every file is as published" in verified.stdout


def test_list_and_doctor_say_which_model_serves_what(
    runner: CliRunner, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("CALLSCRIBE_MODEL", "base,en=tiny.en")
    monkeypatch.setenv("CALLSCRIBE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CALLSCRIBE_MODELS_DIR", str(tmp_path / "models"))  # another test measures those of all
    listed = runner.invoke(app, ["models", "list"]).stdout
    assert _line(listed, "base")[:2] == ["base", "all others"]
    assert _line(listed, "tiny.en")[:2] == ["tiny.en", "en-US, en-GB, en-AU"]
    assert runner.invoke(app, ["models", "pull"]).exit_code == 0
    found = runner.invoke(app, ["doctor"]).stdout
    assert _line(found, "en-US, en-GB, en-AU")[1:] == ["tiny.en", "not measured"]
    assert _line(found, "sv-SE")[1:] == ["base", "39.6 (FLEURS), 52.1 (Common Voice)", "not measured"]
    assert re.search(r"base: loaded and answered in [\d.]+ s; tiny\.en: loaded", found)


def test_setting_that_cannot_be_followed_is_no_crash(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_MODEL", "base,small")
    result = runner.invoke(app, ["doctor"])
    assert result.exit_code == 1
    assert "both for all languages" in result.stdout.replace("\n", " ")


@pytest.mark.long
def test_measured_speed_is_shown(runner: CliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    measured = runner.invoke(app, ["models", "measure"])
    assert measured.exit_code == 0, measured.output
    found = re.search(r"tiny\.en: ([\d.]+) times real time", measured.stdout)
    assert found
    assert float(found[1]) > 0
    assert f" {found[1]} " in next(
        line for line in runner.invoke(app, ["models", "list"]).stdout.splitlines() if "tiny.en" in line
    )

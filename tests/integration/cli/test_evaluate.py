"""`callscribe evaluate`: engines of the tests over recordings that the tests make; each hears what is loud, or less."""

import json
import os
import shutil
import signal
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from callscribe.cancellation import Cancellation
from callscribe.cli import app
from callscribe.cli.options import load_settings
from callscribe.errors import Code, JobError, TransientJobError
from callscribe.evaluation import running
from callscribe.evaluation.service import Evaluations
from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.speech.interface import ModelDescription, RecognitionOptions, Recording, Segment, SentRequests
from second_engine import LoudnessDeclaration, LoudnessEngine, registered

SAID = "Loud second 0. Loud second 1. Loud second 2. Loud second 3."
"""16 words as they are compared, in which \"second\" is \"2 nd\"."""
LOUD, DEAF, PICKY, AGAIN, ENDING = "loudness/seconds", "deaf/half", "picky/short", "again/later", "ending/soon"


class Changed(LoudnessEngine):
    """The same, changed before or after it hears."""

    def before(self, recording: Recording) -> None:
        """What it does first."""

    def heard(self, segments: list[Segment]) -> list[Segment]:
        """What it says that it heard."""
        return segments

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,
    ) -> Iterator[Segment]:
        self.before(recording)
        said = super().transcribe(recording, model=model, options=options, cancelled=cancelled, requests=requests)
        yield from self.heard(list(said))


class Deaf(Changed):
    def heard(self, segments: list[Segment]) -> list[Segment]:
        return segments[::2]


class Picky(Changed):
    def before(self, recording: Recording) -> None:
        if "long" in recording.path.name:
            raise JobError(Code.PROVIDER_REFUSED, "Too long for me")


class Again(Changed):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def before(self, recording: Recording) -> None:
        self.asked.append(recording.path.name)
        if self.asked.count(recording.path.name) < 3 and recording.path.name == "b.wav":
            raise TransientJobError(Code.PROVIDER_REFUSED, "Come again", retry_after=0.0)


class Ending(Changed):
    def before(self, recording: Recording) -> None:
        if recording.path.name == "b.wav":
            os.kill(os.getpid(), signal.SIGINT)  # as Ctrl-C does


def declaration(name: str, made: type[LoudnessEngine], runs_at: str = "provider") -> LoudnessDeclaration:
    engine, _, model = name.partition("/")

    class Declaration(LoudnessDeclaration):
        runs = runs_at  # type: ignore[assignment]

        def models(self, settings: Settings) -> Sequence[ModelDescription]:  # noqa: ARG002
            return [ModelDescription(model, frozenset({"en-US"}))]

        def make(self, settings: Settings) -> LoudnessEngine:  # noqa: ARG002
            return made()

    Declaration.name = engine
    return Declaration()


@pytest.fixture(autouse=True)
def engines() -> Iterator[None]:
    """Each with a model; no request to one is paid for before it is asked for."""
    made = {LOUD: LoudnessEngine, DEAF: Deaf, PICKY: Picky, AGAIN: Again, ENDING: Ending}
    with ExitStack() as stack:
        for name, engine in made.items():
            stack.enter_context(registered(declaration(name, engine)))
        yield


def tone(path: Path, seconds: int = 4, channels: Sequence[int] = (1,)) -> Path:
    """A recording that is loud on some channels."""
    loud = (np.sin(np.arange(seconds * 8000)) * 16_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((len(channels), 2, 8000, 0, "NONE", ""))
        file.writeframes(np.stack([loud * each for each in channels], axis=1).astype("<i2").tobytes())
    return path


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """Three recordings with what was said in them."""
    folder = tmp_path / "calls"
    folder.mkdir()
    for name in ("a", "b", "long"):
        tone(folder / f"{name}.wav")
        (folder / f"{name}.txt").write_text(SAID)
    return folder


def evaluate(folder: Path | None, *arguments: object, data: Path, **options: Any) -> Result:
    given = ["evaluate", *([] if folder is None else [str(folder)]), *map(str, arguments), "--data", str(data)]
    return CliRunner().invoke(app, given, **options)


def document(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_engines_are_compared(calls: Path, tmp_path: Path) -> None:
    prices = {"CALLSCRIBE_PRICES": f"{LOUD}=0.5 EUR/min"}
    asked = ("--engine", DEAF, "--engine", "loudness", "--engine", LOUD, "--format", "json")
    result = evaluate(calls, *asked, data=tmp_path / "none", env=prices)
    assert result.exit_code == 0, result.output
    assert "will not be kept: There is no database" in result.stderr
    found = document(result)
    best, deaf = found["engines"]  # the same by two names is one
    assert (f"{best['engine']}/{best['model']}", best["wordErrorRate"]) == (LOUD, 0.0)
    assert (deaf["wordErrorRate"], deaf["deletions"], deaf["words"]) == (0.5, 24, 48)
    assert best["interval"] == best["aboveBest"] == {"low": 0.0, "high": 0.0}
    assert deaf["aboveBest"] == {"low": 0.5, "high": 0.5}
    assert (best["cost"], deaf["cost"], found["currency"]) == (pytest.approx(0.1), None, "EUR")
    assert found["recordings"][0] == {"name": "a.wav", "seconds": 4.0, "words": 16, "errors": [0, 8]}
    assert deaf["mostWrong"] == [{"word": "Loud", "said": 12, "wrong": 6, "heard": []}]
    assert best["peakMemoryBytes"] is None
    assert best["realTimeFactor"] > 0
    assert found["ownPeakMemoryBytes"] > 1_000_000
    assert (found["isComplete"], found["audioSeconds"], found["leftOut"]) == (True, 12.0, [])
    assert not (tmp_path / "none" / "callscribe.db").exists()


def test_the_table_tells_the_same(calls: Path, tmp_path: Path) -> None:
    chart = tmp_path / "rates.svg"
    result = evaluate(calls, "--engine", DEAF, "--engine", LOUD, "--no-save", "--chart", chart, data=tmp_path / "none")
    assert result.exit_code == 0, result.output
    assert "3 recordings compared, 0:12 min." in result.stdout
    lines = result.stdout.splitlines()
    (row,) = [line.split() for line in lines if line.startswith(DEAF) and "to" in line]
    assert row[1:9] == ["50.00", "50.00", "to", "50.00", "50.00", "to", "50.00", "0"]
    (bar,) = [line for line in lines if line.startswith(DEAF) and "%" in line]
    assert ("50.0 %" in bar, "█" in bar) == (True, True)
    assert "words most often wrong, candidates for key terms" in result.stdout
    assert "will not be kept" not in result.stderr
    assert "deaf/half 50.0 %" in (ET.fromstring(chart.read_text()).findtext("{*}desc") or "")


def test_what_cannot_be_used_is_named_and_left_out(calls: Path, tmp_path: Path) -> None:
    tone(calls / "alone.wav")
    (calls / "nobody.txt").write_text("Nothing recorded")
    tone(calls / "empty.wav")
    (calls / "empty.txt").write_text("\n")
    tone(calls / "laughs.wav")
    (calls / "laughs.txt").write_text("[laughs]")
    (calls / "broken.flac").write_bytes(b"fLaC" + bytes(100))
    (calls / "broken.txt").write_text("Something")
    tone(calls / "brief.wav", seconds=1)
    (calls / "brief.txt").write_text("Loud second 0.")
    (calls / "no.wav").write_text("Not a recording.")
    (calls / "no.txt").write_text("Something")
    (calls / "notes.md").write_text("Nothing of it")
    result = evaluate(calls, "--engine", LOUD, "--format", "json", data=tmp_path / "none")
    assert result.exit_code == 0, result.output
    found = document(result)
    left_out = {each["recording"]: each["reason"] for each in found["leftOut"]}
    assert left_out.keys() == {
        "alone.wav", "nobody.txt", "empty.wav", "laughs.wav", "broken.flac", "brief.wav", "no.wav"
    }  # fmt: skip
    assert "no word is left" in left_out["laughs.wav"]
    assert len(found["recordings"]) == 3
    assert all(f"{name}: left out: " in result.stderr for name in left_out)


def test_rates_are_over_what_all_did(calls: Path, tmp_path: Path) -> None:
    (calls / "long.txt").write_text("None of it")
    result = evaluate(calls, "--engine", LOUD, "--engine", PICKY, "--format", "json", data=tmp_path / "none")
    assert result.exit_code == 1
    assert f"long.wav: {PICKY} failed: 17566 Speech provider refused the request: Too long for me" in result.stderr
    found = document(result)
    assert [each["name"] for each in found["recordings"]] == ["a.wav", "b.wav"]
    assert [each["words"] for each in found["engines"]] == [32, 32]
    failed = {each["engine"]: each["failed"] for each in found["engines"]}
    assert (failed["loudness"], [each["recording"] for each in failed["picky"]]) == ([], ["long.wav"])


def test_one_that_does_nothing_spoils_nothing(calls: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (calls / f"{name}.wav").rename(calls / f"long-{name}.wav")
        (calls / f"{name}.txt").rename(calls / f"long-{name}.txt")
    result = evaluate(calls, "--engine", PICKY, "--engine", LOUD, data=tmp_path / "none")
    assert result.exit_code == 1
    assert "3 recordings compared" in result.stdout
    assert "picky/short failed on 3" in result.stdout


def test_what_fails_for_the_moment_is_tried_again(calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "PAUSES", (0.01, 0.01, 0.01))
    result = evaluate(calls, "--engine", AGAIN, "--format", "json", data=tmp_path / "none")
    assert result.exit_code == 0, result.output
    assert document(result)["engines"][0]["wordErrorRate"] == 0.0


def test_an_interruption_leaves_what_was_done(calls: Path, tmp_path: Path) -> None:
    data = installation(tmp_path)
    result = evaluate(calls, "--engine", LOUD, "--engine", ENDING, data=data)
    assert result.exit_code == 130, result.output
    assert "1 recordings compared, 0:04 min; interrupted, so this is not all." in result.stdout
    (kept,) = kept_in(data)
    assert (kept.document.is_complete, len(kept.document.recordings)) == (False, 1)


def installation(folder: Path) -> Path:
    """A data folder with a database, as `serve` makes it."""
    data = folder / "data"
    database, _ = prepare(load_settings(data))
    database.close()
    return data


def kept_in(data: Path) -> Sequence[Any]:
    settings = load_settings(data)
    with closing(prepare(settings)[0]) as database:
        return Evaluations(database).page(None, 50).rows


def test_it_is_kept_unless_told_not_to(calls: Path, tmp_path: Path) -> None:
    data = installation(tmp_path)
    assert evaluate(calls, "--engine", LOUD, "--no-save", data=data).exit_code == 0
    assert kept_in(data) == []
    result = evaluate(calls, "--engine", LOUD, "--format", "json", data=data)
    (kept,) = kept_in(data)
    assert (kept.title, kept.id in result.stderr) == ("calls", True)
    assert kept.document.model_dump(mode="json", by_alias=True) == document(result)


def test_channels_are_compared_apart_where_it_is_known(tmp_path: Path) -> None:
    folder = tmp_path / "two"
    folder.mkdir()
    tone(folder / "apart.wav", channels=(1, 0))
    (folder / "apart.json").write_text(json.dumps({"channels": [SAID, "Nobody heard this"]}))
    tone(folder / "merged.wav", channels=(0, 1))
    (folder / "merged.txt").write_text(SAID)
    shutil.copy(folder / "apart.wav", folder / "other.wav")
    (folder / "other.json").write_text(json.dumps({"channels": ["", SAID]}))  # who said it is wrong
    result = evaluate(folder, "--engine", LOUD, "--format", "json", data=tmp_path / "none")
    assert result.exit_code == 0, result.output
    errors = {each["name"]: (each["words"], each["errors"]) for each in document(result)["recordings"]}
    assert errors == {"apart.wav": (19, [3]), "merged.wav": (16, [0]), "other.wav": (16, [32])}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "Name a folder, or say --corrected"),
        (["FOLDER", "--corrected"], "Name a folder, or say --corrected"),
        (["FOLDER", "--engine", "nothing/here"], "nothing/here"),
        (["FOLDER", "--engine", LOUD, "--language", "de"], "loudness/seconds cannot take part"),
        (["FOLDER", "--engine", LOUD, "--keyterm", "Kepler"], "takes no keyterms"),
        (["FOLDER", "--chart", "x.png"], "x.png is no .svg"),
        (["--corrected"], "There is no database"),
    ],
)
def test_what_cannot_be_done_is_said_at_once(calls: Path, tmp_path: Path, arguments: list[str], told: str) -> None:
    given = [str(calls) if each == "FOLDER" else each for each in arguments]
    result = evaluate(None, *given, data=tmp_path / "none")
    assert result.exit_code != 0
    assert told in result.stderr + str(result.exception)


def test_prices_are_read_before_anything_is_sent(calls: Path, tmp_path: Path) -> None:
    result = evaluate(calls, "--engine", LOUD, data=tmp_path / "none", env={"CALLSCRIBE_PRICES": "much"})
    assert "CALLSCRIBE_PRICES" in str(result.exception)
    assert result.stdout == ""


def test_an_empty_folder_ends_with_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = evaluate(tmp_path / "empty", "--engine", LOUD, data=tmp_path / "none")
    assert (result.exit_code, "no recording that could be compared" in result.stderr) == (1, True)

"""`callscribe transcribe`: from where recordings may come, and what becomes of each. The engine hears what is loud."""

import json
import os
import shutil
import stat
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from callscribe.cli import app
from media_server import MediaServer, body
from second_engine import SERVED_BY, LoudnessDeclaration, registered

WORDS = "Loud second 2."


@pytest.fixture
def runner() -> Iterator[CliRunner]:
    with registered(LoudnessDeclaration()):
        yield CliRunner()


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Four seconds."""
    tone = (np.sin(np.arange(4 * 8000)) * 16_000).astype("<i2")
    with wave.open(str(tmp_path / "short.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(tone.tobytes())
    return tmp_path / "short.wav"


def transcribe(runner: CliRunner, *arguments: object, **options: Any) -> Result:
    return runner.invoke(
        app, ["transcribe", *map(str, arguments), "--model", str(SERVED_BY), "--language", "en"], **options
    )


@pytest.fixture
def calls(short: Path, tmp_path: Path) -> Path:
    """A folder of a recording by two names, one that is none by its own, and two files that are no recordings."""
    folder = tmp_path / "calls"
    (folder / "deep").mkdir(parents=True)
    for name in ("x.wav", "x.mp3", "deep/untitled"):
        shutil.copy(short, folder / name)
    (folder / "notes.wav").write_text("Not a recording.")
    (folder / "broken.flac").write_bytes(b"fLaC" + bytes(100))
    return folder


def test_a_folder_is_gone_through(runner: CliRunner, calls: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    umask = os.umask(0o027)
    try:
        done = transcribe(runner, calls, "--output", out, "--format", "TXT")
    finally:
        os.umask(umask)
    assert done.exit_code == 1
    files = {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}
    assert sorted(files) == ["deep/untitled.txt", "x.mp3.txt", "x.wav.txt"]
    for path in files.values():
        assert WORDS in path.read_text()
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
    told = done.stderr.splitlines()
    assert told[0] == f"{calls}/notes.wav: skipped: the file is none of the audio formats that are supported"
    assert f"{calls}/x.mp3: written to {out}/x.mp3.txt" in told
    assert any(line.startswith(f"{calls}/broken.flac: 17558 ") for line in told)
    assert told[-1] == "3 transcribed, 1 skipped, 1 failed."


def test_a_folder_of_no_recordings_is_told(runner: CliRunner, tmp_path: Path) -> None:
    done = transcribe(runner, tmp_path, "--output", "-")
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", "0 transcribed, 0 skipped, 0 failed.\n")


def test_texts_one_behind_another_are_headed(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    other = shutil.copy(short, tmp_path / "other.wav")
    done = transcribe(runner, short, tmp_path / "missing.wav", other, "--output", "-", "--format", "VTT")
    first, second = done.stdout.removeprefix(f"==> {short} <==\n").split(f"\n==> {other} <==\n")
    assert first == second
    assert first.startswith("WEBVTT\n")
    assert WORDS in first
    assert done.exit_code == 1
    assert "missing.wav: 17552 Media was not found: There is no such file" in done.stderr


def test_json_is_a_line_for_each(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    other = shutil.copy(short, tmp_path / "other.wav")
    done = transcribe(runner, short, other, "--output", "-", "--format", "Json")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each.pop("file") for each in documents] == [str(short), str(other)]
    assert documents[0] == documents[1]
    assert documents[0]["language"] == "en-US"


def test_several_documents_need_a_folder(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    refused = transcribe(runner, short, tmp_path, "--output", "-", "--format", "docx")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "needs a folder" in refused.stderr


def test_standard_input_is_a_recording(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    assert WORDS in transcribe(runner, "-", input=short.read_bytes()).stdout
    assert transcribe(runner, "-", "--output", tmp_path / "out", input=short.read_bytes()).exit_code == 0
    assert WORDS in (tmp_path / "out" / "stdin.txt").read_text()
    nothing = transcribe(runner, "-", input=b"")
    assert nothing.exit_code == 1
    assert nothing.stderr.startswith("standard input: 17554 ")


def test_a_pipe_is_a_recording(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["/bin/sh", "-c", 'cat "$0" > "$1"', short, pipe]):
        assert WORDS in transcribe(runner, pipe).stdout


def test_what_a_url_names_is_fetched(
    runner: CliRunner, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MediaServer().running() as media:
        media.paths["/short.wav"] = body(short.read_bytes())
        refused = transcribe(runner, media.url("/short.wav"))
        assert refused.exit_code == 1
        assert f"{media.url('/short.wav')}: 17550 " in refused.stderr
        assert media.requests == []
        monkeypatch.setenv("CALLSCRIBE_MEDIA_ALLOW", "127.0.0.1")
        places = media.url("/short.wav?signature=secret"), media.url("/missing.wav")
        done = transcribe(runner, *places, "--output", tmp_path / "out")
        assert done.exit_code == 1
    assert WORDS in (tmp_path / "out" / "short.txt").read_text()
    assert f"{media.url('/short.wav')}: written to " in done.stderr
    assert f"{media.url('/missing.wav')}: 17552 " in done.stderr
    assert "secret" not in done.output


def test_a_file_that_cannot_be_written_ends_no_other(runner: CliRunner, short: Path, tmp_path: Path) -> None:
    other = shutil.copy(short, tmp_path / "other.wav")
    (tmp_path / "out" / "short.txt").mkdir(parents=True)
    done = transcribe(runner, short, other, "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert f"{short}: [Errno 21] Is a directory" in done.stderr
    assert WORDS in (tmp_path / "out" / "other.txt").read_text()


def test_a_name_that_cannot_be_ends_no_other(runner: CliRunner, short: Path) -> None:
    done = transcribe(runner, "x" * 300, short, "--output", "-")
    assert done.exit_code == 1
    assert f"{'x' * 300}: [Errno" in done.stderr
    assert WORDS in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--model", "huge"],
            "callscribe: --model: Engine 'whisper' has no model 'huge'; it is one of tiny.en, base, ",
        ),
        (["--model", "nobody/nova"], "callscribe: --model: Engine 'whisper' has no model 'nobody/nova'; it is one of "),
        (["--keyterm", "x" * 101], "callscribe: --keyterm: "),
        (["--output", "/dev/null"], "callscribe: --output: /dev/null is no folder that can be written: "),
    ],
)
def test_a_wrong_option_is_named(short: Path, arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "callscribe", "transcribe", str(short), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith(said)

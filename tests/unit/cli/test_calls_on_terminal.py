"""One call on the terminal: its conversation, its recording, its page, and its id as a shell completes it."""

import hashlib
import io
import os
import re
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa
from rich.console import Console
from typer.testing import CliRunner, Result

from callscribe.cli import app
from callscribe.cli.conversation import lines
from callscribe.cli.playing import PLAYERS
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.ids import new_recording_sid
from callscribe.media.blobs import BlobStore
from callscribe.recordings.tables import Recording
from callscribe.settings import Settings
from callscribe.speech.interface import Word
from callscribe.transcriptions import keys
from callscribe.transcriptions.documents import Participant
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.models import TRANSCRIPT, Omission, Sentence, Transcript
from media_files import make
from resolved import job_row

UNSURE = Word("Rechnung", 1.2, 1.6, 0.3)
SPOKEN = Transcript(
    70.0,
    "en-US",
    (
        Sentence(0, 0, 1.0, 2.0, "My Rechnung [b]\x1b[31m", 0.9, (Word("My", 1.0, 1.2, 0.9), UNSURE)),
        Sentence(1, 1, 61.5, 64.0, "One moment, please, while I look for it in all of my folders.", 0.9, ()),
    ),
    (Omission(1, 30.0, 32.5),),
    channels=2,
)
COMPLETION = "_CALLSCRIBE_COMPLETE"


@pytest.fixture
def sid(tmp_path: Path) -> str:
    made = CliRunner().invoke(app, ["accounts", "create", "--data", str(tmp_path)])
    return re.findall(r"AC[0-9a-f]{32}", made.output)[-1]


@pytest.fixture
def call(tmp_path: Path, sid: str) -> Iterator[str]:
    """A completed call with its transcript, and a recording of three seconds."""
    settings = Settings(data_dir=tmp_path)
    participants = [
        Participant(audio_channel_index=1, type="CUSTOMER"),
        Participant(audio_channel_index=2, type="HUMAN_AGENT", name="Daniel"),
    ]
    row = job_row(sid, status=Status.COMPLETED, participants=participants, duration=70.0, title="The bill")
    blobs = BlobStore(settings.blobs)
    blobs.put_document(keys.transcript(row.blobs), TRANSCRIPT.dump_json(SPOKEN))
    path, _ = make(tmp_path / "call.wav", "wav-s16", 3.0, 2)
    blobs.put_bytes(keys.media(row.blobs), path.read_bytes())
    with closing(Database(settings.database)) as database, database.write() as session:
        session.add(row)
    return row.id


def run(folder: Path, *arguments: str, **environment: str) -> Result:
    command = [*arguments, "--data", str(folder)]
    return CliRunner().invoke(app, command, env={"COLUMNS": "60", **environment})


def test_conversation_is_plain_in_a_pipe(tmp_path: Path, call: str) -> None:
    shown = run(tmp_path, "jobs", "show", call).output
    assert "\x1b" not in shown
    assert shown.splitlines()[-3:] == [
        "00:01.0  Customer  My Rechnung [b]\N{REPLACEMENT CHARACTER}[31m",
        "00:30.0            [2.5 s of speech on channel 2 left out]",
        "01:01.5  Daniel    One moment, please, while I look for it in all of my folders.",
    ]
    assert "Rechnung" not in run(tmp_path, "jobs", "show", call, "--json").output
    assert "Rechnung" not in run(tmp_path, "jobs", "show", call, "--from", "0:10").output
    assert run(tmp_path, "jobs", "show", call, "--from", "soon").exit_code == 2


def test_terminal_has_colours_unless_unwanted(tmp_path: Path, call: str) -> None:
    shown = run(tmp_path, "jobs", "show", call, FORCE_COLOR="1").output
    assert "\x1b[4;36mRechnung" in shown  # underlined, since unsure
    assert "\x1b[32mOne moment" in shown
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert "01:01.5  Daniel    One moment, please, while I look for it\n" in plain
    assert "\n                   in all of my folders.\n" in plain
    assert "\x1b" not in run(tmp_path, "jobs", "show", call, FORCE_COLOR="1", NO_COLOR="1").output


def test_narrow_terminal_keeps_all_words() -> None:
    spoken = {"sentences": [], "omissions": []}
    sentence = {"startTimeSeconds": 0.0, "endTimeSeconds": 1.0, "participantIndex": None, "audioChannelIndex": 2}
    spoken["sentences"].append(sentence | {"text": "unbreakable" * 9, "words": []})
    screen = io.StringIO()
    for line in lines([], spoken, width=10):
        Console(file=screen, width=200).print(line)
    assert "".join(screen.getvalue().split()).replace("00:00.0channel2", "") == "unbreakable" * 9


@pytest.mark.parametrize("player", PLAYERS, ids=lambda player: player.program)
def test_recording_played_from_its_time(
    tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch, player: object
) -> None:
    """A program of the player's name keeps what it is given, which must be the last second, at any rate."""
    program = PLAYERS[PLAYERS.index(player)]  # type: ignore[arg-type]
    folder, heard = tmp_path / "bin", tmp_path / "heard"
    folder.mkdir()
    script = folder / program.program
    source = 'eval "last=\\${$#}"; cat "$last"' if program.reads_files else "cat"
    script.write_text(f'#!/bin/sh\n{source} > "{heard}"\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    result = run(tmp_path, "jobs", "show", call, "--play", "--from", "0:02")
    assert result.exit_code == 0, result.output
    data = heard.read_bytes()
    if not program.raw:
        header, data = data[:44], data[44:]
        with wave.open(io.BytesIO(header)) as sound:
            assert (sound.getnchannels(), sound.getframerate(), sound.getsampwidth()) == (2, 16000, 2)
    with wave.open(str(tmp_path / "call.wav")) as recording:
        recording.setpos(2 * recording.getframerate())
        expected = np.frombuffer(recording.readframes(16000), "<i2").astype(int)
    played = np.frombuffer(data, "<i2").astype(int)
    assert len(played) == len(expected)
    assert np.abs(played - expected).max() <= 2


def test_missing_player_and_failing_one(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    missing = run(tmp_path, "jobs", "show", call, "--play")
    assert "No player was found" in str(missing.exception)
    (folder / "mpv").write_text("#!/bin/sh\nexit 3\n")
    (folder / "mpv").chmod(0o755)
    failing = run(tmp_path, "jobs", "show", call, "--play")
    assert (failing.exit_code, failing.stderr) == (1, "mpv ended with status 3.\n")


@pytest.mark.parametrize("kept", [True, False], ids=["recording kept", "recording deleted"])
def test_recording_that_another_job_redacted_is_not_played(
    tmp_path: Path, sid: str, call: str, monkeypatch: pytest.MonkeyPatch, *, kept: bool
) -> None:
    folder, heard, source = tmp_path / "bin", tmp_path / "heard", new_recording_sid()
    folder.mkdir()
    (folder / "mpv").write_text(f'#!/bin/sh\ncat > "{heard}"\n')
    (folder / "mpv").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/bin:/usr/bin")
    audio = (tmp_path / "call.wav").read_bytes()
    sha256 = hashlib.sha256(audio).hexdigest()
    with closing(Database(Settings(data_dir=tmp_path).database)) as database, database.write() as session:
        row = session.get_one(Transcription, call)
        row.status, row.source_id, row.media_sha256 = Status.RUNNING, source, sha256
    assert run(tmp_path, "jobs", "show", call, "--play").exit_code == 0
    assert heard.stat().st_size > 96_000
    heard.unlink()
    of_it = {"source_id": source, "media_sha256": "2" * 64, "media_bytes": 8, "audio_folder": "redacted"}
    with closing(Database(Settings(data_dir=tmp_path).database)) as database, database.write() as session:
        session.add(job_row(sid, status=Status.COMPLETED, **of_it))  # the job that did it
        if kept:
            usual = {"channels": 2, "status": "completed", "source": "upload", "start_time": now()}
            session.add(Recording(account_sid=sid, sid=source, blobs=f"{sid}/{source}/1", sha256="2" * 64, **usual))
    refused = run(tmp_path, "jobs", "show", call, "--play", COLUMNS="200")
    assert refused.exit_code != 0
    assert "was redacted meanwhile" in refused.stderr
    assert not heard.exists()


def test_page_opened_or_printed(tmp_path: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > "{opened}"\n')
    browser.chmod(0o755)
    address = f"https://calls.example/console/calls/{call}?t=95"
    where = {"CALLSCRIBE_PUBLIC_URL": "https://calls.example", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    assert run(tmp_path, "open", call, "--at", "1:35", **where).output == f"{address}\n"
    # In a process of its own, since the module remembers which browsers there are.
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    command = f"import webbrowser; from callscribe.cli import app; app(['open', '{call}', '--data', '{tmp_path}'])"
    subprocess.run([sys.executable, "-c", command], env=os.environ | {"DISPLAY": ":0"}, check=True)
    assert opened.read_text() == f"http://127.0.0.1:8321/console/calls/{call}\n"
    assert run(tmp_path, "open", "voice_transcription_none").exit_code == 2


def test_shell_completes_ids(tmp_path: Path, call: str, sid: str) -> None:
    def offered(*words: str) -> list[str]:
        line = ["callscribe", *words]
        environment = {COMPLETION: "complete_bash", "COMP_WORDS": " ".join(line), "COMP_CWORD": str(len(line) - 1)}
        environment["CALLSCRIBE_DATA_DIR"] = str(tmp_path)
        return CliRunner().invoke(app, [], env=environment, prog_name="callscribe").output.split()

    with closing(Database(Settings(data_dir=tmp_path).database)) as database, database.write() as session:
        newer = job_row(sid)
        session.add(newer)
        newer_id = newer.id
    assert offered("jobs", "show", "voice") == [newer_id, call]
    assert offered("open", call[:-3]) == [call]
    assert offered("jobs", "retry", "other") == []
    assert offered("jobs", "show", "--data", str(tmp_path / "nothing"), "voice") == []


def test_title_is_no_command_to_a_shell(tmp_path: Path, call: str) -> None:
    made = tmp_path / "made"
    with closing(Database(Settings(data_dir=tmp_path).database)) as database, database.write() as session:
        title = f"""Bill [/x] \\$(touch {made}) \\`touch {made}` \\"; touch {made}; \""""
        session.execute(sa.update(Transcription).where(Transcription.id == call).values(title=title))
    environment = {COMPLETION: "complete_zsh", "_TYPER_COMPLETE_ARGS": "callscribe jobs show voice"}
    environment["CALLSCRIBE_DATA_DIR"] = str(tmp_path)
    printed = CliRunner().invoke(app, [], env=environment, prog_name="callscribe").output
    candidates = printed.partition("((")[2].rpartition("))")[0]
    # As zsh's own _arguments does with what it is given.
    command = f'candidates=( {candidates} ); printf %s "$candidates"'
    shown = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert shown.stdout.startswith(f"{call}:completed Bill")
    assert not made.exists()

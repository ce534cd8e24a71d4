"""`callscribe search`: the place in the call, with the words marked; for programs as JSON."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callscribe.cli import app
from callscribe.db.engine import Database
from callscribe.sealing import new_key
from callscribe.settings import Settings
from callscribe.transcriptions.documents import Participant
from callscribe.transcriptions.searching import prepared, put
from callscribe.transcriptions.tables import Status
from callscribe.transcripts.models import Sentence, Transcript
from resolved import job_row

SPOKEN = Transcript(
    70.0,
    "en-US",
    tuple(
        Sentence(at % 2, at % 2, 10.0 * at, 10.0 * at + 4, text, 0.9, ())
        for at, text in enumerate(["Where is my refund?", "Refunds\x1b take a week.", *["The refund."] * 5])
    ),
)


@pytest.fixture
def sid(tmp_path: Path) -> str:
    made = CliRunner().invoke(app, ["accounts", "create", "--data", str(tmp_path)])
    return re.findall(r"AC[0-9a-f]{32}", made.output)[-1]


@pytest.fixture
def call(tmp_path: Path, sid: str) -> Iterator[str]:
    participants = [
        Participant(audio_channel_index=1, type="CUSTOMER"),
        Participant(audio_channel_index=2, type="HUMAN_AGENT", name="Daniel"),
    ]
    row = job_row(sid, status=Status.COMPLETED, participants=participants, duration=70.0)
    with closing(Database(Settings(data_dir=tmp_path).database)) as database, database.write() as session:
        session.add(row)
        session.flush()
        put(session, prepared(row, SPOKEN))
    return row.id


def run(folder: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(app, ["search", *arguments, "--data", str(folder)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result


def test_place_in_call_shown(tmp_path: Path, call: str, sid: str) -> None:
    first, *lines = run(tmp_path, "refunds", "--account", sid).output.splitlines()
    assert first.startswith(f"{call}  ")
    assert first.endswith("1:10 long")
    assert lines[0].split(maxsplit=1) == ["0:00", "Customer  Where is my refund?"]
    assert lines[1].split(maxsplit=1) == ["0:10", "Daniel  Refunds\N{REPLACEMENT CHARACTER} take a week."]
    assert lines[-1].strip() == "and 2 more sentences"


def test_json_for_programs(tmp_path: Path, call: str, sid: str) -> None:
    document = json.loads(run(tmp_path, '"refund take"', "week", "--account", sid, "--json").output)
    assert (document["id"], document["matchCount"]) == (call, 1)
    [match] = document["matches"]
    assert (match["sentenceIndex"], match["audioChannelIndex"], match["participantIndex"]) == (1, 2, 1)
    assert [match["text"][start:end] for start, end in match["ranges"]] == ["Refunds", "take", "week"]


def test_nothing_found_said(tmp_path: Path, sid: str) -> None:
    assert "No call has all of that." in run(tmp_path, "pineapple", "--account", sid).stderr


def test_prefix_refused_where_calls_are_encrypted(tmp_path: Path, sid: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_ENCRYPTION", "account")
    monkeypatch.setenv("CALLSCRIBE_MASTER_KEY", base64.b64encode(new_key()).decode())
    asked = ["search", "refund*", "--account", sid, "--data", str(tmp_path)]
    result = CliRunner().invoke(app, asked, catch_exceptions=False)
    assert result.exit_code == 2
    assert "words are found whole" in " ".join(result.stderr.split())

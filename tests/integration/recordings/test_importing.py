"""`callscribe recordings import` and `list`, as typed."""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from callscribe.cli import app
from callscribe.db.engine import Database
from callscribe.recordings.tables import Call, Recording
from callscribe.settings import Settings
from harness import ACCOUNT_SID, AUTH_TOKEN
from media_files import make

CALL_SID = "CA00112233445566778899aabbccddeeff"


@pytest.fixture
def calls(tmp_path: Path) -> Path:
    """A folder with two recordings and a file that is none, and one in a folder below."""
    folder = tmp_path / "calls"
    (folder / "march").mkdir(parents=True)
    make(folder / "one.wav", "wav-mulaw", 2.5, 2, seed=1)
    make(folder / "march" / "two.mp3", "mp3-8k", 2.5, seed=2)
    (folder / "notes.txt").write_text("no recording")
    (folder / "broken.wav").write_bytes(b"RIFF\0\0\0\0WAVE, and no more")
    return folder


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in list(os.environ):
        if name.startswith("CALLSCRIBE_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CALLSCRIBE_ACCOUNT_SID", ACCOUNT_SID)
    monkeypatch.setenv("CALLSCRIBE_AUTH_TOKEN", AUTH_TOKEN)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "data"


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["recordings", *map(str, arguments)])


def rows(data: Path) -> tuple[list[Recording], list[Call]]:
    database = Database(Settings(data_dir=data).database)
    try:
        with database.read() as session:
            return session.query(Recording).all(), session.query(Call).all()
    finally:
        database.close()


def said(result: Result) -> str:
    return re.sub(r"\s+", " ", result.output)


def test_folder_once_failures_with_code(calls: Path, data: Path) -> None:
    first = run("import", calls, "--data", data)
    assert first.exit_code == 1
    assert "2 imported, 0 there already, 1 not imported" in said(first)
    assert re.search(r"broken\.wav \d{5} ", said(first))
    recordings, found = rows(data)
    assert sorted(each.channels for each in recordings) == [1, 2]
    assert found == []

    (calls / "broken.wav").unlink()
    (calls / "one.wav").rename(calls / "renamed.wav")
    again = run("import", calls, "--data", data)
    assert again.exit_code == 0
    assert "0 imported, 2 there already, 0 not imported" in said(again)
    assert {each.sid for each in rows(data)[0]} == {each.sid for each in recordings}

    listed = run("list", "--data", data)
    assert all(each.sid in listed.output for each in recordings)
    assert len(list((data / "blobs").rglob("media"))) == 2


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_metadata_names_call(
    calls: Path, data: Path, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (calls / "broken.wav").unlink()
    table = [
        {
            "file": "one.wav",
            "CallSid": CALL_SID,
            "from": "+15550100",
            "to": "+15550199",
            "direction": "inbound",
            "start time": "2026-03-02T09:30:00Z",
            "agent": "Grace",
        },
        {"file": "two.mp3", "CallSid": "", "from": "sip:ada@example.com", "to": "", "direction": "outbound"},
        {"file": "three.mp3"},
    ]
    metadata = tmp_path / f"calls.{kind}"
    if kind == "json":
        metadata.write_text(json.dumps(table))
    else:
        lines = [list(table[0])] + [[row.get(name, "") for name in table[0]] for row in table]
        metadata.write_text("\n".join(",".join(line) for line in lines), encoding="utf-8-sig")
    result = run("import", calls, "--metadata", metadata, "--data", data)
    assert result.exit_code == 1
    assert "not used: agent" in said(result)
    assert "three.mp3 named in the metadata" in said(result)
    assert "2 imported, 0 there already, 1 not imported" in said(result)
    recordings, found = rows(data)
    by_channels = {each.channels: each for each in recordings}
    calls_by_sid = {each.sid: each for each in found}
    call = calls_by_sid[CALL_SID]
    assert by_channels[2].call_sid == CALL_SID
    assert (call.from_, call.to, call.direction) == ("+15550100", "+15550199", "inbound")
    assert call.start_time == by_channels[2].start_time
    other = calls_by_sid[by_channels[1].call_sid or ""]
    assert (other.from_, other.to, other.direction) == ("sip:ada@example.com", None, "outbound-api")
    monkeypatch.setenv("COLUMNS", "40")
    listed = run("list", "--data", data).output.splitlines()
    columns = [(line.split()[0], *line.split()[-3:]) for line in listed[1:]]
    assert (by_channels[2].sid, "+15550100", "+15550199", "inbound") in columns
    documents = [json.loads(line) for line in run("list", "--json", "--data", data).stdout.splitlines()]
    assert {each["sid"] for each in documents} == {each.sid for each in recordings}
    [listed_as] = [each for each in documents if each["callSid"] == CALL_SID]
    assert listed_as["startedAt"].startswith("2026-03-02T09:30:00")
    told = {"accountSid": ACCOUNT_SID, "channels": 2, "status": "completed", "from": "+15550100", "to": "+15550199"}
    assert told.items() <= listed_as.items()


def test_wrong_row_fails_its_own_only(calls: Path, data: Path, tmp_path: Path) -> None:
    metadata = tmp_path / "calls.csv"
    metadata.write_text("file,direction\none.wav,sideways\nmarch/two.mp3,inbound\n")
    result = run("import", calls / "one.wav", calls / "march", "--metadata", metadata, "--data", data)
    assert result.exit_code == 1
    assert "one.wav 20001" in said(result)
    recordings, found = rows(data)
    assert [each.channels for each in recordings] == [1]
    assert [each.direction for each in found] == ["inbound"]


def test_ambiguous_row_refused_beforehand(calls: Path, data: Path, tmp_path: Path) -> None:
    (calls / "april").mkdir()
    make(calls / "april" / "two.mp3", "mp3-8k", 2.5, seed=3)
    metadata = tmp_path / "calls.csv"
    metadata.write_text("file,direction\ntwo.mp3,inbound\n")
    result = run("import", calls, "--metadata", metadata, "--data", data)
    assert "fits 2 recordings" in str(result.exception)
    assert rows(data)[0] == []
    metadata.write_text("file,direction\napril/two.mp3,inbound\none.wav,inbound\n")
    assert run("import", calls, "--metadata", metadata, "--data", data).exit_code == 1
    assert len(rows(data)[0]) == 3
    assert len(rows(data)[1]) == 2


def test_what_is_not_there_is_said(data: Path, tmp_path: Path) -> None:
    for arguments in (
        ["import", tmp_path / "nowhere"],
        ["import", tmp_path, "--account", "AC" + "0" * 32],
        ["import", tmp_path, "--transcribe", "nothing"],
        ["import", tmp_path, "--metadata", tmp_path / "nothing.csv"],
    ):
        result = run(*arguments, "--data", data)
        assert result.exit_code != 0
        assert result.exception is None or not isinstance(result.exception, AssertionError | TypeError | KeyError)

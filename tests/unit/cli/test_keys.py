"""`callscribe keys`, and what `doctor` says of encryption."""

import base64
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.cli import app
from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.system.findings import findings
from callscribe.vault.opening import account_keys

run = CliRunner().invoke


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = run(app, ["keys", "new-master"]).output.strip()
    assert len(base64.b64decode(made)) == 32
    monkeypatch.setenv("CALLSCRIBE_ENCRYPTION", "account")
    monkeypatch.setenv("CALLSCRIBE_MASTER_KEY", made)
    folder = tmp_path / "data"
    prepare(Settings(data_dir=folder))[0].close()
    return folder


def keys(data: Path, *arguments: str, status: int = 0) -> str:
    result = run(app, ["keys", *arguments, "--data", str(data)])
    assert result.exit_code == status, result.output
    return result.output


def account(data: Path) -> str:
    return re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "list", "--data", str(data)]).output)[0]


def encryption(data: Path) -> tuple[bool, str]:
    return next(
        (each.well, each.text)
        for each in findings(Settings(data_dir=data), trying=False)
        if each.subject == "encryption"
    )


@pytest.mark.long
def test_rotated_listed_erased(data: Path) -> None:
    sid = account(data)
    name = re.findall(r"the key ([0-9a-f]{16})", keys(data, "rotate", sid))[0]
    assert name in keys(data, "list")
    assert "of 0 blob(s)" in keys(data, "reseal", sid)
    assert "0 key(s)" in keys(data, "rewrap")
    made = account_keys(Settings(data_dir=data))
    assert made is not None
    assert made.every(sid)[0].name == name
    assert "1 key(s)" in keys(data, "erase", sid, "--yes")
    assert "erased" in keys(data, "list")


def test_erasing_asks(data: Path) -> None:
    sid = account(data)
    keys(data, "rotate", sid)
    assert run(app, ["keys", "erase", sid, "--data", str(data)], input="n\n").exit_code == 1
    assert sid in keys(data, "list")
    keys(data, "erase", "AC" + "0" * 32, "--yes", status=2)
    keys(data, "rotate", "AC" + "0" * 32, status=2)
    keys(data, "reseal", "--drop-old-keys", status=2)


def test_doctor_opens_every_key(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys(data, "rotate", account(data))
    well, text = encryption(data)
    assert well
    assert text.startswith("on; keys of 1 account(s)")
    monkeypatch.setenv("CALLSCRIBE_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    well, text = encryption(data)
    assert not well
    assert "another master key" in text
    monkeypatch.delenv("CALLSCRIBE_MASTER_KEY")
    well, text = encryption(data)
    assert not well
    assert "needs a master key" in text
    monkeypatch.setenv("CALLSCRIBE_ENCRYPTION", "none")
    well, text = encryption(data)
    assert well
    assert text.startswith("off")


def test_doctor_finds_keys_among_what_they_seal(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLSCRIBE_KEYS_URL", (data / "blobs").as_uri())
    well, text = encryption(data)
    assert not well
    assert "Choose another folder" in text

"""`callscribe accounts keys`: made, listed, revoked."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.cli import app
from callscribe.preparation import prepare
from callscribe.settings import Settings

run = CliRunner().invoke


@pytest.fixture
def data(tmp_path: Path) -> str:
    folder = tmp_path / "data"
    prepare(Settings(data_dir=folder))[0].close()
    return str(folder)


def _keys(data: str, *arguments: str) -> str:
    result = run(app, ["accounts", "keys", *arguments, "--data", data])
    assert result.exit_code == 0, result.output
    return result.output


def test_key_made_listed_revoked(data: str) -> None:
    made = re.fullmatch(
        r"API key SID  (SK[0-9a-f]{32})\nSecret       ([0-9a-f]{32})\n", _keys(data, "create", "--name", "shop")
    )
    assert made
    listed = _keys(data, "list")
    assert made[1] in listed
    assert "shop" in listed
    assert made[2] not in listed
    assert made[1] in _keys(data, "revoke", made[1])
    assert made[1] not in _keys(data, "list")


def test_several_accounts_need_name(data: str) -> None:
    second = re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "create", "--data", data]).output)[0]
    assert run(app, ["accounts", "keys", "create", "--data", data]).exit_code == 2
    sid = re.findall(r"SK[0-9a-f]{32}", _keys(data, "create", second))[0]
    assert sid in _keys(data, "list", second)
    assert sid not in _keys(data, "list", "AC" + "0" * 32)


@pytest.mark.parametrize("arguments", [["revoke", "SK" + "0" * 32], ["create", "AC" + "0" * 32]])
def test_missing_ends_with_status_2(data: str, arguments: list[str]) -> None:
    assert run(app, ["accounts", "keys", *arguments, "--data", data]).exit_code == 2


def test_name_has_64_characters_at_most(data: str) -> None:
    assert run(app, ["accounts", "keys", "create", "--name", "x" * 65, "--data", data]).exit_code == 2


def test_a_name_is_shown_as_it_is_written(data: str, tmp_path: Path) -> None:
    names = ["[/bold]", "[link=https://evil.example]shop[/link]", ":smile:"]
    for name in names:
        _keys(data, "create", "--name", name)
    with closing(sqlite3.connect(tmp_path / "data/callscribe.db")) as database, database:  # as an earlier version did
        database.execute("UPDATE api_keys SET friendly_name = ? WHERE friendly_name = ?", ("a\x1b[31mb", ":smile:"))
        database.execute("UPDATE accounts SET name = ?", ("[/bold]\x1b]0;title\x07",))
    listed = _keys(data, "list")
    assert all(name in listed for name in names[:2])
    assert "a�[31mb" in listed
    accounts = run(app, ["accounts", "list", "--data", data])
    assert "[/bold]�]0;title�" in accounts.output
    assert "\x1b" not in listed + accounts.output


@pytest.mark.parametrize("command", ["keys", "accounts"])
def test_a_name_has_no_control_characters(data: str, command: str) -> None:
    arguments = ["accounts", *(["keys"] if command == "keys" else []), "create", "--name", "a\x1b[31m", "--data", data]
    assert run(app, arguments).exit_code == 2


def _logged(data: str) -> list[tuple[str, str, str]]:
    with closing(sqlite3.connect(Path(data) / "callscribe.db")) as connection:
        rows = connection.execute("SELECT action, actor, way FROM audit_events ORDER BY created_at, id").fetchall()
    return [row for row in rows if row[0] != "account.created"]


def test_keys_have_their_roles(data: str) -> None:
    made = _keys(data, "create", "--name", "team", "--role", "read", "--role", "submit")
    standard = _keys(data, "create", "--name", "old")
    listed = {line.split()[0]: line for line in _keys(data, "list").splitlines()[1:]}
    assert "submit, read" in listed[re.findall(r"SK[0-9a-f]{32}", made)[0]]
    assert "standard" in listed[re.findall(r"SK[0-9a-f]{32}", standard)[0]]
    wrong = run(app, ["accounts", "keys", "create", "--role", "write", "--data", data])
    assert wrong.exit_code == 2
    assert "read_originals" in wrong.output
    assert _logged(data) == [("key.created", "operator", "command")] * 2


def test_tokens_changed_without_a_gap(data: str) -> None:
    sid = re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "list", "--data", data]).output)[0]

    def tokens(command: str) -> tuple[int, str]:
        result = run(app, ["accounts", "tokens", command, sid, "--data", data])
        return result.exit_code, result.output

    status, said = tokens("create")
    assert (status, len(re.findall(r"\b[0-9a-f]{32}\b", said))) == (0, 1)
    assert tokens("create")[0] == 2
    assert tokens("promote")[0] == 0
    assert tokens("promote")[0] == tokens("delete")[0] == 2
    assert tokens("create")[0] == tokens("delete")[0] == 0
    assert _logged(data) == [("token.changed", "operator", "command")] * 4


def test_limits_and_retention_are_logged(data: str) -> None:
    sid = re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "list", "--data", data]).output)[0]
    assert run(app, ["accounts", "limits", sid, "--jobs-waiting", "5", "--data", data]).exit_code == 0
    assert run(app, ["accounts", "retention", sid, "--media-days", "5", "--data", data]).exit_code == 0
    assert run(app, ["accounts", "limits", sid, "--data", data]).exit_code == 0  # only looks
    assert _logged(data) == [("account.changed", "operator", "command")] * 2

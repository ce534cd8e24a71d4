"""`callscribe accounts keys`: made, listed, revoked."""

import re
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


def test_a_key_is_made_listed_and_revoked(data: str) -> None:
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


def test_among_several_accounts_one_is_named(data: str) -> None:
    second = re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "create", "--data", data]).output)[0]
    assert run(app, ["accounts", "keys", "create", "--data", data]).exit_code == 2
    sid = re.findall(r"SK[0-9a-f]{32}", _keys(data, "create", second))[0]
    assert sid in _keys(data, "list", second)
    assert sid not in _keys(data, "list", "AC" + "0" * 32)


@pytest.mark.parametrize("arguments", [["revoke", "SK" + "0" * 32], ["create", "AC" + "0" * 32]])
def test_what_is_not_there_ends_with_status_2(data: str, arguments: list[str]) -> None:
    assert run(app, ["accounts", "keys", *arguments, "--data", data]).exit_code == 2


def test_a_name_has_64_characters_at_most(data: str) -> None:
    assert run(app, ["accounts", "keys", "create", "--name", "x" * 65, "--data", data]).exit_code == 2

"""`callscribe accounts limits`: shown, set, taken away."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from callscribe.cli import app

run = CliRunner().invoke


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(tmp_path / "data")


@pytest.fixture
def sid(data: str) -> str:
    return re.findall(r"AC[0-9a-f]{32}", run(app, ["accounts", "create", "--data", data]).output)[-1]


def rows(data: str, *arguments: str) -> dict[str, list[str]]:
    result = run(app, ["accounts", "limits", *arguments, "--data", data], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    lines = [re.split(r"\s{2,}", line.strip()) for line in result.output.splitlines()]
    return {line[0]: line[1:] for line in lines}


def test_settings_limits_shown_with_use(data: str, sid: str) -> None:
    shown = rows(data, sid)
    assert shown["Requests"] == ["the settings", "1000/second"]
    assert shown["Jobs waiting"] == ["the settings", "100,000", "0"]
    assert shown["Jobs running"] == ["the settings", "16"]
    assert shown["Audio hours in 24 h"] == ["the settings", "10,000", "0.00"]
    assert shown["Stored bytes"] == ["the settings", f"{1024**4:,}", "0"]


def test_limits_given_and_taken_away(data: str, sid: str) -> None:
    given = ["--requests", "5/second", "--jobs-waiting", "7", "--audio-hours", "none", "--stored-bytes", "2G"]
    shown = rows(data, sid, *given, "--jobs-running", "0")
    assert shown["Requests"] == ["the account", "5/second"]
    assert shown["Jobs waiting"] == ["the account", "7", "0"]
    assert shown["Jobs running"] == ["the account", "0"]
    assert shown["Audio hours in 24 h"] == ["the account", "none", "0.00"]
    assert shown["Stored bytes"] == ["the account", f"{2 * 1024**3:,}", "0"]
    assert rows(data, sid) == shown
    shown = rows(data, sid, "--requests", "none", "--jobs-waiting", "default", "--audio-hours", "0.5")
    assert shown["Requests"] == ["the account", "none"]
    assert shown["Jobs waiting"] == ["the settings", "100,000", "0"]
    assert shown["Audio hours in 24 h"] == ["the account", "0.5", "0.00"]


@pytest.mark.parametrize(
    "option",
    [
        ("--requests", "often"),
        ("--jobs-waiting", "-1"),
        ("--jobs-running", "none"),
        ("--audio-hours", "nan"),
        ("--stored-bytes", "99999999T"),
    ],
)
def test_bad_limit_changes_nothing(option: tuple[str, str], data: str, sid: str) -> None:
    assert run(app, ["accounts", "limits", sid, *option, "--data", data]).exit_code == 2
    assert all(row[0] != "the account" for row in rows(data, sid).values())


def test_missing_account_has_no_limits(data: str, sid: str) -> None:
    assert run(app, ["accounts", "limits", "AC" + "0" * 32, "--data", data]).exit_code == 2

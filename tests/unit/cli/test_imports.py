"""What a command loads: nothing heavy for help, the version and completion, and otherwise only what it uses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from callscribe.cli import app

HEAVY = {"av", "ctranslate2", "dbos", "fastapi", "httpx2", "numpy", "openvino", "pydantic_settings", "sqlalchemy"}

PROBE = f"""
import json, sys
from callscribe.cli import app
for arguments in json.loads(sys.argv[1]):
    try:
        app(arguments, prog_name="callscribe")
    except SystemExit as ended:
        assert not ended.code, arguments
print("loaded", *sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)
"""


def run(*commands: str, **environment: str) -> tuple[str, set[str]]:
    """What some command lines print, one after the other, and what of `HEAVY` is loaded at the end."""
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, json.dumps([each.split() for each in commands])],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    last = ended.stderr.splitlines()[-1].split()
    assert last[0] == "loaded"
    return ended.stdout, set(last[1:])


def test_version_and_help_load_nothing() -> None:
    names = get_command(app).commands  # type: ignore[attr-defined]
    printed, loaded = run("--version", "--help", *(f"{name} --help" for name in names))
    assert printed.startswith("callscribe ")
    assert printed.count("Usage: callscribe") == 1 + len(names)
    assert loaded == set()


@pytest.mark.parametrize(("typed", "offered"), [("tr", "transcribe"), ("jobs list --st", "--status")])
def test_completion_loads_nothing(typed: str, offered: str) -> None:
    words = f"callscribe {typed}"
    count = str(len(words.split()) - 1)
    printed, loaded = run("", _CALLSCRIBE_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=count)
    assert printed.split() == [offered]
    assert loaded == set()


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        ("accounts list", {"av", "ctranslate2", "fastapi", "httpx2", "numpy", "openvino"}),
        ("jobs list", {"ctranslate2", "fastapi", "openvino"}),
        ("models list", HEAVY - {"pydantic_settings"}),
    ],
)
def test_command_loads_what_it_uses(command: str, unused: set[str], tmp_path: Path) -> None:
    data = f"--data {tmp_path}"
    run(f"accounts create {data}")  # makes the database
    _, loaded = run(f"{command} {data}")
    assert "pydantic_settings" in loaded
    assert loaded.isdisjoint(unused)

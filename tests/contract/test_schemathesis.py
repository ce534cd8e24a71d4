"""The OpenAPI document against the server, by Schemathesis: every check, in every phase, stateful too.

What it sends is made from the document, valid and not, and is the same in every run. `schemathesis.toml` beside this
says how much of it, and where the contract asks for more than a schema can say.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from callers import Front
from harness import ACCOUNT_SID, AUTH_TOKEN

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")


@pytest.mark.long
@pytest.mark.timeout(300)
def test_server_keeps_its_document(serve: Front, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    options = ["--checks", "all", "--auth", f"{ACCOUNT_SID}:{AUTH_TOKEN}", "--no-color"]
    ended = subprocess.run(
        [*command, f"{serve.server.url}/openapi.json", *options],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    # It looked at everything, and went along links.
    selected = re.search(r"Operations: +(\d+) selected / (\d+) total", ended.stdout)
    assert selected, ended.stdout
    assert selected[1] == selected[2], ended.stdout
    assert f"Tested: {selected[1]}" in ended.stdout
    followed = re.search(r"API Links: +(\d+) covered", ended.stdout)
    assert followed, ended.stdout
    assert int(followed[1]) > 0, ended.stdout


def test_no_check_is_off() -> None:
    assert "enabled = false" not in CONFIGURATION.read_text().replace("[warnings]\nenabled = false", "")

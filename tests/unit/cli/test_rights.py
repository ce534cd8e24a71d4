"""Who may read what commands write."""

import subprocess
import sys
from pathlib import Path


def _run(umask: int, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "callscribe", *arguments], check=True, capture_output=True, umask=umask)


def test_files_of_the_server_are_its_own(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    _run(0o022, "accounts", "create", "--data", str(tmp_path))
    made = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.rglob("*")}
    assert {"callscribe.db", "secret.key"} <= made.keys()
    assert not any(made.values()), made

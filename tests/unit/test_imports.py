"""Imports between the folders run one way, so that each can be understood without those that use it."""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import callscribe

ROOT = Path(callscribe.__file__).parent
ABOVE = {"cli", "web", "console", "demo"}
"""They put the others together; what domains take of `web` knows no domain."""

BELOW = {"db", "durable"}
"""They are what everything stands on, and each other; the migrations see every table."""


def _imported(folder: Path) -> set[str]:
    names = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                names.add(node.module)
            elif isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
    parts = (name.split(".") for name in names)
    return {each[1] for each in parts if each[0] == "callscribe" and len(each) > 1} - {folder.name}


def test_imports_between_folders_run_one_way() -> None:
    folders = {path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()} - ABOVE - BELOW
    graph = {name: _imported(ROOT / name) & folders for name in sorted(folders)}
    TopologicalSorter(graph).prepare()  # raises CycleError, with the cycle


def test_recordings_know_nothing_of_what_is_made_of_them() -> None:
    assert not _imported(ROOT / "recordings") & {"transcriptions", "conversations", "configurations"}


def test_audio_speech_and_transcripts_know_nothing_of_servers_and_databases() -> None:
    for name in ("media", "speech", "transcripts"):
        assert not _imported(ROOT / name) & {"web", "db", "durable"}

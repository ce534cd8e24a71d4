"""Files of weights are mapped, and do not stay in memory because they were read."""

import sys
from pathlib import Path

import numpy as np
import pytest

from callscribe.speech.engines.whisper.weights import MappedFile

SIZE = 8 * 2**20


def _resident(path: Path) -> int:
    """Bytes of a file that are in this process's memory."""
    total, inside = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        first, *rest = line.split()
        if "-" in first:
            inside = bool(rest) and rest[-1] == str(path)
        elif inside and first == "Rss:":
            total += int(rest[0]) * 1024
    return total


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "weights.bin"
    path.write_bytes(np.random.default_rng(1).bytes(SIZE))
    return path


def test_released_pages_read_again(path: Path) -> None:
    file = MappedFile(path)
    before = file.bytes.copy()

    file.let_go()

    assert np.array_equal(file.bytes, before)
    assert before.tobytes() == path.read_bytes()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what of a file is in memory")
def test_released_pages_free_memory(path: Path) -> None:
    file = MappedFile(path)
    assert int(file.bytes.sum()) > 0
    assert _resident(path) == SIZE

    file.let_go()

    assert _resident(path) == 0

"""Runs recognisers beside each other, each in a process of its own, and measures time and memory.

They take turns on each recording, so that what else the machine does falls on all alike.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import psutil

from recognisers import Heard

LOOK: Final = 0.1
"""Seconds between two looks at a process tree's memory."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a recogniser made of a recording, in how many seconds, and its tree's peak memory meanwhile in bytes.

    `computed` are the seconds that its tree had a processor.
    """

    words: list[Heard]
    seconds: float
    peak: int
    computed: float


def tree_memory(root: psutil.Process) -> int:
    """Bytes that a process and all below it occupy.

    Their proportional sets, so that pages which processes share are counted once; resident sets where the system does
    not know those.
    """
    total = 0
    try:
        for process in [root, *root.children(recursive=True)]:
            try:
                memory = process.memory_full_info()
                total += getattr(memory, "pss", 0) or memory.rss
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue  # it ended just now
    except psutil.NoSuchProcess:
        pass
    return total


def tree_computed(root: psutil.Process) -> float:
    """Seconds that a process, all below it and those of them that have ended have had a processor."""
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            total += times.user + times.system + times.children_user + times.children_system
    return total


class PeakMemory:
    """The most memory that a process tree has occupied, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        self.peak = 0
        self._root = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(LOOK):
            self.peak = max(self.peak, tree_memory(self._root))


class Contestant:
    """A recogniser in a process of its own."""

    def __init__(self, name: str, process: "subprocess.Popen[str]") -> None:
        self.name = name
        self._process = process
        self._read()  # it says when it has loaded its model

    def recognise(self, path: Path, language: str) -> Answer:
        """Have one recording recognised."""
        assert self._process.stdin is not None
        tree = psutil.Process(self._process.pid)
        before = tree_computed(tree)
        with PeakMemory(self._process.pid) as memory:
            self._process.stdin.write(json.dumps({"path": str(path), "language": language}) + "\n")
            self._process.stdin.flush()
            answer = self._read()
        words = [Heard(**word) for word in answer["words"]]
        return Answer(words, answer["seconds"], memory.peak, tree_computed(tree) - before)

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} ended with {self._process.wait()}.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def contestants(names: Sequence[str], *, model: str, threads: int, **environment: str) -> Iterator[list[Contestant]]:
    """Start recognisers by name, and end them in the end."""
    with ExitStack() as stack:
        started = []
        for name in names:
            command = [sys.executable, str(Path(__file__).with_name("recognisers.py")), name]
            process = stack.enter_context(
                subprocess.Popen(
                    [*command, "--model", model, "--threads", str(threads)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env=os.environ | environment,
                    text=True,
                    encoding="utf-8",
                )
            )
            stack.callback(process.terminate)
            started.append(Contestant(name, process))
        yield started

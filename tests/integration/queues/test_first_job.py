"""One account with 10,000 jobs, and the first job of another; workers that die: with a worker's own runtime."""

import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.tables import Piece, Worker
from harness import eventually
from integration.queues.queued import column, enqueue, forget_all

QUEUE = "recognition:probe"


class Probe:
    """A worker in a process of its own; see probe_worker.py."""

    def __init__(self, database: Database, folder: Path) -> None:
        url = database.engine.url.render_as_string(hide_password=False)
        self._folder = folder
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("probe_worker.py")), url, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._lines.get(timeout=60) == "ready"

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith(("ready", "started")):  # else it is the log
                self._lines.put(line.strip())

    def started(self) -> str:
        """What is taken next."""
        return self._lines.get(timeout=60).removeprefix("started ")

    def takes_nothing(self) -> bool:
        """Whether nothing is taken in the time of several polls."""
        try:
            self._lines.get(timeout=1.5)
        except queue.Empty:
            return True
        return False

    def end(self, name: str) -> None:
        (self._folder / name).touch()

    def kill(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdin.close()
        self.process.stdout.close()

    def stop(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        if self.process.wait(60):
            raise AssertionError("the worker failed")
        self._reader.join()
        self.process.stdout.close()


@pytest.fixture
def probe(database: Database, tmp_path: Path) -> Iterator[Probe]:
    forget_all(database)
    probe = Probe(database, tmp_path)
    yield probe
    if probe.process.poll() is None:
        for each in probe_names():
            probe.end(each)
        probe.stop()
    forget_all(database)


def probe_names() -> list[str]:
    return [*(f"a-{number:05}" for number in range(10_000)), "b-0", "b-1", "c-0", "killed-0", "killed-1", "ended-0"]


def test_first_job_waits_for_one_piece(database: Database, probe: Probe) -> None:
    enqueue(database, QUEUE, "a", *(name for name in probe_names() if name.startswith("a")))
    held = {probe.started(), probe.started()}
    assert all(name.startswith("a") for name in held)
    assert probe.takes_nothing()
    # While two of `a` are under way and thousands wait: at once, in the place that is kept for such as come first.
    enqueue(database, QUEUE, "b", "b-0", "b-1")
    assert probe.started() == "b-0"
    # With all places taken, `c` comes as soon as one piece ends, before any other of those who wait.
    enqueue(database, QUEUE, "c", "c-0")
    assert probe.takes_nothing()
    probe.end("b-0")
    assert probe.started() == "c-0"

    # A worker that is told to end gives back what it has in hand, and is gone.
    names = [*held, "c-0"]
    process = probe.process
    assert None not in column(database, "worker", names)
    probe.stop()
    assert process.returncode == 0
    assert column(database, "worker", names) == [None] * 3
    assert column(database, "deaths", names) == [0, 0, 0]
    with database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(Worker)) == 0


def test_killed_work_resumes_at_last_step(database: Database, probe: Probe, tmp_path: Path) -> None:
    enqueue(database, QUEUE, "a", "killed-0")
    enqueue(database, QUEUE, "b", "killed-1")
    assert {probe.started(), probe.started()} == {"killed-0", "killed-1"}
    eventually(lambda: (tmp_path / "killed-1.held").exists() and (tmp_path / "killed-0.held").exists())
    probe.kill()
    another = Probe(database, tmp_path)
    try:
        assert {another.started(), another.started()} == {"killed-0", "killed-1"}
        assert column(database, "deaths", ["killed-0", "killed-1"]) == [1, 1]
        for each in ("killed-0", "killed-1"):
            another.end(each)
            assert (tmp_path / f"{each}.counted").read_text() == "x"  # not a second time
        eventually(lambda: not left(database))
    finally:
        another.stop()


def test_ended_work_is_not_redone(database: Database, probe: Probe) -> None:
    enqueue(database, QUEUE, "a", "ended-0")
    assert probe.started() == "ended-0"
    probe.end("ended-0")
    eventually(lambda: not left(database))
    enqueue(database, QUEUE, "a", "ended-0")  # by a step that is done a second time
    eventually(lambda: not left(database))
    assert probe.takes_nothing()


def left(database: Database) -> int:
    with database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(Piece)) or 0

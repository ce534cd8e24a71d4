"""A server and the worker beside it, which is a process here that has only its end of the socket."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from callscribe.worker.relay import Asking

WORKER = """
import itertools, threading
from callscribe.worker.relay import Answering
stop, numbers = threading.Event(), itertools.count(1)
answering = Answering(stop)
def say():
    number = next(numbers)
    return str(1 // (number - 3)).encode() * 300_000 if number == 3 else f"{number}".encode() * 300_000
answering.say = say
stop.wait()
"""

Beside = tuple[Asking, "subprocess.Popen[bytes]"]


@pytest.fixture
def beside() -> Iterator[Beside]:
    with closing(Asking()) as asking:
        with asking.other as theirs:
            worker = subprocess.Popen([sys.executable, "-c", WORKER], stdin=theirs.fileno())
        with worker:
            while asking.ask() is None:  # it starts
                pass
            yield asking, worker
            worker.kill()


def test_a_worker_says_what_it_measures(beside: Beside) -> None:
    asking, _ = beside
    assert asking.ask() == b"2" * 300_000


def test_a_fault_in_what_it_measures_ends_nothing(beside: Beside) -> None:
    asking, _ = beside
    assert [answer and answer[:1] for answer in (asking.ask(), asking.ask(), asking.ask())] == [b"2", None, b"4"]


def test_a_worker_that_stands_still_is_waited_for_in_vain_and_asked_anew(beside: Beside) -> None:
    asking, worker = beside
    os.kill(worker.pid, signal.SIGSTOP)
    assert asking.ask() is None
    assert asking.ask() is None
    os.kill(worker.pid, signal.SIGCONT)
    assert asking.ask() in {b"4" * 300_000, None}  # not the late one
    assert asking.ask() is not None


def test_a_worker_that_was_killed_says_nothing(beside: Beside) -> None:
    asking, worker = beside
    worker.kill()
    assert asking.ask() is None


def test_a_worker_ends_with_its_server(beside: Beside) -> None:
    asking, worker = beside
    asking.close()
    assert worker.wait(20) == 0
    assert asking.ask() is None

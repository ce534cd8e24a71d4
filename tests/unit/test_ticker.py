"""Rounds of work in the background."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
import structlog

from callscribe.ticker import Ticker
from harness import eventually

NEVER = 3600.0


@pytest.fixture
def ticker() -> Iterator[Callable[..., Ticker]]:
    made: list[Ticker] = []

    def make(interval: float, *works: Callable[[], object], at_once: bool = False) -> Ticker:
        made.append(Ticker("test", interval, *works, failed="test.failed", at_once=at_once))
        made[-1].start()
        return made[-1]

    yield make
    for each in made:
        each.stop()


def test_rounds_follow_one_another(ticker: Callable[..., Ticker]) -> None:
    rounds: list[float] = []
    ticker(0.05, lambda: rounds.append(time.monotonic()))
    eventually(lambda: len(rounds) > 3)
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(rounds))


def test_the_first_round_may_be_at_once(ticker: Callable[..., Ticker]) -> None:
    done = threading.Event()
    ticker(NEVER, done.set, at_once=True)
    assert done.wait(10)


def test_one_that_is_woken_waits_no_longer(ticker: Callable[..., Ticker]) -> None:
    rounds: list[int] = []
    woken = ticker(NEVER, lambda: rounds.append(1))
    for number in (1, 2):
        woken.wake()
        eventually(lambda: len(rounds) == number)  # noqa: B023  called in this round


def test_a_wake_during_a_round_brings_another(ticker: Callable[..., Ticker]) -> None:
    rounds: list[int] = []

    def work() -> None:
        rounds.append(1)
        if len(rounds) == 1:
            woken.wake()

    woken = ticker(NEVER, work)
    woken.wake()
    eventually(lambda: len(rounds) == 2)


def test_what_fails_keeps_nothing_from_its_turn(ticker: Callable[..., Ticker]) -> None:
    rounds: list[int] = []

    def fail() -> None:
        raise ValueError("always")

    with structlog.testing.capture_logs() as logs:
        ticker(0.01, fail, lambda: rounds.append(1))
        eventually(lambda: len(rounds) > 2)
    assert {entry["event"] for entry in logs} == {"test.failed"}
    assert len(logs) > 2


def test_an_outage_is_told_once(ticker: Callable[..., Ticker]) -> None:
    rounds: list[int] = []

    def fail() -> None:
        rounds.append(1)
        if len(rounds) != 3:
            error = sqlite3.OperationalError()
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    with structlog.testing.capture_logs() as logs:
        ticker(0.01, fail)
        eventually(lambda: len(rounds) > 5)
    assert [entry["reason"] for entry in logs] == ["the disk of the database is full"] * 2


def test_nobody_has_to_wait_for_a_round(ticker: Callable[..., Ticker]) -> None:
    begun, go_on, late = threading.Event(), threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        go_on.wait(60)
        raise ValueError("what it works with is closed")

    with structlog.testing.capture_logs() as logs:
        stopped = ticker(0.01, long, late.set)
        assert begun.wait(10)
        stopped.stop(patience=0)
        go_on.set()
        stopped.stop()
    assert not late.is_set()
    assert not logs


def test_one_that_never_began_can_be_stopped() -> None:
    Ticker("test", NEVER, print, failed="test.failed").stop()

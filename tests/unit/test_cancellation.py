import itertools
import threading
import time

import pytest

from callscribe.cancellation import NEVER, Cancellation, DeadlinePassed, run_cancellable
from callscribe.errors import Cancelled


@pytest.fixture
def cancelled() -> Cancellation:
    """One that is cancelled a moment after it was asked for."""
    cancellation = Cancellation()
    threading.Timer(0.05, cancellation.cancel).start()
    return cancellation


def test_a_wait_ends_at_once_when_cancelled(cancelled: Cancellation) -> None:
    cancelled.raise_if_cancelled()
    with pytest.raises(Cancelled):
        cancelled.wait(60)
    with pytest.raises(Cancelled):
        cancelled.wait(0)


def test_a_wait_that_nothing_ends_is_waited_out() -> None:
    began = time.monotonic()
    NEVER.wait(0.05)
    NEVER.with_deadline(60).wait(0.05)
    assert time.monotonic() - began >= 0.1


def test_a_deadline_ends_its_part_of_the_work() -> None:
    whole = Cancellation()
    with pytest.raises(DeadlinePassed, match=r"not done after 0\.05 s"):
        whole.with_deadline(0.05).wait(60)
    whole.raise_if_cancelled()


def test_work_that_is_cancelled_takes_its_parts_with_it(cancelled: Cancellation) -> None:
    with pytest.raises(Cancelled):
        cancelled.with_deadline(60).wait(60)


def test_any_look_can_end_the_work() -> None:
    def look() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Cancellation(Cancellation(look).raise_if_cancelled).raise_if_cancelled()


def test_result_or_error_comes_out() -> None:
    assert run_cancellable(lambda: 3, NEVER) == 3
    with pytest.raises(ZeroDivisionError):
        run_cancellable(lambda: 1 // 0, NEVER)


@pytest.mark.parametrize("fails", [False, True])
def test_who_leaves_is_gone_at_once_and_the_result_is_tidied_up(cancelled: Cancellation, *, fails: bool) -> None:
    hanging, tidied = threading.Event(), threading.Event()
    results: list[float | None] = []

    def work() -> float:
        hanging.wait(30)
        return 7 / (0 if fails else 1)

    def late(result: float | None) -> None:
        results.append(result)
        tidied.set()

    with pytest.raises(Cancelled):
        run_cancellable(work, cancelled, late=late)
    assert not results  # it still hangs
    hanging.set()
    assert tidied.wait(10)
    assert results == [None if fails else 7]


def test_a_result_of_the_moment_of_leaving_is_tidied_up() -> None:
    results: list[int | None] = []
    looking, done = threading.Event(), threading.Event()
    looks = itertools.count()

    def look() -> None:
        if next(looks):  # while it waits
            looking.set()
            done.wait(10)
            raise Cancelled

    def work() -> int:
        looking.wait(10)
        threading.Timer(0.1, done.set).start()
        return 7

    with pytest.raises(Cancelled):
        run_cancellable(work, Cancellation(look), late=results.append)
    assert results == [7]


def test_unwanted_work_is_not_begun() -> None:
    begun: list[bool] = []
    cancelled = Cancellation()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        run_cancellable(lambda: begun.append(True), cancelled)
    assert not begun

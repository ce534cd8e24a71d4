import threading

import pytest

from callscribe.cancellation import run_cancellable
from callscribe.errors import Cancelled


def nothing() -> None:
    pass


def test_what_the_work_returns_or_raises_comes_out() -> None:
    assert run_cancellable(lambda: 3, nothing) == 3
    with pytest.raises(ZeroDivisionError):
        run_cancellable(lambda: 1 // 0, nothing)


def test_whoever_does_not_want_it_any_more_leaves_at_once_and_the_result_is_tidied_up() -> None:
    hanging, tidied = threading.Event(), threading.Event()
    results: list[int | None] = []
    unwanted = threading.Event()

    def work() -> int:
        unwanted.set()
        hanging.wait(30)
        return 7

    def watch() -> None:
        if unwanted.is_set():
            raise Cancelled

    def late(result: int | None) -> None:
        results.append(result)
        tidied.set()

    with pytest.raises(Cancelled):
        run_cancellable(work, watch, late=late)
    assert not results  # it still hangs
    hanging.set()
    assert tidied.wait(10)
    assert results == [7]


def test_work_that_nobody_wants_is_not_begun() -> None:
    begun: list[bool] = []

    def watch() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        run_cancellable(lambda: begun.append(True), watch)
    assert not begun

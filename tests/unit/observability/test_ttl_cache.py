import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from callscribe.monitoring.ttl_cache import TtlCache


def test_simultaneous_asks_share_value() -> None:
    made: list[int] = []
    going = threading.Event()

    def make() -> int:
        going.wait(10)
        made.append(1)
        return len(made)

    cache = TtlCache(make, seconds=60.0, patience=10.0)
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(cache.get) for _ in range(8)]
        going.set()
        assert {each.result() for each in asked} == {1}
    assert cache.get() == 1


def test_old_value_made_anew() -> None:
    numbers = iter(range(10))
    cache = TtlCache(lambda: next(numbers), seconds=0.0, patience=10.0)
    assert [cache.get() for _ in range(3)] == [0, 1, 2]


def test_error_comes_out_and_is_not_kept() -> None:
    outcomes = iter([ValueError("away"), None])

    def make() -> str:
        error = next(outcomes)
        if error is not None:
            raise error
        return "there"

    cache = TtlCache(make, seconds=60.0, patience=10.0)
    with pytest.raises(ValueError, match="away"):
        cache.get()
    assert cache.get() == "there"


def test_hanging_one_delays_nobody() -> None:
    going, calls = threading.Event(), []

    def make() -> str:
        calls.append(1)
        going.wait(10)
        return "late"

    cache = TtlCache(make, seconds=60.0, patience=0.05)
    for _ in range(3):
        with pytest.raises(TimeoutError):
            cache.get()
    assert len(calls) == 1
    going.set()
    while threading.active_count() > 1 and any(each.name == "ttl-cache" for each in threading.enumerate()):
        threading.Event().wait(0.01)
    assert cache.get() == "late"
    assert len(calls) == 1

import threading
import time

import pytest

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled
from callscribe.speech.engines.process import FairLock


def test_turns_in_order_of_arrival() -> None:
    turns, order, holding = FairLock(), list[int](), threading.Event()
    release = threading.Event()

    def hold() -> None:
        with turns.take(NEVER):
            holding.set()
            release.wait(10)

    def follow(number: int) -> None:
        with turns.take(NEVER):
            order.append(number)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    assert holding.wait(10)
    for number in range(5):
        thread = threading.Thread(target=follow, args=(number,))
        thread.start()
        threads.append(thread)
        while turns.waiting <= number:
            time.sleep(0.001)
    release.set()
    for thread in threads:
        thread.join(10)
    assert order == [0, 1, 2, 3, 4]


def test_cancelled_waiter_lets_others_by() -> None:
    turns, cancelled = FairLock(), Cancellation()
    with turns.take(NEVER):
        cancelled.cancel()
        with pytest.raises(Cancelled), turns.take(cancelled):
            pass
    with turns.take(NEVER):
        assert turns.waiting == 0


def test_owners_alternate_at_any_length() -> None:
    turns, order, holding = FairLock(), list[str](), threading.Event()
    release = threading.Event()

    def hold() -> None:
        with turns.take(NEVER, "a"):
            holding.set()
            release.wait(10)

    def follow(owner: str) -> None:
        with turns.take(NEVER, owner):
            order.append(owner)

    threads = [threading.Thread(target=hold)]
    threads[0].start()
    assert holding.wait(10)
    for number, owner in enumerate("aaaabbc"):
        thread = threading.Thread(target=follow, args=(owner,))
        thread.start()
        threads.append(thread)
        while turns.waiting <= number:
            time.sleep(0.001)
    release.set()
    for thread in threads:
        thread.join(10)
    assert "".join(order) == "bcabaaa"

"""A request waits for others only so long in all, also for a place among those who wait."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator

import pytest
import uvloop

from callscribe import waiting
from callscribe.outages import outage
from callscribe.waiting import Threads, TimedOut


def test_what_comes_in_time_comes_out() -> None:
    threads = Threads(1, "silent")
    assert asyncio.run(threads.run(divmod, 7, 2)) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        asyncio.run(threads.run(divmod, 7, 0))


def test_the_waits_of_a_request_add_up() -> None:
    async def request() -> float:
        waiting.begin(0.3)
        begun = time.monotonic()
        await waiting.within(asyncio.sleep(0.2), "silent")
        with pytest.raises(TimedOut, match="the store"):
            await waiting.within(asyncio.sleep(5), "the store")
        return time.monotonic() - begun

    assert 0.3 <= asyncio.run(request()) < 0.5


def test_a_part_that_is_done_gives_time_for_the_next() -> None:
    async def request() -> None:
        waiting.begin(0.3)
        for _ in range(3):
            waiting.renew()
            await waiting.within(asyncio.sleep(0.2), "silent")

    asyncio.run(request())


def test_waiting_for_a_place_counts_too() -> None:
    threads, going = Threads(2, "silent"), threading.Event()
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        going.wait(10)

    async def request(number: int) -> None:
        waiting.begin(0.2)
        await threads.run(work, number)

    async def requests() -> list[BaseException | None]:
        return await asyncio.gather(*(request(number) for number in range(10)), return_exceptions=True)

    answers = asyncio.run(requests())
    assert all(isinstance(answer, TimedOut) for answer in answers)
    going.set()
    assert asyncio.run(threads.run(lambda: sorted(begun))) == [0, 1]  # nobody waited for the others any more


def test_a_silence_is_an_outage_and_a_timeout_of_the_work_is_not() -> None:
    async def fail() -> None:
        raise TimeoutError

    assert outage(TimedOut("the store does not answer")) == "the store does not answer"
    with pytest.raises(TimeoutError) as caught:
        asyncio.run(waiting.within(fail(), "silent"))
    assert not isinstance(caught.value, TimedOut)


def test_who_sends_may_take_longer_than_who_takes() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            await asyncio.sleep(0.2)
            yield b"piece"

    async def request(seconds: float) -> None:
        async def consume(pieces: AsyncIterator[bytes]) -> None:
            async for _ in pieces:
                await asyncio.sleep(seconds)

        waiting.begin(0.15)
        await waiting.feeding(consume, pieces(), "silent")

    asyncio.run(request(0.01))
    with pytest.raises(TimedOut):
        asyncio.run(request(0.5))


def test_nobody_waits_after_a_timeout() -> None:
    # uvloop, which the server runs on, counts in milliseconds, and ends some waits before their time is up.
    async def request(seconds: float) -> None:
        waiting.begin(seconds)
        with pytest.raises(TimedOut, match="silent"):
            await waiting.within(asyncio.sleep(5), "silent")
        with pytest.raises(TimedOut):
            waiting.check()

    async def requests() -> None:
        await asyncio.gather(*(request(0.02 + number / 3000) for number in range(100)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(requests())

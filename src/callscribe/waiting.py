"""How long a request waits for others: the database, the blob store, a place at one of them. In all, not each time.

What waits does so in threads of its own kind, so that one that is silent stops only those who need it.
"""

import asyncio
import contextvars
import functools
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final, ParamSpec, TypeVar

DEFAULT: Final = 8.0
"""Seconds."""

SHARE: Final = 0.8
"""What one answer of a database or a store may take of it, so that it ends as an error of its own."""

NO_DATABASE: Final = "the database does not answer"
NO_STORE: Final = "the blob store does not answer"

_left: contextvars.ContextVar[list[float]] = contextvars.ContextVar("left")

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class TimedOut(TimeoutError):  # noqa: N818  says what is the case
    """Somebody did not answer in time; the text says who."""


def begin(seconds: float) -> None:
    """Let what is done in this context wait for so long from now on."""
    _left.set([seconds, seconds])


def renew() -> None:
    """The same time again, where a part is done and another follows."""
    if left := _left.get(None):
        left[0] = left[1]


def check() -> None:
    """Make sure that somebody still waits for what is done in this context.

    Raises:
        TimedOut: nobody does.
    """
    if (left := _left.get(None)) and left[0] <= 0:
        raise TimedOut("it took too long")


@asynccontextmanager
async def _limited(left: list[float], reason: str) -> AsyncIterator[asyncio.Timeout]:
    """What is done in the block may take what is left of the time.

    Raises:
        TimedOut: it takes longer; nothing is left then.
    """
    try:
        async with asyncio.timeout(max(left[0], 0.0)) as limit:
            yield limit
    except TimeoutError as error:
        if limit.expired():
            left[0] = 0.0  # the loop's clock counts in milliseconds, and may have ended it before the time was up
            raise TimedOut(reason) from error
        raise


async def within(work: Awaitable[Result], reason: str) -> Result:
    """What is waited for, if it comes in time.

    Raises:
        TimedOut: it does not.
    """
    left = _left.get(None) or [DEFAULT]
    begun = time.monotonic()
    try:
        async with _limited(left, reason):
            return await work
    finally:
        left[0] -= time.monotonic() - begun


async def feeding(
    consume: Callable[[AsyncIterator[bytes]], Awaitable[None]], pieces: AsyncIterator[bytes], reason: str
) -> None:
    """Have pieces consumed by somebody who may take a request's time for each; how long they take to come is theirs.

    Raises:
        TimedOut: they take longer.
    """
    left = _left.get(None) or [DEFAULT]
    clock = asyncio.get_running_loop().time

    taking: float | None = clock()  # since when it is their turn

    def turn(since: float | None) -> None:
        nonlocal taking
        taking = since
        limit.reschedule(None if since is None else since + left[0])

    async def watched() -> AsyncIterator[bytes]:
        turn(None)
        async for piece in pieces:
            turn(clock())
            yield piece
            turn(None)
        turn(clock())

    try:
        async with _limited(left, reason) as limit:
            await consume(watched())
    finally:
        if taking is not None:
            left[0] -= clock() - taking


class Threads:
    """Threads for what waits for one thing; `reason` is what is said where that or a place in them is not to be had.

    A thread that nobody waits for any more keeps its place until it ends, by the time limits of what it does.
    """

    def __init__(self, count: int, reason: str) -> None:
        self._reason = reason
        self._pool = ThreadPoolExecutor(count, thread_name_prefix="request")

    async def run(
        self, work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """What `work` returns or raises.

        Raises:
            TimedOut: it takes too long.
        """
        call = functools.partial(contextvars.copy_context().run, work, *args, **kwargs)
        return await within(asyncio.get_running_loop().run_in_executor(self._pool, call), self._reason)

    def running(self, work: Callable[Parameters, Result]) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
        """The function as one that is awaited."""

        @functools.wraps(work)
        async def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
            return await self.run(work, *args, **kwargs)

        return run


DATABASE: Final = Threads(32, NO_DATABASE)
STORE: Final = Threads(16, NO_STORE)

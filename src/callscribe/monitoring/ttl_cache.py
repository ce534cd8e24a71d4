"""A cache of one value with a time to live; a value that takes too long to make keeps nobody waiting for ever."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

Value = TypeVar("Value")


class TtlCache(Generic[Value]):
    """A value that is made anew at most every so many seconds, once for all who ask for it meanwhile.

    Args:
        make: makes it, in a thread of its own.
        seconds: for which it is good.
        patience: seconds that anybody waits for it. One that takes longer is still waited for, but by nobody who asks
            later, until it comes.
    """

    def __init__(self, make: Callable[[], Value], seconds: float, patience: float) -> None:
        self._make = make
        self._seconds = seconds
        self._patience = patience
        self._lock = threading.Lock()
        self._made: tuple[float, Value] | None = None
        self._making: tuple[float, Future[Value]] | None = None

    def get(self) -> Value:
        """The value. What `make` raises comes out here, and is not kept.

        Raises:
            TimeoutError: it takes too long.
        """
        value, left = self._coming()
        return value.result(left)

    async def awaited(self) -> Value:
        """The same for a coroutine."""
        value, left = self._coming()
        await asyncio.wait([asyncio.wrap_future(value)], timeout=left)
        return value.result(0)

    def _coming(self) -> tuple[Future[Value], float]:
        with self._lock:
            if self._made is not None and time.monotonic() - self._made[0] <= self._seconds:
                future: Future[Value] = Future()
                future.set_result(self._made[1])
                return future, 0.0
            if self._making is None:
                self._making = time.monotonic(), self._begin()
            begun, making = self._making
        return making, max(0.0, begun + self._patience - time.monotonic())

    def _begin(self) -> Future[Value]:
        future: Future[Value] = Future()
        threading.Thread(target=self._run, args=(future,), name="ttl-cache", daemon=True).start()
        return future

    def _run(self, future: Future[Value]) -> None:
        try:
            value = self._make()
        except BaseException as error:  # noqa: BLE001  for those who asked
            with self._lock:
                self._making = None
            future.set_exception(error)
        else:
            with self._lock:
                self._made, self._making = (time.monotonic(), value), None
            future.set_result(value)

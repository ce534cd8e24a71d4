"""Limits on what a request may bring."""

import asyncio
import re
from functools import lru_cache

from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callscribe.accounts.limits import NO_RATE, rate_set, seconds_until_free
from callscribe.errors import Code, RequestError
from callscribe.web.problems import render


class BodyLimit:
    """Answers 413 to a body over the limit, at its announcement or at the first byte too many; 408 to one that is late.

    Paths that match `streamed` are let through: they count for themselves, and never hold a body in memory.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, seconds: float, streamed: re.Pattern[str]) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._streamed = streamed
        self._detail = f"The body is larger than {max_bytes} bytes."

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on while it keeps within the limit."""
        if scope["type"] != "http" or self._streamed.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._max_bytes:
            error = RequestError(Code.TOO_LARGE, self._detail)
            await render(error, scope["path"])(scope, receive, send)
            return
        received, coming = 0, True
        until = asyncio.get_running_loop().time() + self._seconds

        async def counted() -> Message:
            # Here and below: the one kind of error that comes through while a body is read.
            nonlocal received, coming
            try:
                async with asyncio.timeout_at(until if coming else None):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, f"The body did not come within {self._seconds:g} seconds.") from error
            coming = message.get("more_body", False)
            received += len(message.get("body", b""))
            if received > self._max_bytes:
                raise HTTPException(413, self._detail)
            return message

        await self._app(scope, counted, send)


class RateLimit:
    """How often an account may ask this server process: by its own limit, else by `CALLSCRIBE_RATE_LIMIT`.

    Raises:
        SetupError: the setting is not a rate.
    """

    def __init__(self, rate: str | None) -> None:
        self._default = rate_set("CALLSCRIBE_RATE_LIMIT", rate, "100/second")
        self._parse = lru_cache(parse)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def take(self, account_sid: str, own: str | None = None) -> None:
        """Count a request; `own` is the account's own limit, a rate or `none`, where it has one.

        Raises:
            RequestError: 20429, it is one too many; `retry_after` is when the oldest of them counts no more.
        """
        rate = self._default if own is None else None if own == NO_RATE else self._parse(own)
        if rate is None or self._limiter.hit(rate, account_sid):
            return
        wait = seconds_until_free(self._limiter, rate, account_sid)
        detail = f"More requests of this account than {rate}. Try again in {wait} seconds."
        raise RequestError(Code.TOO_MANY_REQUESTS, detail, retry_after=wait)

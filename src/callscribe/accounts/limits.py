"""What an account may use: the server's settings, or limits of its own.

| Limit | Setting | What happens at it |
|---|---|---|
| requests | `CALLSCRIBE_RATE_LIMIT` | 429 |
| jobs waiting | `CALLSCRIBE_ACCOUNT_JOBS_WAITING` | 429 to a new one |
| jobs running | `CALLSCRIBE_ACCOUNT_CONCURRENCY` | the others wait |
| audio hours | `CALLSCRIBE_ACCOUNT_AUDIO_HOURS` | 429 to a new job; accepted ones wait |
| stored bytes | `CALLSCRIBE_ACCOUNT_STORED_BYTES` | 429 to a new job, and to an upload that does not fit |
"""

import math
import time
from dataclasses import dataclass
from typing import TypeVar

from limits import RateLimitItem, parse
from limits.strategies import MovingWindowRateLimiter

from callscribe.accounts.tables import Account
from callscribe.errors import SetupError
from callscribe.settings import Settings

UNLIMITED = -1
"""In a column of an account: no limit. `NO_RATE` in that of the rate, which is text."""

NO_RATE = "none"

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one account. None is no limit."""

    requests: str | None
    """A rate such as `100/second`, for each server process."""
    jobs_waiting: int | None
    """Transcriptions that are accepted and have not ended."""
    jobs_running: int
    """Pieces of work in hand at once on all workers, in each queue by itself: calls that are fetched; and for each
    model, calls that are recognised, and chunks of long ones."""
    audio_hours: float | None
    """Hours of audio in 24 hours."""
    stored_bytes: int | None
    """Bytes of recordings and results."""

    @classmethod
    def of(cls, account: Account | None, settings: Settings) -> "Limits":
        """The limits of an account; None has no limits of its own."""
        own = account or Account()
        running = own.limit_jobs_running
        return cls(
            requests=_rate(own.limit_requests, settings),
            jobs_waiting=_either(own.limit_jobs_waiting, settings.account_jobs_waiting),
            jobs_running=settings.account_concurrency if running is None else running,
            audio_hours=_either(own.limit_audio_hours, settings.account_audio_hours),
            stored_bytes=_either(own.limit_stored_bytes, settings.account_stored_bytes),
        )


def check_rate(rate: str) -> str:
    """A rate such as `100/second`, or `none`, as it is kept.

    Raises:
        ValueError: it is neither.
    """
    rate = rate.strip().lower()
    if rate != NO_RATE:
        parse(rate)
    return rate


def rate_set(setting: str, rate: str | None, example: str) -> RateLimitItem | None:
    """The rate that a setting has, such as `example`; None is no limit.

    Raises:
        SetupError: it is not a rate.
    """
    try:
        return parse(rate) if rate else None
    except ValueError as error:
        raise SetupError(f"{setting}: {rate!r} is not a rate such as {example}.") from error


def seconds_until_free(limiter: MovingWindowRateLimiter, rate: RateLimitItem, *whose: str) -> int:
    """Whole seconds, at least one, after which the oldest of what was counted counts no more."""
    return max(1, math.ceil(limiter.get_window_stats(rate, *whose).reset_time - time.time()))


def _rate(own: str | None, settings: Settings) -> str | None:
    if own is None:
        return settings.rate_limit
    return None if own == NO_RATE else own


def _either(own: Number | None, default: Number | None) -> Number | None:
    if own is None:
        return default
    return None if own < 0 else own

"""How many wrong tokens and secrets a server process listens to, so that guessing is slow and costs little.

Counted are wrong ones alone, by who sends them, so that nobody is locked out by what others send:

- for one SID from one address, `CALLSCRIBE_FAILED_ATTEMPTS` (10 a minute);
- from one address, for whatever SIDs, ten times as many;
- once one SID had a hundred times as many from everywhere, one from each address: whoever comes from another one with
  the right token still gets in.

What was right in this process before is never refused, so a program that works goes on behind the same proxy as one
that guesses. An address of IPv6 is its network of 64 bits.
"""

from typing import Final

from limits import RateLimitItem
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from callscribe.accounts.addresses import party
from callscribe.accounts.limits import rate_set, seconds_until_free
from callscribe.errors import Code, RequestError

OF_ADDRESS: Final = 10
OF_SID: Final = 100
"""Times the setting."""

_LONGEST_SID: Final = 64
"""Of what is remembered of what somebody calls a SID."""


class FailedAttempts:
    """Counts them in one process; `rate` is the setting, None is no limit.

    Raises:
        SetupError: the setting is not a rate.
    """

    def __init__(self, rate: str | None) -> None:
        self._rate = rate_set("CALLSCRIBE_FAILED_ATTEMPTS", rate, "10/minute")
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, sid: str, address: str | None) -> None:
        """Make sure that another attempt is listened to.

        Raises:
            RequestError: 20429, too many were wrong; `retry_after` is when the oldest of them counts no more.
        """
        if self._rate is None:
            return
        for limit, *who in self._limits(self._rate, sid, address):
            if not self._limiter.test(limit, *who):
                wait = seconds_until_free(self._limiter, limit, *who)
                detail = f"Too many wrong tokens or secrets came from this address. Try again in {wait} seconds."
                raise RequestError(Code.TOO_MANY_REQUESTS, detail, retry_after=wait)

    def failed(self, sid: str, address: str | None) -> bool:
        """Count a wrong one; whether it was the last that is listened to for now."""
        if self._rate is None:
            return False
        sid = sid[:_LONGEST_SID]
        self._limiter.hit(_times(self._rate, OF_SID), "sid", sid)
        for limit, *who in self._limits(self._rate, sid, address):
            self._limiter.hit(limit, *who)
        return any(not self._limiter.test(limit, *who) for limit, *who in self._limits(self._rate, sid, address))

    def _limits(self, rate: RateLimitItem, sid: str, address: str | None) -> list[tuple[RateLimitItem, str, str, str]]:
        """What an attempt counts for: the limit, and whose it is."""
        sid, who = sid[:_LONGEST_SID], party(address)
        is_hunted = not self._limiter.test(_times(rate, OF_SID), "sid", sid)
        own = type(rate)(1, rate.multiples) if is_hunted else rate
        return [(own, "pair", sid, who), (_times(rate, OF_ADDRESS), "address", "", who)]


def _times(rate: RateLimitItem, factor: int) -> RateLimitItem:
    return type(rate)(rate.amount * factor, rate.multiples)

"""Retries inside a step: what is away is waited for, and a job that is deleted meanwhile is left at once."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

import structlog

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled
from callscribe.outages import outage

LONGEST_WAIT: Final = 24 * 3600.0
"""Seconds for which work waits for a database, a disk or a store that is away, before it counts as failed."""

_LONGEST_PAUSE: Final = 15.0
_SAY_EVERY: Final = 60.0

_Result = TypeVar("_Result")

_log = structlog.get_logger(__name__)


def with_retries(
    work: Callable[[], _Result],
    cancelled: Cancellation = NEVER,
    *,
    attempts: int = 4,
    interval: float = 1.0,
    backoff: float = 3.0,
    is_worth_another: Callable[[Exception], bool] = lambda _: True,
) -> _Result:
    """What `work` returns, tried again where that may help.

    An outage (see `callscribe.outages`) does not count as an attempt: it is nobody's fault, and is waited out. DBOS
    would try again as well, but neither wait for long nor notice a deletion while it waits.

    Args:
        work: changes nothing when it is done twice.
        cancelled: ends every wait.
        attempts: in all, of which an outage uses up none.
        interval: seconds before the second attempt.
        backoff: by which each further wait is longer.
        is_worth_another: whether trying again can help at all.

    Raises:
        Cancelled: `work` raised it, or `cancelled` while it waited.
        Exception: what the last attempt raised.
    """
    away = _Outage()
    made = 1
    while True:
        try:
            return work()
        except Cancelled:
            raise
        except Exception as error:
            reason = outage(error)
            if reason is not None:
                pause = away.pause(reason)
                if pause is None:
                    raise
            elif made >= attempts or not is_worth_another(error):
                raise
            else:
                pause, interval, made = interval, interval * backoff, made + 1
                away = _Outage()
        cancelled.wait(pause)


class _Outage:
    """How long something has been away for one piece of work."""

    def __init__(self) -> None:
        self._began: float | None = None
        self._said = 0.0
        self._pause = 0.5

    def pause(self, reason: str) -> float | None:
        """Seconds until the next look; None where it has been too long."""
        moment = time.monotonic()
        if self._began is None:
            self._began = moment
            self._said = moment - _SAY_EVERY
        if moment - self._began > LONGEST_WAIT:
            return None
        if moment - self._said >= _SAY_EVERY:
            self._said = moment
            _log.warning("work.waits", reason=reason, since=round(moment - self._began))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        return self._pause

"""What is done every few seconds, in a thread of its own, until it is stopped."""

import threading
from collections.abc import Callable
from typing import Final

import structlog

from callscribe.outages import outage

PAUSE: Final = 0.02
"""Seconds that one that was woken waits: what wakes it often comes in a row."""

_log = structlog.get_logger(__name__)


class Ticker:
    """Does some work again and again, in rounds. What fails keeps nothing else from its turn.

    Args:
        name: of the thread.
        interval: seconds from the end of one round to the beginning of the next.
        works: what is done in a round, one after the other.
        failed: the event that is logged of a failure; of an outage only once.
        at_once: whether the first round waits for no interval.
    """

    def __init__(
        self, name: str, interval: float, *works: Callable[[], object], failed: str, at_once: bool = False
    ) -> None:
        self._interval = interval
        self._works = works
        self._failed = failed
        self._away = False
        self._woken = threading.Event()
        if at_once:
            self.wake()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.stopping = threading.Event()
        """Set once nothing more is to begin; what takes long may look at it."""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Let the next round be now, or follow that under way at once."""
        self._woken.set()

    def stop(self, patience: float = 10.0) -> None:
        """Begin nothing more, and wait so many seconds for the end of what is under way."""
        self.stopping.set()
        self.wake()
        if self._thread.is_alive():
            self._thread.join(patience)

    def _run(self) -> None:
        while not self.stopping.is_set():
            if self._woken.wait(self._interval):
                self.stopping.wait(PAUSE)
            self._woken.clear()
            for work in self._works:
                if not self.stopping.is_set():
                    self._do(work)

    def _do(self, work: Callable[[], object]) -> None:
        try:
            work()
            self._away = False
        except Exception as error:  # noqa: BLE001  it may go well in the next round
            told, reason = self._away, outage(error)
            self._away = reason is not None
            if not (told and self._away) and not self.stopping.is_set():  # then what it uses may be closed
                _log.error(self._failed, exc_info=None if reason else error, reason=reason)

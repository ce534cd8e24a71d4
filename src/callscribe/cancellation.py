"""How work ends that is not wanted any more, or takes too long, also where it waits for what cannot be interrupted."""

import contextvars
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Final, TypeVar

from callscribe.errors import CallscribeError, Cancelled

LOOK_INTERVAL: Final = 0.5
"""Seconds at most between two looks while something is waited for."""

_Result = TypeVar("_Result")


class DeadlinePassed(CallscribeError):  # noqa: N818  says what is the case
    """The work as a whole took longer than it may."""


class Cancellation:
    """Whether work is still wanted: who does it looks in between, and somebody else may `cancel` it.

    Args:
        also: what ends the work too, by raising: another's `raise_if_cancelled`, or any look of one's own. Called with
            every look, in the thread that looks.
    """

    def __init__(self, *also: Callable[[], None]) -> None:
        self._cancelled = threading.Event()
        self._also = also

    def cancel(self) -> None:
        """Have the work end."""
        self._cancelled.set()

    def raise_if_cancelled(self) -> None:
        """Look; raise `Cancelled` once the work is cancelled, or what else ends it."""
        if self._cancelled.is_set():
            raise Cancelled
        for look in self._also:
            look()

    def wait(self, seconds: float) -> None:
        """Wait; raise what ends the work: at once when it is cancelled, within `LOOK_INTERVAL` for anything else."""
        end = time.monotonic() + seconds
        self.raise_if_cancelled()
        while (left := end - time.monotonic()) > 0:
            self._cancelled.wait(min(left, LOOK_INTERVAL) if self._also else left)
            self.raise_if_cancelled()

    def with_deadline(self, seconds: float) -> "Cancellation":
        """The same for a part of the work, which ends with `DeadlinePassed` so many seconds from now, however busy."""
        end = time.monotonic() + seconds

        def look() -> None:
            if time.monotonic() >= end:
                raise DeadlinePassed(f"not done after {seconds:g} s")

        return Cancellation(self.raise_if_cancelled, look)


NEVER: Final = Cancellation()
"""For work that nobody cancels."""


def run_cancellable(
    work: Callable[[], _Result], cancelled: Cancellation, *, late: Callable[[_Result | None], object] = lambda _: None
) -> _Result:
    """What `work` returns or raises, done in a thread of its own.

    What ends the work comes out within `LOOK_INTERVAL`. The thread cannot be stopped: it ends when `work` does, by its
    own time-outs, and then calls `late` with the result (None where `work` raised), to tidy up behind it.
    """
    future: Future[_Result] = Future()  # pending until the work is done, so that to cancel it is to leave

    def run() -> None:
        result: _Result | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  goes to the one who waits
            failure = error
        if not future.set_running_or_notify_cancel():
            late(result)
        elif failure is not None:
            future.set_exception(failure)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    cancelled.raise_if_cancelled()
    threading.Thread(target=contextvars.copy_context().run, args=(run,), name="cancellable", daemon=True).start()
    try:
        while not wait([future], timeout=LOOK_INTERVAL).done:
            cancelled.raise_if_cancelled()
    except BaseException:
        if not future.cancel():  # it is done in this very moment
            late(None if future.exception() else future.result())
        raise
    return future.result()

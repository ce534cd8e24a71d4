"""Waiting for what cannot be interrupted, without being tied to it: a resolver, a connect, an object store."""

import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

Watch = Callable[[], None]
"""Called at least every half second while something is waited for; what it raises ends the wait."""

WATCH_INTERVAL = 0.5
"""Seconds."""

_Result = TypeVar("_Result")


def _nothing(_result: object) -> None:
    pass


def run_cancellable(
    work: Callable[[], _Result], watch: Watch, *, late: Callable[[_Result | None], None] = _nothing
) -> _Result:
    """What `work` returns or raises, done in a thread of its own.

    When `watch` raises, that comes out at once. The thread cannot be stopped: it ends when `work` does, by its own
    time-outs, and then calls `late` with the result (None where `work` raised), to tidy up behind it.
    """
    future: Future[_Result] = Future()
    left = threading.Event()
    settled = threading.Lock()

    def run() -> None:
        result: _Result | None = None
        failure: BaseException | None = None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  goes to the one who waits
            failure = error
        with settled:
            if not left.is_set():
                if failure is not None:
                    future.set_exception(failure)
                else:
                    future.set_result(result)  # type: ignore[arg-type]
                return
        late(result)

    watch()
    threading.Thread(target=contextvars.copy_context().run, args=(run,), name="watched", daemon=True).start()
    try:
        while not wait([future], timeout=WATCH_INTERVAL).done:
            watch()
    except BaseException:
        with settled:
            left.set()
            done = future.done()
        if done:  # in this very moment
            late(None if future.exception() else future.result())
        raise
    return future.result()

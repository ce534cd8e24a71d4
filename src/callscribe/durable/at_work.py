"""What this process has at work: filled where workflows begin and end."""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from dbos import DBOS

from callscribe.durable.retry import with_retries

_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


class AtWork:
    """The workflows whose bodies run here. One may run twice, where it was given away and came back."""

    def __init__(self) -> None:
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()
        self.ended: Callable[[str], None] = lambda _: None
        """Told the id of each that ends, in its thread. What came of it is not recorded yet."""

    @contextmanager
    def running(self, workflow_id: str) -> Iterator[None]:
        """The block is the workflow's body."""
        with self._lock:
            self._running[workflow_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._running -= Counter([workflow_id])  # and away with those that are none any more
                is_over = workflow_id not in self._running
            if is_over:
                self.ended(workflow_id)

    def ids(self) -> Collection[str]:
        """Those that run."""
        with self._lock:
            return set(self._running)


HERE: Final = AtWork()
"""Of this process, which has one DBOS."""


def workflow(name: str) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """A method as a workflow of DBOS's of this name, known to `HERE` while it runs. The name must be the method's."""

    def decorate(method: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        @wraps(method)
        def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            with HERE.running(str(DBOS.workflow_id)):
                return method(*args, **kwargs)

        return DBOS.workflow(name=name)(run)

    return decorate


def step(
    *, attempts: int = 4, backoff: float = 3.0
) -> Callable[[Callable[_Parameters, _Result]], Callable[_Parameters, _Result]]:
    """A method as a step of DBOS's in which it is tried again as `with_retries` does: twice must change nothing."""

    def decorate(method: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
        @wraps(method)
        def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
            return with_retries(lambda: method(*args, **kwargs), attempts=attempts, backoff=backoff)

        return DBOS.step()(run)

    return decorate

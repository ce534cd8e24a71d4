"""How much memory a process takes, looked at again and again: no system but Linux keeps the most of another one."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import psutil

INTERVAL: Final = 0.05
"""Seconds between two looks; a peak that is shorter is missed."""


class PeakMemory:
    """The most resident memory, in bytes, that a process was seen to have while the context was open.

    `pid` is asked at each look: a process may be started, or started anew, meanwhile. None is no process.
    """

    def __init__(self, pid: Callable[[], int | None]) -> None:
        self.most = 0
        self._pid = pid
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL):
            self._look()

    def _look(self) -> None:
        pid = self._pid()
        if pid is None:
            return
        try:
            self.most = max(self.most, psutil.Process(pid).memory_info().rss)
        except psutil.Error:  # it has ended meanwhile
            return

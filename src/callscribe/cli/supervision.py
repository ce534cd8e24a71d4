"""The worker process beside the API of `callscribe serve`: started, started again when it dies, ended with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from types import TracebackType
from typing import Self

import structlog

from callscribe.cli.options import LIFELINE, RELAY
from callscribe.settings import Settings, environment
from callscribe.speech.abilities import ALL
from callscribe.worker.relay import Asking

STOP_TIMEOUT = 20.0
"""Seconds that a worker has to sign off before it is killed; its jobs are safe either way."""

REFUSED = 2
"""Status of a program that cannot follow its settings."""

SETTLED = 30.0
"""A worker that ran for so many seconds is not taken to fail at its start."""

_log = structlog.get_logger(__name__)


class SupervisedWorker:
    """A context in which a worker process runs."""

    def __init__(self, settings: Settings) -> None:
        self._environment = {**os.environ, **environment(settings)}
        if not settings.worker_models:
            self._environment["CALLSCRIBE_WORKER_MODELS"] = ALL  # nobody else would serve them
        self.refused = False
        """Whether the worker could not follow its settings."""
        self._stopping = threading.Event()
        self._lock = threading.Lock()  # stopping and starting: a worker started just now is stopped as well
        self._asking: Asking | None = None
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, name="worker-supervision", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()

    def metrics(self) -> bytes | None:
        """What the worker measures; None where it does not answer at once."""
        return None if self._asking is None else self._asking.ask()

    def _start(self) -> subprocess.Popen[bytes]:
        if self._asking is not None:
            self._asking.close()  # that of the worker before
        self._asking = asking = Asking()
        process = subprocess.Popen(  # noqa: S603  this very program
            [sys.executable, "-m", "callscribe", "worker", LIFELINE, RELAY, str(asking.descriptor)],
            stdin=subprocess.PIPE,
            env=self._environment,
            pass_fds=[asking.descriptor],
        )
        asking.started()
        return process

    def _watch(self) -> None:
        """Start the worker again when it dies, after a pause that grows while it dies at once.

        One that refuses its settings at the first start has said why, and the server is told to end.
        """
        pause = 1.0
        first = True
        while True:
            began = time.monotonic()
            status = self._process.wait()
            if self._stopping.is_set():
                return
            settled = time.monotonic() - began > SETTLED
            if status == REFUSED and first and not settled:
                self.refused = True
                os.kill(os.getpid(), signal.SIGTERM)
                return
            first = False
            pause = 1.0 if settled else min(pause * 2, 30.0)
            _log.error("worker.died", status=status, restart_in=pause)
            self._stopping.wait(pause)
            with self._lock:
                if self._stopping.is_set():
                    return
                self._process = self._start()


def follow_lifeline(stop: threading.Event) -> None:
    """Set `stop` when standard input ends."""

    def wait() -> None:
        # Not by `sys.stdin`: its lock, held by this thread, would abort a program that ends meanwhile.
        while os.read(0, 4096):
            pass
        stop.set()

    threading.Thread(target=wait, name="lifeline", daemon=True).start()

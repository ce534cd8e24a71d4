"""The worker process beside the API of `callscribe serve`: started, started again when it dies, ended with it."""

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Self

import structlog

from callscribe.cli.options import LIFELINE
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
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, name="worker-supervision", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._stopping.set()
        self._process.terminate()
        try:
            self._process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._asking.close()

    def metrics(self) -> bytes | None:
        """What the worker measures; None where it does not answer at once."""
        return self._asking.ask()

    def _start(self) -> subprocess.Popen[bytes]:
        self._asking = Asking()
        with self._asking.other as theirs:
            command = [sys.executable, "-m", "callscribe", "worker", LIFELINE]
            return subprocess.Popen(command, stdin=theirs.fileno(), env=self._environment)  # noqa: S603  ourselves

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
                self._asking.close()
                self._process = self._start()

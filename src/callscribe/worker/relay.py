"""What a server and the worker beside it have of one another: a socket, which is the worker's standard input.

The server asks for metrics by an empty message, and the text is the body of the answer. When one of the two ends or is
killed, the other sees the end of the socket. No port, no file.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Final

import structlog

from callscribe.framing import LOST, Channel

PATIENCE: Final = 1.0
"""Seconds that the worker may be silent before it answers; it may stand still."""

_log = structlog.get_logger(__name__)


class Asking:
    """The server's side. `other` is the worker's end, to be closed here once the worker has it."""

    def __init__(self) -> None:
        self._own, self.other = socket.socketpair()
        self._channel = Channel(self._own.fileno(), self._own.fileno())
        self._lock = threading.Lock()
        self._asked = False

    def ask(self) -> bytes | None:
        """What the worker says; None where it does not."""
        with self._lock, contextlib.suppress(*LOST):
            if self._own.fileno() < 0:  # closed meanwhile: its number may be another's
                return None
            if self._asked:
                self._receive()  # late, the answer to an earlier question
            self._channel.send({}, watch=_hurry)
            self._asked = True
            return self._receive()
        return None

    def _receive(self) -> bytes | None:
        _, text = self._channel.receive(_hurry)
        self._asked = False
        return bytes(text) or None

    def close(self) -> None:
        """Let go of the worker."""
        with self._lock:
            self._own.close()


def _hurry(silent: float) -> None:
    if silent >= PATIENCE:
        raise TimeoutError


class Answering:
    """The worker's side, in the background. Sets `stop` when the server is gone; `say` is what it is answered."""

    def __init__(self, stop: threading.Event) -> None:
        self.say: Callable[[], bytes] = bytes
        self._stop = stop
        self._channel = Channel(0, 0)
        threading.Thread(target=self._run, name="lifeline", daemon=True).start()

    def _run(self) -> None:
        with contextlib.suppress(*LOST):
            while True:
                self._channel.receive()
                try:
                    text = self.say()
                except Exception:  # noqa: BLE001  the end of the server is to be noticed nevertheless
                    _log.exception("metrics.failed")
                    text = b""
                self._channel.send({}, [text])
        self._stop.set()

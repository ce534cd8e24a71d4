"""The metrics of a worker for the server that supervises it, over a pipe that both have: no port, no file.

The server asks with an empty message and gets the text. A worker that was killed takes the pipe with it, and its
successor has another.
"""

import threading
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from typing import Final

PATIENCE: Final = 1.0
"""Seconds that the worker has to answer; it may stand still."""


class Asking:
    """The server's side."""

    def __init__(self) -> None:
        self._connection, self._other = Pipe()
        self._lock = threading.Lock()
        self._asked = False

    @property
    def descriptor(self) -> int:
        """The worker's end, for the worker to inherit."""
        return self._other.fileno()

    def started(self) -> None:
        """Say that the worker has its end, so that this process needs it no more."""
        self._other.close()

    def ask(self) -> bytes | None:
        """What the worker says; None where it does not."""
        with self._lock:
            try:
                if self._asked and self._connection.poll():
                    self._connection.recv_bytes()  # late, the answer to an earlier question
                    self._asked = False
                if not self._asked:
                    self._connection.send_bytes(b"")
                    self._asked = True
                if not self._connection.poll(PATIENCE):
                    return None
                self._asked = False
                return self._connection.recv_bytes()
            except (OSError, EOFError):  # it has ended
                return None

    def close(self) -> None:
        """Let go of the pipe."""
        with self._lock:
            self._connection.close()


def answer(descriptor: int, say: Callable[[], bytes]) -> None:
    """The worker's side: answer in the background for as long as somebody is there to ask."""
    connection = Connection(descriptor)

    def run() -> None:
        try:
            while True:
                connection.recv_bytes()
                connection.send_bytes(say())
        except (OSError, EOFError):
            connection.close()

    threading.Thread(target=run, name="metrics-relay", daemon=True).start()

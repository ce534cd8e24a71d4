"""The parent's side of the child process: started when needed, replaced when it dies, killed when it is not wanted.

One request is in the child at a time. Those who ask take turns, by whose work it is and then in the order they came: so
neither a long recording nor one who has many keeps others waiting for longer than one request.
"""

import contextlib
import itertools
import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import CallscribeError
from callscribe.observability.metrics import MODEL_STARTS
from callscribe.speech.engines.whisper.messages import LENGTHS

_POLL_SECONDS = 0.1
_PIPE_BYTES = 1024**2
_REMEMBERED = 1024
"""Owners of whom it is known when they were served."""

_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "16777216", "MALLOC_ARENA_MAX": "2"}
"""For glibc: large blocks go back to the system. Kept for reuse they fragment, since no two batches are of one size,
and memory creeps up with the length of a recording (533 MiB after 10 minutes, 552 after 30; with these 471 and 478)."""


_INHERITED = frozenset({"HOME", "LANG", "LD_LIBRARY_PATH", "PATH", "PYTHONPATH", "TMPDIR", "TZ"})
_INHERITED_PREFIXES = ("CT2_", "CUDA_", "LC_", "MALLOC_", "MKL_", "NVIDIA_", "OMP_", "ONEDNN_", "OPENBLAS_")


class ChildDied(Exception):  # noqa: N818  what happened, told to the engine, which tries again
    """The child ended, or stopped answering, with a request in hand."""


class EngineClosed(CallscribeError):  # noqa: N818  an event like Cancelled, not a fault
    """The engine was closed while it worked, because the program ends: the work is neither done nor failed."""


Exchange = Callable[[bytes, Cancellation, float], dict[str, Any]]
"""Sends a frame and returns the header of the answer, unless cancelled or later than so many seconds."""


@dataclass(frozen=True, slots=True, eq=False)
class _Ticket:
    owner: str


class FairLock:
    """Lets one thread at a time through: of the owner that was served longest ago, in the order of arrival.

    Who is cancelled while waiting leaves the queue.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._holder: _Ticket | None = None
        self._waiting: list[_Ticket] = []
        self._served: dict[str, int] = {}
        self._count = itertools.count()

    @property
    def waiting(self) -> int:
        """How many wait for the one whose turn it is."""
        with self._condition:
            return len(self._waiting)

    @contextlib.contextmanager
    def take(self, cancelled: Cancellation, owner: str = "") -> Iterator[None]:
        """Wait for a turn and hold it.

        Raises:
            Cancelled: `cancelled` says so, before the turn came.
        """
        ticket = _Ticket(owner)
        with self._condition:
            self._waiting.append(ticket)
            try:
                while not self._begins(ticket):
                    cancelled.raise_if_cancelled()
                    self._condition.wait(_POLL_SECONDS)
            finally:
                self._waiting.remove(ticket)
        try:
            yield
        finally:
            with self._condition:
                self._holder = None
                self._condition.notify_all()

    def _begins(self, ticket: _Ticket) -> bool:
        """Let this one through if it is its turn."""
        if self._holder is not None:
            return False
        # Of equals the first, so those of one owner stay in order.
        if min(self._waiting, key=lambda each: self._served.get(each.owner, -1)) is not ticket:
            return False
        self._holder = ticket
        self._served.pop(ticket.owner, None)
        self._served[ticket.owner] = next(self._count)
        if len(self._served) > _REMEMBERED:
            del self._served[next(iter(self._served))]  # the one served longest ago
        return True


class ChildProcess:
    """A child that answers requests. Safe to call from several threads."""

    def __init__(self, *, device: str, threads: int, compute: str) -> None:
        self._arguments = [device, str(threads), compute]
        self._turns = FairLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._retiring = False
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process id while a child runs."""
        process = self._process
        return process.pid if process and process.poll() is None else None

    def take_turn(self, work: Callable[[Exchange], None], cancelled: Cancellation, owner: str = "") -> None:
        """Call `work` with the way to ask the child, when the owner's turn has come. Starts a child where none runs.

        Raises:
            Cancelled: `cancelled` says so; a child that was at work is killed.
            ChildDied: the child ended, or did not answer in time.
            EngineClosed: `close` was called.
        """

        def exchange(frame: bytes, wanted: Cancellation, timeout: float) -> dict[str, Any]:
            try:
                return _exchange(self._running(), frame, wanted, time.monotonic() + timeout)
            except ChildDied as error:
                self._stop()
                raise EngineClosed if self._closed else error from None
            except BaseException:
                self._stop()
                raise

        with self._turns.take(cancelled, owner):
            work(exchange)

    def retire(self) -> None:
        """Let another child answer the next request."""
        self._retiring = True

    def close(self) -> None:
        """End the child and start no other. A request in hand ends with `EngineClosed`."""
        self._closed = True
        process = self._process
        if process:
            process.kill()  # those who wait for its answer leave
        with self._turns.take(NEVER):
            self._stop()

    def _running(self) -> subprocess.Popen[bytes]:
        """The child, started if need be. Its caller holds the turn."""
        if self._closed:
            raise EngineClosed
        if self._process and (self._retiring or self._process.poll() is not None):
            self._stop()
        if self._process is None:
            self._retiring = False
            self._process = self._start()
        return self._process

    def _stop(self) -> None:
        """Kill the child; the next request starts another. Its caller holds the turn."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in (process.stdin, process.stdout):
            if stream:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        # The child needs none of the operator's secrets.
        environment = {name: value for name, value in os.environ.items() if _is_harmless(name)}
        for name, value in _ALLOCATOR.items():
            environment.setdefault(name, value)
        MODEL_STARTS.inc()
        process = subprocess.Popen(  # noqa: S603  our own module in our own interpreter
            [sys.executable, "-P", "-m", "callscribe.speech.engines.whisper.child", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            bufsize=0,
            start_new_session=True,  # a Ctrl-C on the terminal is the parent's to handle
        )
        for stream in (process.stdin, process.stdout):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
        return process


def _is_harmless(name: str) -> bool:
    """Whether a variable is one that Python, its libraries and a GPU need; keys of the operator's are none."""
    return name in _INHERITED or name.startswith(_INHERITED_PREFIXES)


def _exchange(
    process: subprocess.Popen[bytes], frame: bytes, cancelled: Cancellation, deadline: float
) -> dict[str, Any]:
    """Write a frame and read one, never blocking for longer than a moment."""
    assert process.stdin is not None
    assert process.stdout is not None
    unsent = memoryview(frame)
    received = bytearray()
    poll = select.poll()
    poll.register(process.stdout, select.POLLIN)
    poll.register(process.stdin, select.POLLOUT)
    while True:
        cancelled.raise_if_cancelled()
        if time.monotonic() > deadline:
            raise ChildDied("it did not answer in time")
        ready = {descriptor for descriptor, _ in poll.poll(_POLL_SECONDS * 1000)}
        if unsent and process.stdin.fileno() in ready:
            unsent = unsent[_write_some(process.stdin, unsent) :]
            if not unsent:
                poll.unregister(process.stdin)
        if process.stdout.fileno() in ready:
            received += _read_some(process.stdout)
            header = _complete(received)
            if header is not None:
                return header


def _write_some(stream: IO[bytes], data: memoryview) -> int:
    try:
        return os.write(stream.fileno(), data[:_PIPE_BYTES])
    except BlockingIOError:
        return 0
    except OSError as error:
        raise ChildDied(str(error)) from error


def _read_some(stream: IO[bytes]) -> bytes:
    try:
        data = os.read(stream.fileno(), _PIPE_BYTES)
    except BlockingIOError:
        return b""
    if not data:
        raise ChildDied("it ended")
    return data


def _complete(received: bytearray) -> dict[str, Any] | None:
    """The header, once the whole frame is there."""
    if len(received) < LENGTHS.size:
        return None
    header_length, body_length = LENGTHS.unpack_from(received)
    if len(received) < LENGTHS.size + header_length + body_length:
        return None
    header: dict[str, Any] = json.loads(received[LENGTHS.size : LENGTHS.size + header_length])
    return header

"""The parent's side of an engine's child: started when needed, replaced when it dies, killed when it is not wanted.

One request is in the child at a time. Those who ask take turns, by whose work it is and then in the order they came: so
neither a long recording nor one who has many keeps others waiting for longer than one request.
"""

import contextlib
import itertools
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import CallscribeError
from callscribe.framing import LOST, Channel, Header, computed
from callscribe.observability.metrics import MODEL_STARTS
from callscribe.speech.children import harmless_environment

STILL = 30.0
"""Seconds without any processor time after which a child that is at work counts as hung, however much it has to do."""

_POLL_SECONDS = 0.1
_REMEMBERED = 1024
"""Owners of whom it is known when they were served."""

_ALLOCATOR = {"MALLOC_MMAP_THRESHOLD_": "1048576", "MALLOC_TRIM_THRESHOLD_": "16777216", "MALLOC_ARENA_MAX": "2"}
"""For glibc: large blocks go back to the system. Kept for reuse they fragment, since no two batches are of one size,
and memory creeps up with the length of a recording (533 MiB after 10 minutes, 552 after 30; with these 471 and 478)."""


class EngineClosed(CallscribeError):  # noqa: N818  an event like Cancelled, not a fault
    """The engine was closed while it worked, because the program ends: the work is neither done nor failed."""


Message = tuple[Header, Sequence[memoryview]]
"""What goes to a child: header and body."""

Exchange = Callable[[str, Message, Cancellation, float], Header]
"""Sends a request of a model, by its folder, and returns the answer, unless cancelled or later than so many seconds."""


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
    """A child that answers requests. Safe to call from several threads.

    Args:
        module: what runs in it, by its name; `callscribe.speech.engines.child` has what all such modules do.
        arguments: what it is told first.
        models: the folder of models, which a child may read. It may also read that of each model that was asked for;
            for one elsewhere another child is started.

    """

    def __init__(self, module: str, *arguments: str, models: Path | None = None) -> None:
        self._program = [module, *arguments]
        self._readable: set[Path] = set() if models is None else _places(models)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
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
            ConnectionError, TimeoutError: the child ended, or did not answer in time.
            EngineClosed: `close` was called.
        """

        def exchange(model: str, request: Message, wanted: Cancellation, timeout: float) -> Header:
            used, moved = 0.0, 0.0

            def watch(silent: float) -> None:
                nonlocal used, moved
                wanted.raise_if_cancelled()
                if used != (used := computed(process.pid)) or silent < moved:
                    moved = silent
                if silent - moved > STILL:
                    raise TimeoutError(f"it stood still for {STILL:g} s")
                if silent > timeout:
                    raise TimeoutError("it did not answer in time")

            try:
                self._let_read(Path(model))
                channel, process = self._running()
                channel.send(*request, watch)
                return channel.receive(watch)[0]
            except BaseException as error:
                self._stop()
                if self._closed and isinstance(error, LOST):
                    raise EngineClosed from None
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

    def _let_read(self, folder: Path) -> None:
        """See that the next child that answers can read a model, which one that runs cannot be allowed any more."""
        places = _places(folder)
        if not all(any(place.is_relative_to(each) for each in self._readable) for place in places):
            self._readable |= places
            self.retire()

    def _running(self) -> tuple[Channel, subprocess.Popen[bytes]]:
        """The way to the child, started if need be. Its caller holds the turn."""
        if self._closed:
            raise EngineClosed
        if self._process and (self._retiring or self._process.poll() is not None):
            self._stop()
        if self._process is None:
            self._retiring = False
            self._process = process = self._start()
            assert process.stdout is not None
            assert process.stdin is not None
            self._channel = Channel(process.stdout.fileno(), process.stdin.fileno())
        return self._channel, self._process

    def _stop(self) -> None:
        """Kill the child; the next request starts another. Its caller holds the turn."""
        process, self._process = self._process, None
        if process is not None:
            with process:
                process.kill()
            if self._folder is not None:
                self._folder.cleanup()

    def _start(self) -> subprocess.Popen[bytes]:
        environment = harmless_environment()
        for name, value in _ALLOCATOR.items():
            environment.setdefault(name, value)
        MODEL_STARTS.inc()
        self._folder = tempfile.TemporaryDirectory(prefix="callscribe-", ignore_cleanup_errors=True)
        environment["TMPDIR"] = self._folder.name  # all that it may write
        places = json.dumps([[*map(str, self._readable)], [self._folder.name]])
        return subprocess.Popen(  # noqa: S603  our own module in our own interpreter
            [sys.executable, "-P", "-m", *self._program, places],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            bufsize=0,
            start_new_session=True,  # a Ctrl-C on the terminal is the parent's to handle
        )


def _places(folder: Path) -> set[Path]:
    """A model's folder, or that of models, and where links in it lead, as in the cache of the hub."""
    with contextlib.suppress(OSError):
        return {folder.resolve(), *(each.resolve() for each in folder.rglob("*") if each.is_symlink())}
    return {folder.resolve()}

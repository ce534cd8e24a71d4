"""Messages between a process and its child: a header in JSON and raw bytes, with the lengths of both in front.

What comes in is parsed and never run, and is no longer than its reader allows. Samples are neither encoded nor copied.
"""

import contextlib
import json
import os
import select
import struct
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final

Header = dict[str, Any]
Bytes = bytes | bytearray | memoryview

Watch = Callable[[float], None]
"""Told how many seconds the other process has been silent for, five times a second; what it raises ends the wait.

Seconds in which it could have been heard: while this process is frozen, none pass."""

LOST: Final = (ConnectionError, TimeoutError)
"""That the other process is gone or says what is no message; that a `watch` has waited long enough."""

MOST: Final = 64 * 1024**2
"""Bytes in a message that is received."""

_LENGTHS: Final = struct.Struct("!II")
_LOOK: Final = 0.2


def computed(pid: int) -> float:
    """Seconds of processor time that a process has used: one that is stopped, or waits for a disk, uses none."""
    import psutil  # noqa: PLC0415  what the child itself does not need

    with contextlib.suppress(psutil.Error):  # it ended just now
        times = psutil.Process(pid).cpu_times()
        return times.user + times.system
    return 0.0


class Channel:
    """This process's end of a pipe each way, or of a socket. One thread may send while another receives.

    Args:
        source: the descriptor that messages come from, if any do. It stays the caller's, to close.
        sink: the descriptor that they go to, likewise.
    """

    def __init__(self, source: int = -1, sink: int = -1) -> None:
        for descriptor in {source, sink} - {-1}:
            os.set_blocking(descriptor, False)
        self._source = source
        self._sink = sink
        self._incoming = self._messages()

    def send(self, header: Header, body: Sequence[Bytes] = (), watch: Watch | None = None) -> None:
        """Send a header, and behind it the parts of a body. Without `watch` there is no hurry.

        Raises:
            ConnectionError: the other process is gone.
        """
        head = json.dumps(header).encode()
        for part in (_LENGTHS.pack(len(head), sum(map(len, body))) + head, *body):
            rest = memoryview(part)
            while rest:
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._sink, rest) :]
                if rest:
                    _wait(self._sink, select.POLLOUT, watch)

    def receive(self, watch: Watch | None = None) -> tuple[Header, bytearray]:
        """The next message, header and body. What has come of it when `watch` raises is kept for the next call.

        Raises:
            ConnectionError: the other process is gone, or what it sends is no message.
        """
        if watch:
            watch(0.0)
        for message in self._incoming:
            if message:
                return message
            _wait(self._source, select.POLLIN, watch)
        raise ConnectionError("nothing comes any more")

    def _messages(self) -> Iterator[tuple[Header, bytearray] | None]:
        """Messages, and None whenever the next is not there yet."""
        while True:
            lengths = _LENGTHS.unpack((yield from self._bytes(_LENGTHS.size)))
            if sum(lengths) > MOST:
                raise ConnectionError(f"a message of {sum(lengths)} bytes came")
            head = yield from self._bytes(lengths[0])
            try:
                header = json.loads(head)
            except (ValueError, RecursionError):
                header = None
            if not isinstance(header, dict):
                raise ConnectionError("a header came that is no object in JSON")
            yield header, (yield from self._bytes(lengths[1]))  # a body is not held on to

    def _bytes(self, size: int) -> Generator[None, None, bytearray]:
        data = bytearray(size)
        rest = memoryview(data)
        while rest:
            with contextlib.suppress(BlockingIOError):
                count = os.readv(self._source, [rest])
                if not count:
                    raise ConnectionError("the other process ended")
                rest = rest[count:]
            if rest:
                yield
        return data


def _wait(descriptor: int, event: int, watch: Watch | None) -> None:
    """Until the descriptor is ready for the event."""
    poll = select.poll()
    poll.register(descriptor, event)
    silent = 0.0
    while not poll.poll(_LOOK * 1000 if watch else None):
        silent += _LOOK
        if watch:
            watch(silent)

"""What comes in on a connection before it is a request: how much, for how long, and on how many connections.

httptools, which parses for uvicorn, has no limits: it gathers what is no whole header yet, and headers without end. h11
limits heads and nothing else, and takes three times as long for a request.
"""

import asyncio
import resource
from typing import Any, ClassVar, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES: Final = 64 * 1024
"""Most bytes of the line and the headers of a request, and of all that comes without being part of its body."""

OTHER_FILES: Final = 256
"""Files that a process has open beside its connections, at most."""

LEAST: Final = 8
"""Connections there may be however few files may be open."""

_TOO_LARGE: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def room(wanted: int) -> int:
    """How many connections, of those wanted, the process can have open, as the system lets it open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    files = wanted + OTHER_FILES if hard == resource.RLIM_INFINITY else min(wanted + OTHER_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < files:
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, hard))
    return max(LEAST, files - OTHER_FILES)


class Door:
    """The connections of a server that are in no request, the one that has waited the longest first.

    Args:
        most: connections at once.
        seconds: that a client has for a head, for what nobody reads of its body, and to read on in an answer.
    """

    def __init__(self, most: int, seconds: float) -> None:
        self.most = most
        self.seconds = seconds
        self.idle: dict[GuardedProtocol, None] = {}

    def enter(self, protocol: "GuardedProtocol") -> None:
        """Take a connection in; one that waits makes room for it, where there is none."""
        self.idle[protocol] = None
        if len(protocol.connections) > self.most:
            next(iter(self.idle)).leave()


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with these limits. Before it closes it lets the client send, so that its answer is read."""

    door: ClassVar[Door]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        self._connection = transport
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.TimerHandle | None = None
        self._head = 0  # bytes of the request's line and headers
        self._unseen = 0  # bytes since the parser last found something in them
        self._coming = False  # whether a request has begun and not come to its end
        self._closed = False
        super().connection_made(cast("asyncio.Transport", _Lingering(transport, self._close)))
        self._wait()
        self.door.enter(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._closed = True
        self._settle()
        self.door.idle.pop(self, None)
        super().connection_lost(exc)

    def leave(self) -> None:
        """End the connection now."""
        self.door.idle.pop(self, None)
        self._connection.abort()

    def data_received(self, data: bytes) -> None:
        """Parse on."""
        if self._closed:
            return
        self._unseen += len(data)
        super().data_received(data)
        if self._unseen > HEAD_BYTES and not self._closed:
            self.send_400_response("")
        if self._timer is None and not self._is_busy:
            self._wait()
            self.door.idle.setdefault(self)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request, or too large a one."""
        if max(self._head, self._unseen) <= HEAD_BYTES:
            super().send_400_response(msg)
        elif self._is_busy:  # behind a head that was taken
            self.leave()
        else:
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        """A request has begun."""
        self._head = self._unseen = 0
        self._coming = True
        self._wait()
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """A part of its line."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header, or one behind the body."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Its head has come."""
        self._settle()
        self.door.idle.pop(self, None)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of its body."""
        self._unseen = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It has come to its end."""
        self._unseen = 0
        self._coming = False
        self._settle()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is answered, though more of it may come."""
        super().on_response_complete()
        if self._coming:
            self._wait()
        elif not self._is_busy:
            self.door.idle[self] = None

    def pause_writing(self) -> None:
        """The client does not read as fast as there is something to read."""
        super().pause_writing()
        self._writing = self._writing or self.loop.call_later(self.door.seconds, self._connection.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def shutdown(self) -> None:
        """End it, unless a request is being answered."""
        if self._is_busy:
            super().shutdown()
        else:
            self.leave()

    @property
    def _is_busy(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _count(self, size: int) -> None:
        self._unseen = 0
        self._head += size
        if self._head > HEAD_BYTES:
            raise ValueError("the head is too large")  # the parser stops at it

    def _wait(self) -> None:
        self._settle()
        self._timer = self.loop.call_later(self.door.seconds, self._connection.abort)

    def _settle(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._wait()
        if self._coming and self._connection.can_write_eof():
            self._connection.write_eof()
            self.flow.resume_reading()
        else:
            self._connection.close()


class _Lingering:
    """The transport as uvicorn sees it: it is closed, but the client may still send what it is about to."""

    def __init__(self, transport: asyncio.Transport, close: Any) -> None:
        self._transport = transport
        self._closing = False
        self._close = close

    def close(self) -> None:
        self._closing = True
        self._close()

    def is_closing(self) -> bool:
        return self._closing or self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def guarded(most: int, seconds: float) -> type[GuardedProtocol]:
    """The protocol for one server; see `Door`."""

    class Guarded(GuardedProtocol):
        door = Door(room(most), seconds)

    return Guarded

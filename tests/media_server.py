"""A web server on the loopback that serves media, well or badly, for tests."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Behaviour = Callable[[BaseHTTPRequestHandler, threading.Event], None]
"""Answers one request; the event is set when the server stops."""


class MediaServer:
    """Where it is, how it behaves at each path, and the requests that it saw."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.host = host
        self.paths: dict[str, Behaviour] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.stopping = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.requests.append((self.path, dict(self.headers.items())))
                behaviour = outer.paths.get(self.path.partition("?")[0], status(404))
                try:
                    behaviour(self, outer.stopping)
                except OSError:
                    self.close_connection = True  # the client has left

            do_POST = do_GET  # noqa: N815  the server's name for it

            def log_message(self, *arguments: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server((host, 0), Handler)
        self.port: int = self._server.server_port

    def url(self, path: str, *, host: str | None = None) -> str:
        return f"http://{host or self.host}:{self.port}{path}"

    @contextmanager
    def running(self) -> Iterator["MediaServer"]:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield self
        finally:
            self.stopping.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def body(data: bytes, content_type: str = "audio/wav", code: int = 200, **headers: str) -> Behaviour:
    """Headers are named with underscores."""

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Type", content_type)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    return answer


def sent(handler: BaseHTTPRequestHandler) -> bytes:
    """The body of a request, whose length is announced or which comes in chunks."""
    if (length := handler.headers.get("Content-Length")) is not None:
        return handler.rfile.read(int(length))
    data = bytearray()
    while size := int(handler.rfile.readline(), 16):
        data += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return bytes(data)


def endless(stopping_after: int = 64 * 1024**2) -> Behaviour:
    """No length announced, and more bytes than anybody wants."""

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(stopping_after // 65536):
            handler.wfile.write(bytes(65536))

    return answer


def status(code: int, **headers: str) -> Behaviour:
    return body(b"", code=code, **headers)


def redirect(location: str) -> Behaviour:
    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        handler.send_response(302)
        handler.send_header("Location", location)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def cut_short(data: bytes, announced: int) -> Behaviour:
    """Announces more than it sends."""

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(announced))
        handler.end_headers()
        handler.wfile.write(data)
        handler.close_connection = True

    return answer


def reset(after: bytes = b"") -> Behaviour:
    """Sends the start of an answer and then a TCP reset."""

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        if after:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
            handler.wfile.write(after)
            handler.wfile.flush()
            stopping.wait(0.2)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
        handler.close_connection = True

    return answer


def drip(interval: float = 0.05, *, in_headers: bool = False) -> Behaviour:
    """Sends a byte at a time, for ever."""

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        if in_headers:
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        else:
            handler.send_response(200)
            handler.send_header("Content-Length", "1000000")
            handler.end_headers()
        while not stopping.wait(interval):
            handler.wfile.write(b"x")
            handler.wfile.flush()

    return answer

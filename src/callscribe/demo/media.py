"""The bundled recording at a URL, as a media store would offer it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from callscribe.demo import RECORDING


class _Handler(BaseHTTPRequestHandler):
    """Answers one path with one file."""

    path_served = f"/{RECORDING.name}"

    def do_GET(self) -> None:
        """Answer with the recording."""
        if self.path != self.path_served:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        audio = RECORDING.read_bytes()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "audio/wav")
        self.send_header("Content-Length", str(len(audio)))
        self.end_headers()
        self.wfile.write(audio)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's signature
        """Say nothing: the terminal belongs to the conversation."""


@contextmanager
def recording_url() -> Iterator[str]:
    """Serve the bundled recording on the loopback address while the block runs; gives its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = Thread(target=server.serve_forever, name="demo-media", daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}{_Handler.path_served}"
        finally:
            server.shutdown()
            thread.join()

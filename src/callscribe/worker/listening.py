"""What a worker answers by HTTP, where it is told to: `/healthz`, `/readyz`, `/metrics`."""

import json
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET6

from callscribe.errors import SetupError
from callscribe.monitoring.access import FORWARDED, may_read
from callscribe.monitoring.readiness import Readiness
from callscribe.observability import metrics
from callscribe.settings import Settings


class Listener(ThreadingHTTPServer):
    """An HTTP server in a thread, at an `address` such as `127.0.0.1:9321`; `exposition` gives the metrics.

    Raises:
        SetupError: the address cannot be listened on.
    """

    def __init__(self, address: str, settings: Settings, readiness: Readiness, exposition: Callable[[], bytes]) -> None:
        host, _, port = address.rpartition(":")
        host = host.strip("[]")
        if ":" in host:
            self.address_family = AF_INET6
        try:
            super().__init__((host, int(port)), _handler(settings, readiness, exposition))
        except (OSError, OverflowError) as error:
            raise SetupError(f"CALLSCRIBE_WORKER_LISTEN: {address} cannot be listened on: {error}.") from error

    def start(self) -> None:
        """Begin to answer."""
        threading.Thread(target=self.serve_forever, name="worker-http", daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        self.shutdown()
        self.server_close()


def _handler(settings: Settings, readiness: Readiness, exposition: Callable[[], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # of a client that connects and says nothing

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/healthz":
                self._answer(HTTPStatus.OK, b'{"status":"ok"}')
            elif path == "/readyz":
                report = readiness.report()
                status = HTTPStatus.OK if report.ready else HTTPStatus.SERVICE_UNAVAILABLE
                self._answer(status, json.dumps(report.document()).encode())
            elif path == "/metrics" and self._may_read():
                self._answer(HTTPStatus.OK, exposition(), metrics.CONTENT_TYPE)
            else:
                self._answer(HTTPStatus.FORBIDDEN if path == "/metrics" else HTTPStatus.NOT_FOUND, b"{}")

        def _may_read(self) -> bool:
            return may_read(
                settings,
                peer=self.client_address[0],
                authorization=self.headers.get("Authorization"),
                proxied=any(name in self.headers for name in FORWARDED),
            )

        def _answer(self, status: HTTPStatus, body: bytes, media_type: str = "application/json") -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's signature
            pass

    return Handler

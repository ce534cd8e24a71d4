"""A receiver of traces that takes OTLP over HTTP and reads the protobuf, and what is seen of a server with one job."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from harness import Receiver, Server
from media_server import MediaServer

REQUEST_ID = "my-request.0001"
TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER_SPAN = "00f067aa0ba902b7"
SECRET_PATH = "/calls/7f3a-secret-of-the-media-url.wav"
METRICS_TOKEN = "a-token-for-prometheus"


@dataclass(slots=True)
class Collector:
    """Takes spans; each with the process that it came from."""

    spans: list[tuple[str, Span]] = field(default_factory=list)
    url: str = ""

    def of(self, trace_id: str) -> dict[str, list[Span]]:
        """The spans of a trace by name."""
        found: dict[str, list[Span]] = {}
        for _, span in self.spans:
            if span.trace_id.hex() == trace_id:
                found.setdefault(span.name, []).append(span)
        return found

    def processes(self, trace_id: str) -> set[str]:
        """The processes that had a part in a trace."""
        return {process for process, span in self.spans if span.trace_id.hex() == trace_id}

    @contextmanager
    def listening(self) -> Iterator[Self]:
        """Take spans on a free port of the loopback interface while the block runs."""
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                message = ExportTraceServiceRequest()
                message.ParseFromString(self.rfile.read(int(self.headers["Content-Length"])))
                for of_process in message.resource_spans:
                    resource = {each.key: each.value.string_value for each in of_process.resource.attributes}
                    for scope in of_process.scope_spans:
                        collector.spans += [(resource["callscribe.process"], span) for span in scope.spans]
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


@dataclass(frozen=True, slots=True)
class Seen:
    """A server at work, and what came of one job that was asked for with ids of the caller's."""

    server: Server
    collector: Collector
    receiver: Receiver
    media: MediaServer
    transcription: dict[str, Any]
    answer_headers: dict[str, str]
    words: list[str]

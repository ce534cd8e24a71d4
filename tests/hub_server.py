"""A server that answers as the Hugging Face hub does where files are asked for, as far as its own library asks."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(eq=False)
class Hub:
    """Files by `OWNER/NAME/FILE`. `sent` counts bytes of each; of one in `slow`, so many are sent and then no more."""

    files: dict[str, bytes]
    revision: str
    url: str = ""
    sent: dict[str, int] = field(default_factory=dict)
    slow: dict[str, int] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def _file(self) -> tuple[str, bytes] | None:
        owner, name, _, revision, file = self.path.lstrip("/").partition("?")[0].split("/", 4)
        key = f"{owner}/{name}/{file}"
        return (key, self.hub.files[key]) if key in self.hub.files and revision == self.hub.revision else None

    def _begin(self, status: int, length: int, tag: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        self.send_header("ETag", f'"{tag}"')
        self.send_header("X-Repo-Commit", self.hub.revision)
        self.send_header("Accept-Ranges", "bytes")

    def _missing(self) -> None:
        self.send_response(HTTPStatus.NOT_FOUND)
        self.send_header("X-Error-Code", "EntryNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self) -> None:
        found = self._file()
        if found is None:
            self._missing()
            return
        self._begin(HTTPStatus.OK, len(found[1]), hashlib.sha256(found[1]).hexdigest())
        self.end_headers()

    def do_GET(self) -> None:
        found = self._file()
        if found is None:
            self._missing()
            return
        key, content = found
        first = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").partition("-")[0])
        part = content[first:]
        self._begin(
            HTTPStatus.PARTIAL_CONTENT if first else HTTPStatus.OK, len(part), hashlib.sha256(content).hexdigest()
        )
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        stop = self.hub.slow.get(key)
        sent = part if stop is None else part[:stop]
        self.wfile.write(sent)
        self.wfile.flush()
        self.hub.sent[key] = self.hub.sent.get(key, 0) + len(sent)
        if stop is not None:
            self.hub.over.wait(60)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def hub_with(files: Mapping[str, bytes], revision: str) -> Iterator[Hub]:
    """A hub with some files, of one revision, until the block ends."""
    hub = Hub(dict(files), revision)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.over.set()
        server.shutdown()
        server.server_close()
        thread.join()

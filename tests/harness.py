"""A real server in its own process tree, and a receiver of callbacks, for tests that drive the program from outside."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx2
import psutil

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts, Credentials
from callscribe.db.engine import Database
from callscribe.migrations.runner import migrate
from callscribe.preparation import opened
from callscribe.settings import Settings

ACCOUNT_SID = "AC0123456789abcdef0123456789abcdef"
AUTH_TOKEN = "f0e1d2c3b4a5968778695a4b3c2d1e0f"

OPTIONS: dict[str, Any] = {
    "configurationType": "Transcription",
    "transcriptionEngine": "deepgram",
    "speechModel": "nova-3",
    "language": "en-US",
    "participantDefaults": [
        {"audioChannelIndex": 1, "type": "CUSTOMER"},
        {"audioChannelIndex": 2, "type": "HUMAN_AGENT"},
    ],
}

START_TIMEOUT = 60.0
Value = TypeVar("Value")


def eventually(look: Callable[[], Value | None], *, timeout: float = 60.0, interval: float = 0.1) -> Value:
    """What `look` gives as soon as it gives something true; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        value = look()
        if value:
            return value
        time.sleep(interval)
    raise AssertionError(f"nothing came of it in {timeout} s")


def compute() -> dict[str, str]:
    """How the tests are told to compute and to seal, for a process that shall take no other setting."""
    names = "CALLSCRIBE_COMPUTE", "CALLSCRIBE_ENCRYPTION", "CALLSCRIBE_MASTER_KEY"
    return {name: os.environ[name] for name in names if name in os.environ}


class Server:
    """`callscribe serve` (or `api`, or `worker`) on a free port of the loopback interface.

    `program` is what Python is told to run, where it is not `callscribe` itself.
    """

    def __init__(
        self, data: Path, *, command: str = "serve", program: Sequence[str] = ("-m", "callscribe"), **environment: str
    ) -> None:
        self.data = data
        self.log = data.with_name(f"{data.name}.log")
        self._command = command
        self._program = program
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("CALLSCRIBE_")},
            **compute(),
            "CALLSCRIBE_ACCOUNT_SID": ACCOUNT_SID,
            "CALLSCRIBE_AUTH_TOKEN": AUTH_TOKEN,
            "CALLSCRIBE_MEDIA_ALLOW": "127.0.0.1",
            "CALLSCRIBE_CALLBACK_ALLOW": "127.0.0.1",
            "CALLSCRIBE_MODEL": "tiny.en",
            "CALLSCRIBE_MEDIA_RETRY_INTERVAL": "0.1",
            "CALLSCRIBE_MEDIA_NOT_FOUND_WAITS": "none",
            "CALLSCRIBE_CALLBACK_RETRY_INTERVAL": "0.2",
            "CALLSCRIBE_LOG_FORMAT": "json",
            # All tests come from one address, and many of them with wrong tokens.
            "CALLSCRIBE_FAILED_ATTEMPTS": "none",
            # Enough to be shared by a test run and what it tests.
            "CALLSCRIBE_THREADS": "2",
            **environment,
        }
        self.url = ""
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start the process and wait until it listens (`worker`: until it works)."""
        arguments = [sys.executable, *self._program, self._command, "--data", str(self.data)]
        if self._command != "worker":
            arguments += ["--port", "0"]
        if self._command != "serve":
            self.prepare_database()
        with self.log.open("ab") as log:
            begin = log.tell()
            self.process = subprocess.Popen(arguments, env=self._environment, stdout=log, stderr=log)
        wanted = r"worker\.started" if self._command == "worker" else r"listens on (https?://\S+)"

        def started() -> re.Match[str] | None:
            assert self.process is not None
            assert self.process.poll() is None, self.output()
            return re.search(wanted, self.output()[begin:])

        found = eventually(started, timeout=START_TIMEOUT)
        if self._command != "worker":
            self.url = found[1]
        if self._command == "serve":
            with self.client() as client:
                eventually(lambda: client.get("/readyz").is_success, timeout=START_TIMEOUT)
        return self

    def prepare_database(self) -> None:
        """Bring the database to its schema, as an operator does before the first `api` and `worker`."""
        url = self._environment.get("CALLSCRIBE_DATABASE_URL")
        with opened(Settings(data_dir=self.data, database_url=url)) as database, closing(database):
            migrate(database)

    def output(self) -> str:
        """Everything that was printed and logged."""
        return self.log.read_text(errors="replace")

    def tree(self) -> list[psutil.Process]:
        """The process and all that it started."""
        assert self.process is not None
        try:
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def stop(self, timeout: float = 30.0) -> int:
        """Ask it to end, and return its exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill_tree()
            raise

    def kill_tree(self) -> None:
        """`kill -9` for the process and everything below it, as if the machine had lost power."""
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if self.process is not None:
            self.process.wait(10)

    def client(self) -> httpx2.Client:
        """An HTTP client with the account's credentials."""
        return httpx2.Client(base_url=self.url, auth=(ACCOUNT_SID, AUTH_TOKEN), timeout=30, trust_env=False)

    def new_account(self) -> Credentials:
        """Make another account."""
        settings = Settings(data_dir=self.data)
        database = Database(settings.database)
        try:
            return Accounts(database, TokenCipher.from_settings(settings)).create("test")
        finally:
            database.close()

    def configure(self, **options: Any) -> str:
        """Make a configuration from `OPTIONS` and these; return its id."""
        with self.client() as client:
            answer = client.post("/v2/Configurations/Transcription", json={"configuration": OPTIONS | options})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def submit(self, configuration_id: str, media_url: str, **fields: Any) -> str:
        """Make a transcription; return its id."""
        body = {"transcriptionConfigurationId": configuration_id, "mediaUrl": media_url, **fields}
        with self.client() as client:
            answer = client.post("/v3/Transcriptions", json=body)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["transcription"]["id"])

    def ended(self, transcription_id: str, *, timeout: float = 90.0) -> dict[str, Any]:
        """The transcription once it is COMPLETED or FAILED."""
        with self.client() as client:

            def look() -> dict[str, Any] | None:
                resource: dict[str, Any] = client.get(f"/v3/Transcriptions/{transcription_id}").json()["transcription"]
                return resource if resource["status"] in {"COMPLETED", "FAILED"} else None

            return eventually(look, timeout=timeout)

    def transcript(self, transcription_id: str) -> dict[str, Any]:
        """The transcript of a completed transcription."""
        with self.client() as client:
            answer = client.get(f"/v3/Transcriptions/{transcription_id}/Transcript")
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document


@contextmanager
def running(
    data: Path, *, command: str = "serve", program: Sequence[str] = ("-m", "callscribe"), **environment: str
) -> Iterator[Server]:
    """A server while the block runs."""
    server = Server(data, command=command, program=program, **environment)
    try:
        yield server.start()
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


@dataclass(frozen=True, slots=True)
class Received:
    """A callback as it came in."""

    url: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        """The body."""
        document: dict[str, Any] = json.loads(self.body)
        return document


@dataclass(slots=True)
class Receiver:
    """A host that takes callbacks. `answers` are given in turn, the last one again and again.

    An answer is a status, or a function that writes to the request's handler what it likes.
    """

    answers: list[int | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=lambda: [200])
    received: list[Received] = field(default_factory=list)
    url: str = ""

    def wait(self, count: int = 1, *, timeout: float = 60.0) -> list[Received]:
        """The callbacks, once there are so many."""
        return eventually(lambda: list(self.received) if len(self.received) >= count else None, timeout=timeout)

    @contextmanager
    def listening(self) -> Iterator[Self]:
        """Take callbacks on a free port of the loopback interface while the block runs."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(length := int(self.headers["Content-Length"]))
                if len(body) < length:  # the sender is gone
                    self.close_connection = True
                    return
                host, port = self.server.server_address[:2]
                url = f"http://{host!s}:{port}{self.path}"
                self.received = Received(url, dict(self.headers), body)  # for a function that answers
                receiver.received.append(self.received)
                answer = receiver.answers[min(len(receiver.received), len(receiver.answers)) - 1]
                if callable(answer):
                    answer(self)
                    return
                self.send_response(answer)
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

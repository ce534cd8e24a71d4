"""Servers and workers as processes of their own, over one PostgreSQL, for `scale.py`."""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import psutil
import sqlalchemy as sa

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts, Credentials
from callscribe.db.engine import Database
from callscribe.demo import RECORDING
from callscribe.migrations.runner import migrate
from callscribe.settings import Settings
from listing_databases import postgresql
from memory import recording

START_TIMEOUT = 120.0
OPTIONS = {
    "configurationType": "Transcription",
    "transcriptionEngine": "whisper",
    "speechModel": "base",
    "language": "en-US",
}
SECRET_KEY = "0" * 43 + "="


class Hub(ThreadingHTTPServer):
    """Serves recordings, and takes callbacks: `told` has the instant at which each job's came."""

    daemon_threads = True
    request_queue_size = 512

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: dict[str, float] = {}
        self._changed = threading.Condition()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}"

    def tell(self, transcription_id: str) -> None:
        """A callback came."""
        with self._changed:
            self.told.setdefault(transcription_id, time.monotonic())
            self._changed.notify_all()

    def wait(self, ids: Sequence[str], timeout: float) -> float:
        """Wait for the callbacks of these jobs; the instant of the last."""
        with self._changed:
            if not self._changed.wait_for(lambda: all(each in self.told for each in ids), timeout):
                sys.exit(f"{sum(each not in self.told for each in ids)} jobs were not called back in {timeout:g} s.")
            return max(self.told[each] for each in ids)


class _Handler(BaseHTTPRequestHandler):
    server: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """A recording of the folder."""
        path = self.server.folder / self.path.rpartition("/")[2]
        self.send_response(200)
        self.send_header("Content-Length", str(path.stat().st_size))
        self.end_headers()
        with path.open("rb") as file:
            while block := file.read(2**20):
                self.wfile.write(block)

    def do_POST(self) -> None:
        """A callback."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.server.tell(re.search(r"voice_transcription_\w+", json.dumps(body))[0])  # type: ignore[index]

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def hub(folder: Path) -> Iterator[Hub]:
    """A hub over a folder with the recordings `call.wav` and `10min.wav`."""
    (folder / "call.wav").write_bytes(RECORDING.read_bytes())
    recording(folder, 10)
    with Hub(folder) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@dataclass
class Fleet:
    """Processes of callscribe that share a database and a folder for blobs."""

    folder: Path
    database: Database
    stack: ExitStack
    environment: dict[str, str]
    apis: list[psutil.Process] = field(default_factory=list)
    workers: list[psutil.Process] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    def api(self) -> None:
        """One more API."""
        process, found = self.start(["-m", "callscribe", "api", "--port", "0"], r"listens on (http://\S+)")
        self.apis.append(process)
        self.urls.append(found[1])

    def worker(self, per_second: float) -> None:
        """One more worker, which sleeps so long for each second of speech."""
        os.environ["SLEEP_PER_SECOND"] = str(per_second)
        program = str(Path(__file__).with_name("sleeping_worker.py"))
        process, _ = self.start([program, "worker"], r"worker\.started")
        self.workers.append(process)

    def account(self) -> Credentials:
        """Another account."""
        settings = Settings(data_dir=self.folder, secret_key=SECRET_KEY)
        return Accounts(self.database, TokenCipher.from_settings(settings)).create("benchmark")

    def start(self, arguments: list[str], address: str) -> tuple[psutil.Process, re.Match[str]]:
        """A process that ends with the fleet, and what it printed that looks like `address`."""
        data = self.folder / f"process-{len(self.apis) + len(self.workers)}-{secrets.token_hex(2)}"
        log = data.with_suffix(".log")
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, *arguments, "--data", str(data)],
                env={**os.environ, **self.environment},
                stdout=output,
                stderr=output,
            )
        self.stack.callback(_end, process)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and process.poll() is None:
            if found := re.search(address, log.read_text()):
                return psutil.Process(process.pid), found
            time.sleep(0.05)
        sys.exit(f"A process did not start:\n{log.read_text()}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def fleet(**settings: str) -> Iterator[Fleet]:
    """A migrated PostgreSQL, and no process yet."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        database = stack.enter_context(postgresql())
        migrate(database)
        environment = {
            "CALLSCRIBE_DATABASE_URL": database.engine.url.render_as_string(hide_password=False),
            "CALLSCRIBE_BLOBS_URL": (folder / "blobs").as_uri(),
            "CALLSCRIBE_SECRET_KEY": SECRET_KEY,
            "CALLSCRIBE_MEDIA_ALLOW": "127.0.0.1",
            "CALLSCRIBE_CALLBACK_ALLOW": "127.0.0.1",
            "CALLSCRIBE_THREADS": "1",
            "CALLSCRIBE_LOG_FORMAT": "json",
            "CALLSCRIBE_LOG_LEVEL": "info",
            # What is looked for is what the machine can do, not what an account may.
            "CALLSCRIBE_RATE_LIMIT": "1000000/second",
            "CALLSCRIBE_ACCOUNT_JOBS_WAITING": "1000000",
            "CALLSCRIBE_ACCOUNT_CONCURRENCY": "1000",
            **settings,
        }
        (folder / "blobs").mkdir()
        yield Fleet(folder, database, stack, environment)


class Account:
    """An account at one of the APIs, with a configuration that calls the hub back."""

    def __init__(self, url: str, credentials: Credentials, place: Hub) -> None:
        self._http = httpx2.Client(base_url=url, auth=(credentials.sid, credentials.token), timeout=60, trust_env=False)
        self._place = place
        options = {**OPTIONS, "transcriptionStatusCallback": {"url": f"{place.url}/called"}}
        answer = self._http.post("/v2/Configurations/Transcription", json={"configuration": options})
        self._configuration = answer.raise_for_status().json()["id"]

    def create(self, name: str = "call.wav") -> str:
        """Make a job; its id."""
        body = {"transcriptionConfigurationId": self._configuration, "mediaUrl": f"{self._place.url}/{name}"}
        return str(self._http.post("/v3/Transcriptions", json=body).raise_for_status().json()["transcription"]["id"])

    def started(self, transcription_id: str, timeout: float = 600.0) -> float:
        """Wait until a job is taken; the instant."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            job = self._http.get(f"/v3/Transcriptions/{transcription_id}").raise_for_status().json()
            if job["transcription"]["status"] != "PENDING":
                return time.monotonic()
            time.sleep(0.02)
        sys.exit("A job was not taken.")

    def reach(self, transcription_id: str, progress: float) -> None:
        """Wait until a job is so far, of 1."""
        job = {"progress": 0.0}
        while job["progress"] < progress:
            time.sleep(0.01)
            job = self._http.get(f"/v3/Transcriptions/{transcription_id}").raise_for_status().json()["transcription"]

    def delete(self, transcription_id: str) -> None:
        """Delete a job."""
        self._http.delete(f"/v3/Transcriptions/{transcription_id}").raise_for_status()

    def close(self) -> None:
        """Let go of connections."""
        self._http.close()


@contextmanager
def served(place: Hub) -> Iterator[tuple[Account, psutil.Process, Path]]:
    """`callscribe serve` with the real recogniser: an account on it, its process, and the folder of its files."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder, ExitStack() as stack:
        database = Database(f"sqlite:///{folder}/data/callscribe.db")
        here = Fleet(Path(folder), database, stack, {})
        sid, token = "AC" + secrets.token_hex(16), secrets.token_hex(16)
        here.environment = {
            "CALLSCRIBE_ACCOUNT_SID": sid,
            "CALLSCRIBE_AUTH_TOKEN": token,
            "CALLSCRIBE_MEDIA_ALLOW": "127.0.0.1",
            "CALLSCRIBE_CALLBACK_ALLOW": "127.0.0.1",
            "CALLSCRIBE_LOG_FORMAT": "json",
        }
        process, found = here.start(["-m", "callscribe", "serve", "--port", "0"], r"listens on (http://\S+)")
        yield stack.enter_context(closing(Account(found[1], Credentials(sid, token), place))), process, Path(folder)


def runs(process: psutil.Process, mark: str) -> bool:
    """Whether a process is the one with `mark` in its command line."""
    try:
        return any(mark in argument for argument in process.cmdline())
    except psutil.NoSuchProcess:
        return False


def cpu(processes: Sequence[psutil.Process]) -> float:
    """CPU seconds of processes and all below them, those that have ended included."""
    total = 0.0
    for process in processes:
        for each in (process, *process.children(recursive=True)):
            try:
                times = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            total += times.user + times.system + times.children_user + times.children_system
    return total


def database_processes(database: Database) -> list[psutil.Process]:
    """The server's, with one for each connection."""
    with database.engine.connect() as connection:
        backend = psutil.Process(connection.scalar(sa.text("SELECT pg_backend_pid()")))
    parent = backend.parent()
    return [parent] if parent else []


def log_bytes(database: Database) -> int:
    """How far the write-ahead log has come."""
    with database.engine.connect() as connection:
        return int(connection.scalar(sa.text("SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')")) or 0)

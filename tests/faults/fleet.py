"""A fleet on one machine: API and worker processes, each started again when it dies, over PostgreSQL and an S3.

Every way between them leads through a proxy, so that it can be cut.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx2
import psutil

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts, Credentials
from callscribe.db.engine import Database
from callscribe.migrations.runner import migrate
from callscribe.settings import Settings
from faults.processes import MARKS
from harness import ACCOUNT_SID, AUTH_TOKEN, eventually
from servers import BUCKET, ObjectStore, PostgreSQL, Proxy, free_ports, object_store, postgresql, to_port, to_unix

APIS = 2
WORKERS = 3
ACCOUNTS = 3
CLOCK_OFF = 60.0
"""Seconds by which the clock of the last worker is wrong."""

PAUSE = 1.0
"""Seconds after which a process that died is started again."""

SHARED = {
    "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
    "CALLSCRIBE_ACCOUNT_SID": ACCOUNT_SID,
    "CALLSCRIBE_AUTH_TOKEN": AUTH_TOKEN,
    "CALLSCRIBE_MEDIA_ALLOW": "127.0.0.1",
    "CALLSCRIBE_CALLBACK_ALLOW": "127.0.0.1",
    "CALLSCRIBE_MODEL": "tiny.en",
    "CALLSCRIBE_THREADS": "1",
    # A job is given up when so many workers died over it: here they die over nothing.
    "CALLSCRIBE_JOB_WORKER_DEATHS": "100",
    "CALLSCRIBE_CHUNK_SECONDS": "10",
    "CALLSCRIBE_MEDIA_RETRY_INTERVAL": "0.5",
    "CALLSCRIBE_CALLBACK_RETRY_INTERVAL": "0.5",
    "CALLSCRIBE_CALLBACK_ATTEMPTS": "12",
    "CALLSCRIBE_CALLBACK_TIMEOUT": "3",
    "CALLSCRIBE_LOG_FORMAT": "json",
}


class Member:
    """One process of the fleet, and what it is started with again."""

    def __init__(self, name: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.name = name
        self.log = log
        self.starts = 0
        self._arguments = list(arguments)
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(self._arguments, env=self._environment, stdout=log, stderr=log)
        self.starts += 1

    @property
    def ended(self) -> bool:
        """Whether there is no process."""
        return self._process is None or self._process.poll() is not None

    def process(self) -> psutil.Process | None:
        """The process that runs now."""
        with suppress(psutil.NoSuchProcess):
            if self._process is not None and not self.ended:
                return psutil.Process(self._process.pid)
        return None

    def child(self, kind: str) -> psutil.Process | None:
        """A process of a kind (`engine`, `decoder`) below it, if there is one now."""
        with suppress(psutil.NoSuchProcess):
            process = self.process()
            for each in process.children(recursive=True) if process else ():
                with suppress(psutil.NoSuchProcess):
                    if any(MARKS[kind] in argument for argument in each.cmdline()):
                        return each
        return None

    def ask_to_end(self) -> None:
        """SIGTERM, also to one that is suspended."""
        if self._process is not None and not self.ended:
            self._process.send_signal(signal.SIGTERM)
            self._process.send_signal(signal.SIGCONT)

    def wait(self, timeout: float) -> int | None:
        """Its exit status; None where it had to be killed."""
        assert self._process is not None
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return None


ENCRYPTED = {
    "CALLSCRIBE_ENCRYPTION": "account",
    "CALLSCRIBE_MASTER_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
    "CALLSCRIBE_KEYS_URL": f"s3://{BUCKET}/keys",
}


@dataclass(slots=True)
class Fleet:
    """The processes, what they share, and the ways between."""

    folder: Path
    postgres: PostgreSQL
    store: ObjectStore
    to_database: Proxy
    to_store: Proxy
    encrypted: bool = False
    apis: list[Member] = field(default_factory=list)
    workers: list[Member] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    accounts: list[Credentials] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _watcher: threading.Thread | None = None

    @property
    def members(self) -> list[Member]:
        """Every process that is kept running."""
        return [*self.apis, *self.workers]

    def start(self, clock_off: float) -> Self:
        """Start everything, and wait until it works."""
        shared = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CALLSCRIBE_", "AWS_"))},
            **SHARED,
            **self.store.environment(self.to_store.port),
            "CALLSCRIBE_DATABASE_URL": f"postgresql://postgres@127.0.0.1:{self.to_database.port}/postgres",
            "CALLSCRIBE_MODELS_DIR": str(self.folder / "models"),
            **(ENCRYPTED if self.encrypted else {}),
        }
        self.accounts = self._prepare()
        for number, port in enumerate(free_ports(APIS), 1):
            self.urls.append(f"http://127.0.0.1:{port}")
            self.apis.append(self._member(f"api-{number}", ["api", "--port", str(port)], shared))
        self.workers += [self._member(f"worker-{number}", ["worker"], shared) for number in range(1, WORKERS)]
        self.workers.append(self._member(f"worker-{WORKERS}", ["worker"], shared, clock_off=clock_off))
        for member in self.members:
            member.start()
        self._watcher = threading.Thread(target=self._watch, name="supervisor", daemon=True)
        self._watcher.start()
        for member in self.workers:
            eventually(lambda member=member: "worker.started" in member.log.read_text(), timeout=300)  # type: ignore[misc]
        for url in self.urls:
            eventually(lambda url=url: _answers(url), timeout=300)  # type: ignore[misc]
        return self

    def stop(self) -> dict[str, int | None]:
        """Ask everything to end; the exit status of each."""
        self._stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        for member in self.members:
            member.ask_to_end()
        return {member.name: member.wait(40) for member in self.members if member.starts}

    def client(self, account: Credentials, api: int) -> httpx2.Client:
        """A client of one of the API processes."""
        return httpx2.Client(
            base_url=self.urls[api % APIS], auth=(account.sid, account.token), timeout=10, trust_env=False
        )

    def spools(self) -> list[Path]:
        """What lies in the spools of the workers."""
        return [each for folder in self.folder.glob("*/spool") for each in folder.iterdir()]

    def _prepare(self) -> list[Credentials]:
        """The schema, and the accounts."""
        settings = Settings(
            data_dir=self.folder / "setup",
            database_url=self.postgres.url,
            secret_key=SHARED["CALLSCRIBE_SECRET_KEY"],
            account_sid=ACCOUNT_SID,
            auth_token=AUTH_TOKEN,
        )
        with closing(Database(settings.database)) as database:
            migrate(database)
            accounts = Accounts(database, TokenCipher.from_settings(settings))
            accounts.ensure_first(settings)
            others = [accounts.create(f"account {number}") for number in range(2, ACCOUNTS + 1)]
        return [Credentials(ACCOUNT_SID, AUTH_TOKEN), *others]

    def _member(
        self, name: str, arguments: list[str], environment: Mapping[str, str], *, clock_off: float = 0.0
    ) -> Member:
        launcher = [str(Path(__file__).with_name("late.py")), str(clock_off)] if clock_off else ["-m", "callscribe"]
        data = ["--data", str(self.folder / name)]
        return Member(name, [sys.executable, *launcher, *arguments, *data], environment, self.folder / f"{name}.log")

    def _watch(self) -> None:
        died: dict[Member, float] = {}
        while not self._stopping.wait(0.1):
            for member in self.members:
                if not member.ended:
                    continue
                if time.monotonic() - died.setdefault(member, time.monotonic()) > PAUSE:
                    del died[member]
                    member.start()


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/readyz", timeout=5, trust_env=False).is_success
    except httpx2.TransportError:
        return False


@contextmanager
def running_fleet(folder: Path, *, clock_off: float = CLOCK_OFF, encrypted: bool = False) -> Iterator[Fleet]:
    """A fleet with its services while the block runs; with `encrypted`, the accounts' keys are in the bucket."""
    with ExitStack() as stack:
        postgres = stack.enter_context(postgresql())
        store = stack.enter_context(object_store(folder / "store"))
        to_database = stack.enter_context(Proxy(to_unix(postgres.socket)).running())
        to_store = stack.enter_context(Proxy(to_port(store.port)).running())
        fleet = Fleet(folder, postgres, store, to_database, to_store, encrypted=encrypted)
        stack.callback(fleet.stop)
        yield fleet.start(clock_off)

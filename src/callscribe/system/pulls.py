"""Models that are being got for a server: begun here, done by a process of its own (`pulling`), told by a file each.

The files lie in the models folder, so every server that shares it tells the same, and after a restart, too. Who pulls
holds a lock that the system lets go of when its process ends, however it ends: what says that it runs, and has no such
lock, was interrupted. What it leaves then, the next pull takes up or removes (`speech.catalogue`).
"""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

from callscribe.errors import Code, RequestError
from callscribe.settings import Settings, environment
from callscribe.speech.model_files import put_json
from callscribe.speech.models import CATALOGUE

_FOLDER: Final = ".pulls"
_PATIENCE: Final = 1.0
"""Seconds for which somebody who only looks may hold the lock."""
_STOP: Final = 5.0
"""Seconds that a pull has to end when the server does."""

Step = Literal["getting", "preparing"]


class Status(StrEnum):
    """How a pull stands."""

    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    INTERRUPTED = "INTERRUPTED"


@dataclass(frozen=True, slots=True)
class Pull:
    """How far a model is. `done` and `total` count bytes while it is got, windows of speech while it is prepared."""

    model: str
    status: Status
    began_at: datetime
    step: Step = "getting"
    done: int = 0
    total: int | None = None
    error: str | None = None

    @classmethod
    def begun(cls, model: str) -> "Pull":
        """One that begins now."""
        return cls(model, Status.RUNNING, datetime.now(UTC))

    def changed(self, **changes: Any) -> "Pull":
        """The same with other values."""
        return replace(self, **changes)


def write(pull: Pull, settings: Settings) -> None:
    """Say how a pull stands."""
    put_json(_path(pull.model, settings), {**asdict(pull), "began_at": pull.began_at.isoformat()})


def read(name: str, settings: Settings) -> Pull | None:
    """What was said last of a pull; None where nothing was."""
    try:
        kept = json.loads(_path(name, settings).read_text())
        said = {"status": Status(kept["status"]), "began_at": datetime.fromisoformat(kept["began_at"])}
        return Pull(**kept | said)
    except (OSError, ValueError, KeyError, TypeError):
        return None


class Pulls:
    """The pulls into the models folder of a server. Safe to call from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._known = {model.name for model in CATALOGUE}
        self._started: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def state(self, name: str) -> Pull | None:
        """How the last pull of a model stands; None where there was none.

        Raises:
            RequestError: 20404, the catalogue has no such model.
        """
        self._check(name)
        found = read(name, self._settings)
        if found is None or found.status is not Status.RUNNING or _is_held(_path(name, self._settings)):
            return found
        # It may have ended between the two looks.
        again = read(name, self._settings)
        return found.changed(status=Status.INTERRUPTED) if again == found else self.state(name)

    def start(self, name: str) -> Pull:
        """Begin to get a model, unless that is under way.

        Raises:
            RequestError: 20404, the catalogue has no such model; 20500, the models folder cannot be written.
        """
        self._check(name)
        try:
            return self._start(name)
        except OSError as error:
            folder, reason = self._settings.models, error.strerror or error
            detail = f"{name} cannot be got into {folder}: {reason}. Make it writable, or put the model there."
            raise RequestError(Code.INTERNAL, detail) from error

    def _start(self, name: str) -> Pull:
        path = _path(name, self._settings)
        path.parent.mkdir(parents=True, exist_ok=True)
        with _held(path, _PATIENCE) as descriptor:
            if descriptor is None:
                return self.state(name) or Pull.begun(name)
            pull = Pull.begun(name)
            write(pull, self._settings)
            process = subprocess.Popen(  # noqa: S603  ourselves
                [sys.executable, "-m", "callscribe.system.pulling", name],
                env={**os.environ, **environment(self._settings)},
                stdin=subprocess.DEVNULL,
                pass_fds=(descriptor,),  # with which the lock is the process's, until it ends
            )
        with self._lock:
            self._started[process.pid] = process
        threading.Thread(target=self._wait, args=(process,), name="pull", daemon=True).start()
        return pull

    def close(self) -> None:
        """End what was begun here."""
        with self._lock:
            processes = list(self._started.values())
        for process in processes:
            process.terminate()
        for process in processes:
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        process.wait()
        with self._lock:
            del self._started[process.pid]

    def _check(self, name: str) -> None:
        if name not in self._known:
            raise RequestError(Code.NOT_FOUND, f"The catalogue has no model {name}.")


def _path(name: str, settings: Settings) -> Path:
    return settings.models / _FOLDER / f"{name}.json"


@contextmanager
def _held(path: Path, patience: float) -> Iterator[int | None]:
    """The lock of a pull, as a file descriptor; None where somebody holds it for longer than `patience` seconds."""
    descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        until = time.monotonic() + patience
        while not (taken := _taken(descriptor, fcntl.LOCK_EX)) and time.monotonic() < until:
            time.sleep(0.02)
        yield descriptor if taken else None
    finally:
        os.close(descriptor)


def _is_held(path: Path) -> bool:
    """Whether a process that pulls lives."""
    try:
        descriptor = os.open(path.with_suffix(".lock"), os.O_RDWR)
    except OSError:
        return False
    try:
        return not _taken(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

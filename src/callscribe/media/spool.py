"""The spool: room on the disk for copies of recordings in work, which never fills it.

A writer asks for room first, and waits until there is some. All processes that share the folder see
each other's claims: each is an empty file with its account and size in its name, and with a lock that ends with its
process. So what a killed one claimed is free at once.

There is no deadlock: a claim is for all that its owner will need, nobody asks for room while it has some that it keeps,
and copies that are kept only because they may be of use again are let go when somebody waits (`is_wanted`).

Next is the account that has the fewest bytes; of its claims, and of accounts that have as few, the one that waits
longest. It is next however much it needs, so that large recordings get their turn as well: once an account has nothing
left in hand, its oldest claim is passed by none that came later.
"""

import fcntl
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import uuid4

import structlog
from filelock import FileLock

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import CallscribeError, Code, JobError
from callscribe.media.blobs import BlobStore
from callscribe.settings import Settings

POLL = 0.2
"""Seconds between two looks whether there is room."""

SUFFIX = ".room"
OWNER = "owner.lock"
"""In a process's own folder: locked as long as that process lives."""

_SHARE = 2
"""Without a setting: one half of the disk."""

_ABSENT = 5.0
"""Seconds after which one who waits and does not look any more, since its process is stopped, is passed over."""

_log = structlog.get_logger(__name__)


class SpoolFull(CallscribeError):  # noqa: N818  says what is the case
    """There was no room within the time that was set for it."""


class _State(StrEnum):
    WAITING = "waiting"
    GRANTED = "granted"
    """Has room that may not be used yet: the disk shows it as free."""
    WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class _Claim:
    path: Path
    size: int
    state: _State

    @classmethod
    def parse(cls, path: Path) -> "_Claim":
        """From a file's name: turn with account, size and state."""
        _, size, state, _ = path.name.rsplit(".", 3)
        return cls(path, int(size), _State(state))

    @property
    def turn(self) -> str:
        return self.path.name.split(".", 1)[0]

    @property
    def account(self) -> str:
        return self.turn.split("-", 2)[2]  # behind time and number


class Room:
    """Room that somebody has, in a file that is locked as long as its process lives."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor = descriptor

    def written(self) -> None:
        """Say that it is used, so that the disk itself shows it from now on."""
        self._become(_State.WRITTEN)

    def _become(self, state: _State) -> None:
        turn, size, *_ = self.path.name.split(".")
        self.path = self.path.rename(self.path.with_name(f"{turn}.{size}.{state}{SUFFIX}"))

    def _look(self) -> None:
        os.utime(self.path)

    def _leave(self) -> None:
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)


class Spool:
    """A folder for copies of recordings, with a limit.

    Args:
        root: the folder that processes share, on the disk in question.
        folder: where this process's copies go, `root` or below it.
        max_bytes: what all of them may take together; None is half of the disk.
        keep_free: bytes of the disk that are left to others.
    """

    def __init__(
        self, root: Path, folder: Path | None = None, *, max_bytes: int | None = None, keep_free: int = 0
    ) -> None:
        self.root = root
        self.folder = folder or root
        self._max_bytes = max_bytes
        self._keep_free = keep_free

    @classmethod
    def of(cls, settings: Settings, folder: Path | None = None) -> "Spool":
        """As the settings say."""
        return cls(settings.spool, folder, max_bytes=settings.spool_max_bytes, keep_free=settings.spool_keep_free)

    @contextmanager
    def room(
        self, size: int, cancelled: Cancellation = NEVER, *, account: str = "", patience: float | None = None
    ) -> Iterator[Room]:
        """Room for `size` bytes, once it is there. More than the limit is let through when nobody else has any.

        Args:
            size: bytes.
            cancelled: ends the wait; what it raises comes out.
            account: whose it is, so that accounts take turns.
            patience: seconds to wait at most; None is for as long as it takes.

        Raises:
            SpoolFull: `patience` is over.
            JobError: 17561, the disk is too small for it, even when empty.
        """
        claim = self._enter(size, account)
        try:
            begun = time.monotonic()
            told = False
            while not self._grant(claim, size):
                if patience is not None and time.monotonic() - begun >= patience:
                    raise SpoolFull(f"no room for {size} bytes in the spool for {patience:g} seconds")
                if not told and time.monotonic() - begun > 1.0:
                    _log.warning("spool.waiting", bytes=size)
                    told = True
                cancelled.wait(POLL)
            yield claim
        finally:
            claim._leave()  # noqa: SLF001  of this module

    @contextmanager
    def copy_of(
        self,
        blobs: BlobStore,
        key: str,
        cancelled: Cancellation = NEVER,
        *,
        patience: float | None = None,
        sha256: str | None = None,
    ) -> Iterator[Path]:
        """A file with the blob in it, to read from; where the store is a folder the blob itself, which takes no room.

        The room counts for the account in whose folder the blob is, by the first part of its key. `sha256`, in
        hexadecimal, is what the blob must have.

        Raises:
            BlobMissing: there is none.
            BlobDamaged: see `BlobStore.local_path`.
            SpoolFull: see `room`.
            JobError: see `room`.
        """
        if blobs.is_folder:
            with blobs.local_path(key, self.folder, cancelled, sha256=sha256) as path:
                yield path
            return
        with (
            self.room(blobs.stored_size(key), cancelled, account=key.partition("/")[0], patience=patience) as room,
            blobs.local_path(key, self.folder, cancelled, sha256=sha256) as path,
        ):
            room.written()
            yield path

    @property
    def max_bytes(self) -> int:
        """What all may take together."""
        if self._max_bytes is not None:
            return self._max_bytes
        return shutil.disk_usage(self.root).total // _SHARE

    def is_wanted(self) -> bool:
        """Whether somebody waits for room, so that copies that are only kept for later should go."""
        return any(self.root.glob(f"*.{_State.WAITING}{SUFFIX}"))

    def claimed(self) -> int:
        """Bytes that living processes have room for."""
        with self._lock():
            return sum(claim.size for claim in self._living() if claim.state != _State.WAITING)

    def reap(self) -> None:
        """Forget what killed processes had claimed."""
        with self._lock():
            self._living()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Have `folder`, below `root`, for this process alone: nobody reaps it, and it goes at the end."""
        with self._lock():  # nobody takes it for a dead one's before it is locked
            self.folder.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.folder / OWNER, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        try:
            yield
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(descriptor)

    def reap_folders(self) -> None:
        """Remove the folders of killed processes."""
        with self._lock():
            for folder in self.root.iterdir():
                with suppress(OSError):
                    owner = folder / OWNER
                    if folder.is_dir() and not (owner.exists() and _is_locked(owner)):
                        shutil.rmtree(folder)

    def _lock(self) -> FileLock:
        # Of its own each time: a lock that threads share lets them all in.
        return FileLock(self.root.with_name(f"{self.root.name}.lock"), is_singleton=False)

    def _enter(self, size: int, account: str) -> Room:
        self.root.mkdir(parents=True, exist_ok=True)
        with self._lock():  # nobody takes it for a dead one's before it is locked
            turn = f"{time.time_ns():020}-{uuid4().hex[:8]}-{account}"
            path = self.root / f"{turn}.{size}.{_State.WAITING}{SUFFIX}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_SH)
        return Room(path, descriptor)

    def _grant(self, room: Room, size: int) -> bool:
        """Give room where there is some and nobody else is next."""
        with self._lock():
            room._look()  # noqa: SLF001  of this module
            claims = [claim for claim in self._living() if claim.path != room.path]
            others = [claim for claim in claims if claim.state != _State.WAITING]
            in_hand = Counter[str]()
            for claim in others:
                in_hand[claim.account] += claim.size

            def place(claim: _Claim) -> tuple[int, str]:
                return in_hand[claim.account], claim.turn

            own = place(_Claim.parse(room.path))
            if any(claim.state == _State.WAITING and place(claim) < own and _looks(claim.path) for claim in claims):
                return False
            disk = shutil.disk_usage(self.root)
            if not others and size > disk.total - self._keep_free:
                raise JobError(
                    Code.JOB_INTERNAL, f"the disk of the spool has not the {size} bytes that the recording needs"
                )
            if others and sum(claim.size for claim in others) + size > self.max_bytes:
                return False
            promised = sum(claim.size for claim in others if claim.state == _State.GRANTED)
            if disk.free - promised - size < self._keep_free:
                return False
            room._become(_State.GRANTED)  # noqa: SLF001  of this module
            return True

    def _living(self) -> list[_Claim]:
        """Every claim of a living process; those of dead ones are removed."""
        living = []
        for path in self.root.glob(f"*{SUFFIX}"):
            with suppress(OSError):  # gone in this moment
                if _is_locked(path):
                    living.append(_Claim.parse(path))
                else:
                    path.unlink()
        return living


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _looks(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < _ABSENT
    except FileNotFoundError:
        return False

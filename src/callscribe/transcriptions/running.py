"""The jobs that this worker has in hand: noticing that one was deleted, reporting progress, its media at hand.

One query for all jobs, twice a second, instead of one for each piece of work.
"""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import structlog

from callscribe.db.engine import Database
from callscribe.media.blobs import BlobStore
from callscribe.transcriptions import repository

INTERVAL = 0.5
"""Seconds between two looks."""

_log = structlog.get_logger(__name__)


class Running:
    """What is kept for each running job: a flag that is raised when its row is gone, its progress, its media."""

    def __init__(self, database: Database, blobs: BlobStore, spool: Path) -> None:
        self._database = database
        self._blobs = blobs
        self._spool = spool
        self._media: dict[str, tuple[ExitStack, dict[str, Path]]] = {}
        self._flags: dict[str, threading.Event] = {}
        self._progress: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="running-jobs", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join(timeout=10)

    @contextmanager
    def watch(self, transcription_id: str) -> Iterator[None]:
        """Keep a flag for a job while it is worked on."""
        flag, media = threading.Event(), (ExitStack(), dict[str, Path]())
        with self._lock:
            self._flags[transcription_id] = flag
            self._media[transcription_id] = media
        try:
            yield
        finally:
            with self._lock:
                # A worker that was taken for dead may get the job back while its first run of it still winds up.
                if self._flags.get(transcription_id) is flag:
                    del self._flags[transcription_id], self._media[transcription_id]
                    self._progress.pop(transcription_id, None)
            media[0].close()

    def local_path(self, transcription_id: str, key: str) -> Path:
        """A file with the blob in it, until the job leaves this worker: copied once, not for every step.

        Raises:
            BlobMissing: there is no such blob.
        """
        # Steps of one job come one after another, so nobody else is at its entry.
        stack, paths = self._media[transcription_id]
        if key not in paths:
            paths[key] = stack.enter_context(self._blobs.local_path(key, self._spool))
        return paths[key]

    def flag(self, transcription_id: str) -> threading.Event:
        """Set once the job was deleted."""
        with self._lock:
            return self._flags[transcription_id]

    def report(self, transcription_id: str, progress: float) -> None:
        """Say how much of a job is done, 0 to 1; written at the next look."""
        with self._lock:
            if transcription_id in self._flags:
                self._progress[transcription_id] = progress

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL):
            try:
                self._look()
            except Exception:  # noqa: BLE001  a database that is away for a moment must not end the looking
                _log.exception("running.look_failed")

    def _look(self) -> None:
        with self._lock:
            flags = dict(self._flags)
            progress, self._progress = self._progress, {}
        if not flags:
            return
        with self._database.read() as session:
            existing = repository.existing(session, flags.keys())
        for transcription_id in flags.keys() - existing:
            flags[transcription_id].set()
        if progress:
            with self._database.write() as session:
                for transcription_id, value in progress.items():
                    repository.update_running(session, transcription_id, progress=value)

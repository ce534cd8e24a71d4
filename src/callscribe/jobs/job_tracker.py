"""The jobs that this worker has in hand: noticing that one is not wanted any more, progress, its media at hand.

One query for all jobs, twice a second, instead of one for each piece of work. Several pieces of work may be of one
job: its chunks.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from callscribe.cancellation import Cancellation, run_cancellable
from callscribe.db.engine import Database
from callscribe.jobs.stages import working_on
from callscribe.media.blobs import BlobStore
from callscribe.media.spool import Spool
from callscribe.ticker import Ticker
from callscribe.transcriptions import chunk_repository, repository

INTERVAL = 0.5
"""Seconds between two looks."""

LINGER = 120.0
"""Seconds for which a copy of a recording is kept when no piece of its job is in hand: the next chunk may come."""


@dataclass
class _Job:
    """What is kept for a job while pieces of it are in hand, and for a while longer."""

    cancelled: Cancellation = field(default_factory=Cancellation)
    holders: int = 0
    left_at: float = 0.0
    progress: float | None = None
    chunks: dict[int, tuple[float, float]] = field(default_factory=dict)
    copying: threading.Lock = field(default_factory=threading.Lock)
    media: ExitStack = field(default_factory=ExitStack)
    paths: dict[str, Path] = field(default_factory=dict)


class JobTracker:
    """What is kept for each running job: its cancellation when it is deleted or has ended, progress, media."""

    def __init__(self, database: Database, blobs: BlobStore, spool: Spool) -> None:
        self._database = database
        self._blobs = blobs
        self._spool = spool
        self._jobs: dict[str, _Job] = {}
        self._lock = threading.Lock()
        self._ticker = Ticker("running-jobs", INTERVAL, self._look, failed="running.look_failed")

    def start(self) -> None:
        """Begin to look."""
        self._ticker.start()

    @property
    def is_stopped(self) -> bool:
        """Whether this worker is signing off, or has."""
        return self._ticker.stopping.is_set()

    def stop(self) -> None:
        """Look no more."""
        self._ticker.stop()

    @contextmanager
    def watch(self, transcription_id: str) -> Iterator[None]:
        """Keep an eye on a job while a piece of it is worked on."""
        with self._lock:
            job = self._jobs.setdefault(transcription_id, _Job())
            job.holders += 1
        try:
            with working_on(self._database, transcription_id):
                yield
        finally:
            with self._lock:
                job.holders -= 1
                job.left_at = time.monotonic()

    def local_path(
        self, transcription_id: str, key: str, sha256: str | None = None, *, blobs: BlobStore | None = None
    ) -> Path:
        """A file with the blob in it: copied once for all chunks of a job that this worker takes one after another.

        It is sealed there where it is so in the blob store, of which `blobs` is the job's own view.

        Waits where the spool has no room for a copy. `sha256` is what it must have; None is whatever comes.

        Raises:
            BlobMissing: there is no such blob.
            BlobDamaged: see `BlobStore.local_path`.
            Cancelled: the job is not wanted any more.
        """
        job = self._job(transcription_id)
        with job.copying:
            if key in job.paths and not job.paths[key].exists():  # somebody has tidied up the spool
                job.media.close()
                job.paths.clear()
            if key not in job.paths:
                copy = self._spool.copy_of(blobs or self._blobs, key, job.cancelled, sha256=sha256)

                def let_go(path: Path | None) -> None:
                    if path is not None:
                        copy.__exit__(None, None, None)

                path = run_cancellable(copy.__enter__, job.cancelled, late=let_go)
                job.media.push(copy)
                job.paths[key] = path
            return job.paths[key]

    def cancellation(self, transcription_id: str) -> Cancellation:
        """Cancelled once the job was deleted, or has ended because another piece of it failed."""
        return self._job(transcription_id).cancelled

    def report(self, transcription_id: str, progress: float) -> None:
        """Say how much of a job is done, 0 to 1, as long as it is not divided; written at the next look."""
        with self._lock:
            self._jobs[transcription_id].progress = progress

    def report_chunk(self, transcription_id: str, number: int, done: float, readable: float) -> None:
        """Say how many seconds of a chunk are recognised, and can be read; written at the next look."""
        with self._lock:
            self._jobs[transcription_id].chunks[number] = done, readable

    def _job(self, transcription_id: str) -> _Job:
        with self._lock:
            return self._jobs[transcription_id]

    def _look(self) -> None:
        with self._lock:
            jobs = dict(self._jobs)
        if not jobs:
            return
        with self._database.read() as session:
            active = repository.active(session, jobs.keys())
        for transcription_id in jobs.keys() - active:
            jobs[transcription_id].cancelled.cancel()
        self._write_progress()
        self._let_go(active)

    def _write_progress(self) -> None:
        with self._lock:
            news = {key: (job.progress, job.chunks) for key, job in self._jobs.items() if job.progress or job.chunks}
            for transcription_id in news:
                job = self._jobs[transcription_id]
                job.progress, job.chunks = None, {}
        if not news:
            return
        with self._database.write() as session:
            for transcription_id, (progress, chunks) in sorted(news.items()):  # as every worker does
                if progress is not None:
                    repository.report(session, transcription_id, progress)
                if chunks:
                    chunk_repository.report_chunks(session, transcription_id, chunks)

    def _let_go(self, active: set[str]) -> None:
        """Forget the jobs of which nothing is in hand, with their copies: ended ones at once, others after a while.

        Others at once, too, where somebody waits for the room that their copies take.
        """
        before = time.monotonic() - (0.0 if self._spool.is_wanted() else LINGER)
        with self._lock:
            gone = {
                transcription_id: job
                for transcription_id, job in self._jobs.items()
                if not job.holders and (transcription_id not in active or not job.paths or job.left_at < before)
            }
            for transcription_id in gone:
                del self._jobs[transcription_id]
        for job in gone.values():
            job.media.close()

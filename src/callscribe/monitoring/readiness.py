"""Whether this installation can work: database, blob store, workers that live, recognition that was seen to work."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from callscribe.db.engine import Database
from callscribe.durable import provider_refusals, workers
from callscribe.durable.tables import Worker
from callscribe.media.blobs import BlobStore
from callscribe.monitoring.ttl_cache import TtlCache
from callscribe.outages import DAMAGED, outage
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy

PATIENCE: Final = 4.0
"""Seconds that the blob store has to answer."""

STORE_KEPT: Final = 10.0
"""Seconds for which its answer is good."""

KEPT: Final = 0.5
"""Seconds for which the whole is good: strangers may ask, as often as they like."""

GRACE: Final = timedelta(minutes=15)
"""A worker whose model was not heard of for so long beyond the interval of its trials does not recognise."""

PROBE: Final = "readiness/probe"
"""A blob that is not there; that the store says so is what is wanted."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What works. `recognizing` of the `workers` are there for recognition, and nothing says that it fails."""

    database: bool = False
    blob_store: bool = False
    workers: int = 0
    recognizing: int = 0
    recognized_at: datetime | None = None
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    """What is wrong, and keeps some jobs from being done, but not all."""

    @property
    def ready(self) -> bool:
        """Whether jobs are taken and done."""
        return not self.problems

    def document(self) -> dict[str, Any]:
        """As it is answered."""
        return {
            "ready": self.ready,
            "database": self.database,
            "blobStore": self.blob_store,
            "workers": self.workers,
            "recognizing": self.recognizing,
            "lastRecognizedAt": None if self.recognized_at is None else self.recognized_at.isoformat(),
            "problems": self.problems,
            "warnings": self.warnings,
        }


_AWAY: Final = Report(problems=["the database does not answer"])


def full_disks(database: Database, blobs: BlobStore) -> Iterator[str]:
    """What is full, and what to do. OSError where a disk is away."""
    if not blobs.has_room:
        yield "the disk of the blob store is full but for what is kept free: delete recordings, or make room"
    if database.reserve is not None and database.reserve.is_needed:
        yield "the disk of the database is full: delete recordings, or make room"


class Readiness:
    """Looks whether the installation can work. `worker_id` narrows it to one worker, where that one is asked."""

    def __init__(
        self, database: Database, blobs: BlobStore, settings: Settings, *, worker_id: str | None = None
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._interval = settings.recognition_check
        self._id = worker_id
        self._store = TtlCache(self._ask_store, STORE_KEPT, PATIENCE)
        self._report = TtlCache(self._look, KEPT, 2 * PATIENCE)

    def report(self) -> Report:
        """How it stands."""
        try:
            return self._report.get()
        except TimeoutError:
            return _AWAY

    async def awaited(self) -> Report:
        """The same for a coroutine."""
        try:
            return await self._report.awaited()
        except TimeoutError:
            return _AWAY

    def _look(self) -> Report:
        try:
            live, moment = workers.alive(self._database)
        except SQLAlchemyError as error:
            return Report(problems=[DAMAGED]) if outage(error) == DAMAGED else _AWAY
        store = self._store_answers()
        if self._id is not None:
            live = [worker for worker in live if worker.id == self._id]
        able = [worker for worker in live if workers.recognizes(worker)]
        well = [worker for worker in able if self._is_well(worker, moment)]
        recognized = [worker.recognized_at for worker in live if worker.recognized_at is not None]
        return Report(
            database=True,
            blob_store=store,
            workers=len(live),
            recognizing=len(well),
            recognized_at=max(recognized, default=None),
            problems=[
                *([] if store else ["the blob store does not answer"]),
                *self._full_disks(),
                *self._problems(live, able, well),
            ],
            warnings=self._refusals(),
        )

    def _full_disks(self) -> Iterator[str]:
        with suppress(OSError):  # it is away, which is told already
            yield from full_disks(self._database, self._blobs)

    def _refusals(self) -> list[str]:
        with suppress(SQLAlchemyError), self._database.read() as session:
            refused = provider_refusals.refusals(session)
            return [f"{engine} does not take its key: {detail}" for engine, (detail, _) in refused.items()]
        return []

    def _problems(self, live: Sequence[Worker], able: Sequence[Worker], well: Sequence[Worker]) -> Iterator[str]:
        if not live:
            yield "no worker is alive" if self._id is None else "this worker has not signed on"
        elif not able and self._id is None:
            yield "no live worker is there for recognition"
        elif able and not well:
            yield "recognition fails on every worker" if self._id is None else "recognition fails"

    def _is_well(self, worker: Worker, moment: datetime) -> bool:
        if workers.failing(worker):
            return False
        overdue = moment - workers.last_heard(worker) > timedelta(seconds=self._interval) + GRACE
        # Where no trials are made, nothing is known.
        return self._interval <= 0 or not overdue or _is_untried(worker)

    def _store_answers(self) -> bool:
        """Whether the blob store says anything in time; a store that hangs is asked once, not again and again."""
        try:
            return self._store.get()
        except TimeoutError:
            return False

    def _ask_store(self) -> bool:
        with suppress(Exception):
            self._blobs.exists(PROBE)
            return True
        return False


def _is_untried(worker: Worker) -> bool:
    """Whether all that a worker serves is at providers, who are asked nothing but what jobs ask."""
    served = [registry.find(ServedBy.parse(name).engine) for name in worker.models]
    return bool(served) and all(engine is not None and engine.runs == "provider" for engine in served)

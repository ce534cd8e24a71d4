"""Figures that are looked up when somebody asks: queues and workers in the database, memory, connections."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Final

import psutil
import structlog
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import QueuePool

import callscribe
from callscribe.db.engine import Database
from callscribe.durable import queue_stats, workers
from callscribe.durable.queues import Role
from callscribe.monitoring.ttl_cache import TtlCache
from callscribe.observability import metrics
from callscribe.speech.engines.served_by import ServedBy

KEPT: Final = 10.0
"""Seconds for which a look into the database is good, however often somebody asks."""

PATIENCE: Final = 4.0
"""Seconds that somebody who asks waits for it; Prometheus waits for ten."""

_log = structlog.get_logger(__name__)


class FleetGauges(Collector):
    """What the database knows of all processes together; every server says the same."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._found = TtlCache(lambda: list(self._look()), KEPT, PATIENCE)

    def collect(self) -> Iterator[Metric]:
        """Queues and workers."""
        try:
            families = self._found.get()
        except (SQLAlchemyError, TimeoutError) as error:
            _log.warning("metrics.database_away", error=type(error).__name__)
            yield metrics.DATABASE_UP.family(((), 0))
            return
        yield metrics.DATABASE_UP.family(((), 1))
        yield from families

    def _look(self) -> Iterator[Metric]:
        found = queue_stats.look(self._database)
        yield metrics.QUEUE_WAITING.family(*(((each.queue, each.account), each.waiting) for each in found.waiting))
        yield metrics.QUEUE_OLDEST.family(*(((each.queue, each.account), each.oldest) for each in found.waiting))
        yield metrics.QUEUE_RUNNING.family(*(((queue,), count) for queue, count in found.running.items()))
        yield metrics.QUEUE_COUNTED.family(((), found.complete))
        yield metrics.QUEUE_UNSERVED.family(*((_labels(name), 1) for name in workers.unserved_models(self._database)))
        live, _ = workers.alive(self._database)
        able: Counter[tuple[str, str, str]] = Counter()
        for worker in live:
            for role in worker.roles:
                by_model = role in {Role.RECOGNITION.value, Role.CHUNKS.value}
                able.update((role, *_labels(name)) for name in ((worker.models or [""]) if by_model else [""]))
        yield metrics.WORKERS.family(*able.items())
        yield metrics.WORKERS_FAILING.family(((), sum(map(workers.failing, live))))
        recognized = [worker.recognized_at for worker in live if worker.recognized_at is not None]
        if recognized:
            yield metrics.RECOGNIZED_AT.family(((), max(recognized).timestamp()))


class ProcessGauges(Collector):
    """What a process knows of itself. `model` gives the id of the process with the model, where this one has such."""

    def __init__(self, process: str, database: Database, model: Callable[[], int | None] | None = None) -> None:
        self._process = process
        self._database = database
        self._model = model
        self._memory = TtlCache(lambda: list(self._look()), KEPT, PATIENCE)

    def collect(self) -> Iterator[Metric]:
        """Version, connections and memory."""
        yield metrics.BUILD.family(((self._process, callscribe.__version__), 1))
        pool = self._database.engine.pool
        if isinstance(pool, QueuePool):
            states = {"used": pool.checkedout(), "idle": pool.checkedin()}
            yield metrics.CONNECTIONS.family(*(((self._process, state), count) for state, count in states.items()))
        if self._model is not None:
            yield metrics.MODEL_LOADED.family(((), self._model() is not None))
        with suppress(TimeoutError):
            yield metrics.MEMORY.family(*self._memory.get())

    def _look(self) -> Iterator[tuple[tuple[str, str], float]]:
        yield from _memory(self._process, None)
        model = self._model() if self._model is not None else None
        if model is not None:
            yield from _memory("model", model)


def _labels(name: str) -> tuple[str, str]:
    """Engine and model of what a queue or a worker names."""
    served_by = ServedBy.parse(name)
    return served_by.engine, served_by.model


def _memory(name: str, pid: int | None) -> Iterator[tuple[tuple[str, str], float]]:
    with suppress(psutil.Error):  # it ended just now
        process = psutil.Process(pid)
        yield (name, "rss"), process.memory_info().rss
        if psutil.LINUX:
            yield (name, "pss"), process.memory_full_info().pss

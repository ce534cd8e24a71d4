"""What others see of a worker: whether it recognises, what it measures."""

import threading
from collections.abc import Callable

import structlog

from callscribe.db.engine import Database
from callscribe.errors import SetupError
from callscribe.media.blobs import BlobStore
from callscribe.monitoring.gauges import ProcessGauges
from callscribe.monitoring.readiness import Readiness
from callscribe.observability import metrics
from callscribe.settings import Settings
from callscribe.speech.engines.registry import Engines
from callscribe.speech.engines.served_by import ServedBy
from callscribe.worker.listening import Listener
from callscribe.worker.selfcheck import SelfCheck

FIRST_CHECK = 60.0
"""Seconds after which an idle worker is tried first. Not at once: on a laptop the first job should not have to wait for
it, and a server that is started and stopped needs no model."""

_log = structlog.get_logger(__name__)


class ObservedWorker:
    """Shows a worker to others while it runs.

    `tried` is what shows whether it recognises; None where there is nothing to try on this machine.

    Raises:
        SetupError: it cannot listen where it is told to.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        blobs: BlobStore,
        engines: Engines,
        tried: ServedBy | None,
        worker_id: str,
    ) -> None:
        self._settings = settings
        gauges = ProcessGauges("worker", database, lambda: engines.pid)
        self.exposition: Callable[[], bytes] = lambda: metrics.exposition("worker", gauges)
        self._check: SelfCheck | None = None
        if tried is not None:
            engine, interval = engines.serving(tried), settings.recognition_check
            self._check = SelfCheck(database, engine, tried.model, worker_id, interval=interval, first=FIRST_CHECK)
        self._listener: Listener | None = None
        if settings.worker_listen is not None:
            readiness = Readiness(database, blobs, settings, worker_id=worker_id)
            self._listener = Listener(settings.worker_listen, settings, readiness, self.exposition)

    def before_work(self) -> None:
        """Listen from now on. Where the settings say so, recognise something first.

        Raises:
            SetupError: recognition does not work.
        """
        if self._listener is not None:
            self._listener.start()
            _log.info("worker.listens", port=self._listener.server_port)
        if self._settings.check_at_start and self._check is not None and (error := self._check.try_now()):
            raise SetupError(f"Recognition does not work on this machine: {error}. Try `callscribe doctor`.")

    def start(self) -> None:
        """Begin to try it now and then; its row is there."""
        if self._check is not None:
            self._check.start()

    def stop(self) -> None:
        """Show it no more."""
        if self._check is not None:
            self._check.stop()
        if self._listener is not None:
            threading.Thread(target=self._listener.stop, daemon=True).start()  # nobody waits for the last answer

"""A worker: everything that turns queued jobs into transcripts and callbacks, put together."""

import shutil
import threading
from functools import partial

import structlog

from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.callbacks.workflows import CallbackWorkflows
from callscribe.db.engine import Database
from callscribe.durable.housekeeping import forget_ended
from callscribe.durable.liveness import live_workers
from callscribe.durable.runtime import Runtime
from callscribe.recordings.reading_workflows import ReadingWorkflows
from callscribe.recordings.workflows import RecordingWorkflows
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.speech.diarization.diarizer import Diarizer
from callscribe.speech.whisper import WhisperEngine
from callscribe.transcriptions.running import Running
from callscribe.transcriptions.sources import save_for_jobs
from callscribe.transcriptions.workflows import TranscriptionWorkflows
from callscribe.web.idempotency import forget_expired

HOUSEKEEPING = 60.0
"""Seconds between two rounds of housekeeping."""

_log = structlog.get_logger(__name__)


class Worker:
    """Takes jobs from the queues until it is stopped."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        services = Services.over(database, settings)
        accounts = Accounts(database, TokenCipher.from_settings(settings))
        self._runtime = Runtime(database, settings)
        self._spools = settings.spool
        self._spool = settings.spool / self._runtime.worker_id
        self._running = Running(database, services.blobs, self._spool)
        self._conversations = services.conversations
        self._jobs = TranscriptionWorkflows(
            database,
            services.blobs,
            services.callbacks,
            services.decoder,
            WhisperEngine(settings),
            Diarizer(settings),
            self._running,
            services.conversations,
            services.reading.twilio,
            settings,
        )
        ReadingWorkflows(database, services.reading, services.automatic, settings)
        self._recordings = RecordingWorkflows(
            database, services.queue, services.blobs, before_erasure=partial(save_for_jobs, database, services.blobs)
        )
        self._callbacks = CallbackWorkflows(database, services.blobs, accounts, settings)

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        The process must end at once afterwards: threads may still be inside a step, and what they would do from
        now on is the next worker's to do, from the last checkpoint.
        """
        self._running.start()
        self._runtime.start()
        self._reap_spools()
        _log.info("worker.started", worker=self._runtime.worker_id)
        while not stop.wait(HOUSEKEEPING):
            self._keep_house()
        _log.info("worker.stopping", worker=self._runtime.worker_id)
        self._running.stop()
        self._runtime.stop()
        shutil.rmtree(self._spool, ignore_errors=True)

    def _reap_spools(self) -> None:
        """Remove what workers left behind that were killed."""
        alive = live_workers(self._database)
        for folder in self._spools.iterdir():
            if folder.name not in alive:
                shutil.rmtree(folder, ignore_errors=True)

    def _keep_house(self) -> None:
        try:
            with self._database.write() as session:
                forget_expired(session)
            self._jobs.fail_abandoned()
            self._callbacks.fail_abandoned()
            self._conversations.keep_house()
            self._recordings.sweep()
            forget_ended()
        except Exception:  # noqa: BLE001
            # Tidying up can wait for a database that is away; the jobs cannot.
            _log.exception("worker.housekeeping_failed")

"""A worker: everything that turns queued jobs into transcripts and callbacks, put together."""

import tempfile
import threading
from collections.abc import Sequence
from functools import partial

import structlog

from callscribe.accounts.audit import forget_old
from callscribe.accounts.repository import running_limits
from callscribe.accounts.service import Accounts
from callscribe.accounts.usage import OutOfAudio
from callscribe.callbacks.workflows import CallbackWorkflows
from callscribe.db.engine import Database
from callscribe.durable.claims import Allowances
from callscribe.durable.dispatch import forget_queues
from callscribe.durable.housekeeping import forget_ended
from callscribe.durable.liveness import Abilities, live_workers
from callscribe.durable.queues import Role, worker_queues
from callscribe.durable.recovery import Returned
from callscribe.durable.runtime import Runtime
from callscribe.durable.workers import note_sweep, unserved_models
from callscribe.jobs.fetch import FetchSteps
from callscribe.jobs.finish import FinishSteps
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.provider_outages import ProviderOutages
from callscribe.jobs.recognize import RecognizeSteps
from callscribe.jobs.redact import Redactor
from callscribe.jobs.replacing import Replacing
from callscribe.jobs.withdrawals import EVERY as WITHDRAWALS_EVERY
from callscribe.jobs.withdrawals import Withdrawals
from callscribe.jobs.workflows import TranscriptionWorkflows
from callscribe.media.spool import Spool
from callscribe.recordings.reading_workflows import ReadingWorkflows
from callscribe.recordings.workflows import RecordingWorkflows
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.speech.abilities import device, here, prepare_models
from callscribe.speech.diarization.diarizer import Diarizer
from callscribe.speech.engines import registry
from callscribe.speech.engines.registry import Engines
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.languages import MULTI
from callscribe.ticker import Ticker
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.quotas import keep_house as keep_quotas
from callscribe.transcriptions.retention import SWEEP_EVERY, RetentionWorkflows, Sweep
from callscribe.transcriptions.searching import MakingUp
from callscribe.transcriptions.sources import save_for_jobs
from callscribe.web.idempotency import forget_expired
from callscribe.worker.monitor import ObservedWorker

HOUSEKEEPING = SWEEP_EVERY
"""Seconds between two rounds of housekeeping."""

_log = structlog.get_logger(__name__)


class WorkerProcess:
    """Takes jobs from the queues until it is stopped.

    Raises:
        SetupError: a model that this worker is told to serve cannot be had.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._settings = settings
        self._out_of_audio = OutOfAudio(settings)
        served = _served(settings)
        self._abilities = _abilities(settings, served)
        services = Services.over(database, settings)
        accounts = Accounts.of(database, settings)
        self._runtime = Runtime(
            database,
            settings,
            worker_queues(settings, [Role(role) for role in settings.worker_queues], self._abilities.models),
            self._abilities,
            allowances=self._allowances,
            told=self._returned,
        )
        self._spool = Spool.of(settings, settings.spool / self._runtime.worker_id)
        self._tracker = JobTracker(database, services.blobs, self._spool)
        engines = Engines(settings)
        self._observed = ObservedWorker(
            settings, database, services.blobs, engines, _tried(settings, served), self._runtime.worker_id
        )
        self.exposition = self._observed.exposition
        self._jobs = _transcribing(services, database, engines, self._tracker, settings)
        self._reading = ReadingWorkflows(database, services.reading, services.automatic, settings)
        save = partial(save_for_jobs, database, services.blobs)
        self._recordings = RecordingWorkflows(database, services.queue, services.blobs, before_erasure=save)
        self._erasures = RetentionWorkflows(services.blobs, before_erasure=save)
        self._callbacks = CallbackWorkflows(database, services.queue, services.blobs, accounts, settings)
        # In the order in which somebody waits for it. The process may end at any point: each is done in transactions,
        # and the next worker's first round takes up what is left.
        self._housekeeping = Ticker(
            "housekeeping",
            HOUSEKEEPING,
            self._forget_requests,
            self._jobs.fail_abandoned,
            self._callbacks.fail_broken,
            self._report_unserved,
            services.conversations.keep_house,
            self._recordings.sweep,
            partial(self._swept, Sweep(database, services.queue, settings)),
            MakingUp(database, services.blobs),
            forget_ended,
            partial(forget_old, database, settings),
            partial(forget_queues, partial(live_workers, database)),
            partial(keep_quotas, database),
            failed="worker.housekeeping_failed",
            at_once=True,
        )
        # By itself, since it waits for providers.
        self._withdrawing = Ticker(
            "withdrawals",
            WITHDRAWALS_EVERY,
            Withdrawals(database, engines),
            failed="worker.withdrawals_failed",
            at_once=True,
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set.

        The process must end at once afterwards: threads may still be inside a step, and what they would do from
        now on is the next worker's to do, from the last checkpoint.
        """
        # For whatever needs a file for a moment, such as models that are loaded: it goes with this process. Not in the
        # spool, whose disk recordings may have filled.
        temporary = tempfile.TemporaryDirectory(prefix="callscribe-worker-", ignore_cleanup_errors=True)
        with self._spool.held(), temporary as tempfile.tempdir:
            self._start()
            while not stop.wait(1.0):  # a signal that another thread was given is handled when this one runs
                pass
            _log.info("worker.stopping", worker=self._runtime.worker_id)
            self._housekeeping.stop(patience=0)
            self._withdrawing.stop(patience=0)
            self._observed.stop()
            self._tracker.stop()
            self._runtime.stop()

    def _start(self) -> None:
        self._observed.before_work()
        self._tracker.start()
        self._runtime.start(self._jobs, self._reading, self._recordings, self._erasures, self._callbacks)
        self._observed.start()
        self._spool.reap_folders()  # what workers left behind that were killed
        _log.info(
            "worker.started",
            worker=self._runtime.worker_id,
            roles=self._abilities.roles,
            models=self._abilities.models,
            device=self._abilities.device,
        )
        self._housekeeping.start()
        self._withdrawing.start()

    def _forget_requests(self) -> None:
        with self._database.write() as session:
            forget_expired(session)

    def _swept(self, sweep: Sweep) -> None:
        sweep()
        note_sweep(self._database, self._runtime.worker_id)

    def _allowances(self) -> Allowances:
        with self._database.read() as session:
            return Allowances(running=running_limits(session), barred=self._out_of_audio(session))

    def _returned(self, returned: Returned) -> None:
        if returned.given_up:
            self._housekeeping.wake()  # the owners are to know at once

    def _report_unserved(self) -> None:
        for model in sorted(unserved_models(self._database)):
            _log.warning("queue.unserved", model=model, hint="no live worker has this model, and jobs wait for it")


def _transcribing(
    services: Services, database: Database, engines: Engines, tracker: JobTracker, settings: Settings
) -> TranscriptionWorkflows:
    """The work on a job, from its recording to its end."""
    blobs, decoder, diarizer = services.blobs, services.decoder, Diarizer(settings)
    checkpoints = Checkpoints(blobs, database.cipher)
    replacing = Replacing(database, blobs, services.queue)
    redactor = Redactor(blobs, checkpoints, decoder, engines, tracker, replacing)
    finish = FinishSteps(
        database,
        blobs,
        checkpoints,
        services.callbacks,
        services.conversations,
        diarizer,
        redactor,
        replacing,
        settings,
    )
    return TranscriptionWorkflows(
        database,
        services.queue,
        blobs,
        tracker,
        FetchSteps(database, blobs, decoder, services.reading.twilio, tracker, finish, settings),
        RecognizeSteps(database, checkpoints, decoder, engines, diarizer, tracker, settings),
        ProviderOutages(database, settings),
        finish,
        settings,
    )


def _served(settings: Settings) -> list[ServedBy]:
    """What a worker serves with; nothing where it is not there for recognition."""
    if {Role.RECOGNITION, Role.CHUNKS}.isdisjoint(settings.worker_queues):
        return []
    return prepare_models(settings)


def _abilities(settings: Settings, served: Sequence[ServedBy]) -> Abilities:
    models = tuple(map(str, served))
    return Abilities(tuple(settings.worker_queues), models, device(settings) if here(served) else None)


def _tried(settings: Settings, served: Sequence[ServedBy]) -> ServedBy | None:
    """What shows whether a worker recognises: nothing that is paid for by the request."""
    tried = here(served)
    default = registry.default(settings, MULTI)
    return default if default in tried else next(iter(tried), None)

"""A worker: everything that turns queued jobs into transcripts and callbacks, put together."""

import shutil
import threading
from collections.abc import Callable
from functools import partial

import structlog

from callscribe.accounts.limits import running_overrides
from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.accounts.usage import OutOfAudio
from callscribe.callbacks.workflows import CallbackWorkflows
from callscribe.db.engine import Database
from callscribe.durable.backlog import unserved_models
from callscribe.durable.fairness import Allowances
from callscribe.durable.handing_back import Returned
from callscribe.durable.housekeeping import forget_ended
from callscribe.durable.liveness import Abilities, earlier_workers, live_workers
from callscribe.durable.queues import Role, lanes
from callscribe.durable.runtime import Runtime
from callscribe.media.spool import Spool
from callscribe.monitoring.worker import ObservedWorker
from callscribe.recordings.reading_workflows import ReadingWorkflows
from callscribe.recordings.workflows import RecordingWorkflows
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.speech.abilities import device, prepare_models
from callscribe.speech.diarization.diarizer import Diarizer
from callscribe.speech.whisper import WhisperEngine
from callscribe.transcriptions.adoption import adopt
from callscribe.transcriptions.quotas import keep_house as keep_quotas
from callscribe.transcriptions.retention import RetentionWorkflows, Sweep
from callscribe.transcriptions.running import Running
from callscribe.transcriptions.sources import save_for_jobs
from callscribe.transcriptions.workflows import TranscriptionWorkflows
from callscribe.web.idempotency import forget_expired

HOUSEKEEPING = 60.0
"""Seconds between two rounds of housekeeping."""

_log = structlog.get_logger(__name__)


class Worker:
    """Takes jobs from the queues until it is stopped.

    Raises:
        SetupError: a model that this worker is told to serve cannot be had.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self._database = database
        self._settings = settings
        self._out_of_audio = OutOfAudio(settings)
        self._abilities = _abilities(settings)
        services = Services.over(database, settings)
        accounts = Accounts(database, TokenCipher.from_settings(settings))
        self._runtime = Runtime(
            database,
            settings,
            lanes(settings, [Role(role) for role in settings.worker_queues], self._abilities.models),
            self._abilities,
            allowances=self._allowances,
            told=self._end_given_up,
            succeeded=lambda: self._aside(self._adopt),
        )
        self._spools = settings.spool
        self._spool = settings.spool / self._runtime.worker_id
        self._running = Running(database, services.blobs, Spool.of(settings, self._spool))
        self._conversations = services.conversations
        engine = WhisperEngine(settings)
        self._observed = ObservedWorker(
            settings, database, services.blobs, engine, self._tried_model(), self._runtime.worker_id
        )
        self._jobs = TranscriptionWorkflows(
            database,
            services.blobs,
            services.callbacks,
            services.decoder,
            engine,
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
        RetentionWorkflows(services.blobs, before_erasure=partial(save_for_jobs, database, services.blobs))
        self._retention = Sweep(database, services.queue, settings)
        self._count_quotas = partial(keep_quotas, database, services.blobs)
        self._callbacks = CallbackWorkflows(database, services.blobs, accounts, settings)

    def run(self, stop: threading.Event, relay: int | None = None) -> None:
        """Work until `stop` is set. `relay` is the end of a pipe by which a server asks for metrics.

        The process must end at once afterwards: threads may still be inside a step, and what they would do from
        now on is the next worker's to do, from the last checkpoint.
        """
        self._observed.before_work(relay)
        self._running.start()
        self._runtime.start()
        self._observed.start()
        self._reap_spools()
        _log.info(
            "worker.started",
            worker=self._runtime.worker_id,
            roles=self._abilities.roles,
            models=self._abilities.models,
            device=self._abilities.device,
        )
        self._keep_house()  # at once: what the dead left need not wait
        while not stop.wait(HOUSEKEEPING):
            self._keep_house()
        _log.info("worker.stopping", worker=self._runtime.worker_id)
        self._observed.stop()
        self._running.stop()
        self._runtime.stop()
        shutil.rmtree(self._spool, ignore_errors=True)

    def _tried_model(self) -> str | None:
        """The model that shows whether this worker recognises; None where it is not there for that."""
        models = self._abilities.models
        return self._settings.model if self._settings.model in models else next(iter(models), None)

    def _reap_spools(self) -> None:
        """Remove what workers left behind that were killed."""
        alive = live_workers(self._database)
        for folder in self._spools.iterdir():
            if folder.is_dir() and folder.name not in alive:
                shutil.rmtree(folder, ignore_errors=True)

    def _keep_house(self) -> None:
        try:
            with self._database.write() as session:
                forget_expired(session)
            self._jobs.fail_abandoned()
            self._callbacks.fail_abandoned()
            self._adopt()
            self._report_unserved()
            self._conversations.keep_house()
            self._recordings.sweep()
            self._retention()
            forget_ended()
            self._count_quotas()
        except Exception:  # noqa: BLE001
            # Tidying up can wait for a database that is away; the jobs cannot.
            _log.exception("worker.housekeeping_failed")

    def _allowances(self) -> Allowances:
        with self._database.read() as session:
            return Allowances(running=running_overrides(session), barred=self._out_of_audio(session))

    def _end_given_up(self, returned: Returned) -> None:
        """Let the owners of what was given up know at once."""
        if returned.given_up:
            self._aside(self._jobs.fail_abandoned)

    def _aside(self, work: Callable[[], None]) -> None:
        """Do something that housekeeping would do in a minute now, and not in the thread whose heart must beat on."""

        def attempt() -> None:
            try:
                work()
            except Exception:  # noqa: BLE001  housekeeping will try again
                _log.exception("worker.housekeeping_failed")

        threading.Thread(target=attempt, name="aside", daemon=True).start()

    def _adopt(self) -> None:
        """Take over what an earlier version left in the queues, once no worker of it is there any more."""
        if not earlier_workers(self._database):
            adopt(self._database)

    def _report_unserved(self) -> None:
        for model in sorted(unserved_models(self._database)):
            _log.warning("queue.unserved", model=model, hint="no live worker has this model, and jobs wait for it")


def _abilities(settings: Settings) -> Abilities:
    roles = tuple(settings.worker_queues)
    if {Role.RECOGNITION, Role.CHUNKS}.isdisjoint(roles):
        return Abilities(roles)
    return Abilities(roles, tuple(prepare_models(settings)), device(settings))

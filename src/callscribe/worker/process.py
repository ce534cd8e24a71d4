"""A worker: everything that turns queued jobs into transcripts and callbacks, put together."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import structlog

from callscribe.accounts.limits import running_overrides
from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.accounts.usage import OutOfAudio
from callscribe.callbacks.workflows import CallbackWorkflows
from callscribe.db.engine import Database
from callscribe.durable.backlog import unserved_models
from callscribe.durable.claims import Allowances
from callscribe.durable.dispatch import forget_queues
from callscribe.durable.housekeeping import forget_ended
from callscribe.durable.liveness import Abilities, live_workers
from callscribe.durable.queues import Role, worker_queues
from callscribe.durable.recovery import Returned
from callscribe.durable.runtime import Runtime
from callscribe.jobs.fetch import FetchSteps
from callscribe.jobs.finish import FinishSteps
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.recognize import RecognizeSteps
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
from callscribe.transcriptions.quotas import keep_house as keep_quotas
from callscribe.transcriptions.retention import RetentionWorkflows, Sweep
from callscribe.transcriptions.sources import save_for_jobs
from callscribe.web.idempotency import forget_expired
from callscribe.worker.monitor import ObservedWorker

HOUSEKEEPING = 60.0
"""Seconds between two rounds of housekeeping."""

_log = structlog.get_logger(__name__)


class Housekeeping:
    """Rounds of tidying up, in a thread of their own: who waits to stop does not wait for the end of a round.

    The process may end at any point of one. Each of `parts` is done in transactions, and the next worker's first round
    takes up what is left.
    """

    def __init__(self, parts: Mapping[str, Callable[[], object]], stop: threading.Event) -> None:
        self._parts = parts
        self._stop = stop

    def start(self) -> None:
        """Begin the first round at once: what the dead left need not wait."""
        threading.Thread(target=self._run, name="housekeeping", daemon=True).start()

    def round(self) -> None:
        """Do each part once, also when others fail."""
        for name, part in self._parts.items():
            if self._stop.is_set():
                return
            try:
                part()
            except Exception:  # noqa: BLE001
                # Tidying up can wait for a database that is away; the jobs cannot.
                if not self._stop.is_set():  # else what it works with is being closed
                    _log.exception("worker.housekeeping_failed", part=name)

    def _run(self) -> None:
        self.round()
        while not self._stop.wait(HOUSEKEEPING):
            self.round()


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
        accounts = Accounts(database, TokenCipher.from_settings(settings))
        self._runtime = Runtime(
            database,
            settings,
            worker_queues(settings, [Role(role) for role in settings.worker_queues], self._abilities.models),
            self._abilities,
            allowances=self._allowances,
            told=self._end_given_up,
        )
        self._spool = Spool.of(settings, settings.spool / self._runtime.worker_id)
        self._running = JobTracker(database, services.blobs, self._spool)
        self._conversations = services.conversations
        engines = Engines(settings)
        self._observed = ObservedWorker(
            settings, database, services.blobs, engines, _tried(settings, served), self._runtime.worker_id
        )
        self._jobs = _transcribing(services, database, engines, self._running, settings)
        self._reading = ReadingWorkflows(database, services.reading, services.automatic, settings)
        save = partial(save_for_jobs, database, services.blobs)
        self._recordings = RecordingWorkflows(database, services.queue, services.blobs, before_erasure=save)
        self._erasures = RetentionWorkflows(services.blobs, before_erasure=save)
        self._retention = Sweep(database, services.queue, settings)
        self._count_quotas = partial(keep_quotas, database)
        self._callbacks = CallbackWorkflows(database, services.queue, services.blobs, accounts, settings)

    def run(self, stop: threading.Event, relay: int | None = None) -> None:
        """Work until `stop` is set. `relay` is the end of a pipe by which a server asks for metrics.

        The process must end at once afterwards: threads may still be inside a step, and what they would do from
        now on is the next worker's to do, from the last checkpoint.
        """
        with self._spool.held():
            self._run(stop, relay)

    def _run(self, stop: threading.Event, relay: int | None) -> None:
        self._observed.before_work(relay)
        self._running.start()
        self._runtime.start(self._jobs, self._reading, self._recordings, self._erasures, self._callbacks)
        self._observed.start()
        self._spool.reap_folders(live_workers(self._database))  # what workers left behind that were killed
        _log.info(
            "worker.started",
            worker=self._runtime.worker_id,
            roles=self._abilities.roles,
            models=self._abilities.models,
            device=self._abilities.device,
        )
        Housekeeping(self._parts(), stop).start()
        while not stop.wait(1.0):  # a signal that another thread was given is handled when this one runs
            pass
        _log.info("worker.stopping", worker=self._runtime.worker_id)
        self._observed.stop()
        self._running.stop()
        self._runtime.stop()

    def _parts(self) -> dict[str, Callable[[], object]]:
        """What there is to tidy up, in the order in which somebody waits for it."""
        return {
            "requests": self._forget_requests,
            "jobs": self._jobs.fail_abandoned,
            "callbacks": self._callbacks.fail_broken,
            "queues": self._report_unserved,
            "conversations": self._conversations.keep_house,
            "recordings": self._recordings.sweep,
            "retention": self._retention,
            "workflows": forget_ended,
            "workers": partial(forget_queues, partial(live_workers, self._database)),
            "quotas": self._count_quotas,
        }

    def _forget_requests(self) -> None:
        with self._database.write() as session:
            forget_expired(session)

    def _allowances(self) -> Allowances:
        with self._database.read() as session:
            return Allowances(running=running_overrides(session), barred=self._out_of_audio(session))

    def _end_given_up(self, returned: Returned) -> None:
        """Let the owners of what was given up know at once."""
        if returned.given_up:
            self._aside(self._jobs.fail_abandoned)

    def _aside(self, work: Callable[[], object]) -> None:
        """Do something that housekeeping would do in a minute now, and not in the thread whose heart must beat on."""

        def attempt() -> None:
            try:
                work()
            except Exception:  # noqa: BLE001  housekeeping will try again
                _log.exception("worker.housekeeping_failed")

        threading.Thread(target=attempt, name="aside", daemon=True).start()

    def _report_unserved(self) -> None:
        for model in sorted(unserved_models(self._database)):
            _log.warning("queue.unserved", model=model, hint="no live worker has this model, and jobs wait for it")


def _transcribing(
    services: Services, database: Database, engines: Engines, running: JobTracker, settings: Settings
) -> TranscriptionWorkflows:
    """The work on a job, from its recording to its end."""
    blobs, decoder, diarizer = services.blobs, services.decoder, Diarizer(settings)
    ending = FinishSteps(database, blobs, services.callbacks, services.conversations, diarizer, settings)
    return TranscriptionWorkflows(
        database,
        services.queue,
        blobs,
        running,
        FetchSteps(database, blobs, decoder, services.reading.twilio, running, ending, settings),
        RecognizeSteps(database, blobs, decoder, engines, diarizer, running, settings),
        ending,
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
    default = registry.default(settings)
    return default if default in tried else next(iter(tried), None)

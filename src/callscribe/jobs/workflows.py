"""The durable way of a job: fetch, inspect, segment, recognize, finish. Every step is a checkpoint.

What a step does is in `intake`, `recognition` and `ending`; here is what follows what, and what is done when it fails.

A job has two workflows, since its parts need different things: `transcribe` brings the recording here, which is work
for the network; `recognize` waits in the queue of the model that the job is to be recognised with.

A process that is killed anywhere is followed by another that goes on behind the last finished step. Steps may
therefore run twice; each is written so that the second time changes nothing.

A recording that is divided into several chunks has a workflow for each, which any worker takes. Nobody waits for
them: whichever finishes last also finishes the job. So a long call holds nothing that another needs meanwhile.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from callscribe.db.engine import Database
from callscribe.durable.housekeeping import abandoned
from callscribe.durable.queues import WORKFLOW_INSTANCE
from callscribe.durable.retry import with_retries
from callscribe.durable.system_tables import BROKEN, GIVEN_UP
from callscribe.errors import Cancelled, Code, JobError
from callscribe.jobs import pieces
from callscribe.jobs.fetch import FetchSteps
from callscribe.jobs.finish import FinishSteps
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.loading import start_job
from callscribe.jobs.recognize import RecognizeSteps
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.fetching import is_transient
from callscribe.settings import Settings
from callscribe.transcriptions import repository

MAX_TAKEOVERS = 200
"""Where DBOS itself gives a workflow up. Long before, its job is given up by `durable.handing_back`."""

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


@DBOS.dbos_class()
class TranscriptionWorkflows(DBOSConfiguredInstance):
    """Workflows for transcriptions, with what they need."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        running: JobTracker,
        intake: FetchSteps,
        recognition: RecognizeSteps,
        ending: FinishSteps,
        settings: Settings,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._running = running
        self._intake = intake
        self._recognition = recognition
        self._ending = ending
        self._settings = settings
        super().__init__(WORKFLOW_INSTANCE)

    @DBOS.workflow(name=pieces.TRANSCRIBE, max_recovery_attempts=MAX_TAKEOVERS)
    def transcribe(self, transcription_id: str) -> None:
        """From PENDING to a recording that is here and can be recognised, or to FAILED."""
        with self._running.watch(transcription_id):
            try:
                folder = self._step(transcription_id, "begin", self._begin)
            except Cancelled:
                return
            with self._leaving(transcription_id, folder), self._failing(transcription_id):
                self._transcribe(transcription_id, folder)

    @DBOS.workflow(name=pieces.RECOGNIZE, max_recovery_attempts=MAX_TAKEOVERS)
    def recognize(self, transcription_id: str, folder: str, duration: float | None) -> None:
        """From there to COMPLETED or FAILED, or to chunks that are queued, which see to the rest."""
        with (
            self._running.watch(transcription_id),
            self._leaving(transcription_id, folder),
            self._failing(transcription_id),
        ):
            self._divide(transcription_id, folder, duration)

    @DBOS.workflow(name=pieces.RECOGNIZE_CHUNK, max_recovery_attempts=MAX_TAKEOVERS)
    def recognize_chunk(self, transcription_id: str, folder: str, number: int) -> None:
        """One chunk; behind the last of a job, the transcript."""
        with (
            self._running.watch(transcription_id),
            self._leaving(transcription_id, folder),
            self._failing(transcription_id),
        ):
            self._recognize_chunk(transcription_id, number)

    def _transcribe(self, transcription_id: str, folder: str) -> None:
        self._step(
            transcription_id,
            "fetch",
            self._intake.fetch,
            attempts=self._settings.media_attempts,
            interval=self._settings.media_retry_interval,
            backoff=2.0,
        )
        duration, queue, turn = self._step(transcription_id, "inspect", self._intake.inspect)
        with (
            SetWorkflowID(pieces.recognition_id(transcription_id)),
            SetEnqueueOptions(priority=turn, queue_partition_key=_account(folder)),
        ):
            DBOS.enqueue_workflow(queue, self.recognize, transcription_id, folder, duration)

    def _divide(self, transcription_id: str, folder: str, duration: float | None) -> None:
        turns, queue = self._step(transcription_id, "segment", self._recognition.segment, duration)
        if len(turns) == 1:
            self._recognize_chunk(transcription_id, 0)  # at once: a short call does not queue a second time
            return
        for number, turn in enumerate(turns):
            with (
                SetWorkflowID(pieces.chunk_id(transcription_id, number)),
                SetEnqueueOptions(priority=turn, queue_partition_key=_account(folder)),
            ):
                DBOS.enqueue_workflow(queue, self.recognize_chunk, transcription_id, folder, number)

    def _recognize_chunk(self, transcription_id: str, number: int) -> None:
        last = self._step(transcription_id, "recognize", self._recognition.recognize, number)
        if last:
            self._step(transcription_id, "finish", self._ending.complete)

    def _step(
        self,
        transcription_id: str,
        name: str,
        work: Callable[..., Result],
        *arguments: Any,
        attempts: int = 4,
        interval: float = 1.0,
        backoff: float = 3.0,
    ) -> Result:
        """Do a piece of a job, tried again where that may help, as one checkpoint.

        Raises:
            Cancelled: the job is not wanted any more.
        """

        def tried() -> Result:
            return with_retries(
                lambda: work(transcription_id, *arguments),
                self._running.flag(transcription_id),
                attempts=attempts,
                interval=interval,
                backoff=backoff,
                is_worth_another=_is_worth_another,
            )

        return DBOS.run_step({"name": name}, tried)

    @contextmanager
    def _failing(self, transcription_id: str) -> Iterator[None]:
        """End the job as FAILED when something goes wrong in the block."""
        try:
            yield
        except Cancelled:
            raise
        except JobError as error:
            self._step(transcription_id, "fail", self._ending.fail, error.code, error.detail)
        except Exception as error:
            cause = _cause(error)
            if isinstance(cause, dbos_error.DBOSException) and self._running.is_stopped:
                raise  # DBOS is gone: this worker has signed off, and another goes on with the job
            # The job must end, for any reason.
            if not isinstance(cause, JobError):
                _log.error("transcription.failed", transcription=transcription_id, exc_info=cause)
                cause = JobError(Code.JOB_INTERNAL, "The server failed on this job; its log says why.")
            self._step(transcription_id, "fail", self._ending.fail, cause.code, cause.detail)

    @contextmanager
    def _leaving(self, transcription_id: str, folder: str) -> Iterator[None]:
        """Leave nothing of a job that was deleted, or ended by another, while the block was at work on it, or stood."""
        try:
            yield
        except Cancelled:
            self._ending.leave(transcription_id, folder)
        except BaseException:  # DBOS parks work that another has by now
            self._ending.leave(transcription_id, folder)
            raise

    def _begin(self, transcription_id: str) -> str:
        """PENDING to RUNNING; the folder of the job's blobs."""
        return start_job(self._database, transcription_id).blobs

    def fail_abandoned(self) -> None:
        """End the jobs whose workflow DBOS gave up, since every worker that took them died."""
        given_up = {pieces.job_of(each) for each in abandoned(*pieces.ALL, statuses=[GIVEN_UP])}
        broken = {pieces.job_of(each) for each in abandoned(*pieces.ALL, statuses=[BROKEN])}
        with self._database.read() as session:
            rows = repository.unfinished(session, list(given_up | broken))
        for row in rows:
            reason = "each worker that had it in hand died" if row.id in given_up else "the server's log says why"
            try:
                self._ending.fail(row.id, Code.JOB_INTERNAL, f"Given up after many attempts: {reason}.")
                _log.error("transcription.given_up", transcription=row.id, reason=reason)
            except Exception:  # noqa: BLE001  one job must not keep the others from ending
                _log.exception("transcription.not_ended", transcription=row.id)

    @DBOS.workflow(name="erase")
    def erase(self, transcription_id: str, folder: str, half_stored: str | None = None) -> None:
        """Erase what a deleted transcription left. Its work ends by itself: each step finds the row gone."""
        self.erase_blobs(folder)
        if half_stored is not None:  # and nothing is added any more
            account_sid = _account(folder)
            self.withdraw(account_sid, transcription_id, half_stored)
        # A worker notices within a second or two; what it wrote until then goes as well.
        DBOS.sleep(10)
        self.erase_blobs(folder)
        DBOS.cancel_workflow(transcription_id, cancel_children=True)
        DBOS.delete_workflow(transcription_id, delete_children=True)

    @DBOS.step()
    def withdraw(self, account_sid: str, transcription_id: str, channel_id: str) -> None:
        """What a conversation has of the transcript."""
        with_retries(lambda: self._ending.withdraw(account_sid, transcription_id, channel_id), attempts=10)

    @DBOS.step()
    def erase_blobs(self, folder: str) -> None:
        """Everything under the folder."""
        with_retries(lambda: self._blobs.delete_prefix(folder), attempts=10)


def _is_worth_another(error: BaseException) -> bool:
    """Whether a step may succeed when it is tried again: not where the job itself is at fault."""
    return is_transient(error) or not isinstance(error, (JobError, BlobMissing))


def _cause(error: Exception) -> Exception:
    """What a step failed of at its last attempt."""
    return error.errors[-1] if isinstance(error, dbos_error.DBOSMaxStepRetriesExceeded) and error.errors else error


def _account(folder: str) -> str:
    """Whose job it is that has its blobs in this folder."""
    return folder.partition("/")[0]

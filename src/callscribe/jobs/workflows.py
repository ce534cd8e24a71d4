"""The durable way of a job: fetch, inspect, segment, recognize, finish. Every step is a checkpoint.

What a step does is in `fetch`, `recognize` and `finish`; here is what follows what, and what is done when it fails.

A job has two workflows, since its parts need different things: `transcribe` brings the recording here, which is work
for the network; `recognize` waits in the queue of the model that the job is to be recognised with.

A process that is killed anywhere is followed by another that goes on behind the last finished step. Steps may
therefore run twice; each is written so that the second time changes nothing.

A recording that is divided into several chunks has a workflow for each, which any worker takes. Nobody waits for
them: whichever finishes last also finishes the job. So a long call holds nothing that another needs meanwhile.

What follows a workflow is queued in a step, in the transaction that makes sure that the job still runs.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from dbos import DBOS, DBOSConfiguredInstance
from dbos import error as dbos_error

from callscribe.db.engine import Database
from callscribe.durable.at_work import step, workflow
from callscribe.durable.housekeeping import broken
from callscribe.durable.queues import WORKFLOW_INSTANCE, Queue, WorkQueue
from callscribe.durable.recovery import forget, given_up
from callscribe.durable.retry import with_retries
from callscribe.errors import (
    Cancelled,
    Code,
    JobError,
    ProviderKeyRefused,
    ProviderUnavailable,
    TransientJobError,
)
from callscribe.jobs import pieces
from callscribe.jobs.fetch import FetchSteps
from callscribe.jobs.finish import FinishSteps
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.loading import start_job
from callscribe.jobs.provider_outages import Again, HandOver, ProviderOutages
from callscribe.jobs.recognize import RecognizeSteps
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.fetching import MOST_ATTEMPTS
from callscribe.settings import Settings
from callscribe.transcriptions import repository

LATE = 10.0
"""Seconds after which what a deleted job left is erased once more. A worker notices within a second or two; what it
wrote until then goes as well."""

FORGOTTEN_AT_ONCE = 100
"""Workflows of a deleted job's chunks, and of its further attempts at a provider."""

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


@DBOS.dbos_class()
@dataclass(eq=False)
class TranscriptionWorkflows(DBOSConfiguredInstance):
    """Workflows for transcriptions, with what they need."""

    _database: Database
    _queue: WorkQueue
    _blobs: BlobStore
    _tracker: JobTracker
    _fetch: FetchSteps
    _recognize: RecognizeSteps
    _outages: ProviderOutages
    _finish: FinishSteps
    _settings: Settings

    def __post_init__(self) -> None:
        super().__init__(WORKFLOW_INSTANCE)

    @workflow(pieces.TRANSCRIBE)
    def transcribe(self, transcription_id: str, made: int = 0, waited: float = 0.0) -> None:
        """From PENDING to a recording that is here and can be recognised, to FAILED, or to a further attempt.

        `made` are the attempts to fetch before this one, `waited` the seconds between them.
        """
        with self._tracker.watch(transcription_id):
            try:
                folder = self._step(transcription_id, "begin", self._begin)
            except Cancelled:
                return
            with self._at_work(transcription_id, folder):
                self._transcribe(transcription_id, folder, made, waited)

    @workflow(pieces.RECOGNIZE)
    def recognize(self, transcription_id: str, folder: str, duration: float | None) -> None:
        """From there to COMPLETED or FAILED, or to chunks that are queued, which see to the rest."""
        with self._tracker.watch(transcription_id), self._at_work(transcription_id, folder):
            self._divide(transcription_id, folder, duration)

    @workflow(pieces.RECOGNIZE_CHUNK)
    def recognize_chunk(
        self, transcription_id: str, folder: str, number: int, made: int = 0, waited: float = 0.0
    ) -> None:
        """One chunk; behind the last of a job, the transcript.

        `made` are the attempts before this one at a provider that was out, `waited` the seconds between them.
        """
        with self._tracker.watch(transcription_id), self._at_work(transcription_id, folder):
            self._recognize_chunk(transcription_id, folder, number, made, waited)

    def _transcribe(self, transcription_id: str, folder: str, made: int, waited: float) -> None:
        wait = self._step(transcription_id, "fetch", self._fetch.fetch, made, waited)
        if wait is not None:
            self._step(transcription_id, "queue", self._queue_fetch, folder, made + 1, waited, wait)
            return
        duration, queue, turn = self._step(transcription_id, "inspect", self._fetch.inspect)
        self._step(transcription_id, "queue", self._queue_recognition, folder, queue, turn, duration)

    def _queue_fetch(self, transcription_id: str, folder: str, made: int, waited: float, wait: float) -> None:
        """A further attempt, later: until then it holds no place."""
        with self._database.write() as session:
            if not repository.update_running(session, transcription_id):
                raise Cancelled
            self._queue.enqueue(
                session,
                Queue.TRANSCRIPTIONS,
                f"{type(self).__name__}.{pieces.TRANSCRIBE}",
                pieces.fetch_id(transcription_id, made),
                _account(folder),
                *(transcription_id, made, waited + wait),
                delay=wait,
            )

    def _queue_recognition(
        self, transcription_id: str, folder: str, queue: str, turn: int, duration: float | None
    ) -> None:
        longest = self._settings.chunk_seconds  # what is longer is only divided there
        with self._database.write() as session:
            if not repository.update_running(session, transcription_id):
                raise Cancelled
            self._queue.enqueue(
                session,
                queue,
                f"{type(self).__name__}.{pieces.RECOGNIZE}",
                pieces.recognition_id(transcription_id),
                _account(folder),
                *(transcription_id, folder, duration),
                priority=turn,
                cost=min(duration or longest, longest),
            )

    def _divide(self, transcription_id: str, folder: str, duration: float | None) -> None:
        chunks, queue = self._step(transcription_id, "segment", self._recognize.segment, duration)
        if len(chunks) == 1:
            self._recognize_chunk(transcription_id, folder, 0)  # at once: a short call does not queue a second time
        else:
            self._step(transcription_id, "queue", self._queue_chunks, folder, queue, chunks)

    def _queue_chunks(
        self, transcription_id: str, folder: str, queue: str, chunks: Sequence[tuple[int, float]]
    ) -> None:
        with self._database.write() as session:
            if not repository.update_running(session, transcription_id):
                raise Cancelled
            for number, (turn, seconds) in enumerate(chunks):
                self._queue.enqueue(
                    session,
                    queue,
                    f"{type(self).__name__}.{pieces.RECOGNIZE_CHUNK}",
                    pieces.chunk_id(transcription_id, number),
                    _account(folder),
                    *(transcription_id, folder, number),
                    priority=turn,
                    cost=seconds,
                )

    def _recognize_chunk(
        self, transcription_id: str, folder: str, number: int, made: int = 0, waited: float = 0.0
    ) -> None:
        last = self._step(transcription_id, "recognize", self._recognized, folder, number, made, waited)
        if last:
            self._step(transcription_id, "finish", self._finish.complete)

    def _recognized(self, transcription_id: str, folder: str, number: int, made: int, waited: float) -> bool:
        """Whether all chunks are there now. Where the provider is out, what follows is queued, and they are not."""
        try:
            return self._recognize.recognize(transcription_id, number)
        except (ProviderUnavailable, ProviderKeyRefused) as error:
            follow = self._outages.after(transcription_id, error, made + 1, waited)
            self._queue_after_outage(transcription_id, folder, number, follow)
            return False

    def _queue_after_outage(self, transcription_id: str, folder: str, number: int, follow: "Again | HandOver") -> None:
        with self._database.write() as session:
            if isinstance(follow, Again):
                if not repository.update_running(session, transcription_id):
                    raise Cancelled
                name, workflow_id = pieces.RECOGNIZE_CHUNK, pieces.again_id(transcription_id, follow.attempt)
                arguments: tuple[Any, ...] = (transcription_id, folder, number, follow.attempt, follow.waited)
            else:
                self._outages.hand_over(session, transcription_id, follow)
                name, workflow_id = pieces.RECOGNIZE, pieces.stand_in_id(transcription_id)
                arguments = (transcription_id, folder, follow.seconds)
            self._queue.enqueue(
                session,
                follow.queue,
                f"{type(self).__name__}.{name}",
                workflow_id,
                _account(folder),
                *arguments,
                priority=follow.turn,
                cost=follow.cost,
                delay=follow.delay,
            )

    def _step(self, transcription_id: str, name: str, work: Callable[..., Result], *arguments: Any) -> Result:
        """Do a piece of a job, tried again where that may help, as one checkpoint; `speech.interface` says how often.

        Raises:
            Cancelled: the job is not wanted any more.
        """

        def tried() -> Result:
            cancelled = self._tracker.cancellation(transcription_id)
            return with_retries(
                lambda: work(transcription_id, *arguments), cancelled, is_worth_another=_is_worth_another
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
            self._step(transcription_id, "fail", self._finish.fail, error.code, error.detail)
        except Exception as error:
            if isinstance(error, dbos_error.DBOSException) and self._tracker.is_stopped:
                raise  # DBOS is gone: this worker has signed off, and another goes on with the job
            # The job must end, for any reason.
            _log.error("transcription.failed", transcription=transcription_id, exc_info=error)
            detail = "The server failed on this job; its log says why."
            self._step(transcription_id, "fail", self._finish.fail, Code.JOB_INTERNAL, detail)

    @contextmanager
    def _at_work(self, transcription_id: str, folder: str) -> Iterator[None]:
        """End the job as FAILED when something goes wrong in the block.

        Leave nothing of one that was deleted, or ended by another, while the block was at work on it, or stood.
        """
        try:
            with self._failing(transcription_id):
                yield
        except Cancelled:
            self._finish.leave(transcription_id, folder)
        except BaseException:  # DBOS parks work that another has by now
            self._finish.leave(transcription_id, folder)
            raise

    def _begin(self, transcription_id: str) -> str:
        """PENDING to RUNNING; the folder of the job's blobs."""
        return start_job(self._database, transcription_id).blobs

    def fail_abandoned(self) -> None:
        """End the jobs of which a piece was given up, since every worker that took it died, or whose workflow broke."""
        deadly = given_up(self._database)
        jobs = {pieces.job_of(each) for each in deadly}
        broke = {pieces.job_of(each) for each in broken(*pieces.ALL)}
        with self._database.read() as session:
            # Those that have ended as well: what the piece, or the round before this one, left of them has to go.
            rows = [*repository.find_all(session, jobs), *repository.unfinished(session, list(broke - jobs))]
        left: set[str] = set()
        for row in rows:
            reason = "each worker that had it in hand died" if row.id in jobs else "the server's log says why"
            if not row.status.is_final:
                _log.error("transcription.given_up", transcription=row.id, reason=reason)
            try:
                self._finish.fail(row.id, Code.JOB_INTERNAL, f"Given up after many attempts: {reason}.")
            except Cancelled:  # deleted meanwhile
                continue
            except Exception:  # noqa: BLE001  one job must not keep the others from ending
                _log.exception("transcription.not_ended", transcription=row.id)
                left.add(row.id)
        if ended := [each for each in deadly if pieces.job_of(each) not in left]:
            _cancel(ended)
            forget(self._database, ended)

    @workflow("erase")
    def erase(self, transcription_id: str, folder: str, half_stored: str | None = None) -> None:
        """Erase what a deleted transcription left. Its work ends by itself: each step finds the row gone."""
        self.erase_blobs(folder)
        if half_stored is not None:  # and nothing is added any more
            account_sid = _account(folder)
            self.withdraw(account_sid, transcription_id, half_stored)
        self.queue_erasing_late(transcription_id, folder)

    @workflow("erase_late")
    def erase_late(self, transcription_id: str, folder: str) -> None:
        """Erase what was written by those who had not noticed, and what DBOS remembers of the job."""
        self.erase_blobs(folder)
        self.forget_workflows(transcription_id)

    @step(attempts=10)
    def queue_erasing_late(self, transcription_id: str, folder: str) -> None:
        """Have it erased once more, `LATE` seconds later."""
        with self._database.write() as session:
            self._queue.enqueue(
                session,
                Queue.ERASURES,
                "TranscriptionWorkflows.erase_late",
                f"erase_{transcription_id}-late",
                _account(folder),
                *(transcription_id, folder),
                delay=LATE,
            )

    @DBOS.step()
    def forget_workflows(self, transcription_id: str) -> None:
        """Cancel and delete the workflows of a job; those of chunks and of further attempts are numbered.

        Its pieces of work first: one that a dead worker had would be taken over and begun anew behind this.
        """

        def withdraw() -> None:
            with self._database.write() as session:
                self._queue.withdraw(session, transcription_id, in_hand=True)

        with_retries(withdraw, attempts=10)
        ids = [transcription_id, pieces.recognition_id(transcription_id), pieces.stand_in_id(transcription_id)]
        ids += [pieces.fetch_id(transcription_id, made) for made in range(1, MOST_ATTEMPTS)]
        first = 0
        while True:
            for number in range(first, first + FORGOTTEN_AT_ONCE):
                ids += [pieces.chunk_id(transcription_id, number), pieces.again_id(transcription_id, number + 1)]
            if not (found := _cancel(ids)):
                return
            DBOS.delete_workflows(found)
            first, ids = first + FORGOTTEN_AT_ONCE, []

    @step(attempts=10)
    def withdraw(self, account_sid: str, transcription_id: str, channel_id: str) -> None:
        """What a conversation has of the transcript."""
        self._finish.withdraw(account_sid, transcription_id, channel_id)

    @step(attempts=10)
    def erase_blobs(self, folder: str) -> None:
        """Everything under the folder."""
        self._blobs.delete_prefix(folder)


def _is_worth_another(error: BaseException) -> bool:
    """Whether a step may succeed when it is tried again: not where the job itself is at fault."""
    return isinstance(error, TransientJobError) or not isinstance(error, (JobError, BlobMissing))


def _cancel(ids: list[str]) -> list[str]:
    """Have nobody go on with these workflows; those of them that there are."""
    known = DBOS.list_workflows(workflow_ids=ids, load_input=False, load_output=False)
    found = [workflow.workflow_id for workflow in known]
    if found:
        DBOS.cancel_workflows(found)
    return found


def _account(folder: str) -> str:
    """Whose job it is that has its blobs in this folder."""
    return folder.partition("/")[0]

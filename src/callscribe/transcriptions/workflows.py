"""The durable way of a job: fetch, inspect, segment, recognize, finish. Every step is a checkpoint.

A job has two workflows, since its parts need different things: `transcribe` brings the recording here, which is work
for the network; `recognize` waits in the queue of the model that the job is to be recognised with.

A process that is killed anywhere is followed by another that goes on behind the last finished step. Steps may
therefore run twice; each is written so that the second time changes nothing.

A recording that is divided into several chunks has a workflow for each, which any worker takes. Nobody waits for
them: whichever finishes last also finishes the job. So a long call holds nothing that another needs meanwhile.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetEnqueueOptions, SetWorkflowID
from dbos import error as dbos_error

from callscribe.callbacks.service import Callbacks, fit_body
from callscribe.conversations.service import Conversations
from callscribe.db.engine import Database
from callscribe.durable.housekeeping import abandoned
from callscribe.durable.patience import patiently
from callscribe.durable.queues import WORKFLOW_INSTANCE, Queue, queue_name, rank
from callscribe.durable.system_tables import BROKEN, GIVEN_UP
from callscribe.errors import Cancelled, Code, JobError, RequestError, TransientJobError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.fetching import fetch, is_transient
from callscribe.recordings.twilio import TwilioAccount
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.diarization.diarizer import Diarizer, applies
from callscribe.speech.diarization.turns import Turn
from callscribe.speech.interface import Engine, RecognitionOptions, Segment, Span
from callscribe.speech.languages import MULTI
from callscribe.speech.pipeline import recognize_span, segment_file
from callscribe.speech.segmentation import Segmentation, plan_chunks
from callscribe.transcriptions import keys, pieces, repository
from callscribe.transcriptions.checkpoints import Checkpoints, dump, speakers_asked
from callscribe.transcriptions.history import half_stored, resource_prefix, stored_transcript
from callscribe.transcriptions.messages import callback_body
from callscribe.transcriptions.observation import recognition, stage
from callscribe.transcriptions.repository import FETCHED, SEGMENTED
from callscribe.transcriptions.retention import due_instants
from callscribe.transcriptions.running import Running
from callscribe.transcriptions.sources import fetch_source
from callscribe.transcriptions.tables import Chunk, Status, Transcription
from callscribe.transcripts.models import Transcript
from callscribe.transcripts.serialization import transcript_to_json

DRAFT_EVERY = 30.0
"""Seconds of a recording after which what is recognised of a chunk is written down, to be read."""

SMALL_BODY_BYTES = 4096
"""Up to here a callback's body is kept in the database: a job can fail, and say so, without the blob store."""

MAX_TAKEOVERS = 200
"""Where DBOS itself gives a workflow up. Long before, its job is given up by `durable.handing_back`."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

Result = TypeVar("Result")

_log = structlog.get_logger(__name__)


@DBOS.dbos_class()
class TranscriptionWorkflows(DBOSConfiguredInstance):
    """Workflows for transcriptions, with what they need."""

    def __init__(
        self,
        database: Database,
        blobs: BlobStore,
        callbacks: Callbacks,
        decoder: Decoder,
        engine: Engine,
        diarizer: Diarizer,
        running: Running,
        conversations: Conversations,
        twilio: TwilioAccount | None,
        settings: Settings,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._callbacks = callbacks
        self._conversations = conversations
        self._twilio = twilio
        self._decoder = decoder
        self._engine = engine
        self._diarizer = diarizer
        self._running = running
        self._settings = settings
        self._checkpoints = Checkpoints(blobs)
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
            self._fetch,
            attempts=self._settings.media_attempts,
            interval=self._settings.media_retry_interval,
            backoff=2.0,
        )
        duration, queue, turn = self._step(transcription_id, "inspect", self._inspect)
        with (
            SetWorkflowID(pieces.recognition_id(transcription_id)),
            SetEnqueueOptions(priority=turn, queue_partition_key=_account(folder)),
        ):
            DBOS.enqueue_workflow(queue, self.recognize, transcription_id, folder, duration)

    def _divide(self, transcription_id: str, folder: str, duration: float | None) -> None:
        turns, queue = self._step(transcription_id, "segment", self._segment, duration)
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
        last = self._step(transcription_id, "recognize", self._recognize, number)
        if last:
            self._step(transcription_id, "finish", self._finish)

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
            return patiently(
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
            self._step(transcription_id, "fail", self._fail, error.code, error.detail)
        except Exception as error:
            cause = _cause(error)
            if isinstance(cause, dbos_error.DBOSException) and self._running.is_stopped:
                raise  # DBOS is gone: this worker has signed off, and another goes on with the job
            # The job must end, whatever it was.
            if not isinstance(cause, JobError):
                _log.error("transcription.failed", transcription=transcription_id, exc_info=cause)
                cause = JobError(Code.JOB_INTERNAL, "The server failed on this job; its log says why.")
            self._step(transcription_id, "fail", self._fail, cause.code, cause.detail)

    @contextmanager
    def _leaving(self, transcription_id: str, folder: str) -> Iterator[None]:
        """Leave nothing of a job that was deleted, or ended by another, while the block was at work on it, or stood."""
        try:
            yield
        except Cancelled:
            self._leave(transcription_id, folder)
        except BaseException:  # DBOS parks work that another has by now
            self._leave(transcription_id, folder)
            raise

    def _tidy(self, row: Transcription) -> None:
        """Remove what a job that has ended needs no more: its chunks, and what was written and came to nothing."""
        self._checkpoints.forget_chunks(row)
        self._blobs.delete_unfinished(row.blobs)
        with self._database.read() as session:
            row = repository.find(session, row.id) or row  # what retention has erased since must not come back
            sent = {callback.body_key for callback in self._callbacks.of_subject(session, row.account_sid, row.id)}
        for key in self._blobs.keys(row.blobs):
            if keys.is_callback(key) and key not in sent:  # a worker was killed before it had said that the job ended
                self._blobs.delete(key)
        if row.media_erased_at is not None:
            self._blobs.delete(keys.media(row.blobs))
        if row.transcript_erased_at is not None:
            self._blobs.delete(keys.transcript(row.blobs))
            self._blobs.delete(keys.segmentation(row.blobs))

    def _leave(self, transcription_id: str, folder: str) -> None:
        """Stop work on a job that was deleted, or that has ended without this piece of it; what it wrote goes."""
        row = patiently(lambda: self._find(transcription_id))
        if row is None:
            _log.info("transcription.deleted", transcription=transcription_id)
            patiently(lambda: self._blobs.delete_prefix(folder))  # what was written since the erasure
        elif row.status.is_final:
            patiently(lambda: self._tidy(row))

    def _begin(self, transcription_id: str) -> str:
        """PENDING to RUNNING; the folder of the job's blobs."""
        with self._database.write() as session:
            repository.transition(session, transcription_id, Status.PENDING, Status.RUNNING)
        return self._row(transcription_id).blobs

    @stage("fetch")
    def _fetch(self, transcription_id: str) -> None:
        """Media to the blob store."""
        row = self._row(transcription_id)
        cancelled = self._running.flag(transcription_id)
        # Not simply away with it: the job may have been ended by another worker, who had fetched the same.
        late = partial(self._leave, row.id, row.blobs)
        try:
            if row.media_url is None:
                fetch_source(
                    row,
                    blobs=self._blobs,
                    twilio=self._twilio,
                    settings=self._settings,
                    cancelled=cancelled,
                    late=late,
                )
            else:
                fetch(
                    row.media_url,
                    blobs=self._blobs,
                    key=keys.media(row.blobs),
                    settings=self._settings,
                    cancelled=cancelled,
                    late=late,
                )
        except TransientJobError as error:
            _log.warning("media.attempt_failed", transcription=transcription_id, reason=error.detail)
            raise
        try:
            size = self._blobs.size(keys.media(row.blobs))
        except BlobMissing:
            self._row(transcription_id)  # raises Cancelled where the job was deleted meanwhile
            raise
        with self._database.write() as session:
            if not repository.set_media_bytes(session, transcription_id, size):
                raise Cancelled  # deleted, or ended by another worker
        self._running.report(transcription_id, FETCHED)

    @stage("inspect")
    def _inspect(self, transcription_id: str) -> tuple[float | None, str, int]:
        """Refuse at once what cannot be transcribed.

        Returns the length in seconds where it is known by now, the queue in which the call is recognised, and its turn.
        """
        row = self._row(transcription_id)
        for fault in routes.check(routes.WHISPER, _model(row), row.resolved_configuration["language"], self._settings):
            if fault.field == "speechModel":  # the operator took it away since: no worker would ever come for the job
                raise JobError(Code.PROVIDER_REFUSED, fault.detail)
        decoder = self._decoder.until(self._running.flag(row.id))
        info = decoder.inspect(self._running.local_path(row.id, keys.media(row.blobs)))
        _log.info(
            "media.inspected",
            transcription=transcription_id,
            container=info.container,
            codec=info.codec,
            channels=info.channels,
            sample_rate=info.sample_rate,
            duration=info.duration,
        )
        return info.duration, queue_name(Queue.RECOGNITION, _model(row)), _turn(row)

    @stage("segment")
    def _segment(self, transcription_id: str, duration: float | None) -> tuple[list[int], str]:
        """Find speech in every channel, and divide the recording; the turn of each chunk, and their queue."""
        row = self._row(transcription_id)

        def progress(seconds: float, _length: float) -> None:
            share = min(1.0, seconds / duration) if duration else 0.0
            self._running.report(transcription_id, FETCHED + (SEGMENTED - FETCHED) * share)

        path = self._running.local_path(row.id, keys.media(row.blobs))
        cancelled = self._running.flag(transcription_id)
        segmentation = segment_file(self._decoder.until(cancelled), path, cancelled, progress)
        self._checkpoints.put_segmentation(row, segmentation.to_json())
        spans = [(span.start, span.end) for span in plan_chunks(segmentation, self._settings.chunk_seconds)]
        with self._database.write() as session:
            if not repository.update_running(session, transcription_id):
                raise Cancelled  # ended by another worker: nobody would remove the chunks
            repository.set_duration(session, transcription_id, segmentation.duration)
            chunks = repository.add_chunks(session, transcription_id, spans)
        self._running.report(transcription_id, SEGMENTED)
        return [_turn(row, number) for number in range(chunks)], queue_name(Queue.CHUNKS, _model(row))

    @stage("recognize")
    def _recognize(self, transcription_id: str, number: int) -> bool:
        """Words of one chunk to the blob store; whether all chunks of the job are there now."""
        row = self._row(transcription_id)
        with self._database.read() as session:
            chunk = repository.find_chunk(session, transcription_id, number)
        if chunk is None:
            raise Cancelled  # the job has ended
        if not self._checkpoints.has_chunk(row, number):  # else a worker was killed just behind it
            segments = self._recognized(row, chunk)
            self._checkpoints.put_chunk(row, number, segments)
            _log.info("chunk.recognized", transcription=transcription_id, chunk=number, seconds=round(chunk.length, 3))
        self._listen(row, chunk)
        with self._database.write() as session:
            finished = repository.finish_chunk(session, transcription_id, number)
        if not finished:
            raise Cancelled  # the job has ended meanwhile
        # Asked behind the commit: of chunks that finish at the same time, at least the last to commit sees all.
        with self._database.read() as session:
            return not repository.unfinished_chunks(session, transcription_id)

    @recognition
    def _recognized(self, row: Transcription, chunk: Chunk) -> list[Segment]:
        segmentation = Segmentation.from_json(self._checkpoints.segmentation(row))
        options = row.resolved_configuration
        model = _model(row)
        for fault in routes.check(routes.WHISPER, model, options["language"], self._settings):
            # The operator changed what is served since the job was made.
            raise JobError(Code.PROVIDER_REFUSED, fault.detail)
        segments: list[Segment] = []
        done = readable = 0.0
        cancelled = self._running.flag(row.id)
        for segment in recognize_span(
            self._decoder.until(cancelled),
            self._running.local_path(row.id, keys.media(row.blobs)),
            segmentation,
            Span(chunk.start, chunk.end),
            self._engine,
            model,
            RecognitionOptions(
                language=None if options["language"] == MULTI else options["language"],
                keyterms=tuple(options.get("keyterms") or ()),
                owner=row.account_sid,
            ),
            cancelled,
        ):
            segments.append(segment)
            done = max(done, min(segment.end, chunk.end) - chunk.start)
            # Not before it is beyond what an earlier attempt had got to: nothing that was read disappears again.
            if done - readable >= DRAFT_EVERY and done > chunk.readable:
                self._checkpoints.put_draft(row, chunk.number, segments)
                readable = done
            self._running.report_chunk(row.id, chunk.number, done, readable)
        return segments

    def _listen(self, row: Transcription, chunk: Chunk) -> None:
        """What is heard of voices in one chunk to the blob store, where speakers are asked for and share a channel."""
        if speakers_asked(row) is None or self._checkpoints.has_voices(row, chunk.number):
            return
        segmentation = Segmentation.from_json(self._checkpoints.segmentation(row))
        if not applies(segmentation):
            return
        self._diarizer.check()
        path = self._running.local_path(row.id, keys.media(row.blobs))
        span = Span(chunk.start, chunk.end)
        cancelled = self._running.flag(row.id)
        heard = self._diarizer.listen(self._decoder.until(cancelled), path, segmentation, span, cancelled)
        self._checkpoints.put_voices(row, chunk.number, heard)

    def _turns(self, row: Transcription, chunks: Sequence[Chunk]) -> list[Turn] | None:
        """Who speaks when, from the voices of all chunks; None where that was not asked, or channels tell it."""
        speakers = speakers_asked(row)
        if speakers is None or not applies(Segmentation.from_json(self._checkpoints.segmentation(row))):
            return None
        return self._diarizer.turns(self._checkpoints.voices(row, chunks), speakers)

    @stage("finish")
    def _finish(self, transcription_id: str) -> None:
        """Transcript to the blob store and to a conversation; then COMPLETED and the callback in one transaction."""
        row = self._row(transcription_id)
        if not row.status.is_final:  # else this worker, or another, was killed just behind it
            self._complete(row)
        self._tidy(row)

    def _complete(self, row: Transcription) -> None:
        with self._database.read() as session:
            chunks = repository.chunks(session, row.id)
        if not chunks:
            # Another worker has ended the job since `row` was read; its transcript must not be written over.
            raise Cancelled
        transcript = self._checkpoints.transcript(row, chunks, self._turns(row, chunks))
        data = dump(transcript_to_json(transcript))
        self._blobs.put_bytes(keys.transcript(row.blobs), data)
        # First, so that the callback can name the conversation.
        if row.conversation_id is None:  # else a worker was killed just behind it
            row.conversation_id = self._converse(row, transcript)
        self._conclude(row, Status.COMPLETED, callback_body(row, transcript=transcript), result_bytes=len(data))

    def _converse(self, row: Transcription, transcript: Transcript) -> str | None:
        """Store the transcript in a conversation, where the configuration says so; its id in the last transaction."""
        wanted = row.resolved_configuration.get("conversationConfigurationId")
        if wanted is None:
            return None
        conversation_id = None
        storing = self._conversations.storing(row.account_sid, wanted, stored_transcript(row, transcript))
        try:
            for block in storing.blocks():
                with self._database.write() as session:
                    # First, so that of two workers with this job one waits for the other.
                    if not repository.update_running(session, row.id):
                        raise Cancelled  # deleted, or ended by another worker
                    conversation_id = storing.store(session, block)
                    if block.is_last:
                        repository.update_running(session, row.id, conversation_id=conversation_id)
        except RequestError as error:
            # The configuration was deleted since the job was made. A notice says so beside the transcript.
            _log.warning("transcription.not_stored", transcription=row.id, reason=error.detail)
            return None
        return conversation_id

    def _withdraw(self, account_sid: str, transcription_id: str, channel_id: str) -> None:
        """Take out of conversations what is stored of a transcript that will never be complete."""
        self._conversations.withdraw(account_sid, channel_id, resource_prefix(transcription_id))

    @stage("fail")
    def _fail(self, transcription_id: str, code: int, detail: str) -> None:
        """FAILED with its code, and the callback, in one transaction."""
        self._begin(transcription_id)  # where even that step had failed
        public = next(each for each in Code if each == code)
        error = {"code": public.value, "title": public.title, "detail": detail, "type": public.type}
        row = self._row(transcription_id)
        if not row.status.is_final:
            if (channel_id := half_stored(row)) is not None:
                self._withdraw(row.account_sid, row.id, channel_id)
            self._conclude(row, Status.FAILED, callback_body(row, error=error), error=error)
        try:
            self._tidy(row)
        except Exception:  # noqa: BLE001  it may be the blob store that the job failed of; it is told all the same
            _log.warning("transcription.not_tidied", transcription=transcription_id, exc_info=True)

    def _conclude(self, row: Transcription, status: Status, body: dict[str, Any], **values: Any) -> None:
        data, reduced = fit_body(body, self._callbacks.max_body_bytes)
        callback = row.resolved_configuration.get("transcriptionStatusCallback")
        content: bytes | str = data
        if callback is not None and len(data) > SMALL_BODY_BYTES:
            # Under a name of its own: a second writer must not change what a first one's callback sends.
            content = keys.callback(row.blobs)
            self._blobs.put_bytes(content, data)
            values["result_bytes"] = values.get("result_bytes", 0) + len(data)
        with self._database.write() as session:
            values |= due_instants(session, self._database, self._settings, row)
            # A worker that was thought dead and comes back finds the job ended, and tells nobody.
            ended = repository.transition(session, row.id, Status.RUNNING, status, progress=1.0, **values)
            if ended:
                repository.forget_chunks(session, row.id)
            if ended and callback is not None:
                self._callbacks.enqueue(
                    session,
                    callback_id=f"voice_callback_{row.id.rpartition('_')[2]}",
                    account_sid=row.account_sid,
                    subject_id=row.id,
                    event=status.value,
                    url=callback["url"],
                    body=content,
                    reduced=reduced,
                    retention=row.resolved_configuration.get("retention"),
                )
        if not ended:
            self._take_back(row.id, content)
            return
        _log.info(
            "transcription.ended",
            transcription=row.id,
            status=status.value,
            error=values.get("error", {}).get("code"),
        )

    def _take_back(self, transcription_id: str, content: bytes | str) -> None:
        """Remove what was written for a job that had been ended, or deleted, by another.

        Raises:
            Cancelled: it was deleted.
        """
        if isinstance(content, str):
            self._blobs.delete(content)
        row = self._row(transcription_id)
        if row.transcript_erased_at is not None:
            self._blobs.delete(keys.transcript(row.blobs))

    def fail_abandoned(self) -> None:
        """End the jobs whose workflow DBOS gave up, since every worker that took them died."""
        given_up = {pieces.job_of(each) for each in abandoned(*pieces.ALL, statuses=[GIVEN_UP])}
        broken = {pieces.job_of(each) for each in abandoned(*pieces.ALL, statuses=[BROKEN])}
        with self._database.read() as session:
            rows = repository.unfinished(session, list(given_up | broken))
        for row in rows:
            reason = "each worker that had it in hand died" if row.id in given_up else "the server's log says why"
            try:
                self._fail(row.id, Code.JOB_INTERNAL, f"Given up after many attempts: {reason}.")
                _log.error("transcription.given_up", transcription=row.id, reason=reason)
            except Exception:  # noqa: BLE001  one job must not keep the others from ending
                _log.exception("transcription.not_ended", transcription=row.id)

    def _row(self, transcription_id: str) -> Transcription:
        """The job as it stands.

        Raises:
            Cancelled: it was deleted.
        """
        row = self._find(transcription_id)
        if row is None:
            raise Cancelled
        return row

    def _find(self, transcription_id: str) -> Transcription | None:
        with self._database.read() as session:
            return repository.find(session, transcription_id)

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
        patiently(lambda: self._withdraw(account_sid, transcription_id, channel_id), attempts=10)

    @DBOS.step()
    def erase_blobs(self, folder: str) -> None:
        """Everything under the folder."""
        patiently(lambda: self._blobs.delete_prefix(folder), attempts=10)


def _is_worth_another(error: BaseException) -> bool:
    """Whether a step may succeed when it is tried again: not where the job itself is at fault or no longer wanted."""
    return is_transient(error) or not isinstance(error, (JobError, Cancelled, BlobMissing))


def _cause(error: Exception) -> Exception:
    """What a step failed of at its last attempt."""
    return error.errors[-1] if isinstance(error, dbos_error.DBOSMaxStepRetriesExceeded) and error.errors else error


def _model(row: Transcription) -> str:
    """The model that a job is to be recognised with."""
    return str(row.resolved_configuration["servedBy"]["model"])


def _account(folder: str) -> str:
    """Whose job it is that has its blobs in this folder."""
    return folder.partition("/")[0]


def _turn(row: Transcription, number: int = 0) -> int:
    """Where a piece of a job stands among those of its account: by the job's priority, then by turn.

    The first chunk has the turn of the minute in which its job came, and each further one that of a minute later. So
    calls that come together advance together, a shorter one need not wait for the end of a longer one, and what has
    waited long enough comes before anything new.
    """
    turn = int((row.created_at - _EPOCH).total_seconds() // 60)
    return rank(row.resolved_configuration.get("priority"), turn + number)

"""The durable way of a job: fetch, inspect, segment, recognize, finish. Every step is a checkpoint.

A process that is killed anywhere is followed by another that goes on behind the last finished step. Steps may
therefore run twice; each is written so that the second time changes nothing.

A recording that is divided into several chunks has a workflow for each, which any worker takes. Nobody waits for
them: whichever finishes last also finishes the job. So a long call holds nothing that another needs meanwhile.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import structlog
from dbos import DBOS, DBOSConfiguredInstance, SetEnqueueOptions, SetWorkflowID, StepOptions
from dbos import error as dbos_error

from callscribe.callbacks.service import Callbacks, fit_body
from callscribe.conversations.service import Conversations
from callscribe.db.engine import Database
from callscribe.durable.housekeeping import abandoned
from callscribe.durable.queues import WORKFLOW_INSTANCE, Queue
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
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.checkpoints import Checkpoints, dump, speakers_asked
from callscribe.transcriptions.history import half_stored, resource_prefix, stored_transcript
from callscribe.transcriptions.messages import callback_body
from callscribe.transcriptions.repository import FETCHED, SEGMENTED
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
"""A job that so many workers died on is given up (17561); it is the job that kills them."""

_CHUNK = "-chunk-"
"""Between the id of a transcription and the number of a chunk, in the id of the chunk's workflow."""

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

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

    @DBOS.workflow(name="transcribe", max_recovery_attempts=MAX_TAKEOVERS)
    def transcribe(self, transcription_id: str) -> None:
        """From PENDING to COMPLETED or FAILED, or to chunks that are queued, which see to the rest."""
        folder = ""
        with self._running.watch(transcription_id):
            try:
                # Patient, since nothing else can be done for the job while the database is away.
                patient = _named("begin", {**_retried(), "max_attempts": 6})
                folder = DBOS.run_step(patient, self._begin, transcription_id)
                with self._failing(transcription_id):
                    self._transcribe(transcription_id, folder)
            except Cancelled:
                self._leave(transcription_id, folder)

    @DBOS.workflow(name="recognize_chunk", max_recovery_attempts=MAX_TAKEOVERS)
    def recognize_chunk(self, transcription_id: str, folder: str, number: int) -> None:
        """One chunk; behind the last of a job, the transcript."""
        with self._running.watch(transcription_id):
            try:
                with self._failing(transcription_id):
                    self._recognize_chunk(transcription_id, number)
            except Cancelled:
                self._leave(transcription_id, folder)

    def _transcribe(self, transcription_id: str, folder: str) -> None:
        retried = _retried()
        DBOS.run_step(
            _named(
                "fetch",
                {
                    **retried,
                    "max_attempts": self._settings.media_attempts,
                    "interval_seconds": self._settings.media_retry_interval,
                    "backoff_rate": 2.0,
                },
            ),
            self._fetch,
            transcription_id,
        )
        duration = DBOS.run_step(_named("inspect", retried), self._inspect, transcription_id)
        chunks, turn = DBOS.run_step(_named("segment", retried), self._segment, transcription_id, duration)
        if chunks == 1:
            self._recognize_chunk(transcription_id, 0)  # at once: a short call does not queue a second time
            return
        account_sid = folder.partition("/")[0]
        for number in range(chunks):
            with (
                SetWorkflowID(f"{transcription_id}{_CHUNK}{number}"),
                SetEnqueueOptions(priority=turn + number, queue_partition_key=account_sid),
            ):
                DBOS.enqueue_workflow(Queue.CHUNKS, self.recognize_chunk, transcription_id, folder, number)

    def _recognize_chunk(self, transcription_id: str, number: int) -> None:
        last = DBOS.run_step(_named("recognize", _retried()), self._recognize, transcription_id, number)
        if last:
            DBOS.run_step(_named("finish", _retried()), self._finish, transcription_id)

    @contextmanager
    def _failing(self, transcription_id: str) -> Iterator[None]:
        """End the job as FAILED when something goes wrong in the block."""
        try:
            yield
        except Cancelled:
            raise
        except JobError as error:
            DBOS.run_step(_named("fail", _retried()), self._fail, transcription_id, error.code, error.detail)
        except Exception as error:  # noqa: BLE001  the job must end, whatever it was
            cause = _cause(error)
            if not isinstance(cause, JobError):
                _log.error("transcription.failed", transcription=transcription_id, exc_info=cause)
                cause = JobError(Code.JOB_INTERNAL, "The server failed on this job; its log says why.")
            DBOS.run_step(_named("fail", _retried()), self._fail, transcription_id, cause.code, cause.detail)

    def _leave(self, transcription_id: str, folder: str) -> None:
        """Stop work on a job that was deleted, or that has ended without this piece of it."""
        with self._database.read() as session:
            if repository.find(session, transcription_id) is not None:
                return
        _log.info("transcription.deleted", transcription=transcription_id)
        if folder:  # what was written since the erasure
            self._blobs.delete_prefix(folder)

    def _begin(self, transcription_id: str) -> str:
        """PENDING to RUNNING; the folder of the job's blobs."""
        with self._database.write() as session:
            repository.transition(session, transcription_id, Status.PENDING, Status.RUNNING)
        return self._row(transcription_id).blobs

    def _fetch(self, transcription_id: str) -> None:
        """Media to the blob store."""
        row = self._row(transcription_id)
        cancelled = self._running.flag(transcription_id)
        try:
            if row.media_url is None:
                fetch_source(row, blobs=self._blobs, twilio=self._twilio, settings=self._settings, cancelled=cancelled)
            else:
                fetch(
                    row.media_url,
                    blobs=self._blobs,
                    key=keys.media(row.blobs),
                    settings=self._settings,
                    cancelled=cancelled,
                )
        except TransientJobError as error:
            _log.warning("media.attempt_failed", transcription=transcription_id, reason=error.detail)
            raise
        self._running.report(transcription_id, FETCHED)

    def _inspect(self, transcription_id: str) -> float | None:
        """Refuse at once what cannot be transcribed; the length in seconds where it is known by now."""
        row = self._row(transcription_id)
        info = self._decoder.inspect(self._running.local_path(row.id, keys.media(row.blobs)))
        _log.info(
            "media.inspected",
            transcription=transcription_id,
            container=info.container,
            codec=info.codec,
            channels=info.channels,
            sample_rate=info.sample_rate,
            duration=info.duration,
        )
        return info.duration

    def _segment(self, transcription_id: str, duration: float | None) -> tuple[int, int]:
        """Find speech in every channel, and divide the recording; the number of chunks, and the turn of the first."""
        row = self._row(transcription_id)

        def progress(seconds: float, _length: float) -> None:
            share = min(1.0, seconds / duration) if duration else 0.0
            self._running.report(transcription_id, FETCHED + (SEGMENTED - FETCHED) * share)

        path = self._running.local_path(row.id, keys.media(row.blobs))
        segmentation = segment_file(self._decoder, path, self._running.flag(transcription_id), progress)
        self._checkpoints.put_segmentation(row, segmentation.to_json())
        spans = [(span.start, span.end) for span in plan_chunks(segmentation, self._settings.chunk_seconds)]
        with self._database.write() as session:
            repository.update_running(session, transcription_id, duration=segmentation.duration)
            chunks = repository.add_chunks(session, transcription_id, spans)
        self._running.report(transcription_id, SEGMENTED)
        return chunks, _turn(row)

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
            repository.finish_chunk(session, transcription_id, number)
        # Asked behind the commit: of chunks that finish at the same time, at least the last to commit sees all.
        with self._database.read() as session:
            return not repository.unfinished_chunks(session, transcription_id)

    def _recognized(self, row: Transcription, chunk: Chunk) -> list[Segment]:
        segmentation = Segmentation.from_json(self._checkpoints.segmentation(row))
        options = row.resolved_configuration
        model = options["servedBy"]["model"]
        for fault in routes.check(routes.WHISPER, model, options["language"], self._settings):
            # The operator changed what is served since the job was made.
            raise JobError(Code.PROVIDER_REFUSED, fault.detail)
        segments: list[Segment] = []
        done = readable = 0.0
        for segment in recognize_span(
            self._decoder,
            self._running.local_path(row.id, keys.media(row.blobs)),
            segmentation,
            Span(chunk.start, chunk.end),
            self._engine,
            model,
            RecognitionOptions(
                language=None if options["language"] == MULTI else options["language"],
                keyterms=tuple(options.get("keyterms") or ()),
            ),
            self._running.flag(row.id),
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
        heard = self._diarizer.listen(self._decoder, path, segmentation, span, self._running.flag(row.id))
        self._checkpoints.put_voices(row, chunk.number, heard)

    def _turns(self, row: Transcription, chunks: Sequence[Chunk]) -> list[Turn] | None:
        """Who speaks when, from the voices of all chunks; None where that was not asked, or channels tell it."""
        speakers = speakers_asked(row)
        if speakers is None or not applies(Segmentation.from_json(self._checkpoints.segmentation(row))):
            return None
        return self._diarizer.turns(self._checkpoints.voices(row, chunks), speakers)

    def _finish(self, transcription_id: str) -> None:
        """Transcript to the blob store and to a conversation; then COMPLETED and the callback in one transaction."""
        row = self._row(transcription_id)
        if not row.status.is_final:  # else this worker, or another, was killed just behind it
            self._complete(row)
        self._checkpoints.forget_chunks(row)
        self._blobs.delete_unfinished(row.blobs)

    def _complete(self, row: Transcription) -> None:
        with self._database.read() as session:
            chunks = repository.chunks(session, row.id)
        transcript = self._checkpoints.transcript(row, chunks, self._turns(row, chunks))
        self._blobs.put_bytes(keys.transcript(row.blobs), dump(transcript_to_json(transcript)))
        # First, so that the callback can name the conversation.
        if row.conversation_id is None:  # else a worker was killed just behind it
            row.conversation_id = self._converse(row, transcript)
        self._conclude(row, Status.COMPLETED, callback_body(row, transcript=transcript))

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
        self._blobs.delete_unfinished(row.blobs)

    def _conclude(self, row: Transcription, status: Status, body: dict[str, Any], **values: Any) -> None:
        data, reduced = fit_body(body, self._callbacks.max_body_bytes)
        callback = row.resolved_configuration.get("transcriptionStatusCallback")
        content: bytes | str = data
        if callback is not None and len(data) > SMALL_BODY_BYTES:
            # Under a name of its own: a second writer must not change what a first one's callback sends.
            content = keys.callback(row.blobs)
            self._blobs.put_bytes(content, data)
        with self._database.write() as session:
            # A worker that was thought dead and comes back finds the job ended, and tells nobody.
            if not repository.transition(session, row.id, Status.RUNNING, status, progress=1.0, **values):
                return
            repository.forget_chunks(session, row.id)
            if callback is not None:
                self._callbacks.enqueue(
                    session,
                    callback_id=f"voice_callback_{row.id.rpartition('_')[2]}",
                    account_sid=row.account_sid,
                    subject_id=row.id,
                    event=status.value,
                    url=callback["url"],
                    body=content,
                    reduced=reduced,
                )
        _log.info(
            "transcription.ended",
            transcription=row.id,
            status=status.value,
            error=values.get("error", {}).get("code"),
        )

    def fail_abandoned(self) -> None:
        """End the jobs whose workflow DBOS gave up, since every worker that took them died."""
        with self._database.read() as session:
            ids = {each.partition(_CHUNK)[0] for each in abandoned("transcribe", "recognize_chunk")}
            rows = repository.unfinished(session, list(ids))
        for row in rows:
            try:
                self._fail(row.id, Code.JOB_INTERNAL, "Given up after many attempts; the server's log says why.")
            except Exception:  # noqa: BLE001  one job must not keep the others from ending
                _log.exception("transcription.not_ended", transcription=row.id)

    def _row(self, transcription_id: str) -> Transcription:
        """The job as it stands.

        Raises:
            Cancelled: it was deleted.
        """
        with self._database.read() as session:
            row = repository.find(session, transcription_id)
        if row is None:
            raise Cancelled
        return row

    @DBOS.workflow(name="erase")
    def erase(self, transcription_id: str, folder: str, half_stored: str | None = None) -> None:
        """Erase what a deleted transcription left. Its work ends by itself: each step finds the row gone."""
        self.erase_blobs(folder)
        if half_stored is not None:  # and nothing is added any more
            account_sid = folder.partition("/")[0]
            DBOS.run_step(_named("withdraw", _retried()), self._withdraw, account_sid, transcription_id, half_stored)
        # A worker notices within a second or two; what it wrote until then goes as well.
        DBOS.sleep(10)
        self.erase_blobs(folder)
        DBOS.cancel_workflow(transcription_id, cancel_children=True)
        DBOS.delete_workflow(transcription_id, delete_children=True)

    @DBOS.step(retries_allowed=True, max_attempts=10, interval_seconds=1.0)
    def erase_blobs(self, folder: str) -> None:
        """Everything under the folder."""
        self._blobs.delete_prefix(folder)


def _retried() -> StepOptions:
    """For steps that only a passing fault of this machine can fail: a full disk, a database that is away."""
    return {
        "retries_allowed": True,
        "max_attempts": 4,
        "interval_seconds": 1.0,
        "backoff_rate": 3.0,
        "should_retry": _is_worth_another,
    }


def _named(name: str, options: StepOptions) -> StepOptions:
    return {**options, "name": name}


def _is_worth_another(error: BaseException) -> bool:
    """Whether a step may succeed when it is tried again: not where the job itself is at fault or no longer wanted."""
    return is_transient(error) or not isinstance(error, (JobError, Cancelled, BlobMissing))


def _cause(error: Exception) -> Exception:
    """What a step failed of at its last attempt."""
    return error.errors[-1] if isinstance(error, dbos_error.DBOSMaxStepRetriesExceeded) and error.errors else error


def _turn(row: Transcription) -> int:
    """The minute in which a job came: the turn of its first chunk among those of all long calls of the account.

    Each further chunk has the turn of a minute later. So calls that come together advance together, a shorter one
    need not wait for the end of a longer one, and what has waited long enough comes before anything new.
    """
    return max(1, int((row.created_at - _EPOCH).total_seconds() // 60))

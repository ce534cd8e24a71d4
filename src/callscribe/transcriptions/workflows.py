"""The durable way of a job: fetch, inspect, segment, recognize, finish. Every step is a checkpoint.

A process that is killed anywhere is followed by another that goes on behind the last finished step. Steps may
therefore run twice; each is written so that the second time changes nothing.
"""

import json
from typing import Any

import structlog
from dbos import DBOS, DBOSConfiguredInstance, StepOptions
from dbos import error as dbos_error

from callscribe.callbacks.service import Callbacks, fit_body
from callscribe.db.engine import Database
from callscribe.durable.housekeeping import abandoned
from callscribe.durable.queues import WORKFLOW_INSTANCE
from callscribe.errors import Cancelled, Code, JobError, TransientJobError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.fetching import fetch, is_transient
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.interface import Engine, RecognitionOptions, Segment, Span
from callscribe.speech.languages import MULTI
from callscribe.speech.pipeline import recognize_span, segment_file
from callscribe.speech.segmentation import Segmentation, plan_chunks
from callscribe.speech.serialization import segment_from_json, segment_to_json
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.messages import callback_body
from callscribe.transcriptions.running import Running
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.serialization import transcript_to_json

FETCHED, SEGMENTED = 0.05, 0.10
"""Progress when these steps are done; recognition has the rest, by seconds of audio."""

SMALL_BODY_BYTES = 4096
"""Up to here a callback's body is kept in the database: a job can fail, and say so, without the blob store."""

MAX_TAKEOVERS = 200
"""A job that so many workers died on is given up (17561); it is the job that kills them."""

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
        running: Running,
        settings: Settings,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._callbacks = callbacks
        self._decoder = decoder
        self._engine = engine
        self._running = running
        self._settings = settings
        super().__init__(WORKFLOW_INSTANCE)

    @DBOS.workflow(name="transcribe", max_recovery_attempts=MAX_TAKEOVERS)
    def transcribe(self, transcription_id: str) -> None:
        """From PENDING to COMPLETED or FAILED. Ends without a trace when the transcription is deleted meanwhile."""
        folder = ""
        try:
            with self._running.watch(transcription_id):
                # Patient, since nothing else can be done for the job while the database is away.
                patient = _named("begin", {**_retried(), "max_attempts": 6})
                folder = DBOS.run_step(patient, self._begin, transcription_id)
                self._transcribe(transcription_id)
        except Cancelled:
            _log.info("transcription.deleted", transcription=transcription_id)
            if folder:  # what was written since the erasure
                self._blobs.delete_prefix(folder)

    def _transcribe(self, transcription_id: str) -> None:
        retried = _retried()
        try:
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
            DBOS.run_step(_named("inspect", retried), self._inspect, transcription_id)
            chunks = DBOS.run_step(_named("segment", retried), self._segment, transcription_id)
            for index, (start, end) in enumerate(chunks):
                DBOS.run_step(_named("recognize", retried), self._recognize, transcription_id, index, Span(start, end))
            DBOS.run_step(_named("finish", retried), self._finish, transcription_id, len(chunks))
        except Cancelled:
            raise
        except JobError as error:
            DBOS.run_step(_named("fail", retried), self._fail, transcription_id, error.code, error.detail)
        except Exception as error:  # noqa: BLE001  the job must end, whatever it was
            cause = _cause(error)
            if not isinstance(cause, JobError):
                _log.error("transcription.failed", transcription=transcription_id, exc_info=cause)
                cause = JobError(Code.JOB_INTERNAL, "The server failed on this job; its log says why.")
            DBOS.run_step(_named("fail", retried), self._fail, transcription_id, cause.code, cause.detail)

    def _begin(self, transcription_id: str) -> str:
        """PENDING to RUNNING; the folder of the job's blobs."""
        with self._database.write() as session:
            repository.transition(session, transcription_id, Status.PENDING, Status.RUNNING)
        return self._row(transcription_id).blobs

    def _fetch(self, transcription_id: str) -> None:
        """Media to the blob store."""
        row = self._row(transcription_id)
        assert row.media_url is not None
        try:
            fetch(
                row.media_url,
                blobs=self._blobs,
                key=keys.media(row.blobs),
                settings=self._settings,
                cancelled=self._running.flag(transcription_id),
            )
        except TransientJobError as error:
            _log.warning("media.attempt_failed", transcription=transcription_id, reason=error.detail)
            raise
        self._running.report(transcription_id, FETCHED)

    def _inspect(self, transcription_id: str) -> None:
        """Refuse at once what cannot be transcribed, and learn the length where the file tells it."""
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

    def _segment(self, transcription_id: str) -> list[tuple[float, float]]:
        """Find speech in every channel; the chunks to recognise, in seconds."""
        row = self._row(transcription_id)
        path = self._running.local_path(row.id, keys.media(row.blobs))
        segmentation = segment_file(self._decoder, path, self._running.flag(transcription_id))
        self._blobs.put_bytes(keys.segmentation(row.blobs), _json(segmentation.to_json()))
        with self._database.write() as session:
            repository.update_running(session, transcription_id, duration=segmentation.duration)
        self._running.report(transcription_id, SEGMENTED)
        return [(span.start, span.end) for span in plan_chunks(segmentation)]

    def _recognize(self, transcription_id: str, index: int, span: Span) -> None:
        """Words of one chunk to the blob store."""
        row = self._row(transcription_id)
        segmentation = self._segmentation(row)
        options = row.resolved_configuration
        model = options["servedBy"]["model"]
        for fault in routes.check(routes.WHISPER, model, options["language"], self._settings):
            # The operator changed what is served since the job was made.
            raise JobError(Code.PROVIDER_REFUSED, fault.detail)
        segments: list[Segment] = []
        for segment in recognize_span(
            self._decoder,
            self._running.local_path(row.id, keys.media(row.blobs)),
            segmentation,
            span,
            self._engine,
            model,
            RecognitionOptions(None if options["language"] == MULTI else options["language"]),
            self._running.flag(transcription_id),
        ):
            segments.append(segment)
            done = min(segment.end, span.end) / max(segmentation.duration, 1e-3)
            self._running.report(transcription_id, SEGMENTED + (0.99 - SEGMENTED) * done)
        self._blobs.put_bytes(keys.chunk(row.blobs, index), _json([segment_to_json(segment) for segment in segments]))

    def _finish(self, transcription_id: str, chunks: int) -> None:
        """Transcript to the blob store; then COMPLETED and the callback in one transaction."""
        row = self._row(transcription_id)
        if not row.status.is_final:  # else this worker, or another, was killed just behind it
            self._complete(row, chunks)
        self._blobs.delete_prefix(keys.chunks(row.blobs))
        self._blobs.delete_unfinished(row.blobs)

    def _complete(self, row: Transcription, chunks: int) -> None:
        segmentation = self._segmentation(row)
        segments = [
            segment_from_json(each)
            for index in range(chunks)
            for each in json.loads(self._blobs.get_bytes(keys.chunk(row.blobs, index)))
        ]
        transcript = assemble(
            segments,
            duration=segmentation.duration,
            participants=_participants_by_channel(row, len(segmentation.channels)),
            language=row.language,
        )
        self._blobs.put_bytes(keys.transcript(row.blobs), _json(transcript_to_json(transcript)))
        self._conclude(row, Status.COMPLETED, callback_body(row, transcript=transcript))

    def _fail(self, transcription_id: str, code: int, detail: str) -> None:
        """FAILED with its code, and the callback, in one transaction."""
        self._begin(transcription_id)  # where even that step had failed
        public = next(each for each in Code if each == code)
        error = {"code": public.value, "title": public.title, "detail": detail, "type": public.type}
        row = self._row(transcription_id)
        if not row.status.is_final:
            self._conclude(row, Status.FAILED, callback_body(row, error=error), error=error)
        self._blobs.delete_unfinished(row.blobs)

    def _conclude(self, row: Transcription, status: Status, body: dict[str, Any], **values: Any) -> None:
        data, reduced = fit_body(body)
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
            rows = repository.unfinished(session, abandoned("transcribe"))
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

    def _segmentation(self, row: Transcription) -> Segmentation:
        return Segmentation.from_json(json.loads(self._blobs.get_bytes(keys.segmentation(row.blobs))))

    @DBOS.workflow(name="erase")
    def erase(self, transcription_id: str, folder: str) -> None:
        """Erase what a deleted transcription left. Its work ends by itself: each step finds the row gone."""
        self.erase_blobs(folder)
        # A worker notices within a second or two; what it wrote until then goes as well.
        DBOS.sleep(10)
        self.erase_blobs(folder)
        DBOS.cancel_workflow(transcription_id)
        DBOS.delete_workflow(transcription_id)

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


def _participants_by_channel(row: Transcription, channels: int) -> dict[int, int]:
    """Channel, from 0, to position in `participants`. One channel that two share is nobody's."""
    if channels == 1 and len(row.participants) > 1:
        return {}
    return {each["audioChannelIndex"] - 1: position for position, each in enumerate(row.participants)}


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

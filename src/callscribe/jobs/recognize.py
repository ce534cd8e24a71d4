"""From a recording that is here to the words of its chunks: the stages of a job that need models."""

from dataclasses import dataclass
from pathlib import Path

import structlog

from callscribe.db.engine import Database
from callscribe.durable.queues import Queue, queue_name
from callscribe.errors import Cancelled, Code, JobError
from callscribe.jobs import pieces
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.loading import load_job
from callscribe.jobs.sent_requests import KeptRequests
from callscribe.jobs.stages import recognition, stage
from callscribe.media.decoding import Decoder
from callscribe.media.peaks import PeakMeter
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.speech.diarization.diarizer import Diarizer, applies
from callscribe.speech.engines.registry import Engines
from callscribe.speech.interface import OnLanguageMismatch, RecognitionOptions, Segment, Span
from callscribe.speech.languages import MULTI
from callscribe.speech.pipeline import divide_file, recognize_span
from callscribe.speech.segmentation import SEGMENTATION
from callscribe.transcriptions import chunk_repository, keys, repository
from callscribe.transcriptions.checkpoints import Checkpoints, speakers_asked
from callscribe.transcriptions.repository import FETCHED, SEGMENTED
from callscribe.transcriptions.tables import Chunk, Transcription

DRAFT_EVERY = 30.0
"""Seconds of a recording after which what is recognised of a chunk is written down, to be read."""

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class RecognizeSteps:
    """Divides recordings and recognises their chunks. What is done twice comes out the same."""

    _database: Database
    _checkpoints: Checkpoints
    _decoder: Decoder
    _engines: Engines
    _diarizer: Diarizer
    _tracker: JobTracker
    _settings: Settings

    @stage("segment")
    def segment(self, transcription_id: str, duration: float | None) -> tuple[list[tuple[int, float]], str]:
        """Divide the recording as its engine takes it; turn and seconds of each chunk, and their queue."""
        row = load_job(self._database, transcription_id)

        def progress(seconds: float, _length: float) -> None:
            share = min(1.0, seconds / duration) if duration else 0.0
            self._tracker.report(transcription_id, FETCHED + (SEGMENTED - FETCHED) * share)

        path = self._media(row)
        cancelled = self._tracker.cancellation(transcription_id)
        peaks = PeakMeter()
        segmentation, spans = divide_file(
            self._decoder,
            path,
            self._engines.serving(row.served_by),
            cancelled,
            chunk=self._settings.chunk_seconds,
            voices=speakers_asked(row) is not None,
            progress=progress,
            listener=peaks.push,
        )
        self._checkpoints.put_peaks(row, peaks.finish())
        self._checkpoints.put_segmentation(row, SEGMENTATION.dump_python(segmentation, mode="json"))
        with self._database.write() as session:
            if not repository.update_running(session, transcription_id):
                raise Cancelled  # ended by another worker: nobody would remove the chunks
            repository.set_duration(session, transcription_id, segmentation.duration)
            chunk_repository.add_chunks(session, transcription_id, [(span.start, span.end) for span in spans])
            chunks = chunk_repository.chunks(session, transcription_id)
        self._tracker.report(transcription_id, SEGMENTED)
        turns = [(pieces.turn(row, chunk.number), chunk.length) for chunk in chunks]
        return turns, queue_name(Queue.CHUNKS, str(row.served_by))

    @stage("recognize")
    def recognize(self, transcription_id: str, number: int) -> bool:
        """Words of one chunk to the blob store; whether all chunks of the job are there now."""
        row = load_job(self._database, transcription_id)
        with self._database.read() as session:
            chunk = chunk_repository.find_chunk(session, transcription_id, number)
        if chunk is None:
            raise Cancelled  # the job has ended
        if not self._checkpoints.has_chunk(row, number):  # else a worker was killed just behind it
            segments = self._recognized(row, chunk)
            self._checkpoints.put_chunk(row, number, segments)
            _log.info("chunk.recognized", transcription=transcription_id, chunk=number, seconds=round(chunk.length, 3))
        self._listen(row, chunk)
        with self._database.write() as session:
            finished = chunk_repository.finish_chunk(session, transcription_id, number)
        if not finished:
            raise Cancelled  # the job has ended meanwhile
        # Asked behind the commit: of chunks that finish at the same time, at least the last to commit sees all.
        with self._database.read() as session:
            return not chunk_repository.unfinished_chunks(session, transcription_id)

    def _media(self, row: Transcription) -> Path:
        """The recording in a file, sealed where the job redacts."""
        blobs = self._checkpoints.store(row)
        return self._tracker.local_path(row.id, keys.media(row.blobs), row.media_sha256, blobs=blobs)

    @recognition
    def _recognized(self, row: Transcription, chunk: Chunk) -> list[Segment]:
        segmentation = SEGMENTATION.validate_python(self._checkpoints.segmentation(row))
        options = row.resolved_configuration
        served_by = row.served_by
        for fault in routes.check_served(served_by, options.language, self._settings):
            # The operator changed what is served since the job was made.
            raise JobError(Code.PROVIDER_REFUSED, fault.detail)
        segments: list[Segment] = []
        done = readable = 0.0
        cancelled = self._tracker.cancellation(row.id)
        for segment in recognize_span(
            self._decoder,
            self._media(row),
            segmentation,
            Span(chunk.start, chunk.end),
            self._engines.serving(served_by),
            served_by.model,
            RecognitionOptions(
                language=None if options.language == MULTI else options.language,
                keyterms=tuple(options.keyterms or ()),
                models=options.language_models or {},
                owner=row.account_sid,
                on_language_mismatch=OnLanguageMismatch(options.on_language_mismatch or OnLanguageMismatch.FOLLOW),
                verbatim=bool(options.verbatim),
            ),
            cancelled,
            requests=KeptRequests(self._database, self._checkpoints, row, self._settings),
        ):
            segments.append(segment)
            done = max(done, min(segment.end, chunk.end) - chunk.start)
            # Not before it is beyond what an earlier attempt had got to: nothing that was read disappears again.
            if done - readable >= DRAFT_EVERY and done > chunk.readable and not row.is_withheld:
                self._checkpoints.put_draft(row, chunk.number, segments)
                readable = done
            self._tracker.report_chunk(row.id, chunk.number, done, readable)
        return segments

    def _listen(self, row: Transcription, chunk: Chunk) -> None:
        """What is heard of voices in one chunk to the blob store, where speakers are asked for and share a channel."""
        if speakers_asked(row) is None or self._checkpoints.has_voices(row, chunk.number):
            return
        segmentation = SEGMENTATION.validate_python(self._checkpoints.segmentation(row))
        if not applies(segmentation):
            return
        self._diarizer.check()
        path = self._media(row)
        span = Span(chunk.start, chunk.end)
        cancelled = self._tracker.cancellation(row.id)
        heard = self._diarizer.listen(self._decoder, path, segmentation, span, cancelled)
        self._checkpoints.put_voices(row, chunk.number, heard)

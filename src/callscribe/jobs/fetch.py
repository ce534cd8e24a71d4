"""How a recording comes to a job: brought into the blob store, and looked at before anybody waits for a model."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from callscribe.cancellation import Cancellation
from callscribe.db.engine import Database
from callscribe.db.url_credentials import unsealed
from callscribe.durable.queues import Queue, queue_name
from callscribe.errors import Cancelled, Code, JobError, SetupError, TransientJobError
from callscribe.jobs import pieces
from callscribe.jobs.finish import FinishSteps
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.loading import load_job
from callscribe.jobs.stages import stage
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.fetching import fetch, next_attempt
from callscribe.recordings.twilio import TwilioAccount
from callscribe.settings import Settings
from callscribe.speech import routes
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.documents import InspectedMedia
from callscribe.transcriptions.repository import FETCHED
from callscribe.transcriptions.sealed import store_of
from callscribe.transcriptions.sources import fetch_source
from callscribe.transcriptions.tables import Transcription
from callscribe.transcripts.wire import Notice

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class FetchSteps:
    """Takes recordings in. A second time changes nothing."""

    _database: Database
    _blobs: BlobStore
    _decoder: Decoder
    _twilio: TwilioAccount | None
    _tracker: JobTracker
    _finish: FinishSteps
    _settings: Settings

    @stage("fetch")
    def fetch(self, transcription_id: str, made: int, waited: float) -> float | None:
        """Media to the blob store, in one attempt. Seconds after which another may help; None where it is here.

        `made` are the attempts before, `waited` the seconds between them.

        Raises:
            JobError: no attempt is to be made any more.
        """
        row = load_job(self._database, transcription_id)
        blobs = store_of(row, self._blobs, self._database.cipher)
        cancelled = self._tracker.cancellation(transcription_id)
        # Not simply away with it: the job may have been ended by another worker, who had fetched the same.
        late = partial(self._finish.leave, row.id, row.blobs)
        try:
            if row.media_url is None:
                sha256 = self._fetch_source(row, blobs, cancelled, late)
            else:
                sha256 = fetch(
                    self._address(row.media_url),
                    blobs=blobs,
                    key=keys.media(row.blobs),
                    settings=self._settings,
                    cancelled=cancelled,
                    late=late,
                ).sha256
        except TransientJobError as error:
            wait = next_attempt(error, made + 1, waited, self._settings)
            _log.warning("media.attempt_failed", transcription=transcription_id, reason=error.detail, next_in=wait)
            if wait is None:
                raise JobError(error.code, error.detail) from error
            return wait
        try:
            size = blobs.size(keys.media(row.blobs))
        except BlobMissing:
            load_job(self._database, transcription_id)  # raises Cancelled where the job was deleted meanwhile
            raise
        with self._database.write() as session:
            if not repository.set_media_bytes(session, transcription_id, size, sha256):
                raise Cancelled  # deleted, or ended by another worker
        self._tracker.report(transcription_id, FETCHED)
        return None

    def _fetch_source(
        self, row: Transcription, blobs: BlobStore, cancelled: Cancellation, late: Callable[[], None]
    ) -> str | None:
        """The audio of a recording to the job's folder; its SHA-256.

        Raises:
            Cancelled: the job is not wanted any more.
            TransientJobError: another attempt may succeed.
            JobError: as for `fetch_source`; or 17551, it is gone.
        """
        while True:
            try:
                return fetch_source(
                    row,
                    blobs=blobs,
                    twilio=self._twilio,
                    settings=self._settings,
                    cancelled=cancelled,
                    late=late,
                )
            except BlobMissing as error:
                before, row = row.recording, load_job(self._database, row.id)
                if row.recording != before:  # another job has redacted it meanwhile, and said where it is now
                    continue
                assert row.recording is not None
                # Deleted since the job was accepted: then its audio was put here before it was erased there.
                if not blobs.exists(keys.media(row.blobs)):
                    detail = f"the audio of recording {row.recording.sid} is gone"
                    raise JobError(Code.MEDIA_NOT_FOUND, detail) from error
                return row.recording.sha256

    def _address(self, media_url: str) -> str:
        try:
            return unsealed(media_url, self._database.cipher)
        except SetupError as error:
            raise JobError(Code.MEDIA_FORBIDDEN, "the URL's user and password were sealed with another key") from error

    @stage("inspect")
    def inspect(self, transcription_id: str) -> tuple[float, str, int]:
        """Refuse at once what cannot be transcribed.

        Returns the length in seconds, the queue in which the call is recognised, and its turn.
        """
        row = load_job(self._database, transcription_id)
        for fault in routes.check_served(row.served_by, row.resolved_configuration.language, self._settings):
            if fault.field != "language":  # the operator took it away since: no worker would ever come for the job
                raise JobError(Code.PROVIDER_REFUSED, fault.detail)
        blobs = store_of(row, self._blobs, self._database.cipher)
        path = self._tracker.local_path(row.id, keys.media(row.blobs), row.media_sha256, blobs=blobs)
        info = self._decoder.inspect(path, cancelled=self._tracker.cancellation(row.id))
        _log.info(
            "media.inspected",
            transcription=transcription_id,
            container=info.container,
            codec=info.codec,
            channels=info.channels,
            sample_rate=info.sample_rate,
            duration=info.duration,
            declared=info.declared,
        )
        notices = Notice.of_duration(info.declared, info.duration) or None
        with self._database.write() as session:
            repository.update_running(session, row.id, media_info=InspectedMedia.of(info), notices=notices)
        return info.duration, queue_name(Queue.RECOGNITION, str(row.served_by)), pieces.turn(row)

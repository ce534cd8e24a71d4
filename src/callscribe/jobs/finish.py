"""How a job ends: its transcript and what is told of it, or why there is none. What it needs no more goes.

Of two workers that come to the end of a job, the one that was thought dead and the one that took its place, the first
ends it, and the second changes nothing and leaves nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from callscribe.accounts import usage
from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.events import TranscriptionEvent
from callscribe.callbacks.service import Callbacks, Message, fit_body
from callscribe.conversations.service import Conversations
from callscribe.conversations.transcripts import resource_prefix
from callscribe.db.engine import Database
from callscribe.durable.retry import with_retries
from callscribe.errors import Cancelled, Code, RequestError
from callscribe.jobs.callback_payload import CallbackBody
from callscribe.jobs.loading import load_job, start_job
from callscribe.jobs.redact import Redactor
from callscribe.jobs.replacing import FOLDER, AudioChanged, Replacement, Replacing
from callscribe.jobs.stages import stage
from callscribe.media.blobs import BlobStore
from callscribe.outages import outage
from callscribe.search.index import Prepared
from callscribe.settings import Settings
from callscribe.speech.diarization.diarizer import Diarizer, applies
from callscribe.speech.diarization.turns import SpeakerTurn
from callscribe.speech.segmentation import SEGMENTATION
from callscribe.transcriptions import chunk_repository, keys, repository
from callscribe.transcriptions.checkpoints import Checkpoints, speakers_asked
from callscribe.transcriptions.conversation_export import half_stored, stored_transcript
from callscribe.transcriptions.documents import Failure
from callscribe.transcriptions.results import figures
from callscribe.transcriptions.retention import due_instants
from callscribe.transcriptions.searching import prepared, put
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Chunk, Transcription
from callscribe.transcripts.models import TRANSCRIPT, NoticeCode, Transcript
from callscribe.transcripts.wire import Notice

SMALL_BODY_BYTES = 4096
"""Up to here a callback's body is kept in the database: a job can fail, and say so, without the blob store."""

LOOKS = 50
"""Most times that a job looks at its recording's audio at its end; each time in vain another job of it has ended."""

_log = structlog.get_logger(__name__)


@dataclass(eq=False)
class FinishSteps:
    """Ends jobs. Everything may be done twice: the second time changes nothing."""

    _database: Database
    _blobs: BlobStore
    _checkpoints: Checkpoints
    _callbacks: Callbacks
    _conversations: Conversations
    _diarizer: Diarizer
    _redactor: Redactor
    _replacing: Replacing
    _settings: Settings

    @stage("finish")
    def complete(self, transcription_id: str) -> None:
        """Transcript to the blob store and to a conversation; then COMPLETED, search and event in one transaction.

        Raises:
            AudioChanged: its recording had other audio each time that it looked.
        """
        for look in range(1, LOOKS + 1):
            row = load_job(self._database, transcription_id)
            if row.status.is_final:  # this worker, or another, was killed just behind it
                break
            try:
                self._complete(row)
            except AudioChanged:
                if look == LOOKS:
                    raise
            else:
                break
        self._tidy(row)

    @stage("fail")
    def fail(self, transcription_id: str, code: int, detail: str) -> None:
        """FAILED with its code, and its event, in one transaction. What it left goes, where need be later."""
        public = next(each for each in Code if each == code)
        error = Failure(code=public.value, title=public.title, detail=detail, type=public.type)
        row = start_job(self._database, transcription_id)  # where even that step had failed
        if not row.status.is_final:
            if (channel_id := half_stored(row)) is not None:
                self.withdraw(row.account_sid, row.id, channel_id)
            # What cannot be redacted is kept for nobody.
            gone: dict[str, Any] = {} if row.redaction is None else {"sealing_key": None, "media_bytes": 0}
            self._conclude(row, Status.FAILED, CallbackBody.of(row, error=error), error=error, **gone)
        try:
            self._tidy(row)
        except Exception as error:
            if outage(error) is not None:
                raise  # to be done once more when that is over; the failure is told already
            _log.warning("transcription.not_tidied", transcription=transcription_id, exc_info=True)

    def leave(self, transcription_id: str, folder: str) -> None:
        """Stop work on a job that was deleted, or that has ended without this piece of it; what it wrote goes."""
        try:
            row = with_retries(lambda: load_job(self._database, transcription_id))
        except Cancelled:
            _log.info("transcription.deleted", transcription=transcription_id)
            with_retries(lambda: self._blobs.delete_prefix(folder))  # what was written since the erasure
        else:
            if row.status.is_final:
                with_retries(lambda: self._tidy(row))

    def withdraw(self, account_sid: str, transcription_id: str, channel_id: str) -> None:
        """Take out of conversations what is stored of a transcript that will never be complete."""
        self._conversations.withdraw(account_sid, channel_id, resource_prefix(transcription_id))

    def _complete(self, row: Transcription) -> None:
        with self._database.read() as session:
            chunks = chunk_repository.chunks(session, row.id)
        if not chunks:
            # Another worker has ended the job since `row` was read; its transcript must not be written over.
            raise Cancelled
        redacted = self._redactor.redact(row, self._checkpoints.transcript(row, chunks, self._turns(row, chunks)))
        transcript = redacted.transcript  # whatever comes of it from here on has nothing else
        data = TRANSCRIPT.dump_json(transcript)
        size = self._blobs.put_document(keys.transcript(row.blobs), data) + redacted.original_bytes
        # First, so that the callback can name the conversation.
        if row.conversation_id is None:  # else a worker was killed just behind it
            row.conversation_id = self._converse(row, transcript)
        if (wanted := row.resolved_configuration.conversation_configuration_id) and row.conversation_id is None:
            detail = f"The transcript was not stored in a conversation: {wanted} is not on this server."
            notice = Notice(code=NoticeCode.CONVERSATION_NOT_STORED, detail=detail)
            row.notices = [*(row.notices or ()), notice]
        row.notices = [
            *(row.notices or ()),
            *Notice.of_languages(transcript),
            *Notice.of_times(transcript),
        ] or None
        body = CallbackBody.of(row, transcript=transcript)
        spoken = prepared(row, transcript)
        known = figures(row, transcript)
        columns = {"result_bytes": size, "notices": row.notices, "statistics": known, **redacted.columns}
        self._conclude(row, Status.COMPLETED, body, spoken, redacted.replacement, **columns)

    def _converse(self, row: Transcription, transcript: Transcript) -> str | None:
        """Store the transcript in a conversation, where the configuration says so; its id in the last transaction."""
        wanted = row.resolved_configuration.conversation_configuration_id
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

    def _conclude(
        self,
        row: Transcription,
        status: Status,
        body: CallbackBody,
        spoken: Prepared | None = None,
        replacement: Replacement | None = None,
        **values: Any,
    ) -> None:
        event = TranscriptionEvent(status)
        target = row.resolved_configuration.transcription_status_callback
        urls = [target.url] if target is not None and target.wants(event) else []
        message = self._message(row, body) if urls else None
        if message is not None and message.blob_bytes is not None:
            values["result_bytes"] = values.get("result_bytes", 0) + message.blob_bytes
        with self._database.write() as session:
            values |= due_instants(session, self._settings, row)
            # A worker that was thought dead and comes back, or a step that is repeated, finds the job ended, and tells
            # nobody: the event is emitted with the transition, by the one that makes it.
            ended = repository.transition(session, row.id, Status.RUNNING, status, progress=1.0, **values)
            if ended:
                chunk_repository.forget_chunks(session, row.id)
            if ended and replacement is not None:
                self._replacing.apply(session, replacement)
            elif ended and status is Status.COMPLETED:
                self._replacing.check_current(session, row, values.get("media_sha256", row.media_sha256))
            elif ended and "media_bytes" not in values and self._replacing.is_replaced(session, row):
                values["media_bytes"] = 0  # what it has was redacted elsewhere, and it never came to follow
                repository.set_erased(session, [row], media_bytes=0)
            if ended and "media_bytes" in values:
                usage.store(session, row.account_sid, values["media_bytes"] - (row.media_bytes or 0))
            if ended and spoken is not None:
                put(session, spoken)
            if ended and message is not None:
                self._callbacks.emit(
                    session,
                    event,
                    message,
                    account_sid=row.account_sid,
                    subject_id=row.id,
                    urls=urls,
                    retention=row.resolved_configuration.retention,
                )
        if not ended:
            self._take_back(row.id, message)
            return
        error: Failure | None = values.get("error")
        code = None if error is None else error.code
        _log.info("transcription.ended", transcription=row.id, status=status.value, error=code)

    def _message(self, row: Transcription, body: CallbackBody) -> Message:
        data, reduced = fit_body(body, self._callbacks.max_body_bytes)
        if len(data) <= SMALL_BODY_BYTES:
            return Message(data, reduced)
        # Under a name of its own: a second writer must not change what a first one's callback sends.
        key = keys.callback(row.blobs)
        return Message(key, reduced, self._blobs.put_document(key, data))

    def _take_back(self, transcription_id: str, message: Message | None) -> None:
        """Remove what was written for a job that had been ended, or deleted, by another.

        Raises:
            Cancelled: it was deleted.
        """
        if message is not None and isinstance(message.content, str):
            self._blobs.delete(message.content)
        row = load_job(self._database, transcription_id)
        if row.transcript_erased_at is not None:
            self._blobs.delete(keys.transcript(row.blobs))

    def _turns(self, row: Transcription, chunks: Sequence[Chunk]) -> list[SpeakerTurn] | None:
        """Who speaks when, from the voices of all chunks; None where that was not asked, or channels tell it."""
        speakers = speakers_asked(row)
        if speakers is None or not applies(SEGMENTATION.validate_python(self._checkpoints.segmentation(row))):
            return None
        return self._diarizer.turns(self._checkpoints.voices(row, chunks), speakers)

    def _tidy(self, row: Transcription) -> None:
        """Remove what a job that has ended needs no more: its chunks, and what was written and came to nothing."""
        self._checkpoints.forget_chunks(row)
        self._blobs.delete_unfinished(row.blobs)  # but for `derived`, where a server may be writing
        with self._database.read() as session:
            row = repository.find(session, row.id) or row  # what retention has erased since must not come back
            sent = {callback.body_key for callback in callback_repository.of_subject(session, row.account_sid, row.id)}
        for key in self._blobs.keys(row.blobs):
            if keys.is_callback(key) and key not in sent:  # a worker was killed before it had said that the job ended
                self._blobs.delete(key)
        # A job that fails to be fetched has no media, though an attempt of which nobody heard may have brought them.
        has_none = row.media_erased_at is not None or (row.status == Status.FAILED and row.media_bytes == 0)
        if has_none:
            self._blobs.delete_prefix(f"{row.blobs}/{FOLDER}")
        # Where another recording is heard in its place, what was fetched is kept as the original, or not at all.
        if has_none or (row.audio_folder is not None and row.original_audio is None):
            self._blobs.delete(keys.media(row.blobs))
            self._blobs.delete_prefix(keys.derived(row.blobs))
        if row.transcript_erased_at is not None:
            self._blobs.delete(keys.transcript(row.blobs))
        if row.transcript_erased_at is not None or row.redaction is not None:
            self._blobs.delete(keys.segmentation(row.blobs))
        if row.transcript_erased_at is not None or row.sealing_key is None:
            self._blobs.delete(keys.original(row.blobs))

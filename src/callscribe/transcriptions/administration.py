"""The jobs of all accounts, for the operator: looking at them, and having failed ones done again."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.tables import Callback
from callscribe.db.base import now
from callscribe.db.engine import Database, begin_writing
from callscribe.errors import Code, RequestError, found
from callscribe.ids import new_transcription_id
from callscribe.recordings import keys as recording_keys
from callscribe.recordings import repository as recording_repository
from callscribe.transcriptions import repository
from callscribe.transcriptions.documents import RecordedAudio
from callscribe.transcriptions.service import Transcriptions
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription


class Jobs:
    """Jobs as an operator sees them."""

    def __init__(self, database: Database, transcriptions: Transcriptions) -> None:
        self._database = database
        self._transcriptions = transcriptions

    def find(self, transcription_id: str) -> Transcription:
        """One job.

        Raises:
            RequestError: 20404.
        """
        with self._database.read() as session:
            return found(repository.find(session, transcription_id), f"transcription {transcription_id}")

    def newest(
        self,
        *,
        statuses: Sequence[Status] = (),
        account_sid: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        most: int = 50,
    ) -> Sequence[Transcription]:
        """Jobs, newest first, narrowed to some statuses, an account, a span of time (`until` excluded)."""
        with self._database.read() as session:
            return repository.newest(
                session, statuses=statuses, account_sid=account_sid, since=since, until=until, most=most
            )

    def find_all(self, ids: Collection[str]) -> Sequence[Transcription]:
        """Those of these jobs that are there."""
        with self._database.read() as session:
            return repository.find_all(session, ids)

    def callbacks(self, row: Transcription) -> Sequence[Callback]:
        """Every callback of a job with its attempts, oldest first."""
        with self._database.read() as session:
            return callback_repository.of_subject(session, row.account_sid, row.id)

    def retried_as(self, transcription_id: str) -> str | None:
        """The id of the job that repeats a failed one."""
        with self._database.read() as session:
            return repository.retried_as(session, transcription_id)

    def retry(self, transcription_id: str) -> tuple[str, bool]:
        """Have a failed job done again, as a new one: nothing leads out of FAILED, and its callback has been sent.

        The new job has the request, the configuration and the participants of the failed one, as they were then; its
        recording is fetched anew, as it is by now. It calls back like any other. A job is repeated once only; if that
        fails too, the new one can be repeated.

        Returns: the id of the new job, and whether it was made just now.

        Raises:
            RequestError: 20404, or 20409, it has not failed.
        """
        failed = self.find(transcription_id)
        if failed.status != Status.FAILED:
            detail = f"{transcription_id} is {failed.status}; only a failed job can be done again."
            raise RequestError(Code.CONFLICT, detail)
        known = self.retried_as(transcription_id)
        if known is not None:
            return known, False
        again = _repeated(failed)
        try:
            with self._database.write() as session:
                begin_writing(session)
                _follow_recording(session, again)
                self._transcriptions.queue(session, again)
        except IntegrityError:  # somebody else did so at the same moment
            known = self.retried_as(transcription_id)
            if known is None:
                raise
            return known, False
        return again.id, True


def _follow_recording(session: Session, again: Transcription) -> None:
    """Have a job take its recording's audio as it is now: it may have been redacted since the job failed."""
    if again.source_id is None or again.recording is None or again.recording.media is None:
        return
    recording = recording_repository.hold(session, again.account_sid, again.source_id)
    if recording is not None and recording.blobs is not None:
        changed = {"media": recording_keys.media(recording.blobs), "sha256": recording.sha256}
        again.recording = RecordedAudio.model_validate(again.recording.document() | changed)


def _repeated(failed: Transcription) -> Transcription:
    moment = now()
    return Transcription(
        **failed.requested(),
        id=new_transcription_id(),
        status=Status.PENDING,
        progress=0.0,
        retry_of=failed.id,
        created_at=moment,
        updated_at=moment,
    )

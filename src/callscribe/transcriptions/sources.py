"""Recordings as the source of transcriptions: which can be transcribed, who is on them, and where their audio is."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from callscribe.cancellation import Cancellation, run_cancellable
from callscribe.db.engine import Database
from callscribe.errors import Code, JobError, RequestError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.fetching import fetch
from callscribe.recordings import keys as recording_keys
from callscribe.recordings import repository as recording_repository
from callscribe.recordings.tables import COMPLETED, Call, Recording
from callscribe.recordings.twilio import TwilioAccount
from callscribe.settings import Settings
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.documents import RecordedAudio
from callscribe.transcriptions.participants import RecordedCall
from callscribe.transcriptions.sealed import copy_into, store_of
from callscribe.transcriptions.tables import Transcription


@dataclass(frozen=True, slots=True)
class CallSource:
    """A recording with its call, where that is known."""

    recording: Recording
    call: Call | None

    @classmethod
    def of(cls, session: Session, recording: Recording) -> "CallSource":
        """A recording with its call, where that is stored."""
        if recording.call_sid is None:
            return cls(recording, None)
        return cls(recording, recording_repository.find_call(session, recording.account_sid, recording.call_sid))

    @property
    def parties(self) -> RecordedCall:
        """Who was called by whom."""
        if self.call is None:
            return RecordedCall()
        return RecordedCall(self.call.from_, self.call.to, self.call.direction)

    @property
    def audio(self) -> RecordedAudio:
        """What a job keeps of it."""
        recording = self.recording
        return RecordedAudio(
            sid=recording.sid,
            channels=recording.channels,
            media=None if recording.blobs is None else recording_keys.media(recording.blobs),
            sha256=recording.sha256,
            call_sid=recording.call_sid,
        )

    def check(self) -> None:
        """Refuse what cannot be transcribed.

        Raises:
            RequestError: 17533, with a detail that says which of its conditions is not met.
        """
        recording = self.recording
        if recording.encryption_details is not None:
            reason = "is encrypted with a public key of yours, so that nobody else can read it"
        elif recording.external:
            reason = "is in an external store, which this server has no access to"
        elif recording.status != COMPLETED:
            reason = f"is {recording.status}; only completed recordings are transcribed"
        else:
            return
        raise not_eligible(f"Recording {recording.sid} {reason}.")


def not_eligible(detail: str) -> RequestError:
    """17533 at the field that names the recording."""
    return RequestError.at("/sourceId", Code.RECORDING_NOT_ELIGIBLE, detail)


def fetch_source(
    row: Transcription,
    *,
    blobs: BlobStore,
    twilio: TwilioAccount | None,
    settings: Settings,
    cancelled: Cancellation,
    late: Callable[[], None],
) -> str | None:
    """The audio of a job's recording to the job's own folder, in one attempt; its SHA-256, where that is known.

    A recording that is kept here is copied within the blob store. One that is read through comes from Twilio. `late` is
    called when that ends behind its cancellation. `blobs` is the blob store as the job's own, see `sealed.store_of`.

    Raises:
        BlobMissing: it is not where `row` says, since its recording was deleted, or its audio replaced, meanwhile.
        Cancelled: `cancelled` says so.
        TransientJobError: another attempt may succeed.
        JobError: 17551 to 17554 or 17560.
    """
    source = row.recording
    assert source is not None
    target = keys.media(row.blobs)
    media = source.media
    if media is not None:
        copy = copy_into if row.sealing_key else BlobStore.copy
        # An object store may take its time over a large one.
        run_cancellable(lambda: copy(blobs, media, target), cancelled, late=lambda _: late())
        return source.sha256
    if twilio is None:
        raise JobError(Code.MEDIA_FORBIDDEN, "the recording is at Twilio, and this server has no access to it any more")
    return fetch(
        twilio.media_url(source.sid, source.channels),
        blobs=blobs,
        key=target,
        settings=settings,
        cancelled=cancelled,
        allow=twilio.allow,
        credentials=twilio.credentials,
        late=late,
    ).sha256


def is_replaced(session: Session, row: Transcription, recording: Recording | None) -> bool:
    """Whether another job has redacted the audio that this one fetched of its recording, which may be gone by now."""
    if row.source_id is None or row.media_sha256 is None:
        return False
    if recording is not None and recording.blobs is not None and recording.sha256 is not None:
        return recording.sha256 != row.media_sha256
    others = repository.heard_of_source(session, row.account_sid, row.source_id, row.id)
    return any(each.audio_folder is not None and each.media_sha256 != row.media_sha256 for each in others)


def save_for_jobs(database: Database, blobs: BlobStore, account_sid: str, recording_sid: str) -> None:
    """Give the audio of a recording that is about to be erased to the jobs that were accepted and do not have it yet.

    Called between the commit that deletes the recording, behind which no further job of it is made, and the erasure
    of its blobs. Doing so twice changes nothing.
    """
    with database.read() as session:
        rows = repository.unfinished_of_source(session, account_sid, recording_sid)
    for row in rows:
        media = row.recording.media if row.recording else None
        if media is not None and not blobs.exists(keys.media(row.blobs)):
            with suppress(BlobMissing):  # saved and erased before
                store = store_of(row, blobs, database.cipher)
                (copy_into if row.sealing_key else BlobStore.copy)(store, media, keys.media(row.blobs))

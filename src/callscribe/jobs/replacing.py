"""A recording whose audio was redacted is replaced wherever it is served: itself, and in every job that is of it.

Of two jobs of one recording the stricter one's policy holds for its audio, whichever ends first. What takes the place
of audio is written before the transaction that ends the job; there every row is pointed to it, unless one has changed
meanwhile. Then all of it is done once more.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from sqlalchemy.orm import Session

from callscribe.accounts import usage
from callscribe.db.engine import Database
from callscribe.durable.queues import Queue, WorkQueue
from callscribe.errors import CallscribeError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.recordings import keys as recording_keys
from callscribe.recordings import repository as recording_repository
from callscribe.recordings.intake import erase
from callscribe.recordings.tables import Intake, Recording
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.documents import InspectedMedia, RecordedAudio
from callscribe.transcriptions.sources import is_replaced
from callscribe.transcriptions.tables import Transcription

FOLDER: Final = "redacted"
"""Where, within a job's folder, its recording is as everybody may hear it."""


class AudioChanged(CallscribeError):  # noqa: N818  says what is the case
    """Another job of the recording has changed its audio since this one looked. It is to look again."""


@dataclass(frozen=True, slots=True)
class Audible:
    """Audio in the blob store that everybody may hear: what it is, its SHA-256 and its size in bytes."""

    key: str
    info: InspectedMedia
    sha256: str
    size: int

    def columns(self, folder: str) -> dict[str, Any]:
        """Those of a job that has a copy of it there."""
        return {
            "audio_folder": folder,
            "media_info": self.info,
            "media_sha256": self.sha256,
            "media_bytes": self.size,
        }


@dataclass(frozen=True, slots=True)
class Replacement:
    """What takes the place of a recording's audio: where its own will be, and that of other jobs, by their ids.

    `base` is the SHA-256 of what was redacted, which the recording has by now, and every other job that is named.
    """

    row: Transcription
    audible: Audible
    base: str
    folder: str | None
    others: dict[str, str]


class Replacing:
    """Puts the redacted audio of a job in the place of its recording's."""

    def __init__(self, database: Database, blobs: BlobStore, queue: WorkQueue) -> None:
        self._database = database
        self._blobs = blobs
        self._queue = queue

    def current(self, row: Transcription) -> Audible | None:
        """The audio of a job's recording, where that is not what it has fetched any more: another has redacted it."""
        if row.source_id is None:
            return None
        with self._database.read() as session:
            recording = recording_repository.find(session, row.account_sid, row.source_id)
            return _current(session, row, recording)

    def check_current(self, session: Session, row: Transcription, sha256: str | None) -> None:
        """Make sure that the audio a job ends with is what its recording has, in the transaction that ends it.

        Raises:
            AudioChanged: it is not, for another job has redacted it meanwhile.
        """
        if row.source_id is None:
            return
        recording = recording_repository.hold_to_change(session, row.account_sid, row.source_id)
        current = _current(session, row, recording)
        if sha256 != (row.media_sha256 if current is None else current.sha256):
            raise AudioChanged(f"recording {row.source_id} has other audio")

    def is_replaced(self, session: Session, row: Transcription) -> bool:
        """Whether another job has redacted the audio that this one fetched; it stays so to the transaction's end."""
        if row.source_id is None:
            return False
        recording = recording_repository.hold_to_change(session, row.account_sid, row.source_id)
        return is_replaced(session, row, recording)

    def prepare(self, row: Transcription, audible: Audible, base: str | None) -> Replacement | None:
        """Write what takes the place of the audio that had the SHA-256 `base`; None for what is of no recording.

        Raises:
            AudioChanged: there is a job whose audio is neither that nor this.
        """
        if row.source_id is None or base is None:
            return None
        with self._database.read() as session:
            recording = recording_repository.find(session, row.account_sid, row.source_id)
            others = repository.heard_of_source(session, row.account_sid, row.source_id, row.id)
        folder = None
        if recording is not None and recording.blobs is not None:
            folder = recording_keys.new_folder(row.account_sid, recording.sid)
            with self._database.write() as session:  # first, so that nothing is left of it, whatever happens
                session.add(Intake(folder=folder, account_sid=row.account_sid))
            self._blobs.copy(audible.key, recording_keys.media(folder))
        copies: dict[str, str] = {}
        for other in others:
            if other.media_sha256 == audible.sha256:
                continue
            name = f"{FOLDER}-{row.id[-26:]}"
            self._blobs.copy(audible.key, keys.media(f"{other.blobs}/{name}"))
            copies[other.id] = name
        return Replacement(row, audible, base, folder, copies)

    def apply(self, session: Session, made: Replacement) -> None:
        """Point recording and jobs to it, in the transaction that ends the job; what they had is erased, durably.

        Raises:
            AudioChanged: one of them is not as it was.
        """
        row, audible = made.row, made.audible
        assert row.source_id is not None
        recording = recording_repository.hold_to_change(session, row.account_sid, row.source_id)
        is_here = recording is not None and recording.blobs is not None
        if is_here != (made.folder is not None):
            raise AudioChanged(f"recording {row.source_id} has come or gone")
        if recording is not None and made.folder is not None:
            self._replace(session, recording, made, made.folder)
        for other in repository.heard_of_source(session, row.account_sid, row.source_id, row.id, hold=True):
            if other.media_sha256 == audible.sha256:
                continue
            if other.id not in made.others:
                raise AudioChanged(f"{other.id} has come to its end")
            self._point(session, other, made, made.others[other.id])

    def _replace(self, session: Session, recording: Recording, made: Replacement, folder: str) -> None:
        if recording.sha256 != made.base:
            raise AudioChanged(f"recording {recording.sid} has other audio")
        old, audible = recording.blobs, made.audible
        usage.store(session, recording.account_sid, audible.size - (recording.size or 0))
        recording.blobs, recording.sha256, recording.size = folder, audible.sha256, audible.size
        recording.container, recording.codec = audible.info.container, audible.info.codec
        recording_repository.end_intake(session, folder)
        if old is not None:
            erase(session, self._queue, recording.account_sid, None, old)
        for waiting in repository.unfinished_of_source(session, recording.account_sid, recording.sid):
            if waiting.id != made.row.id and waiting.recording is not None and waiting.recording.media is not None:
                changed = {"media": recording_keys.media(folder), "sha256": audible.sha256}
                waiting.recording = RecordedAudio.model_validate(waiting.recording.document() | changed)

    def _point(self, session: Session, other: Transcription, made: Replacement, folder: str) -> None:
        asked = made.row.redaction
        keeps = other.original_audio is not None and asked is not None and asked.keeps_original
        kept = other.original_audio.size if keeps and other.original_audio is not None else 0
        size = made.audible.size + kept
        usage.store(session, other.account_sid, size - (other.media_bytes or 0))
        gone = [other.audio] if other.audio_folder is not None else []
        if not keeps:
            gone.append(keys.derived(other.blobs))
            other.original_audio = None
        self._erase(session, other, gone, [] if keeps else [keys.media(other.blobs)])
        for name, value in made.audible.columns(folder).items():
            setattr(other, name, value)
        other.media_bytes = size

    def _erase(self, session: Session, row: Transcription, folders: Sequence[str], blobs: Sequence[str]) -> None:
        self._queue.enqueue(
            session,
            Queue.ERASURES,
            "RetentionWorkflows.erase_due",
            f"erase_replaced_{uuid4().hex}",
            row.account_sid,
            row.account_sid,
            list(folders),
            list(blobs),
            [],
        )

    def follow(self, row: Transcription, current: Audible) -> Audible:
        """Put the redacted audio of its recording beside a job's own.

        Raises:
            AudioChanged: it is gone by now.
        """
        key = keys.media(f"{row.blobs}/{FOLDER}")
        try:
            self._blobs.copy(current.key, key)
        except BlobMissing as error:
            raise AudioChanged(f"the recording of {row.id} has other audio, or none") from error
        return replace(current, key=key, size=self._blobs.size(key))


def _current(session: Session, row: Transcription, recording: Recording | None) -> Audible | None:
    fetched = row.media_info
    if row.source_id is None or fetched is None:
        return None
    if recording is not None and recording.blobs is not None and recording.sha256 is not None:
        if recording.sha256 == row.media_sha256:
            return None
        info = _info_of(fetched, recording)
        return Audible(recording_keys.media(recording.blobs), info, recording.sha256, recording.size or 0)
    for other in repository.heard_of_source(session, row.account_sid, row.source_id, row.id):
        sha256, info_ = other.media_sha256, other.media_info  # the recording is gone, and they have all the same
        if other.audio_folder is not None and sha256 not in {None, row.media_sha256} and info_ is not None:
            return Audible(keys.media(other.audio), info_, str(sha256), other.media_bytes or 0)
    return None


def _info_of(fetched: InspectedMedia, recording: Recording) -> InspectedMedia:
    """What the audio of a recording is that took the place of what was fetched."""
    changed = {"container": recording.container, "codec": recording.codec, "regular": True}
    return fetched.model_copy(update=changed)

"""Erasing what has been kept long enough: media, transcripts, jobs, logs of callbacks, recordings, conversations.

When a job ends, the instants at which its parts are due are written on its row; a callback's when it is delivered or
given up. Recordings and conversations are judged by their own dates. The sweep claims what is due, a batch at a time:
in one transaction rows are changed or deleted and the erasure of their blobs is queued. That is durable, so it neither
gets lost with a worker nor happens to anything whose row still promises it.

Nothing goes before its callback was delivered or given up. All times are the database's.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Any, Final
from uuid import uuid4

import sqlalchemy as sa
import structlog
from dbos import DBOS, DBOSConfiguredInstance
from sqlalchemy.orm import InstrumentedAttribute, Session

from callscribe.accounts import repository as account_repository
from callscribe.accounts import usage
from callscribe.accounts.retention import Retention, of_settings
from callscribe.accounts.tables import Account
from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.tables import Callback
from callscribe.conversations import repository as conversation_repository
from callscribe.db.clock import fixed, instant
from callscribe.db.engine import Database, begin_writing
from callscribe.durable.at_work import step, workflow
from callscribe.durable.queues import WORKFLOW_INSTANCE, Queue, WorkQueue
from callscribe.media.blobs import BlobStore
from callscribe.recordings import repository as recording_repository
from callscribe.recordings.workflows import BeforeErasure
from callscribe.search import index as search_index
from callscribe.settings import Settings
from callscribe.transcriptions import keys, repository, version_repository
from callscribe.transcriptions.tables import Transcription

SWEEP_EVERY: Final = 60.0
"""Seconds from the end of one sweep of a worker to the beginning of its next."""

BATCH: Final = 200
CONVERSATIONS: Final = 20
"""In one transaction; each may have thousands of communications."""

MOST_BATCHES: Final = 50
"""Of each kind in one round, so that the rest of a worker's housekeeping gets its turn."""

_log = structlog.get_logger(__name__)


def due_instants(session: Session, settings: Settings, row: Transcription) -> dict[str, Any]:
    """Columns of a job that ends in this transaction: when what of it is due."""
    account = session.get(Account, row.account_sid)
    kept = _kept(row, account, settings)
    return {name: instant(timedelta(days=days)) for name, days in kept.items() if days is not None}


def count_anew(database: Database, settings: Settings, account_sid: str) -> int:
    """Give the jobs of an account that have ended the instants that they would get today; how many there are."""
    counted, last = 0, ""
    while True:
        with database.write() as session:
            begin_writing(session)
            account = account_repository.find(session, account_sid)
            rows = repository.hold_ended(session, account_sid, last, BATCH)
            for row in rows:
                for name, days in _kept(row, account, settings).items():
                    setattr(row, name, None if days is None else row.updated_at + timedelta(days=days))
                if row.media_erased_at is not None:
                    row.media_due_at = None
                if row.transcript_erased_at is not None:
                    row.transcript_due_at = None
        if not rows:
            return counted
        counted, last = counted + len(rows), rows[-1].id


def _kept(row: Transcription, account: Account | None, settings: Settings) -> dict[str, float | None]:
    kept = Retention.of(
        row.resolved_configuration.retention, account.retention if account else None, of_settings(settings)
    )
    return {"media_due_at": kept.media, "transcript_due_at": kept.transcript, "job_due_at": kept.job}


@DBOS.dbos_class()
class RetentionWorkflows(DBOSConfiguredInstance):
    """The erasures that the sweep queues, with what they need."""

    def __init__(self, blobs: BlobStore, before_erasure: BeforeErasure) -> None:
        self._blobs = blobs
        self._before_erasure = before_erasure
        super().__init__(WORKFLOW_INSTANCE)

    @workflow("erase_due")
    def erase_due(self, account_sid: str, folders: list[str], blobs: list[str], recordings: list[str]) -> None:
        """Erase blobs whose rows are gone or say so. A job that was promised a recording's audio gets it before."""
        if recordings:
            self.hand_over(account_sid, recordings)
        self.erase(folders, blobs)

    @step(attempts=10)
    def hand_over(self, account_sid: str, recordings: list[str]) -> None:
        """Let those have the audio who were promised it."""
        for sid in recordings:
            self._before_erasure(account_sid, sid)

    @step(attempts=10)
    def erase(self, folders: list[str], blobs: list[str]) -> None:
        """Everything under the folders, and single blobs; what is gone already does not matter."""
        for folder in folders:
            self._blobs.delete_prefix(folder)
        for key in blobs:
            self._blobs.delete(key)


class Sweep:
    """Claims what is due."""

    def __init__(self, database: Database, queue: WorkQueue, settings: Settings) -> None:
        self._database = database
        self._queue = queue
        self._settings = settings

    def __call__(self) -> None:
        """Have erased what is due by now."""
        if self._database.reserve is not None:
            self._database.reserve.keep()
        self._database.make_room()
        self._all("jobs", self._jobs)
        self._all("transcripts", self._transcripts)
        self._all("media", self._media)
        self._all("callbacks", self._callbacks)
        has_older = partial(recording_repository.has_older, needed=repository.needs_recording())
        for account_sid, days in self._keeping("recording", has_older):
            self._all("recordings", partial(self._recordings, account_sid, days))
        for account_sid, days in self._keeping("conversation", conversation_repository.has_older):
            self._all("conversations", partial(self._conversations, account_sid, days))

    def _all(self, kind: str, batch: Callable[[], int]) -> None:
        erased = 0
        for _ in range(MOST_BATCHES):
            found = batch()
            erased += found
            if not found:
                break
        if erased:
            _log.info("retention.erased", kind=kind, number=erased)

    def _jobs(self) -> int:
        """Whole jobs, as if somebody had deleted them."""
        with self._writing() as session:
            rows = repository.hold_due(session, Transcription.job_due_at, BATCH, told=True)
            for account_sid, group in _by_account(rows):
                for row in group:
                    callback_repository.delete_subject(session, account_sid, row.id)
                    repository.delete(session, account_sid, row.id)
                self._enqueue(session, account_sid, folders=[row.blobs for row in group])
            return len(rows)

    def _transcripts(self) -> int:
        """The text, in the job and in the log of its callbacks, which stays without what they said."""
        with self._writing() as session:
            rows = repository.hold_due(session, Transcription.transcript_due_at, BATCH, told=True)
            freed: dict[str, int] = {}
            for account_sid, group in _by_account(rows):
                blobs: list[str] = []
                for row in group:
                    blobs += (keys.transcript(row.blobs), keys.original(row.blobs), keys.segmentation(row.blobs))
                    blobs += sorted(callback_repository.body_keys(session, account_sid, row.id))
                    callback_repository.forget_bodies(session, account_sid, row.id)
                    freed[account_sid] = freed.get(account_sid, 0) + (row.result_bytes or 0)
                erased: dict[str, Any] = {
                    "transcript_due_at": None,
                    "transcript_erased_at": fixed(instant()),
                    "result_bytes": 0,
                }
                erased["sealing_key"] = _unless_gone(Transcription.media_erased_at)
                repository.set_erased(session, group, **erased, statistics=None)
                search_index.remove(session, [row.id for row in group])
                version_repository.forget(session, [row.id for row in group])
                self._enqueue(session, account_sid, folders=[keys.chunks(row.blobs) for row in group], blobs=blobs)
            _free(session, freed)
            return len(rows)

    def _media(self) -> int:
        with self._writing() as session:
            rows = repository.hold_due(session, Transcription.media_due_at, BATCH)
            freed: dict[str, int] = {}
            for account_sid, group in _by_account(rows):
                freed[account_sid] = sum(row.media_bytes or 0 for row in group)
                erased: dict[str, Any] = {"media_due_at": None, "media_erased_at": fixed(instant()), "media_bytes": 0}
                erased["sealing_key"] = _unless_gone(Transcription.transcript_erased_at)
                repository.set_erased(session, group, **erased, original_audio=None)
                folders = [keys.derived(row.blobs) for row in group]
                folders += [row.audio for row in group if row.audio_folder is not None]
                self._enqueue(session, account_sid, folders=folders, blobs=[keys.media(row.blobs) for row in group])
            _free(session, freed)
            return len(rows)

    def _callbacks(self) -> int:
        """Logs, and what they said with the last that says it."""
        with self._writing() as session:
            due = callback_repository.due(session, BATCH)
            # Who deletes a job, or sends its callback again, locks the job first and then waits for these rows; here
            # nobody is waited for, and what belongs to a job that somebody has is left for the next round.
            results, busy = repository.try_hold(session, _subjects(due))
            rows = [row for row in due if row.subject_id not in busy]
            callback_repository.delete(session, [row.id for row in rows])
            for account_sid, group in _by_account(rows):
                # One that was sent again shares its body with the first.
                left = {
                    subject: callback_repository.body_keys(session, account_sid, subject)
                    for subject in _subjects(group)
                }
                gone = {row.body_key: row for row in group if row.body_key and row.body_key not in left[row.subject_id]}
                freed: dict[str, int] = {}
                for row in gone.values():
                    of_job = freed.get(row.subject_id, 0) + (row.body_bytes or 0)
                    freed[row.subject_id] = min(of_job, results.get(row.subject_id, 0))
                repository.free_results(session, account_sid, {job: size for job, size in freed.items() if size})
                if gone:
                    self._enqueue(session, account_sid, blobs=sorted(gone))
            return len(rows)

    def _recordings(self, account_sid: str, days: float) -> int:
        """Recordings that came so long ago, but for those that a job still needs."""
        with self._writing() as session:
            needed = repository.needs_recording()
            rows = recording_repository.hold_older(session, account_sid, _ago(days), needed, BATCH)
            kept = [(row.sid, row.blobs) for row in rows]
            for sid, _ in kept:
                recording_repository.delete(session, account_sid, sid)
            folders = [(sid, folder) for sid, folder in kept if folder is not None]
            if folders:
                self._enqueue(
                    session,
                    account_sid,
                    folders=[folder for _, folder in folders],
                    recordings=[sid for sid, _ in folders],
                )
            return len(kept)

    def _conversations(self, account_sid: str, days: float) -> int:
        """Conversations in which nothing happened for so long, with all that was said in them."""
        with self._writing() as session:
            ids = conversation_repository.hold_older(session, account_sid, _ago(days), CONVERSATIONS)
            blobs: set[str] = set()
            for conversation_id in ids:
                blobs |= callback_repository.body_keys(session, account_sid, conversation_id)
                callback_repository.delete_subject(session, account_sid, conversation_id)
            conversation_repository.delete_all(session, account_sid, ids)
            if blobs:
                self._enqueue(session, account_sid, blobs=sorted(blobs))
            return len(ids)

    def _keeping(self, kind: str, has_older: account_repository.HasOlder) -> list[tuple[str, float]]:
        with self._database.read() as session:
            return account_repository.keeping(session, kind, of_settings(self._settings)[f"{kind}Days"], has_older)

    def _enqueue(
        self,
        session: Session,
        account_sid: str,
        *,
        folders: Sequence[str] = (),
        blobs: Sequence[str] = (),
        recordings: Sequence[str] = (),
    ) -> None:
        self._queue.enqueue(
            session,
            Queue.ERASURES,
            "RetentionWorkflows.erase_due",
            f"erase_due_{uuid4().hex}",
            account_sid,
            account_sid,
            list(folders),
            list(blobs),
            list(recordings),
        )

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with self._database.write() as session:
            begin_writing(session)
            yield session


def _unless_gone(erased_at: InstrumentedAttribute[datetime | None]) -> sa.ColumnElement[str | None]:
    """The key of what was sealed, unless the other part of the original is erased as well."""
    return sa.case((erased_at.is_(None), Transcription.sealing_key), else_=sa.null())


def _ago(days: float) -> sa.ColumnElement[datetime]:
    return fixed(instant(-timedelta(days=days)))


def _by_account(rows: Iterable[Any]) -> Iterator[tuple[str, list[Any]]]:
    """By account, in the order of SIDs, in which what accounts store is locked."""
    for account_sid, group in groupby(sorted(rows, key=lambda row: row.account_sid), lambda row: row.account_sid):
        yield account_sid, list(group)


def _subjects(rows: Iterable[Callback]) -> set[str]:
    return {row.subject_id for row in rows}


def _free(session: Session, freed: dict[str, int]) -> None:
    for account_sid in sorted(freed):
        usage.store(session, account_sid, -freed[account_sid])

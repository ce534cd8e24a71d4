"""What is due is claimed once, in one transaction with the erasure of its blobs; what is not due stays."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.accounts import usage, usage_repository
from callscribe.accounts.tables import Account
from callscribe.callbacks import repository as callback_repository
from callscribe.callbacks.tables import Callback, CallbackAttempt, Delivery
from callscribe.conversations.documents import ConversationOptions
from callscribe.conversations.tables import Conversation, ConversationStatus
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.durable.tables import Piece
from callscribe.ids import new_account_sid, new_configuration_id, new_recording_sid, new_transcription_id
from callscribe.media.blobs import BlobStore
from callscribe.recordings.tables import Recording
from callscribe.settings import Settings
from callscribe.transcriptions import keys, repository
from callscribe.transcriptions.documents import InspectedMedia, OriginalAudio
from callscribe.transcriptions.retention import Sweep, count_anew, due_instants
from callscribe.transcriptions.tables import Status, Transcription
from resolved import job_row, resolved

Make = Callable[..., Transcription]


@dataclass
class _Erasing:
    """The sweep, and what it queues done at once."""

    database: Database
    queue: WorkQueue
    blobs: BlobStore
    settings: Settings
    handed_over: list[str]

    def __call__(self) -> None:
        Sweep(self.database, self.queue, self.settings)()
        with self.database.write() as session:
            for piece in session.scalars(sa.select(Piece).where(Piece.workflow == "RetentionWorkflows.erase_due")):
                _, folders, blobs, recordings = piece.arguments
                self.handed_over += recordings
                for folder in folders:
                    self.blobs.delete_prefix(folder)
                for key in blobs:
                    self.blobs.delete(key)
                session.delete(piece)


@pytest.fixture
def queue(database: Database) -> WorkQueue:
    return WorkQueue()


@pytest.fixture
def erase(database: Database, queue: WorkQueue, tmp_path: Path) -> _Erasing:
    blobs = BlobStore((tmp_path / "blobs").as_uri())
    with database.write() as session:
        session.execute(sa.delete(Piece))  # what others have queued
    return _Erasing(database, queue, blobs, Settings(data_dir=tmp_path), [])


@pytest.fixture
def make(database: Database, account: str, erase: _Erasing) -> Make:
    def job(status: Status = Status.COMPLETED, **values: Any) -> Transcription:
        row = Transcription(
            id=new_transcription_id(),
            account_sid=account,
            status=status,
            configuration_id=new_configuration_id(),
            participants=[],
            resolved_configuration=values.pop("resolved_configuration", resolved()),
            base_url="http://127.0.0.1:8321",
            **values,
        )
        with database.write() as session:
            session.add(row)
        for key in (keys.media, keys.peaks, keys.playable, keys.transcript, keys.segmentation):
            erase.blobs.put_bytes(key(row.blobs), b"{}")
        return row

    return job


def tell(database: Database, row: Transcription, delivery: Delivery, **values: Any) -> Callback:
    callback = Callback(
        id=f"voice_callback_{new_transcription_id()}",
        account_sid=row.account_sid,
        subject_id=row.id,
        event_id="voice_event_1",
        event="COMPLETED",
        url="https://example.com/",
        delivery=delivery,
        **values,
    )
    with database.write() as session:
        session.add(callback)
        session.flush()
        session.add(CallbackAttempt(callback_id=callback.id, number=1))
    return callback


def found(database: Database, row: Any) -> Any:
    with database.read() as session:
        return session.get(type(row), sa.inspect(row).identity)


PAST, FUTURE = timedelta(minutes=-1), timedelta(minutes=1)


def test_only_due_media_go(database: Database, make: Make, erase: _Erasing) -> None:
    due = make(media_due_at=now() + PAST, media_bytes=2)
    later = make(media_due_at=now() + FUTURE)
    never = make()
    erase()
    assert set(erase.blobs.keys(due.blobs)) == {keys.transcript(due.blobs), keys.segmentation(due.blobs)}
    row = found(database, due)
    assert (row.media_due_at, row.media_bytes) == (None, 0)
    assert row.media_erased_at is not None
    assert all(erase.blobs.exists(key(row.blobs)) for row in (later, never) for key in (keys.media, keys.peaks))
    assert found(database, later).media_erased_at is None


def test_transcript_takes_callback_texts(database: Database, make: Make, erase: _Erasing) -> None:
    row = make(transcript_due_at=now() + PAST)
    body = keys.callback(row.blobs)
    erase.blobs.put_bytes(body, b"text")
    large = tell(database, row, Delivery.DELIVERED, body_key=body)
    small = tell(database, row, Delivery.FAILED, body=b"text")
    erase()
    assert not any(erase.blobs.exists(key) for key in (keys.transcript(row.blobs), keys.segmentation(row.blobs), body))
    assert erase.blobs.exists(keys.media(row.blobs))
    assert found(database, row).transcript_erased_at is not None
    for callback in (large, small):
        assert found(database, callback).content is None
        assert len(found(database, callback).attempts) == 1


@pytest.mark.parametrize("first", ["media", "transcript"])
def test_key_goes_with_the_last_of_an_original(database: Database, make: Make, erase: _Erasing, first: str) -> None:
    info = InspectedMedia(container="wav", codec="pcm_s16le", channels=1, sample_rate=8000, duration=9.0, regular=True)
    second = {"media": "transcript", "transcript": "media"}[first]
    row = make(
        resolved_configuration=resolved(redaction={"policy": "redacted_and_original"}),
        sealing_key="encrypted",
        audio_folder="redacted",
        original_audio=OriginalAudio(info=info, sha256=None, size=2),
        media_bytes=4,
        **{f"{first}_due_at": now() + PAST},
    )
    for key in (keys.original(row.blobs), keys.media(row.audio), keys.peaks(row.audio)):
        erase.blobs.put_bytes(key, b"{}")
    erase()
    assert found(database, row).sealing_key == "encrypted"
    with database.write() as session:
        due = {f"{second}_due_at": now() + PAST}
        session.execute(sa.update(Transcription).where(Transcription.id == row.id).values(due))
    erase()
    erased = found(database, row)
    assert (erased.sealing_key, erased.original_audio) == (None, None)
    assert erase.blobs.keys(row.blobs) == []


def test_nothing_goes_before_callback_ends(database: Database, make: Make, erase: _Erasing) -> None:
    row = make(transcript_due_at=now() + PAST, job_due_at=now() + PAST)
    callback = tell(database, row, Delivery.PENDING, body=b"text", kept_days=0.0)
    erase()
    assert erase.blobs.exists(keys.transcript(row.blobs))
    with database.write() as session:
        callback_repository.set_delivery(session, callback.id, Delivery.FAILED)
    erase()
    assert found(database, row) is None
    assert found(database, callback) is None
    assert not erase.blobs.exists(keys.transcript(row.blobs))


def test_due_job_goes_like_deleted_one(database: Database, make: Make, erase: _Erasing) -> None:
    row = make(status=Status.FAILED, job_due_at=now() + PAST)
    callback = tell(database, row, Delivery.FAILED, body=b"text")
    erase()
    assert found(database, row) is None
    assert found(database, callback) is None
    with database.read() as session:
        assert not session.scalars(sa.select(CallbackAttempt).where(CallbackAttempt.callback_id == callback.id)).all()
    assert not any(erase.blobs.exists(key) for key in (keys.media(row.blobs), keys.transcript(row.blobs)))


def test_running_job_left_alone(database: Database, make: Make, erase: _Erasing) -> None:
    row = make(status=Status.RUNNING, media_due_at=now() + PAST, job_due_at=now() + PAST)
    erase()
    assert found(database, row).media_erased_at is None
    assert erase.blobs.exists(keys.media(row.blobs))


def test_log_goes_body_with_last_log(database: Database, make: Make, erase: _Erasing) -> None:
    row = make()
    body = keys.callback(row.blobs)
    erase.blobs.put_bytes(body, b"text")
    first = tell(database, row, Delivery.DELIVERED, body_key=body, body_bytes=4, due_at=now() + PAST)
    again = tell(database, row, Delivery.DELIVERED, body_key=body, body_bytes=4, due_at=now() + FUTURE)
    erase()
    assert found(database, first) is None
    assert found(database, again) is not None
    assert erase.blobs.exists(body)
    with database.write() as session:
        session.execute(sa.update(Callback).where(Callback.id == again.id).values(due_at=now() + PAST))
    erase()
    assert found(database, again) is None
    assert not erase.blobs.exists(body)


def counted(database: Database, row: Transcription) -> tuple[int, int, int]:
    """Bytes that a job says its results take, that its account says it stores, and that its jobs add up to."""
    with database.read() as session:
        all_jobs = session.scalar(sa.select(repository.sum_stored(sa.literal(row.account_sid))))
        return found(database, row).result_bytes, usage_repository.stored(session, row.account_sid), int(all_jobs or 0)


def test_body_counts_until_last_log_goes(database: Database, account: str, make: Make, erase: _Erasing) -> None:
    row = make(media_bytes=100, result_bytes=7000)
    body = keys.callback(row.blobs)
    for _ in range(2):
        tell(database, row, Delivery.DELIVERED, body_key=body, body_bytes=5000, due_at=now() + PAST)
    again = tell(database, row, Delivery.DELIVERED, body_key=body, body_bytes=5000, due_at=now() + FUTURE)
    tell(database, row, Delivery.DELIVERED, body=b"small", due_at=now() + PAST)
    with database.write() as session:
        usage.store(session, account, 7100)
    erase()
    assert counted(database, row) == (7000, 7100, 7100)
    with database.write() as session:
        session.execute(sa.update(Callback).where(Callback.id == again.id).values(due_at=now() + PAST))
    for _ in range(2):
        erase()
        assert counted(database, row) == (2000, 2100, 2100)
    with database.write() as session:
        session.execute(sa.update(Transcription).where(Transcription.id == row.id).values(transcript_due_at=now()))
    erase()
    assert counted(database, row) == (0, 100, 100)


def test_body_freed_only_once(database: Database, account: str, make: Make, erase: _Erasing) -> None:
    row = make(media_bytes=0, result_bytes=7000, transcript_due_at=now() + PAST)
    tell(database, row, Delivery.DELIVERED, body_key=keys.callback(row.blobs), body_bytes=5000, due_at=now() + PAST)
    other = make(media_bytes=0, result_bytes=30)
    with database.write() as session:
        usage.store(session, account, 7030)
    erase()
    assert counted(database, row) == (0, 30, 30)
    assert counted(database, other) == (30, 30, 30)


def test_killed_sweep_changes_nothing(
    database: Database, account: str, make: Make, erase: _Erasing, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = make(media_bytes=0, result_bytes=7000)
    body = keys.callback(row.blobs)
    callback = tell(database, row, Delivery.DELIVERED, body_key=body, body_bytes=5000, due_at=now() + PAST)
    erase.blobs.put_bytes(body, b"text")
    with database.write() as session:
        usage.store(session, account, 7000)

    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(erase.queue, "enqueue", kill)  # the last that the transaction does
        with pytest.raises(Killed):
            erase()
    assert found(database, callback) is not None
    assert counted(database, row) == (7000, 7000, 7000)
    erase()
    assert found(database, callback) is None
    assert not erase.blobs.exists(body)
    assert counted(database, row) == (2000, 2000, 2000)


def test_log_in_hand_waits_a_round(database: Database, make: Make, erase: _Erasing) -> None:
    row = make(media_bytes=0, result_bytes=10)
    callback = tell(database, row, Delivery.DELIVERED, body=b"text", due_at=now() + PAST)
    if not database.is_sqlite:  # where there is one writer at a time
        with database.write() as session:
            repository.hold(session, row.id)
            erase()
        assert found(database, callback) is not None
    erase()
    assert found(database, callback) is None


def taken_in(database: Database, account: str, age: timedelta) -> Recording:
    sid = new_recording_sid()
    row = Recording(
        account_sid=account,
        sid=sid,
        channels=1,
        source="RecordVerb",
        blobs=f"{account}/{sid}",
        date_created=now() - age,
    )
    with database.write() as session:
        session.add(row)
    return row


def test_needed_recordings_stay(database: Database, account: str, make: Make, erase: _Erasing) -> None:
    def recording(age: timedelta) -> Recording:
        row = taken_in(database, account, age)
        erase.blobs.put_bytes(f"{row.blobs}/media", b"audio")
        return row

    with database.write() as session:
        session.execute(sa.update(Account).where(Account.sid == account).values(retention={"recordingDays": 30}))
    old, new, needed = (recording(timedelta(days=days)) for days in (31, 29, 31))
    make(status=Status.PENDING, source_id=needed.sid)
    make(status=Status.COMPLETED, source_id=old.sid)
    erase()
    assert [found(database, each) is not None for each in (old, new, needed)] == [False, True, True]
    assert [erase.blobs.exists(f"{each.blobs}/media") for each in (old, new, needed)] == [False, True, True]
    assert erase.handed_over == [old.sid]


def test_account_rules_before_server(database: Database, queue: WorkQueue, tmp_path: Path) -> None:
    layers: dict[str, Any] = {
        "none": None,
        "empty": {},
        "of others": {"mediaDays": 1},
        "null": {"recordingDays": None},
        "forever": {"recordingDays": "forever"},
        "longer": {"recordingDays": 9},
        "shorter": {"recordingDays": 0.25},
    }
    rows = {}
    for name, layer in layers.items():
        sid = new_account_sid()
        with database.write() as session:
            session.add(Account(sid=sid, name=name, token_hash="", token_encrypted="", retention=layer))
        rows[name] = [taken_in(database, sid, timedelta(days=days)) for days in (20, 6, 0.5, 0.1)]

    def left(settings: Settings) -> dict[str, int]:
        Sweep(database, queue, settings)()
        return {name: sum(found(database, row) is not None for row in of) for name, of in rows.items()}

    by_server = dict.fromkeys(("none", "empty", "of others", "null"), 4)
    of_their_own = {"forever": 4, "longer": 3, "shorter": 1}
    assert left(Settings(data_dir=tmp_path)) == by_server | of_their_own
    by_server = dict.fromkeys(by_server, 2)
    assert left(Settings(data_dir=tmp_path, retention_recording_days=5.0)) == by_server | of_their_own


def test_nothing_due_no_transaction(database: Database, queue: WorkQueue, tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, retention_recording_days=50.0, retention_conversation_days=50.0)

    def statements() -> int:
        Sweep(database, queue, settings)()  # what is due
        seen: list[str] = []

        def note(*event: Any) -> None:
            seen.append(event[2])

        sa.event.listen(database.engine, "before_cursor_execute", note)
        Sweep(database, queue, settings)()
        sa.event.remove(database.engine, "before_cursor_execute", note)
        return len(seen)

    before = statements()
    for _ in range(10):
        sid = new_account_sid()
        with database.write() as session:
            session.add(Account(sid=sid, name="idle", token_hash="", token_encrypted=""))
        taken_in(database, sid, timedelta(days=1))
    assert statements() == before


def test_due_found_by_index_alone(
    database: Database, account: str, make: Make, tmp_path: Path, queue: WorkQueue
) -> None:
    if database.is_sqlite:
        pytest.skip("its clock is the same for all rows in any case")
    with database.write() as session:
        for _ in range(3000):
            session.add(job_row(account, status=Status.COMPLETED, media_due_at=now() + timedelta(days=1)))
    seen: list[tuple[str, Any]] = []

    def note(*event: Any) -> None:
        seen.append((event[2], event[3]))

    with database.write() as session:
        session.execute(sa.text("ANALYZE transcriptions"))
    sa.event.listen(database.engine, "before_cursor_execute", note)
    Sweep(database, queue, Settings(data_dir=tmp_path))._media()
    sa.event.remove(database.engine, "before_cursor_execute", note)
    [(statement, parameters)] = [each for each in seen if "media_due_at <=" in each[0]]
    with database.read() as session:
        plan = str(session.connection().exec_driver_sql(f"EXPLAIN {statement}", parameters).all())
    assert "Index Cond: (media_due_at <=" in plan


def test_idle_conversations_go(database: Database, account: str, erase: _Erasing) -> None:
    def conversation(number: int, age: timedelta) -> Conversation:
        row = Conversation(
            id=f"conv_conversation_{account[2:24]}{number}",
            account_sid=account,
            status=ConversationStatus.CLOSED,
            configuration=ConversationOptions(conversation_grouping_type="GROUP_BY_PROFILE"),
            custom={},
            active_at=now() - age,
        )
        with database.write() as session:
            session.add(row)
        return row

    with database.write() as session:
        session.execute(sa.update(Account).where(Account.sid == account).values(retention={"conversationDays": 0.5}))
    old, new = conversation(1, timedelta(hours=13)), conversation(2, timedelta(hours=11))
    erase()
    assert found(database, old) is None
    assert found(database, new) is not None


def test_job_gets_instants_as_it_ends(database: Database, account: str, make: Make, tmp_path: Path) -> None:
    row = make(
        status=Status.RUNNING, resolved_configuration=resolved(retention={"mediaDays": 0, "transcriptDays": None})
    )
    settings = Settings(data_dir=tmp_path, retention_media_days=9.0, retention_job_days=400.0)
    with database.write() as session:
        session.execute(sa.update(Account).where(Account.sid == account).values(retention={"transcriptDays": 2}))
    with database.write() as session:
        instants = due_instants(session, settings, row)
        assert repository.transition(session, row.id, Status.RUNNING, Status.COMPLETED, **instants)
    ended = found(database, row)
    for instant, days in ((ended.media_due_at, 0), (ended.transcript_due_at, 2), (ended.job_due_at, 400)):
        assert abs(instant - now() - timedelta(days=days)) < timedelta(minutes=5)


def test_ended_jobs_change_only_on_request(database: Database, account: str, make: Make, tmp_path: Path) -> None:
    ended_at = now() - timedelta(days=3)
    row = make(updated_at=ended_at, job_due_at=now() + FUTURE)
    gone = make(updated_at=ended_at, media_erased_at=ended_at)
    running = make(status=Status.RUNNING)
    assert count_anew(database, Settings(data_dir=tmp_path, retention_media_days=5.0), account) == 2
    assert found(database, row).media_due_at == ended_at + timedelta(days=5)
    assert found(database, row).job_due_at is None
    assert found(database, gone).media_due_at is None
    assert found(database, running).media_due_at is None

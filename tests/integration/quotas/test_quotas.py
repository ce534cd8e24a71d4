"""What accounts use and may have, on both databases."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts import usage, usage_repository
from callscribe.accounts.limits import Limits
from callscribe.accounts.repository import find, running_limits, set_limits
from callscribe.accounts.tables import AccountActivity, AccountStorage
from callscribe.db.clock import epoch
from callscribe.db.engine import Database
from callscribe.errors import RequestError
from callscribe.ids import new_configuration_id, new_recording_sid, new_transcription_id
from callscribe.recordings import repository as recordings
from callscribe.recordings.intake import STORAGE_WAIT
from callscribe.recordings.tables import Recording
from callscribe.settings import Settings
from callscribe.transcriptions import quotas, repository
from callscribe.transcriptions.quotas import Quotas
from callscribe.transcriptions.tables import Status, Transcription
from harness import eventually
from resolved import resolved

pytestmark = pytest.mark.usefixtures("everything_counted")


def job(account: str, status: Status = Status.PENDING, **values: object) -> Transcription:
    return Transcription(
        id=new_transcription_id(),
        account_sid=account,
        status=status,
        configuration_id=new_configuration_id(),
        participants=[],
        resolved_configuration=resolved(),
        base_url="",
        **values,
    )


def added(database: Database, row: Transcription) -> str:
    with database.write() as session:
        session.add(row)
    return row.id


def stored(database: Database, account: str) -> int:
    with database.read() as session:
        return usage_repository.stored(session, account)


def refusal(database: Database, quotas: Quotas, account: str) -> RequestError | None:
    found = None
    with database.read() as session:
        try:
            quotas.admit(session, account)
        except RequestError as error:
            found = error
    if found is not None:
        assert (found.status, found.code) == (429, 20429)
        assert f"Try again in {found.retry_after} seconds" in found.detail
    return found


class Clock:
    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture
def other(database: Database, account: str) -> str:
    """A second account, which uses a lot."""
    sid = "AC" + account[2:][::-1]
    with database.write() as session:
        session.execute(
            sa.text(
                "INSERT INTO accounts (sid, name, token_hash, token_encrypted, created_at, updated_at) "
                "SELECT :sid, name, token_hash, token_encrypted, created_at, updated_at FROM accounts "
                "WHERE sid = :known"
            ),
            {"sid": sid, "known": account},
        )
        usage.store(session, sid, 10**12)
        usage.count_audio(session, sid, 10**9)
        session.add_all(job(sid) for _ in range(20))
    return sid


def test_unended_jobs_count_at_once(database: Database, account: str, other: str) -> None:
    clock = Clock()
    mine = Quotas(
        database, Settings(account_jobs_waiting=3, account_audio_hours=None, account_stored_bytes=None), clock
    )
    added(database, job(account))
    running = added(database, job(account, Status.RUNNING))
    added(database, job(account, Status.COMPLETED))
    assert refusal(database, mine, account) is None
    mine.added(account)
    full = refusal(database, mine, account)
    assert full is not None
    assert "3 transcriptions" in full.detail
    assert full.retry_after == quotas.LONGEST_WAIT  # none ended lately
    # What another process made or ended is seen a second later; here the third was never committed.
    with database.write() as session:
        assert repository.transition(session, running, Status.RUNNING, Status.COMPLETED)
    assert refusal(database, mine, account) is not None
    clock.time += 60
    assert refusal(database, mine, account) is None
    assert refusal(database, mine, other) is not None


def test_wait_comes_from_own_jobs(database: Database, account: str) -> None:
    mine = Quotas(database, Settings(account_jobs_waiting=5))
    for _ in range(6):
        added(database, job(account))
    with database.write() as session:
        for _ in range(60):
            usage.count_ended(session, account)
    full = refusal(database, mine, account)
    assert full is not None
    assert full.retry_after is not None
    # Sixty in ten to twenty minutes; two must end before there is room for one.
    assert 20 <= full.retry_after <= 41


def test_audio_counts_once_leaves_day(database: Database, account: str, other: str) -> None:
    settings = Settings(account_audio_hours=0.5)
    row = added(database, job(account, Status.RUNNING))
    for _ in range(2):  # the step is done again after a kill
        with database.write() as session:
            repository.set_duration(session, row, 1200.0)
    with database.read() as session:
        assert usage.activity(session, account).audio_seconds == 1200.0
        assert usage.OutOfAudio(settings)(session) >= {other}
        assert account not in usage.OutOfAudio(settings)(session)
    assert refusal(database, Quotas(database, settings), account) is None
    with database.write() as session:
        # Most of it a day ago less five periods.
        session.execute(
            sa.update(AccountActivity)
            .where(AccountActivity.account_sid == account)
            .values(period=AccountActivity.period - usage.DAY + 5)
        )
        usage.count_audio(session, account, 700.0)
    full = refusal(database, Quotas(database, settings), account)
    assert full is not None
    assert "0.5 hours of audio" in full.detail
    assert full.retry_after is not None
    assert 4 * usage.PERIOD < full.retry_after <= 5 * usage.PERIOD
    with database.read() as session:
        assert usage.OutOfAudio(settings)(session) >= {account, other}
        assert usage.OutOfAudio(Settings(account_audio_hours=None))(session) == set()
    with database.write() as session:
        set_limits(session, account, {"audio_hours": 1.0})
    assert refusal(database, Quotas(database, settings), account) is None
    with database.write() as session:
        session.execute(sa.update(AccountActivity).values(period=AccountActivity.period - usage.DAY))
        usage_repository.forget_activity(session)
        assert session.scalar(sa.select(sa.func.count()).select_from(AccountActivity)) == 0


def test_storage_counts_until_deletion(database: Database, account: str) -> None:
    row = added(database, job(account))
    with database.write() as session:
        assert repository.transition(session, row, Status.PENDING, Status.RUNNING)
    for size in (1000, 1000, 900):  # fetched again, and not the same any more
        with database.write() as session:
            repository.set_media_bytes(session, row, size)
    assert stored(database, account) == 900
    for _ in range(2):
        with database.write() as session:
            repository.transition(session, row, Status.RUNNING, Status.COMPLETED, result_bytes=50)
    assert stored(database, account) == 950
    with database.write() as session:
        assert not repository.set_media_bytes(session, row, 2000)  # by a worker that comes late
    assert stored(database, account) == 950
    with database.write() as session:
        assert repository.delete(session, account, row) is not None
    assert stored(database, account) == 0
    with database.write() as session:
        repository.set_media_bytes(session, row, 1000)  # by a worker that has not noticed
    assert stored(database, account) == 0


def test_full_account_told(database: Database, account: str) -> None:
    mine = Quotas(database, Settings(account_stored_bytes=1000))
    with database.write() as session:
        usage.store(session, account, 1000)
    full = refusal(database, mine, account)
    assert full is not None
    assert "stores 1000 bytes, of 1000" in full.detail
    assert full.retry_after == STORAGE_WAIT


def test_wait_is_until_own_erasure(database: Database, account: str, other: str) -> None:
    mine = Quotas(database, Settings(account_stored_bytes=1000))
    with database.write() as session:
        usage.store(session, account, 1000)

    def wait() -> int:
        full = refusal(database, mine, account)
        assert full is not None
        assert full.retry_after is not None
        return full.retry_after - quotas.ERASURE_DELAY

    ended, now = Status.COMPLETED, datetime.now(UTC)
    added(database, job(other, ended, media_due_at=now + timedelta(seconds=10)))
    added(database, job(account, ended))  # never
    for column, seconds in (("job_due_at", 9000), ("transcript_due_at", 3000), ("media_due_at", 1000)):
        added(database, job(account, ended, **{column: now + timedelta(seconds=seconds)}))
        assert wait() == pytest.approx(seconds, abs=60)
    with database.write() as session:
        sid, yesterday = new_recording_sid(), now + timedelta(seconds=500) - timedelta(days=1)
        source = "StartCallRecordingAPI"
        session.add(Recording(account_sid=account, sid=sid, channels=1, source=source, date_created=yesterday))
    assert wait() == pytest.approx(1000, abs=60)  # recordings are kept for ever
    mine = Quotas(database, Settings(account_stored_bytes=1000, retention_recording_days=1.0))
    assert wait() == pytest.approx(500, abs=60)
    added(database, job(account, ended, media_due_at=now - timedelta(hours=1)))  # and not swept yet
    assert wait() == 0


def test_next_due_read_from_index(database: Database, account: str, other: str) -> None:
    due = datetime.now(UTC) + timedelta(hours=1)
    with database.write() as session:
        dues = {"media_due_at": due, "transcript_due_at": due, "job_due_at": due}
        session.add_all(job(other, Status.COMPLETED, **dues) for _ in range(3000))
    statements: list[tuple[str, Any]] = []

    def note(*event: Any) -> None:
        statements.append((event[2], event[3]))

    with database.read() as session:
        if not database.is_sqlite:
            session.execute(sa.text("ANALYZE transcriptions"))
        sa.event.listen(database.engine, "before_cursor_execute", note)
        found = repository.until_next_erasure(session, account)
        sa.event.remove(database.engine, "before_cursor_execute", note)
        statement, parameters = statements[-1]
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = str(session.connection().exec_driver_sql(explain + statement, parameters).all())
    assert found is None
    for column in dues:
        assert f"ix_transcriptions_account_{column}" in plan


def test_concurrent_storing_keeps_limit(database: Database, account: str) -> None:
    start = threading.Barrier(8)

    def store(_: int) -> int:
        start.wait()
        kept = 0
        for _ in range(10):
            with database.write() as session:
                kept += usage.store_within(session, account, 3, 100)
        return kept

    with ThreadPoolExecutor(8) as threads:
        kept = sum(threads.map(store, range(8)))
    assert kept == 33
    assert stored(database, account) == 99


def test_many_jobs_end_and_go_at_once(database: Database, account: str) -> None:
    """The account's rows are written last: nobody waits for each other in a circle."""
    rows = [added(database, job(account, Status.RUNNING)) for _ in range(24)]

    def end(row: str) -> None:
        with database.write() as session:
            repository.set_duration(session, row, 10.0)
        with database.write() as session:
            repository.set_media_bytes(session, row, 100)
        with database.write() as session:
            repository.transition(session, row, Status.RUNNING, Status.COMPLETED, result_bytes=1)
        with database.write() as session:
            repository.delete(session, account, row)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(end, rows))
    assert stored(database, account) == 0
    with database.read() as session:
        activity = usage.activity(session, account)
    assert activity.audio_seconds == 240.0
    assert sum(each.jobs_ended for each in activity.periods) == 24


def test_drift_corrected_daily(database: Database, account: str) -> None:
    added(database, job(account, Status.COMPLETED, media_bytes=1000, result_bytes=100))
    added(database, job(account, Status.FAILED))
    with database.write() as session:
        session.add(
            Recording(account_sid=account, sid=new_recording_sid(), channels=1, source="StartCallRecordingAPI", size=7)
        )
        usage.store(session, account, 5)
    quotas.keep_house(database)
    assert stored(database, account) == 1107
    with database.write() as session:
        usage.store(session, account, 5)
    quotas.keep_house(database)
    assert stored(database, account) == 1112
    with database.write() as session:
        session.execute(sa.update(AccountStorage).values(counted_at=AccountStorage.counted_at - quotas.COUNTED_ANEW))
    quotas.keep_house(database)
    assert stored(database, account) == 1107


def test_stored_during_count_counts_once(database: Database, account: str) -> None:
    added(database, job(account))
    with database.write() as session:
        usage.store(session, account, 50)  # wrong: there is nothing
    with database.write() as session:
        session.execute(sa.update(AccountStorage).values(counted_at=epoch()))
        session.execute(sa.update(AccountStorage).where(AccountStorage.account_sid == account).values(counted_at=None))
    with database.write() as session:
        claimed = usage_repository.claim_oldest(session, quotas.COUNTED_ANEW, 10)
        assert claimed.keys() == {account}
    with database.write() as session:
        assert not usage_repository.claim_oldest(session, quotas.COUNTED_ANEW, 10)  # somebody else's
    with database.read() as session:
        sums = repository.sum_stored(AccountStorage.account_sid)
        count = usage_repository.count(session, account, claimed[account], sums)
    assert count == usage_repository.Count(account, said=50, counted=0, claimed_at=claimed[account])
    with database.write() as session:
        usage.store(session, account, 7)
    for first in (True, False):  # the one that comes second changes nothing
        with database.write() as session:
            assert usage_repository.put_right(session, count) is first
        assert stored(database, account) == 7
    quotas.keep_house(database)
    assert stored(database, account) == 7  # it is not due again


def test_only_limited_run_out_of_audio(database: Database, account: str, other: str) -> None:
    settings = Settings(account_audio_hours=None)
    with database.write() as session:
        usage.count_audio(session, account, 3600.0)
        usage.count_audio(session, other, 3600.0)
        set_limits(session, account, {"audio_hours": 1.0})
    with database.read() as session:
        assert usage.OutOfAudio(settings)(session) == {account}
    with database.write() as session:
        set_limits(session, account, {"audio_hours": 1.5})
        set_limits(session, other, {"audio_hours": 0.0})
    with database.read() as session:
        assert usage.OutOfAudio(settings)(session) == {other}
    with database.write() as session:
        set_limits(session, other, {"audio_hours": None})
        set_limits(session, account, {"audio_hours": None})


def test_repeated_looks_see_changes(
    database: Database, account: str, other: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(usage, "LOOK_EVERY", 0.0)
    settings = Settings(account_audio_hours=0.5)
    out_of_audio = usage.OutOfAudio(settings)

    def barred() -> bool:
        with database.read() as session:
            found = out_of_audio(session)
            assert found == usage.OutOfAudio(settings)(session)
        return account in found

    with database.write() as session:
        usage.count_audio(session, account, 1000.0)
    with database.write() as session:
        session.execute(
            sa.update(AccountActivity)
            .where(AccountActivity.account_sid == account)
            .values(period=AccountActivity.period - usage.DAY + 5)
        )
    assert not barred()
    with database.write() as session:
        usage.count_audio(session, account, 700.0)
    assert not barred()
    with database.write() as session:
        usage.count_audio(session, account, 100.0)
    assert barred()
    with database.write() as session:
        set_limits(session, account, {"audio_hours": 1.0})
    assert not barred()
    with database.write() as session:
        set_limits(session, account, {"audio_hours": None})
    assert barred()
    # When a period is over all of the day is read anew.
    with database.write() as session:
        session.execute(sa.update(AccountActivity).values(period=AccountActivity.period - usage.DAY))
    assert out_of_audio._period is not None
    out_of_audio._period -= 1
    assert not barred()


def test_zero_audio_holds_from_start(database: Database, account: str) -> None:
    with database.read() as session:
        assert account in usage.OutOfAudio(Settings(account_audio_hours=0))(session)
        assert account not in usage.OutOfAudio(Settings(account_audio_hours=1))(session)
    with database.write() as session:
        set_limits(session, account, {"audio_hours": -1})
    with database.read() as session:
        assert account not in usage.OutOfAudio(Settings(account_audio_hours=0))(session)


def test_abandoned_count_taken_over(database: Database, account: str) -> None:
    with database.write() as session:
        usage.store(session, account, 50)  # wrong: there is nothing
    with database.write() as session:
        assert account in usage_repository.claim_oldest(session, quotas.COUNTED_ANEW, 10_000)  # and killed
    quotas.keep_house(database)
    assert stored(database, account) == 50
    with database.write() as session:
        session.execute(
            sa.update(AccountStorage)
            .where(AccountStorage.account_sid == account)
            .values(counted_at=AccountStorage.counted_at - usage_repository.COUNTING)
        )
    quotas.keep_house(database)
    assert stored(database, account) == 0


def test_counters_take_different_accounts(database: Database, account: str, other: str) -> None:
    with database.write() as session:
        usage.store(session, account, 1)
    with database.write() as session:
        session.execute(sa.update(AccountStorage).values(counted_at=None))
    start = threading.Barrier(4)

    def claim(_: int) -> list[str]:
        start.wait()
        claimed: list[str] = []
        for _ in range(100):
            with database.write() as session:
                claimed += usage_repository.claim_oldest(session, quotas.COUNTED_ANEW, 2)
        return claimed

    with ThreadPoolExecutor(4) as threads:
        claimed = [sid for each in threads.map(claim, range(4)) for sid in each]
    assert len(claimed) == len(set(claimed))
    assert {account, other} <= set(claimed)


def test_deleted_recording_frees_room(database: Database, account: str) -> None:
    sid = new_recording_sid()
    with database.write() as session:
        session.add(Recording(account_sid=account, sid=sid, channels=1, source="StartCallRecordingAPI", size=70))
        usage.store(session, account, 100)
    with database.write() as session:
        assert recordings.delete(session, account, sid) is not None
    assert stored(database, account) == 30


def test_own_limits_hold_until_removed(database: Database, account: str) -> None:
    settings = Settings(account_concurrency=16)
    with database.write() as session:
        assert set_limits(session, account, {"jobs_running": 2, "stored_bytes": 10})
        assert not set_limits(session, "AC" + "0" * 32, {"jobs_running": 2})
    with database.read() as session:
        assert running_limits(session)[account] == 2
        assert Limits.of(find(session, account), settings).jobs_running == 2
        assert Limits.of(find(session, account), settings).stored_bytes == 10
    with database.write() as session:
        set_limits(session, account, {"jobs_running": None})
    with database.read() as session:
        assert account not in running_limits(session)
        assert Limits.of(find(session, account), settings).jobs_running == 16


def test_backlog_count_uses_index(database: Database, account: str) -> None:
    with database.write() as session:
        session.add_all(job(account) for _ in range(300))
        session.add_all(job(account, Status.COMPLETED, media_bytes=0) for _ in range(3000))
    with database.read() as session:
        if not database.is_sqlite:
            session.execute(sa.text("ANALYZE transcriptions"))
        statements: list[tuple[str, object]] = []

        def note(*event: Any) -> None:
            statements.append((event[2], event[3]))

        sa.event.listen(database.engine, "before_cursor_execute", note)
        assert repository.count_unfinished(session, account, 100) == 100
        assert repository.count_unfinished(session, account, 1000) == 300
        sa.event.remove(database.engine, "before_cursor_execute", note)
        statement, parameters = statements[-1]
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = str(session.connection().exec_driver_sql(explain + statement, parameters).all())
    assert "ix_transcriptions_" in plan


def test_backlog_counted_beside_creates(database: Database, account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quotas, "_SLOW", 0.0)
    monkeypatch.setattr(quotas, "_SHARE", 0)
    monkeypatch.setattr(quotas, "REFRESH", 0.0)
    mine = Quotas(database, Settings(account_jobs_waiting=3))
    for _ in range(3):
        added(database, job(account))
    full = refusal(database, mine, account)
    assert full is not None
    with database.write() as session:
        row = session.scalars(sa.select(Transcription).where(Transcription.account_sid == account)).first()
        assert row is not None
        repository.delete(session, account, row.id)
    eventually(lambda: refusal(database, mine, account) is None, timeout=30, interval=0.01)
    mine.added(account)

    def counted() -> bool:
        refusal(database, mine, account)  # or not
        return mine._standings[account].jobs == 2  # the third was never committed

    eventually(counted, timeout=30, interval=0.01)


def test_rolled_back_was_never_used(database: Database, account: str) -> None:
    with Session(database.engine) as session:
        assert usage_repository.stored(session, account) == 0
        usage.store(session, account, 100)
        session.rollback()
        usage.store(session, account, 7)
        session.commit()
        session.commit()
    assert stored(database, account) == 7

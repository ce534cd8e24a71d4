"""What a worker keeps for the jobs it has in hand, on a real database and a blob store that is no folder."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from callscribe.accounts.repository import first
from callscribe.db.engine import Database
from callscribe.errors import Cancelled
from callscribe.jobs import job_tracker
from callscribe.jobs.job_tracker import JobTracker
from callscribe.media.blobs import BlobStore
from callscribe.media.spool import Spool
from callscribe.preparation import prepare
from callscribe.settings import Settings
from callscribe.transcriptions import chunk_repository, repository
from callscribe.transcriptions.tables import Status, Transcription
from resolved import job_row


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database, _ = prepare(Settings(data_dir=tmp_path_factory.mktemp("data") / "callscribe"))
    yield database
    database.close()


@pytest.fixture
def job(database: Database) -> str:
    """A running job of three chunks of 10, 10 and 5 seconds."""
    with database.write() as session:
        account = first(session)
        assert account is not None
        row = job_row(account.sid)
        session.add(row)
        session.flush()
        assert chunk_repository.add_chunks(session, row.id, [(0.0, 10.0), (10.0, 20.0), (20.0, 25.0)]) == 3
    return row.id


@pytest.fixture
def jobs(database: Database, tmp_path: Path) -> JobTracker:
    blobs = BlobStore("memory:///")
    blobs.put_bytes("media", b"a recording")
    return JobTracker(database, blobs, Spool(tmp_path / "spool"))


def copies(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "spool").glob("*.blob"))


def row(database: Database, job: str) -> Transcription:
    with database.read() as session:
        found = repository.find(session, job)
    assert found is not None
    return found


def test_one_copy_for_all_chunks(jobs: JobTracker, job: str, tmp_path: Path) -> None:
    with jobs.watch(job), jobs.watch(job):
        path = jobs.local_path(job, "media")
        assert path.read_bytes() == b"a recording"
        assert jobs.local_path(job, "media") == path
    # Between two chunks the copy stays.
    jobs._look()
    with jobs.watch(job):
        assert jobs.local_path(job, "media") == path
    assert copies(tmp_path) == [path]


def test_removed_copy_made_again(jobs: JobTracker, job: str, tmp_path: Path) -> None:
    with jobs.watch(job):
        jobs.local_path(job, "media").unlink()
        assert jobs.local_path(job, "media").read_bytes() == b"a recording"
        assert Spool(tmp_path / "spool").claimed() == len(b"a recording")


def test_copy_goes_with_its_job(
    jobs: JobTracker, job: str, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with jobs.watch(job):
        jobs.local_path(job, "media")
        monkeypatch.setattr(job_tracker, "LINGER", -1.0)
        jobs._look()
        assert copies(tmp_path)
    jobs._look()
    assert not copies(tmp_path)
    monkeypatch.setattr(job_tracker, "LINGER", 1000.0)
    with jobs.watch(job):
        jobs.local_path(job, "media")
    with database.write() as session:
        repository.transition(session, job, Status.RUNNING, Status.COMPLETED)
    jobs._look()
    assert not copies(tmp_path)


@pytest.mark.parametrize("end", ["deleted", "failed"])
def test_every_piece_is_cancelled_when_the_job_is_deleted_or_ends(
    end: str, jobs: JobTracker, job: str, database: Database
) -> None:
    with jobs.watch(job), jobs.watch(job):
        cancellation = jobs.cancellation(job)
        jobs._look()
        cancellation.raise_if_cancelled()
        with database.write() as session:
            if end == "deleted":
                repository.delete(session, row(database, job).account_sid, job)
            else:
                repository.transition(session, job, Status.RUNNING, Status.FAILED)
        jobs._look()
        with pytest.raises(Cancelled):
            cancellation.raise_if_cancelled()
        assert jobs.cancellation(job) is cancellation


def test_progress_sums_and_never_falls(jobs: JobTracker, job: str, database: Database) -> None:
    seen = []

    def look() -> tuple[float, float | None]:
        jobs._look()
        found = row(database, job)
        seen.append(found.progress)
        return round(found.progress, 4), found.transcribed

    share = repository.RECOGNIZED - repository.SEGMENTED
    with jobs.watch(job):
        assert look() == (0.0, 0.0)
        jobs.report(job, repository.SEGMENTED)
        assert look()[0] == repository.SEGMENTED
        # The second chunk is ahead of the first: its text cannot be read yet.
        jobs.report_chunk(job, 1, 5.0, 5.0)
        assert look() == (round(0.1 + share * 5 / 25, 4), 0.0)
        jobs.report_chunk(job, 0, 6.0, 4.0)
        assert look() == (round(0.1 + share * 11 / 25, 4), 4.0)
        # Another worker does the first chunk again, from its start.
        jobs.report_chunk(job, 0, 2.0, 0.0)
        assert look() == (round(0.1 + share * 11 / 25, 4), 4.0)
        with database.write() as session:
            chunk_repository.finish_chunk(session, job, 0)
        assert look() == (round(0.1 + share * 15 / 25, 4), 15.0)
        for number in (1, 2):
            with database.read() as session:
                assert chunk_repository.unfinished_chunks(session, job) == 3 - number
            with database.write() as session:
                chunk_repository.finish_chunk(session, job, number)
        assert look() == (round(repository.RECOGNIZED, 4), 25.0)
    assert seen == sorted(seen)


def test_second_division_changes_nothing(job: str, database: Database) -> None:
    with database.write() as session:
        chunk_repository.finish_chunk(session, job, 0)
        assert chunk_repository.add_chunks(session, job, [(0.0, 25.0)]) == 3
    with database.read() as session:
        assert [chunk.finished for chunk in chunk_repository.chunks(session, job)] == [True, False, False]


def test_kept_copy_yields_to_waiters(jobs: JobTracker, job: str, tmp_path: Path) -> None:
    with jobs.watch(job):
        jobs.local_path(job, "media")
    jobs._look()
    assert copies(tmp_path)
    got = threading.Event()

    def wait() -> None:
        with Spool(tmp_path / "spool", max_bytes=1).room(5):
            got.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    deadline = time.monotonic() + 30
    while not got.wait(0.05) and time.monotonic() < deadline:
        jobs._look()
    waiting.join()
    assert got.is_set()
    assert not copies(tmp_path)

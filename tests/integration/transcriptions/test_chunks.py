"""Who ends or deletes a job and who works on its chunks do not wait for each other in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.transcriptions import chunk_repository, repository
from callscribe.transcriptions.tables import Status
from harness import eventually
from resolved import job_row


def divided(database: Database, account: str) -> str:
    with database.write() as session:
        job = job_row(account)
        session.add(job)
    with database.write() as session:
        chunk_repository.add_chunks(session, job.id, [(0.0, 600.0), (600.0, 900.0)])
    return job.id


def finish(database: Database, job: str) -> None:
    with database.write() as session:
        chunk_repository.finish_chunk(session, job, 0)


def report(database: Database, job: str) -> None:
    with database.write() as session:
        chunk_repository.report_chunks(session, job, {0: (5.0, 5.0)})


def is_waited_for(database: Database) -> bool:
    with database.read() as session:
        return bool(session.scalar(sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


@pytest.mark.parametrize("work", [finish, report])
def test_job_may_end_as_chunk_finishes(database: Database, account: str, work: Callable[[Database, str], None]) -> None:
    if database.is_sqlite:
        pytest.skip("one writer at a time")
    job = divided(database, account)
    with ThreadPoolExecutor(1) as other:
        with database.write() as session:
            assert repository.transition(session, job, Status.RUNNING, Status.COMPLETED)
            done = other.submit(work, database, job)
            eventually(lambda: is_waited_for(database))
            chunk_repository.forget_chunks(session, job)
        done.result(60)
    with database.read() as session:
        assert not chunk_repository.chunks(session, job)

"""The one place that writes a job's status keeps to the diagram, for any requests in any order."""

from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callscribe.accounts.repository import first
from callscribe.db.engine import Database
from callscribe.transcriptions import repository
from callscribe.transcriptions.documents import Failure
from callscribe.transcriptions.tables import Status
from resolved import job_row

EDGES = {
    (Status.PENDING, Status.RUNNING),
    (Status.RUNNING, Status.COMPLETED),
    (Status.RUNNING, Status.FAILED),
}
requests = st.lists(st.tuples(st.sampled_from(Status), st.sampled_from(Status)), max_size=12)


def new_job(database: Database) -> str:
    with database.write() as session:
        account = first(session)
        assert account is not None
        job = job_row(account.sid, status=Status.PENDING)
        session.add(job)
    return job.id


def status_of(database: Database, job: str) -> Status:
    with database.read() as session:
        row = repository.find(session, job)
        assert row is not None
        return row.status


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests)
def test_only_diagrams_arrows_happen(database: Database, asked: list[tuple[Status, Status]]) -> None:
    job = new_job(database)
    history = [Status.PENDING]
    for source, target in asked:
        with database.write() as session:
            if (source, target) not in EDGES:
                with pytest.raises(ValueError, match="does not go"):
                    repository.transition(session, job, source, target)
                continue
            moved = repository.transition(session, job, source, target)
        assert moved == (source == history[-1])
        if moved:
            history.append(target)
        assert status_of(database, job) == history[-1]
    assert set(pairwise(history)) <= EDGES


def test_one_of_two_ends_job(database: Database) -> None:
    job = new_job(database)
    with database.write() as session:
        assert repository.transition(session, job, Status.PENDING, Status.RUNNING)
    with database.write() as session:
        assert repository.transition(session, job, Status.RUNNING, Status.COMPLETED)
    with database.write() as session:
        assert not repository.transition(
            session, job, Status.RUNNING, Status.FAILED, error=Failure(code=17561, title="", detail="", type="")
        )
    with database.read() as session:
        row = repository.find(session, job)
    assert row is not None
    assert (row.status, row.error) == (Status.COMPLETED, None)

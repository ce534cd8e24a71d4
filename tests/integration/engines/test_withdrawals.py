"""What a provider has of a job that is deleted, has ended, or is done by another: it is told, and once more later."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.errors import ProviderUnavailable
from callscribe.jobs.sent_requests import KeptRequests
from callscribe.jobs.withdrawals import AGAIN, Withdrawals
from callscribe.media.blobs import BlobStore
from callscribe.settings import Settings
from callscribe.speech.engines.registry import Engines
from callscribe.transcriptions import handle_repository, repository
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.tables import ProviderHandle, Status, Transcription
from resolved import job_row, resolved
from scripted_provider import SERVED_BY, ScriptedDeclaration, ScriptedProvider
from second_engine import registered


class Told(ScriptedProvider):
    """Notes what is withdrawn; the first times it is away, where `away` says so."""

    def __init__(self) -> None:
        self.handles: list[str] = []
        self.away = 0

    def withdraw(self, handle: str) -> None:
        self.handles.append(handle)
        if self.away:
            self.away -= 1
            raise ProviderUnavailable("The provider is away")


class ToldDeclaration(ScriptedDeclaration):
    def __init__(self) -> None:
        self.engine = Told()

    def make(self, settings: Settings) -> Told:  # noqa: ARG002
        return self.engine


@pytest.fixture
def provider() -> Iterator[Told]:
    declaration = ToldDeclaration()
    with registered(declaration):
        yield declaration.engine


@pytest.fixture
def withdrawals(database: Database, tmp_path: Path) -> Withdrawals:
    return Withdrawals(database, Engines(Settings(data_dir=tmp_path)))


@pytest.fixture
def job(database: Database, account: str, tmp_path: Path) -> Iterator[Transcription]:
    """Running; its provider works on a part of it."""
    row = job_row(account, resolved_configuration=resolved(servedBy=SERVED_BY.document()))
    with database.write() as session:
        session.add(row)
    blobs = BlobStore((tmp_path / "blobs").as_uri())
    requests = KeptRequests(database, Checkpoints(blobs), row, Settings(data_dir=tmp_path))
    requests.sending(0, 40.0)
    requests.accepted(0, "before the upload")
    requests.accepted(0, "operation 7")
    assert requests.handle(0) == "operation 7"
    yield row
    with database.write() as session:  # what is in this table goes with no account
        session.execute(sa.delete(ProviderHandle))


def kept(database: Database) -> int:
    with database.read() as session:
        return session.scalar(sa.select(sa.func.count()).select_from(ProviderHandle)) or 0


def later(database: Database) -> None:
    """As if `AGAIN` had gone by."""
    with database.write() as session:
        for row in session.scalars(sa.select(ProviderHandle).where(ProviderHandle.withdrawn_at.is_not(None))):
            row.withdrawn_at -= AGAIN + timedelta(seconds=1)


def test_what_runs_is_left_alone(
    database: Database, provider: Told, withdrawals: Withdrawals, job: Transcription
) -> None:
    withdrawals()
    assert provider.handles == []
    assert kept(database) == 1


@pytest.mark.parametrize("end", ["deleted", "failed", "handed over"])
def test_what_nobody_wants_is_withdrawn_twice(
    database: Database, provider: Told, withdrawals: Withdrawals, job: Transcription, end: str
) -> None:
    with database.write() as session:
        if end == "deleted":
            repository.delete(session, job.account_sid, job.id)
        elif end == "failed":
            repository.transition(session, job.id, Status.RUNNING, Status.FAILED, progress=1.0)
        else:
            handle_repository.reject(session, job.id)
    withdrawals()
    withdrawals()  # a worker that has not noticed may still be sending: not at once, but later
    assert provider.handles == ["operation 7"]
    later(database)
    withdrawals()
    assert provider.handles == ["operation 7"] * 2
    assert kept(database) == 0


def test_provider_that_is_away_is_told_later(
    database: Database, provider: Told, withdrawals: Withdrawals, job: Transcription
) -> None:
    with database.write() as session:
        repository.delete(session, job.account_sid, job.id)
    provider.away = 2
    for times in (1, 2, 3):
        withdrawals()
        assert len(provider.handles) == times
        assert kept(database) == 1
        later(database)
    withdrawals()
    assert kept(database) == 0


def test_answer_leaves_nothing_to_withdraw(
    database: Database, provider: Told, withdrawals: Withdrawals, job: Transcription, tmp_path: Path
) -> None:
    blobs = BlobStore((tmp_path / "blobs").as_uri())
    KeptRequests(database, Checkpoints(blobs), job, Settings(data_dir=tmp_path)).answered(0, b"words")
    assert kept(database) == 0
    with database.write() as session:
        repository.delete(session, job.account_sid, job.id)
    withdrawals()
    assert provider.handles == []

"""The outbox: an event and what queues its deliveries are there once its transaction is committed, and never else."""

from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.callbacks import repository
from callscribe.callbacks.events import TranscriptionEvent
from callscribe.callbacks.service import Callbacks, Message
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.durable.tables import Piece
from callscribe.errors import Code, RequestError
from callscribe.ids import new_transcription_id

URLS = ["https://one.example.com/", "https://two.example.com/"]


class _RolledBack(Exception):  # noqa: N818  no error of the program
    pass


@pytest.fixture
def callbacks(database: Database) -> Callbacks:
    return Callbacks(WorkQueue())


@pytest.fixture
def job() -> str:
    return new_transcription_id()


def _emit(callbacks: Callbacks, session: Any, account: str, job: str, event: TranscriptionEvent) -> None:
    callbacks.emit(session, event, Message(b"{}", None), account_sid=account, subject_id=job, urls=URLS)


def _queued(database: Database, ids: list[str]) -> list[str]:
    with database.read() as session:
        query = sa.select(Piece.id).where(Piece.id.in_(ids), Piece.workflow == "CallbackWorkflows.deliver")
        return sorted(session.scalars(query))


def test_one_id_many_deliveries(database: Database, callbacks: Callbacks, account: str, job: str) -> None:
    with database.write() as session:
        _emit(callbacks, session, account, job, TranscriptionEvent.COMPLETED)
    with database.read() as session:
        told = repository.of_subject(session, account, job)
    assert [each.url for each in told] == URLS
    assert {each.event for each in told} == {"COMPLETED"}
    assert len({each.event_id for each in told}) == 1
    ids = [each.id for each in told]
    assert _queued(database, ids) == sorted(ids)


def test_kinds_of_events_do_not_collide(database: Database, callbacks: Callbacks, account: str, job: str) -> None:
    kinds = [TranscriptionEvent.FAILED, TranscriptionEvent.COMPLETED, TranscriptionEvent.COMPLETED]
    with database.write() as session:
        for kind in kinds:
            _emit(callbacks, session, account, job, kind)
    with database.read() as session:
        told = repository.of_subject(session, account, job)
    assert sorted(each.event for each in told) == sorted(kinds * len(URLS))
    assert len({each.event_id for each in told}) == len(kinds)
    assert len(_queued(database, [each.id for each in told])) == len(told)


def test_rolled_back_is_never_told(database: Database, callbacks: Callbacks, account: str, job: str) -> None:
    emitted: list[str] = []

    def emit_and_fail() -> None:
        with database.write() as session:
            _emit(callbacks, session, account, job, TranscriptionEvent.COMPLETED)
            emitted.extend(each.id for each in repository.of_subject(session, account, job))
            raise _RolledBack

    with pytest.raises(_RolledBack):
        emit_and_fail()
    assert len(emitted) == len(URLS)
    with database.read() as session:
        assert repository.of_subject(session, account, job) == []
    assert _queued(database, emitted) == []


def test_resend_is_same_event(database: Database, callbacks: Callbacks, account: str, job: str) -> None:
    with database.write() as session:
        callbacks.emit(
            session,
            TranscriptionEvent.FAILED,
            Message("bodies/one", "words", 5000),
            account_sid=account,
            subject_id=job,
            urls=URLS[:1],
            retention={"callbackDays": 3},
        )
    with database.write() as session:
        (first,) = repository.of_subject(session, account, job)
        again = callbacks.send_again(session, first)
    assert again.id != first.id
    for name in ("event_id", "event", "url", "body", "body_key", "body_bytes", "reduced", "kept_days"):
        assert getattr(again, name) == getattr(first, name), name
    assert (again.content, again.body_bytes, again.reduced, again.kept_days) == ("bodies/one", 5000, "words", 3)
    assert _queued(database, [first.id, again.id]) == sorted([first.id, again.id])


def test_erased_body_is_not_resent(database: Database, callbacks: Callbacks, account: str, job: str) -> None:
    with database.write() as session:
        _emit(callbacks, session, account, job, TranscriptionEvent.FAILED)
        repository.forget_bodies(session, account, job)
    with database.write() as session:
        first, _ = repository.of_subject(session, account, job)
        with pytest.raises(RequestError) as gone:
            callbacks.send_again(session, first)
    assert (gone.value.code, gone.value.status) == (Code.NOT_FOUND, 410)

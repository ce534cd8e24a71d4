"""Group commit: pieces of work share transactions and nothing else."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.accounts.tables import Account
from callscribe.db.engine import Database
from callscribe.db.group_commit import MOST, GroupCommit
from callscribe.errors import Code, RequestError
from callscribe.outages import outage
from callscribe.web.tables import IdempotentAnswer


@pytest.fixture
def writer(database: Database) -> Iterator[GroupCommit]:
    with database.write() as session:
        session.execute(sa.delete(IdempotentAnswer))
    writer = GroupCommit(database)
    yield writer
    writer.close()


def insert(key: str) -> Callable[[Session], str]:
    def work(session: Session) -> str:
        account = session.scalars(sa.select(Account.sid)).one()
        session.add(IdempotentAnswer(account_sid=account, key=key, payload_hash="", answer={}))
        session.flush()
        return key

    return work


def refuse(session: Session) -> str:
    raise RequestError(Code.NOT_FOUND, "no")


def fault(session: Session) -> str:
    insert("fault")(session)
    raise ZeroDivisionError


def keys(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.scalars(sa.select(IdempotentAnswer.key)))


async def write_all(writer: GroupCommit, works: list[Callable[[Session], str]]) -> list[str | BaseException]:
    return await asyncio.gather(*(writer.write(work) for work in works), return_exceptions=True)


def test_every_piece_has_its_answer(database: Database, writer: GroupCommit) -> None:
    names = [str(number) for number in range(2 * MOST + 3)]
    assert asyncio.run(write_all(writer, [insert(name) for name in names])) == names
    assert keys(database) == set(names)


def test_refusal_reaches_its_asker_only(database: Database, writer: GroupCommit) -> None:
    one, refused, other = asyncio.run(write_all(writer, [insert("one"), refuse, insert("other")]))
    assert (one, other) == ("one", "other")
    assert isinstance(refused, RequestError)
    assert keys(database) == {"one", "other"}


def test_fault_undoes_own_writes_only(database: Database, writer: GroupCommit) -> None:
    works = [insert("one"), fault, insert("one"), insert("other")]
    one, failed, conflict, other = asyncio.run(write_all(writer, works))
    assert (one, other) == ("one", "other")
    assert isinstance(failed, ZeroDivisionError)
    assert isinstance(conflict, IntegrityError)
    assert keys(database) == {"one", "other"}


def test_leaver_delays_no_other(database: Database, writer: GroupCommit) -> None:
    async def leave_early() -> str:
        leaving = asyncio.create_task(writer.write(insert("left")))
        staying = asyncio.create_task(writer.write(insert("stayed")))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert asyncio.run(leave_early()) == "stayed"
    assert asyncio.run(write_all(writer, [insert("after")])) == ["after"]
    assert keys(database) == {"stayed", "after"}


def test_outage_retried_for_whole_group() -> None:
    connections = 0

    def hang_up(server: socket.socket) -> None:
        nonlocal connections
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            connections += 1
            connection.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=hang_up, args=(server,))
        thread.start()
        port = server.getsockname()[1]
        database = Database(f"postgresql+psycopg://nobody:nothing@127.0.0.1:{port}/none?sslmode=disable")
        writer = GroupCommit(database)
        answers = asyncio.run(write_all(writer, [insert(str(number)) for number in range(3 * MOST)]))
        writer.close()
        database.close()
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert all(isinstance(answer, Exception) and outage(answer) for answer in answers)
    assert 1 <= connections <= 4

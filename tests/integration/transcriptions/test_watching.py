"""Those who listen to events share one look at the jobs, and none of them misses a change."""

import asyncio
from collections.abc import Callable, Iterator

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.errors import RequestError
from callscribe.transcriptions.tables import Status, Transcription
from callscribe.transcriptions.watching import INTERVAL, Watching
from resolved import job_row

Make = Callable[[], Transcription]


@pytest.fixture
def make(database: Database, account: str) -> Make:
    def job() -> Transcription:
        row = job_row(account, progress=0.0)
        with database.write() as session:
            session.add(row)
        return row

    return job


@pytest.fixture
def queries(database: Database) -> Iterator[list[str]]:
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    sa.event.listen(database.engine, "before_cursor_execute", note)
    yield asked
    sa.event.remove(database.engine, "before_cursor_execute", note)


def change(database: Database, row: Transcription, **values: object) -> None:
    with database.write() as session:
        session.execute(sa.update(Transcription).where(Transcription.id == row.id).values(**values))


async def listen(watching: Watching, row: Transcription) -> list[float | str]:
    return ["gone" if current is None else current.progress async for current in watching.changes(row)]


def test_a_hundred_listeners_ask_as_much_as_one(database: Database, make: Make, queries: list[str]) -> None:
    rows = [make() for _ in range(10)]
    watching = Watching(database, 1000)

    async def run() -> list[list[float | str]]:
        listening = [asyncio.create_task(listen(watching, row)) for row in rows for _ in range(10)]
        await asyncio.sleep(INTERVAL / 2)
        queries.clear()
        await asyncio.sleep(3 * INTERVAL)
        assert len(queries) <= 4  # none of them changed
        for row in rows:
            change(database, row, progress=0.5)
        await asyncio.sleep(2 * INTERVAL)
        for row in rows:
            change(database, row, progress=1.0, status=Status.COMPLETED)
        return await asyncio.gather(*listening)

    for heard in asyncio.run(run()):
        assert list(dict.fromkeys(heard)) == [0.0, 0.5, 1.0]


def test_a_slow_listener_hears_the_last_of_it(database: Database, make: Make) -> None:
    row = make()
    watching = Watching(database, 10)

    async def run() -> list[float]:
        heard = []
        async for current in watching.changes(row):
            assert current is not None
            heard.append(current.progress)
            for progress in (0.2, 0.4):
                change(database, row, progress=progress)
                await asyncio.sleep(1.5 * INTERVAL)
            change(database, row, progress=1.0, status=Status.COMPLETED)
        return heard

    assert asyncio.run(run())[-1] == 1.0


def test_a_change_since_the_listener_came_is_told(database: Database, make: Make) -> None:
    row = make()
    change(database, row, progress=1.0, status=Status.FAILED)
    assert asyncio.run(listen(Watching(database, 10), row)) == [0.0, 1.0]


def test_a_job_that_goes_is_gone(database: Database, make: Make) -> None:
    row = make()
    with database.write() as session:
        session.execute(sa.delete(Transcription).where(Transcription.id == row.id))
    assert asyncio.run(listen(Watching(database, 10), row)) == [0.0, "gone"]


def test_an_account_has_so_many_streams_and_gets_them_back(make: Make, database: Database) -> None:
    row = make()
    watching = Watching(database, 2)

    async def run() -> None:
        streams = [watching.changes(row) for _ in range(2)]
        for stream in streams:
            watching.check(row.account_sid)
            await anext(stream)
        with pytest.raises(RequestError) as refused:
            watching.check(row.account_sid)
        assert refused.value.status == 429
        watching.check("another")
        await streams[0].aclose()
        watching.check(row.account_sid)

    asyncio.run(run())

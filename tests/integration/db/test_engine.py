"""What the database's errors tell, and how long requests wait for it."""

import asyncio
import threading
import time

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from callscribe import waiting
from callscribe.accounts.tables import Account
from callscribe.db.engine import Database
from callscribe.ids import new_account_sid
from callscribe.outages import outage
from callscribe.waiting import TimedOut


def test_error_hides_written_values(database: Database, account: str) -> None:
    with pytest.raises(sa.exc.IntegrityError) as failed, database.write() as session:
        session.add(Account(sid=account, name="a secret name", token_hash="", token_encrypted="a secret token"))
    assert "INSERT INTO accounts" in str(failed.value)
    assert "secret" not in str(failed.value)


def test_what_nobody_waits_for_any_more_is_not_committed(database: Database) -> None:
    sid, ended = new_account_sid(), threading.Event()

    def work() -> None:
        try:
            with database.write() as session:
                session.add(Account(sid=sid, name="late", token_hash="", token_encrypted=""))
                time.sleep(0.5)
        finally:
            ended.set()

    async def request() -> None:
        waiting.begin(0.2)
        await waiting.DATABASE.run(work)

    with pytest.raises(TimedOut):
        asyncio.run(request())
    assert ended.wait(10)
    with database.read() as session:
        assert session.get(Account, sid) is None


def test_a_statement_of_a_request_has_its_time(database: Database) -> None:
    impatient = Database(database.url, patience=0.3)
    with database.write() as session:
        session.execute(sa.update(Account).values(name="held"))
        begun = time.monotonic()
        with pytest.raises(OperationalError) as caught, impatient.write() as other:
            other.execute(sa.update(Account).values(name="wanted"))
        assert time.monotonic() - begun < 2
    assert outage(caught.value) is not None
    impatient.close()

"""SQLite and PostgreSQL without a server of ours: every test that asks for `database` runs on both."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa

import servers
from callscribe.accounts.tables import Account, AccountStorage
from callscribe.db.clock import epoch
from callscribe.db.engine import Database
from callscribe.ids import new_account_sid
from callscribe.preparation import prepare
from callscribe.settings import Settings


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with servers.postgresql() as server:
        yield server.url


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    settings = Settings(data_dir=tmp_path_factory.mktemp(request.param) / "callscribe", database_url=url)
    database, _ = prepare(settings, migrating=True)
    yield database
    database.close()


@pytest.fixture
def account(database: Database) -> str:
    sid = new_account_sid()
    with database.write() as session:
        session.add(Account(sid=sid, name="test", token_hash="", token_encrypted=""))
    return sid


@pytest.fixture
def everything_counted(database: Database) -> None:
    """Of what other tests left in the same database, nothing waits to be counted before what this one stores."""
    with database.write() as session:
        session.execute(sa.update(AccountStorage).values(counted_at=epoch()))

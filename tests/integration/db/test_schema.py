"""The schema is brought up by one process at a time, whole revisions only, and each program knows whether it fits."""

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from typer.testing import CliRunner

import callscribe.migrations
from callscribe.cli import app
from callscribe.db.base import Base
from callscribe.db.engine import Database
from callscribe.errors import SetupError
from callscribe.migrations import runner as migrating
from callscribe.migrations import schema
from callscribe.migrations.runner import migrate
from callscribe.migrations.schema import Fit, check, config, scripts, state
from harness import eventually

CONTRACTING = '''"""Takes away what only versions before it use."""

from alembic import op

revision = "9001"
down_revision = "9000"
compatible_from = "9000"


def upgrade() -> None:
    op.drop_column("accounts", "added_by_9000")
'''
EXPANDING = '''"""Adds what the version before does not use."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("added_by_9000", sa.Integer))
'''


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """A database with nothing in it, on the server that the tests share."""
    name = f"schema_{uuid4().hex}"
    with closing(Database(postgresql)) as server:
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield sa.make_url(postgresql).set(database=name).render_as_string(hide_password=False)
        with server.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    on_postgresql = request.param == "postgresql"
    url = request.getfixturevalue("postgresql_url") if on_postgresql else f"sqlite:///{tmp_path / 'callscribe.db'}"
    with closing(Database(url)) as database:
        yield database


def later_version(folder: Path, *, contract: bool = False) -> Config:
    """The revisions of a version that has one or two more."""
    shutil.copytree(Path(callscribe.migrations.__file__).parent, folder)
    expanding = EXPANDING.replace("{head}", str(scripts().get_current_head()))
    (folder / "versions" / "9000_expand.py").write_text(expanding)
    if contract:
        (folder / "versions" / "9001_contract.py").write_text(CONTRACTING)
    alembic = config()
    alembic.set_main_option("script_location", str(folder))
    return alembic


def upgraded_by_a_later_version(database: Database, folder: Path, *, contract: bool) -> None:
    """What its `callscribe migrate` does."""
    alembic = later_version(folder, contract=contract)
    with database.engine.begin() as connection:
        alembic.attributes["connection"] = connection
        command.upgrade(alembic, "head")


@contextmanager
def a_table_in_the_making(url: str) -> Iterator[psycopg.Connection]:
    """Another transaction that has made a table of the first revision and neither commits nor ends."""
    # Not our own connection: that one is ended when it idles like this.
    with psycopg.connect(sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)) as other:
        other.execute("CREATE TABLE conversations (id integer)")
        yield other
        other.rollback()


def start_migrating(url: str, data: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "callscribe", "migrate", "--data", str(data)],
        env={**os.environ, "CALLSCRIBE_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """The program, with no settings but these, until it ends."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("CALLSCRIBE_")}
    return subprocess.run(
        [sys.executable, "-m", "callscribe", *arguments],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_revisions_told_second_run_idle(empty: Database) -> None:
    assert state(empty).fit is Fit.BEHIND
    done = migrate(empty)
    assert done[0] == "0001  The tables of the first release."
    assert [line[:4] for line in done[:-1]] == sorted(state(empty).known)
    assert done[-1].startswith("queues  DBOS 0 → ")
    assert migrate(empty) == []
    assert check(empty).fit is Fit.CURRENT


def test_old_schema_refused_with_remedy(empty: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SetupError, match=r"has no schema.*`callscribe migrate`"):
        check(empty)
    migrate(empty)
    head = state(empty).head
    later = later_version(tmp_path / "later")
    monkeypatch.setattr(schema, "config", lambda: later)
    with pytest.raises(SetupError, match=f"schema of revision {head}, and this version needs 9000"):
        check(empty)


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # which SQLite does not tell of
def test_revisions_make_tables(empty: Database) -> None:
    migrate(empty)
    options = {"include_object": ours, "compare_server_default": True}
    with empty.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []


def ours(_object: object, name: str | None, kind: str, _reflected: object, _compared: object) -> bool:
    return kind != "table" or name in Base.metadata.tables


def test_old_queues_refused(empty: Database) -> None:
    migrate(empty)
    schema = "" if empty.is_sqlite else "dbos."
    with empty.engine.begin() as connection:
        head = connection.exec_driver_sql(f"SELECT version FROM {schema}dbos_migrations").scalar_one()
        connection.exec_driver_sql(f"UPDATE {schema}dbos_migrations SET version = {head - 1}")
    with pytest.raises(SetupError, match=f"for its queues {head}, there are {head - 1}"):
        check(empty)


def test_newer_schema_works_unless_barred(empty: Database, tmp_path: Path) -> None:
    migrate(empty)
    upgraded_by_a_later_version(empty, tmp_path / "expanding", contract=False)
    found = check(empty)
    assert (found.fit, found.revision) == (Fit.NEWER, "9000")
    assert migrate(empty) == []
    assert state(empty).revision == "9000"

    upgraded_by_a_later_version(empty, tmp_path / "contracting", contract=True)
    for look in (check, migrate):
        with pytest.raises(SetupError, match=r"revision 9001.*Versions from revision 9000 on can"):
            look(empty)


def test_many_at_once_one_migrates(postgresql_url: str, tmp_path: Path) -> None:
    processes = [start_migrating(postgresql_url, tmp_path / str(number)) for number in range(3)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert sum("0001  " in output for output in outputs) == 1
    assert sum("Nothing to do" in output for output in outputs) == 2
    with closing(Database(postgresql_url)) as database:
        assert check(database).fit is Fit.CURRENT


def test_killed_run_can_be_repeated(postgresql_url: str, tmp_path: Path) -> None:
    with closing(Database(postgresql_url)) as database:
        with a_table_in_the_making(postgresql_url):
            process = start_migrating(postgresql_url, tmp_path / "data")
            eventually(lambda: waits_for_a_lock(database), interval=0.05)
            process.kill()
            process.communicate(timeout=10)
        assert "accounts" not in sa.inspect(database.engine).get_table_names()
        with pytest.raises(SetupError, match="has no schema"):
            check(database)
        assert migrate(database)[0].startswith("0001  ")
        assert check(database).fit is Fit.CURRENT


def waits_for_a_lock(database: Database) -> bool:
    with database.engine.connect() as connection:
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (SELECT oid FROM pg_database "
        waiting += "WHERE datname = current_database()) OR NOT granted AND locktype = 'transactionid'"
        return bool(connection.exec_driver_sql(waiting).scalar_one())


def test_busy_table_asked_for_again(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(migrating, "LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr(migrating, "LOCK_PAUSE", 0.1)
    with closing(Database(postgresql_url)) as database:
        with a_table_in_the_making(postgresql_url) as other:
            end = threading.Timer(1.0, other.rollback)
            end.start()
            migrate(database)
            end.join()
        assert check(database).fit is Fit.CURRENT


def test_table_busy_too_long_ends_it(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"LOCK_TIMEOUT": "50ms", "LOCK_PAUSE": 0.0, "LOCK_ATTEMPTS": 2}.items():
        monkeypatch.setattr(migrating, name, value)
    with (
        closing(Database(postgresql_url)) as database,
        a_table_in_the_making(postgresql_url),
        pytest.raises(SetupError, match="pg_stat_activity"),
    ):
        migrate(database)


def test_command_tells_steps_check_tells_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CALLSCRIBE_")]:
        monkeypatch.delenv(name)
    arguments = ["migrate", "--data", str(tmp_path / "data")]
    runner = CliRunner()

    before = runner.invoke(app, [*arguments, "--check"])
    assert before.exit_code == 1
    assert "does not fit" in before.output
    done = runner.invoke(app, arguments)
    assert done.exit_code == 0
    assert "0001  The tables of the first release" in done.output
    again = runner.invoke(app, arguments)
    assert again.exit_code == 0
    assert "Nothing to do" in again.output
    after = runner.invoke(app, [*arguments, "--check"])
    assert after.exit_code == 0
    assert "fits" in after.output


@pytest.mark.parametrize("name", ["api", "worker"])
def test_no_start_on_unfit_schema(name: str, tmp_path: Path) -> None:
    process = run(name, "--data", str(tmp_path / "data"))
    assert process.returncode == 2
    assert "Run `callscribe migrate` once" in process.stderr
    assert "Traceback" not in process.stderr

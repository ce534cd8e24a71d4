"""What is an outage to this program is a lost connection to DBOS, which waits for those."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable import wait_through_outages
from callscribe.outages import outage


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path / 'callscribe.db'}")) as database:
        with database.engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE t (x INTEGER PRIMARY KEY)")
        wait_through_outages(database.engine)
        yield database


def test_unwritable_disk_is_lost_connection(database: Database) -> None:
    with database.engine.connect() as bystander, database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA query_only=ON")
        with pytest.raises(sa.exc.OperationalError) as caught:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert caught.value.connection_invalidated
        assert outage(caught.value) == "the database cannot be written to"
        assert not bystander.invalidated  # one connection had the error, not all
        bystander.exec_driver_sql("INSERT INTO t VALUES (1)")


def test_program_fault_is_no_outage(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        with pytest.raises(sa.exc.IntegrityError) as caught:
            connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        assert not caught.value.connection_invalidated
        assert outage(caught.value) is None

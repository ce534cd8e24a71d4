"""What counts as away, told from the errors that really come."""

import errno
import os
import sqlite3
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import OperationalError, SQLAlchemyError

from callscribe.errors import Code, TransientJobError
from callscribe.media.blobs import BlobStore
from callscribe.outages import outage


def test_full_sqlite_file(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'small.db'}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE things (thing TEXT)")
        connection.exec_driver_sql("PRAGMA max_page_count = 3")
        with pytest.raises(OperationalError) as caught:
            connection.exec_driver_sql("INSERT INTO things VALUES (?)", ("x" * 100_000,))
    engine.dispose()
    assert outage(caught.value) == "the disk of the database is full"


def test_unwritable_sqlite_file(tmp_path: Path) -> None:
    path = tmp_path / "there.db"
    sqlite3.connect(path).close()
    engine = sa.create_engine(f"sqlite:///file:{path}?mode=ro&uri=true")
    with engine.connect() as connection, pytest.raises(OperationalError) as caught:
        connection.exec_driver_sql("CREATE TABLE things (thing TEXT)")
    engine.dispose()
    assert outage(caught.value) == "the database cannot be written to"


def test_postgresql_not_listening() -> None:
    engine = sa.create_engine("postgresql+psycopg://127.0.0.1:1/none")
    with pytest.raises(OperationalError) as caught:
        engine.connect()
    engine.dispose()
    assert outage(caught.value) == "the database does not answer"


@pytest.mark.parametrize(
    ("error", "away"),
    [
        (psycopg.errors.DiskFull(), True),
        (psycopg.errors.AdminShutdown(), True),
        (psycopg.errors.ReadOnlySqlTransaction(), True),
        (psycopg.errors.UndefinedTable(), False),
        (psycopg.errors.UniqueViolation(), False),
    ],
)
def test_what_postgresql_says_of_itself(error: psycopg.Error, away: bool) -> None:  # noqa: FBT001
    assert (outage(sa.exc.DBAPIError("SELECT 1", None, error)) is not None) == away


def test_wrong_query_is_no_outage() -> None:
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as caught:
        connection.exec_driver_sql("SELECT * FROM nothing")
    engine.dispose()
    assert outage(caught.value) is None


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EACCES])
def test_a_disk_that_takes_nothing(number: int) -> None:
    assert outage(OSError(number, os.strerror(number))) is not None


def test_wrong_path_is_no_outage(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Exception) as caught:
        BlobStore(tmp_path.as_uri()).put_bytes("file/below", b"")
    assert outage(caught.value) is None
    assert outage(FileNotFoundError(errno.ENOENT, "gone")) is None


def test_earlier_judgement_stays() -> None:
    judged = TransientJobError(Code.MEDIA_DOWNLOAD, "the bucket did not deliver")
    judged.__cause__ = OSError(errno.ENOSPC, "full")
    assert outage(judged) is None

"""What is no fault of a job or a request: a database, a disk or a store that is away, full or read-only for now.

A request that meets one is answered with 503; durable work waits until it is over. Nothing of it is lost in either.
"""

import errno
import re
import sqlite3
from collections.abc import Iterator
from typing import Final

import psycopg
import sqlalchemy.exc
from obstore.exceptions import BaseError, NotFoundError

from callscribe.errors import CallscribeError
from callscribe.waiting import TimedOut

RETRY_AFTER: Final = 10
"""Seconds after which a client may ask again."""

DAMAGED: Final = "the database is damaged"
_SQLITE: Final = {
    sqlite3.SQLITE_FULL: "the disk of the database is full",
    sqlite3.SQLITE_READONLY: "the database cannot be written to",
    sqlite3.SQLITE_IOERR: "the disk of the database does not work",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_BUSY: "the database is locked",
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_NOMEM: "the database has no memory",
}
"""By primary result code, https://www.sqlite.org/rescode.html."""

_DISK: Final = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk's quota is used up",
    errno.EROFS: "the disk is read-only",
    errno.EACCES: "a file may not be accessed",
    errno.EPERM: "a file may not be accessed",
    errno.EIO: "the disk does not work",
    errno.ESTALE: "the disk is away",
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}

_READ_ONLY_TRANSACTION: Final = "25006"
"""What a PostgreSQL that is a standby, or was made read-only, says to a write."""

_OS_ERROR: Final = re.compile(r"\(os error (\d+)\)")


def outage(error: BaseException) -> str | None:
    """What is away, in words for a log and for a client; None where it is something else that went wrong.

    An error of this program has been judged already, also where it came of an outage: of a customer's bucket, say.
    """
    if isinstance(error, CallscribeError):
        return None
    for each in _chain(error):
        if (reason := _named(each)) is not None:
            return reason
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(8):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__


def _named(error: BaseException) -> str | None:
    if isinstance(error, sqlalchemy.exc.TimeoutError):
        return "the database has no connection free"
    if isinstance(error, sqlalchemy.exc.DBAPIError):
        broken = "the connection to the database broke" if error.connection_invalidated else None
        return _database(error.orig) or broken
    if isinstance(error, (sqlite3.Error, psycopg.Error)):
        return _database(error)
    if isinstance(error, BaseError):
        return _store(error)
    if isinstance(error, OSError):
        return str(error) if isinstance(error, TimedOut) else _DISK.get(error.errno or 0)
    return None


def _database(error: BaseException | None) -> str | None:
    if isinstance(error, sqlite3.Error):
        return _SQLITE.get((getattr(error, "sqlite_errorcode", None) or 0) & 0xFF)
    if isinstance(error, psycopg.Error):
        if error.sqlstate == _READ_ONLY_TRANSACTION:
            return "the database is read-only"
        if isinstance(error, psycopg.errors.DiskFull):
            return "the disk of the database is full"
        if isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError)):
            return "the database does not answer"
    return None


def _store(error: BaseError) -> str | None:
    if isinstance(error, NotFoundError):
        return None
    text = str(error)
    if "LocalFileSystem" in text:
        # The library says it in words alone.
        return next((_DISK[int(found)] for found in _OS_ERROR.findall(text) if int(found) in _DISK), None)
    return "the object store does not answer as it should"

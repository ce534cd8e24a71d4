"""The database's clock: the one that processes on several machines go by when they compare times with each other.

On SQLite that is the clock of this machine, since nobody else works with the file; in milliseconds. On PostgreSQL it is
the moment at which the database comes to an expression, not `now()`, which is when the transaction began.
"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from callscribe.db.base import UtcDateTime

_FORMAT = "'%Y-%m-%d %H:%M:%f000'"
"""How SQLAlchemy writes times on SQLite, so that they compare as text."""


class _Now(FunctionElement[datetime]):
    """This moment."""

    type = UtcDateTime()
    inherit_cache = True


class _Later(FunctionElement[datetime]):
    """So many seconds, to the millisecond, after a moment; NULL where one of them is."""

    type = UtcDateTime()
    inherit_cache = True


class epoch(FunctionElement[float]):  # noqa: N801  a function of SQL
    """Seconds since 1970."""

    type = sa.Double()
    inherit_cache = True


def instant(offset: timedelta = timedelta(0)) -> sa.ColumnElement[datetime]:
    """An expression: this moment, plus `offset`."""
    return _Later(_Now(), sa.literal(offset.total_seconds(), sa.Double())) if offset else _Now()


def fixed(moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """The same instant for all rows that a query compares with it: PostgreSQL looks up only such a one in an index."""
    return sa.select(moment).scalar_subquery()


def days_ago(days: sa.SQLColumnExpression[float]) -> sa.ColumnElement[datetime]:
    """An expression: the moment so many days ago; NULL where they are."""
    return _Later(fixed(_Now()), -86400.0 * days)


def milliseconds() -> sa.ColumnElement[int]:
    """An expression: milliseconds since 1970, as DBOS writes times."""
    return sa.cast(epoch() * 1000.0, sa.BigInteger())


@compiles(_Now, "sqlite")
def _now_in_sqlite(_element: _Now, _compiler: SQLCompiler, **_: Any) -> str:
    return f"strftime({_FORMAT}, 'now')"


@compiles(_Now, "postgresql")
def _now_in_postgresql(_element: _Now, _compiler: SQLCompiler, **_: Any) -> str:
    return "clock_timestamp()"


@compiles(_Later, "sqlite")
def _later_in_sqlite(element: _Later, compiler: SQLCompiler, **options: Any) -> str:
    moment, seconds = (compiler.process(each, **options) for each in element.clauses)
    return f"strftime({_FORMAT}, {moment}, round({seconds}, 3) || ' seconds')"


@compiles(_Later, "postgresql")
def _later_in_postgresql(element: _Later, compiler: SQLCompiler, **options: Any) -> str:
    moment, seconds = (compiler.process(each, **options) for each in element.clauses)
    return f"({moment} + make_interval(secs => {seconds}))"


@compiles(epoch, "sqlite")
def _epoch_in_sqlite(_element: epoch, _compiler: SQLCompiler, **_: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(epoch, "postgresql")
def _epoch_in_postgresql(_element: epoch, _compiler: SQLCompiler, **_: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"

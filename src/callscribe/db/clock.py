"""The database's clock: the one that processes on several machines go by when they compare times with each other."""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from callscribe.db.base import UtcDateTime
from callscribe.db.engine import Database


def instant(database: Database, offset: timedelta = timedelta(0)) -> sa.ColumnElement[datetime]:
    """An expression: the moment at which the database comes to it, plus `offset`.

    On SQLite that is the clock of this machine, since nobody else works with the file; in milliseconds.
    """
    if database.is_sqlite:
        shift = f"{offset.total_seconds():+.3f} seconds"
        return _sqlite("now", shift)
    # Not now(), which is when the transaction began.
    return sa.cast(sa.func.clock_timestamp() + sa.cast(offset, sa.Interval()), UtcDateTime())


def fixed(moment: sa.ColumnElement[datetime]) -> sa.ColumnElement[datetime]:
    """The same instant for all rows that a query compares with it: PostgreSQL looks up only such a one in an index."""
    return sa.select(moment).scalar_subquery()


def days_ago(database: Database, days: sa.SQLColumnExpression[float]) -> sa.ColumnElement[datetime]:
    """An expression: the moment so many days ago, to the millisecond; NULL where they are."""
    seconds = days * 86400.0
    if database.is_sqlite:
        shift = sa.literal("-").concat(sa.cast(sa.func.round(seconds, 3), sa.Text())).concat(" seconds")
        return _sqlite("now", shift)
    return sa.cast(fixed(instant(database)) - sa.func.make_interval(0, 0, 0, 0, 0, 0, seconds), UtcDateTime())


def later(
    database: Database, moment: sa.SQLColumnExpression[datetime], offset: timedelta
) -> sa.ColumnElement[datetime]:
    """An expression: `offset` after a moment that a column has, to the millisecond."""
    if database.is_sqlite:
        shift = f"{offset.total_seconds():+.3f} seconds"
        return _sqlite(moment, shift)
    return sa.cast(moment + sa.cast(offset, sa.Interval()), UtcDateTime())


def milliseconds(database: Database) -> sa.ColumnElement[int]:
    """An expression: milliseconds since 1970, as DBOS writes times."""
    if database.is_sqlite:
        return sa.cast((sa.func.julianday("now") - 2_440_587.5) * 86_400_000, sa.BigInteger())
    return sa.cast(sa.func.extract("epoch", sa.func.clock_timestamp()) * 1000, sa.BigInteger())


def _sqlite(moment: str | sa.SQLColumnExpression[datetime], shift: Any) -> sa.ColumnElement[datetime]:
    """A moment and a modifier of SQLite's, written as SQLAlchemy writes times there, so that they compare as text."""
    return sa.func.strftime("%Y-%m-%d %H:%M:%f000", moment, shift, type_=UtcDateTime())

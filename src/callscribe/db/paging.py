"""Pages of lists, by position instead of by number, so that a deep page costs what the first does.

A token is opaque to clients: what the list is ordered by, an instant or a number, and the id beside which the page
begins, and the direction.
"""

import base64
import json
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, QueryableAttribute, Session

from callscribe.errors import Code, RequestError

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Position:
    """Between two rows: just after (older than, or less than) the named one, or just before (newer, greater)."""

    value: datetime | float
    id: str
    backward: bool = False

    @property
    def token(self) -> str:
        """As it travels in an answer."""
        value = self.value.isoformat() if isinstance(self.value, datetime) else self.value
        text = json.dumps([value, self.id, self.backward], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str, kind: type[datetime] | type[float] = datetime) -> "Position":
        """Read a token of a list that is ordered by values of a kind.

        Raises:
            RequestError: it is not one of ours, or of a list in another order; 20001.
        """
        try:
            text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            value, row_id, backward = json.loads(text)
            return cls(_instant(value) if kind is datetime else _number(value), _storable(str(row_id)), bool(backward))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise RequestError.at("/pageToken", Code.INVALID_PARAMETER, "pageToken is not valid.") from error


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the tokens of the pages beside."""

    rows: Sequence[Row]
    next_token: str | None
    previous_token: str | None


Order: TypeAlias = tuple[QueryableAttribute[datetime] | QueryableAttribute[float], InstrumentedAttribute[str]]
"""What a list is ordered by, none of it NULL: a column or a hybrid, and where that is the same, the id."""


def fetch_page(
    session: Session,
    query: sa.Select[Row],
    order: Order,
    token: str | None,
    size: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    oldest_first: bool = False,
    either: Sequence[sa.ColumnElement[bool]] = (),
) -> Page[Row]:
    """Read one page of `query`, newest or greatest first by `order`, which an index must cover; or oldest first.

    `since` (inclusive) and `until` (exclusive) narrow the list to a span of time. They belong here rather than into
    `query`: of a position and an end of the span, only the nearer may be in the statement, or the database may start
    at the other and walk all the way. `either` are conditions that exclude each other, of which a row has to meet one:
    each is read from its own stretch of an index and the rows are merged, where one statement for all would have to
    look at everything between.
    """
    kind = float if isinstance(order[0].type, sa.Float) else datetime
    position = Position.parse(token, kind) if token else None
    backward = position is not None and position.backward
    ascending = backward != oldest_first
    # All ids are greater than the empty one.
    lower: Any = (since, "") if since is not None else None
    upper: Any = (until, "") if until is not None else None
    if position is not None:
        here = (position.value, position.id)
        if ascending:
            lower = max(lower or here, here)
        else:
            upper = min(upper or here, here)
    if lower is not None:
        query = query.where(_beyond(lower, order, operator.gt))
    if upper is not None:
        query = query.where(_beyond(upper, order, operator.lt))
    directed: Callable[[Any], Any] = sa.asc if ascending else sa.desc
    # One more than asked for tells whether there is another page.
    query = query.order_by(*(directed(column) for column in order)).limit(size + 1)
    rows = [row for each in either or (sa.true(),) for row in session.scalars(query.where(each))]
    if len(either) > 1:
        rows.sort(key=lambda row: [getattr(row, column.key) for column in order], reverse=not ascending)
    more, rows = len(rows) > size, rows[:size]
    if backward:
        rows.reverse()
    if not rows:
        return Page([], None, None)

    def beside(row: Row, *, newer: bool) -> str:
        return Position(getattr(row, order[0].key), getattr(row, order[1].key), newer).token

    # Going backward, there is an older page: the one that was come from.
    has_older = more or backward
    has_newer = more if backward else position is not None
    return Page(
        rows,
        beside(rows[-1], newer=False) if has_older else None,
        beside(rows[0], newer=True) if has_newer else None,
    )


def _storable(text: str) -> str:
    """What a database takes as a text: no half of a character, and on PostgreSQL no NUL."""
    text.encode()
    if "\0" in text:
        raise ValueError(text)
    return text


def _instant(value: str) -> datetime:
    """Without a time zone it could not be compared."""
    return datetime.fromisoformat(value).astimezone(UTC)


def _number(value: float) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(value)
    return number


def _beyond(
    position: tuple[datetime | float, str], order: Order, is_beyond: Callable[[Any, Any], Any]
) -> sa.ColumnElement[bool]:
    """That a row stands on one side of a position."""
    first, second = order
    value, row_id = sa.literal(position[0], first.type), sa.literal(position[1], second.type)
    if isinstance(first, InstrumentedAttribute):
        condition: sa.ColumnElement[bool] = is_beyond(sa.tuple_(first, second), sa.tuple_(value, row_id))
        return condition
    # In an index over an expression, SQLite goes to where a single value is, and not to a pair.
    nearly = first >= value if is_beyond is operator.gt else first <= value
    return sa.and_(nearly, sa.or_(is_beyond(first, value), is_beyond(second, row_id)))

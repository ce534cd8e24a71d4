"""Pages of lists, by position instead of by number, so that a deep page costs what the first does.

A token is opaque to clients: the instant and id beside which the page begins, and the direction.
"""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from callscribe.errors import Code, RequestError

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Position:
    """Between two rows: just after (older than) the named one, or just before (newer)."""

    instant: datetime
    id: str
    backward: bool = False

    @property
    def token(self) -> str:
        """As it travels in an answer."""
        text = json.dumps([self.instant.isoformat(), self.id, self.backward], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, token: str) -> "Position":
        """Read a token.

        Raises:
            RequestError: it is not one of ours; 20001.
        """
        try:
            text = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            instant, row_id, backward = json.loads(text)
            # Without a time zone it cannot be compared.
            return cls(datetime.fromisoformat(instant).astimezone(UTC), _storable(str(row_id)), bool(backward))
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            raise RequestError.at("/pageToken", Code.INVALID_PARAMETER, "pageToken is not valid.") from error


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Some rows, newest first, and the tokens of the pages beside."""

    rows: Sequence[Row]
    next_token: str | None
    previous_token: str | None


def fetch_page(
    session: Session,
    query: sa.Select[Row],
    order: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[str]],
    token: str | None,
    size: int,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    oldest_first: bool = False,
    either: Sequence[sa.ColumnElement[bool]] = (),
) -> Page[Row]:
    """Read one page of `query`, ordered newest first by `order`, which an index must cover; or oldest first.

    `since` (inclusive) and `until` (exclusive) narrow the list to a span of time. They belong here rather than into
    `query`: of a position and an end of the span, only the nearer may be in the statement, or the database may start
    at the other and walk all the way. `either` are conditions that exclude each other, of which a row has to meet one:
    each is read from its own stretch of an index and the rows are merged, where one statement for all would have to
    look at everything between.
    """
    position = Position.parse(token) if token else None
    backward = position is not None and position.backward
    ascending = backward != oldest_first
    # All ids are greater than the empty one.
    lower = (since, "") if since is not None else None
    upper = (until, "") if until is not None else None
    if position is not None:
        here = (position.instant, position.id)
        if ascending:
            lower = max(lower or here, here)
        else:
            upper = min(upper or here, here)
    columns = sa.tuple_(*order)
    if lower is not None:
        query = query.where(columns > _literal(lower, order))
    if upper is not None:
        query = query.where(columns < _literal(upper, order))
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


def _literal(
    position: tuple[datetime, str], order: tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[str]]
) -> sa.Tuple:
    instant, row_id = position
    return sa.tuple_(sa.literal(instant, order[0].type), sa.literal(row_id, order[1].type))

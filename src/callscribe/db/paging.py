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
            return cls(datetime.fromisoformat(instant).astimezone(UTC), str(row_id), bool(backward))
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
) -> Page[Row]:
    """Read one page of `query`, ordered newest first by `order`, which an index must cover."""
    columns = sa.tuple_(*order)
    position = Position.parse(token) if token else None
    backward = position is not None and position.backward
    if position is not None:
        here = sa.tuple_(sa.bindparam("at", position.instant, order[0].type), sa.literal(position.id))
        query = query.where(columns > here if backward else columns < here)
    directed: Callable[[Any], Any] = sa.asc if backward else sa.desc
    # One more than asked for tells whether there is another page.
    rows = list(session.scalars(query.order_by(*(directed(column) for column in order)).limit(size + 1)))
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

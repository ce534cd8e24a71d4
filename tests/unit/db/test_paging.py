"""Pages by position: the same rows as one long list, at any size, direction and filters."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from callscribe.db.base import UtcDateTime
from callscribe.db.paging import Page, fetch_page

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


class _Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime}  # noqa: RUF012


class _Row(_Base):
    __tablename__ = "rows"

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    colour: Mapped[str]


# Three rows at each instant, of three colours in turns.
ROWS = [(f"{number:03d}", BEGIN + timedelta(hours=number // 3), "rgb"[number % 7 % 3]) for number in range(60)]
INSTANTS = st.none() | st.integers(-2, 24).map(lambda hours: BEGIN + timedelta(hours=hours))


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    engine = sa.create_engine("sqlite://")
    _Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(_Row(id=row_id, at=at, colour=colour) for row_id, at, colour in ROWS)
        session.commit()
        yield session
    engine.dispose()


@given(
    size=st.integers(1, 70),
    since=INSTANTS,
    until=INSTANTS,
    colours=st.sets(st.sampled_from("rgb"), max_size=2),
    oldest_first=st.booleans(),
)
def test_there_and_back_shows_rows_once(
    session: Session,
    size: int,
    since: datetime | None,
    until: datetime | None,
    colours: set[str],
    oldest_first: bool,  # noqa: FBT001
) -> None:
    def page(token: str | None) -> Page[_Row]:
        either = [_Row.colour == colour for colour in sorted(colours)]
        filters: dict[str, Any] = {"since": since, "until": until, "oldest_first": oldest_first, "either": either}
        return fetch_page(session, sa.select(_Row), (_Row.at, _Row.id), token, size, **filters)

    expected = [
        row_id
        for row_id, at, colour in ROWS
        if (since is None or at >= since) and (until is None or at < until) and (not colours or colour in colours)
    ]
    if not oldest_first:
        expected.reverse()
    pages = [page(None)]
    while pages[-1].next_token:
        pages.append(page(pages[-1].next_token))
    assert [row.id for each in pages for row in each.rows] == expected
    assert all(len(each.rows) == size for each in pages[:-1])
    for before, after in pairwise(pages):
        back = page(after.previous_token)
        assert [row.id for row in back.rows] == [row.id for row in before.rows]
    assert pages[0].previous_token is None


def test_nearer_of_two_bounds_asked(session: Session) -> None:
    until = BEGIN + timedelta(hours=19)
    first = fetch_page(session, sa.select(_Row), (_Row.at, _Row.id), None, 5, until=until)
    statements: list[str] = []
    engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
    fetch_page(session, sa.select(_Row), (_Row.at, _Row.id), first.next_token, 5, until=until)
    assert [statement.count("<") for statement in statements] == [1]

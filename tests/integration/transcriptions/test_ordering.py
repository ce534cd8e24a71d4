"""Lists by length and by age: the same rows as one sorted list, on both databases, from an index."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.transcriptions import repository
from callscribe.transcriptions.repository import Filters, OrderBy, Ordering
from callscribe.transcriptions.tables import Status, Transcription
from resolved import job_row

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
STATUSES = (Status.COMPLETED, Status.FAILED, Status.COMPLETED, Status.RUNNING)
LONGEST, SHORTEST = Ordering(OrderBy.DURATION), Ordering(OrderBy.DURATION, ascending=True)


@pytest.fixture
def calls(database: Database, account: str) -> list[Transcription]:
    """Forty calls, many of the same length, or of none that is known."""
    rows = [
        job_row(
            account,
            status=STATUSES[number % 4],
            duration=None if number % 4 in {1, 3} else float(number * 7 % 10),
            language="en-US" if number % 3 else "de-DE",
            created_at=BEGIN + timedelta(hours=number),
        )
        for number in range(40)
    ]
    with database.write() as session:
        session.add_all(rows)
    return rows


def walked(database: Database, account: str, filters: Filters, ordering: Ordering, size: int) -> list[str]:
    """Every row by its id, page by page; each page back is the one before."""
    pages, token = [], None
    with database.read() as session:
        while True:
            page = repository.page(session, account, filters, token, size, ordering)
            if pages:
                assert page.previous_token is not None
                back = repository.page(session, account, filters, page.previous_token, size, ordering)
                assert [row.id for row in back.rows] == pages[-1]
            pages.append([row.id for row in page.rows])
            token = page.next_token
            if token is None:
                return [each for page_ids in pages for each in page_ids]


@pytest.mark.parametrize("most_sorted", [5, 5000], ids=["walking", "sorting"])
def test_pages_are_the_sorted_list(
    database: Database,
    account: str,
    calls: list[Transcription],
    most_sorted: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(repository, "_SORTED", most_sorted)
    since, until = BEGIN + timedelta(hours=5), BEGIN + timedelta(hours=30)
    narrowed = {
        Filters(): calls,
        Filters(status=Status.COMPLETED): [row for row in calls if row.status == Status.COMPLETED],
        Filters(status=Status.FAILED, language="en-US"): [
            row for row in calls if row.status == Status.FAILED and row.language == "en-US"
        ],
        Filters(created_after=since, created_before=until): [row for row in calls if since <= row.created_at < until],
    }
    for ordering in (LONGEST, SHORTEST, Ordering(ascending=True)):

        def key(row: Transcription, by: OrderBy = ordering.by) -> tuple[Any, str]:
            return (row.created_at if by == OrderBy.CREATED_AT else row.listed_duration, row.id)

        for filters, rows in narrowed.items():
            expected = [row.id for row in sorted(rows, key=key, reverse=not ordering.ascending)]
            assert len(expected) >= 6
            for size in (3, 100):
                assert walked(database, account, filters, ordering, size) == expected


def test_token_of_another_order_refused(database: Database, account: str, calls: Sequence[Transcription]) -> None:
    with database.read() as session:
        for one, other in ((LONGEST, repository.NEWEST_FIRST), (repository.NEWEST_FIRST, SHORTEST)):
            token = repository.page(session, account, Filters(), None, 3, one).next_token
            with pytest.raises(RequestError) as refused:
                repository.page(session, account, Filters(), token, 3, other)
            assert refused.value.code == Code.INVALID_PARAMETER


def test_deep_page_by_length_seeks(database: Database, account: str, calls: Sequence[Transcription]) -> None:
    """Neither database sorts, nor reads from the beginning of the index."""
    asked: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "coalesce" in statement:
            asked.append((statement, parameters))

    with database.read() as session:
        token = repository.page(session, account, Filters(), None, 10, LONGEST).next_token
    sa.event.listen(database.engine, "before_cursor_execute", note)
    with database.read() as session:
        repository.page(session, account, Filters(created_after=BEGIN), token, 10, LONGEST)
    sa.event.remove(database.engine, "before_cursor_execute", note)
    assert len(asked) == len(Status)
    with database.engine.begin() as connection:
        if not database.is_sqlite:  # so few rows it would rather read as a whole, and sort
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        for statement, parameters in asked:
            prefix = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
            plan = " ".join(str(row[-1]) for row in connection.exec_driver_sql(prefix + statement, parameters))
            assert "ix_transcriptions_duration" in plan, plan
            assert "B-TREE" not in plan, plan
            assert "Sort" not in plan, plan
            assert ("<expr><?" if database.is_sqlite else "COALESCE(duration") in plan, plan

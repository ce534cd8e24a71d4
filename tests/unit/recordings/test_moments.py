"""What lists of the 2010 API take for times, and the spans that come of them."""

import asyncio
from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from callscribe.recordings.endpoints import Moment, _of_days
from callscribe.recordings.repository import TimeRange


def moment(text: str) -> datetime:
    return TypeAdapter[datetime](Moment).validate_python(text)


def span(on: datetime | None, before: datetime | None, after: datetime | None) -> TimeRange:
    found: TimeRange = asyncio.run(_of_days("DateCreated").dependency(on, before, after))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T00:00:00Z", datetime(2026, 3, 2, tzinfo=UTC)),
        ("2026-03-02T00:00:00+02:00", datetime(2026, 3, 1, 22, tzinfo=UTC)),
        ("2026-03-02T09:30:00-05:00", datetime(2026, 3, 2, 14, 30, tzinfo=UTC)),
        ("2026-03-02T09:30:00", datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
    ],
)
def test_day_is_midnight_in_any_zone(text: str, expected: datetime) -> None:
    assert span(None, None, moment(text)) == TimeRange(since=expected)


def test_day_with_both_ends_intersects() -> None:
    found = span(moment("2026-03-02"), moment("2026-03-02T12:00:00Z"), moment("2026-03-01"))
    assert found == TimeRange(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC))

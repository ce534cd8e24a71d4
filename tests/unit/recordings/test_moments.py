"""What lists of the 2010 API take for times, and the spans that come of them."""

from datetime import UTC, datetime

import pytest
from pydantic import TypeAdapter

from callscribe.recordings.endpoints import Moment, _span
from callscribe.recordings.repository import TimeRange


def moment(text: str) -> datetime:
    return TypeAdapter[datetime](Moment).validate_python(text)


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
def test_a_day_is_its_midnight_and_a_zone_counts_at_midnight_too(text: str, expected: datetime) -> None:
    assert _span("DateCreated", None, None, moment(text)) == TimeRange(since=expected)


def test_a_day_with_both_ends_leaves_what_they_have_in_common() -> None:
    found = _span("DateCreated", moment("2026-03-02"), moment("2026-03-02T12:00:00Z"), moment("2026-03-01"))
    assert found == TimeRange(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 2, 12, 0, 1, tzinfo=UTC))

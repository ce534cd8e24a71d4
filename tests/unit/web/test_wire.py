"""How times are written."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter

from callscribe.web.wire import Milliseconds

MOMENT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("microseconds", "written"),
    [
        (0, b'"2026-03-02T09:00:00.000Z"'),
        (120_999, b'"2026-03-02T09:00:00.120Z"'),
        (999_999, b'"2026-03-02T09:00:00.999Z"'),
    ],
)
def test_milliseconds_have_as_many_digits_always(microseconds: int, written: bytes) -> None:
    moment = MOMENT + timedelta(microseconds=microseconds)
    assert TypeAdapter(Milliseconds).dump_json(moment) == written

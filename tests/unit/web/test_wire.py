"""How times are written."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import TypeAdapter, ValidationError

from callscribe.web.wire import Instant, Milliseconds, Timestamp

MOMENT = datetime(2026, 3, 2, 9, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("microseconds", "written"),
    [
        (0, b'"2026-03-02T09:00:00.000Z"'),
        (120_999, b'"2026-03-02T09:00:00.120Z"'),
        (999_999, b'"2026-03-02T09:00:00.999Z"'),
    ],
)
def test_milliseconds_always_padded(microseconds: int, written: bytes) -> None:
    moment = MOMENT + timedelta(microseconds=microseconds)
    assert TypeAdapter(Milliseconds).dump_json(moment) == written


def test_zoned_instant_becomes_utc() -> None:
    assert TypeAdapter(Instant).validate_json(b'"2026-03-02T10:00:00+01:00"') == MOMENT
    assert TypeAdapter(Instant).validate_python(MOMENT) == MOMENT


@pytest.mark.parametrize("given", [b'"2026-03-02T10:00:00"', b'"1772442000"', b"1772442000", b'"yesterday"', b"null"])
def test_non_instant_refused(given: bytes) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Instant).validate_json(given)


def test_timestamp_has_no_fraction() -> None:
    answered = TypeAdapter(Timestamp).validate_python(MOMENT + timedelta(microseconds=999_999))
    assert TypeAdapter(Timestamp).dump_json(answered) == b'"2026-03-02T09:00:00Z"'

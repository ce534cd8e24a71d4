"""Times on the wire: what the APIs share, and how the one of 2010 writes them."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError


def in_utc(value: datetime) -> datetime:
    """The same instant in UTC; a fault of the field where it has no date there."""
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise PydanticCustomError("timestamp", "must lie in the years 1 to 9999 in UTC") from error


def _rfc_2822(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0))


Rfc2822 = Annotated[
    datetime,
    PlainSerializer(_rfc_2822, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time-rfc-2822"}),
]
"""An instant that is answered as `Mon, 02 Mar 2026 09:00:00 +0000`."""


def _milliseconds(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Milliseconds = Annotated[
    datetime,
    PlainSerializer(_milliseconds, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant that is answered as `2026-03-02T09:00:00.120Z`, with as many digits always: times compare as text."""

"""Times on the wire of conversations."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError

from callscribe.web.wire import in_utc


def milliseconds(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-03-02T09:30:01.250Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(value: object) -> object:
    if not isinstance(value, str | datetime):
        raise PydanticCustomError("timestamp", "must be a date-time such as 2026-03-02T09:30:00Z")
    return value


Instant = Annotated[AwareDatetime, BeforeValidator(_text), AfterValidator(in_utc)]
"""A time with its zone, in UTC."""

"""Times as the 2010 API writes them."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def _rfc_2822(instant: datetime) -> str:
    return format_datetime(instant.astimezone(UTC).replace(microsecond=0))


Rfc2822 = Annotated[
    datetime,
    PlainSerializer(_rfc_2822, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time-rfc-2822"}),
]
"""An instant that is answered as `Mon, 02 Mar 2026 09:00:00 +0000`."""

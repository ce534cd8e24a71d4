"""What stands in bodies of all the APIs: times, and faults in words. Imports no web framework: workers load it."""

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, PlainSerializer, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from callscribe.errors import Code, FieldError, RequestError, json_pointer

CAMEL_CASE: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Wire(BaseModel):
    """Names in camelCase."""

    model_config = CAMEL_CASE


class ClosedWire(Wire):
    """The same, and none that are not known."""

    model_config = ConfigDict(extra="forbid")


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


def invalid_parameters(faults: Any) -> RequestError:
    """20001 with every fault of a body or query."""
    errors = [field_error(fault) for fault in faults]
    return RequestError(Code.INVALID_PARAMETER, errors[0].detail, errors=errors)


def field_error(fault: Any) -> FieldError:
    """A fault that pydantic found, in words and with a pointer."""
    if fault["type"] == "json_invalid":
        reason = fault.get("ctx", {}).get("error", fault["msg"])
        return FieldError(f"The body is not valid JSON: {reason}.", "")
    # The first part says where it was found: body, query, header.
    path = fault["loc"][1:]
    if not path:
        return FieldError("A JSON object is required as the body.", "")
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    return FieldError(f"{name}: {fault['msg']}" if name else str(fault["msg"]), json_pointer(path))

"""What stands in bodies of all the APIs: names in camelCase, times, places in lists, and faults in words.

Imports no web framework: workers load it.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import cache
from typing import Annotated, Any, Final, Self, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from callscribe.characters import LINE, TEXT
from callscribe.db.url_credentials import masked
from callscribe.errors import Code, FieldError, RequestError, json_pointer

Answer = TypeVar("Answer", bound=BaseModel)
CAMEL_CASE: Final = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class Wire(BaseModel):
    """Names in camelCase."""

    model_config = CAMEL_CASE


class ClosedWire(Wire):
    """The same, and none that are not known."""

    model_config = ConfigDict(extra="forbid")


class OfRow(BaseModel):
    """An answer that has what a row has."""

    @classmethod
    def of(cls, row: object) -> Self:
        """From its row: each member is the attribute of its name, or of its `validation_alias`."""
        return cls.model_validate(row, from_attributes=True)


MaskedUrl = Annotated[str, BeforeValidator(masked)]
"""A URL that is answered without its user and password."""
MaskedDocument = Annotated[dict[str, Any], BeforeValidator(masked)]
"""The same for each `url` in a document."""


def optional(description: str | None = None, *, also_null: bool = False) -> Any:
    """A member that is left out of an answer where it is null; documented as null only where it may be sent so."""
    return Field(
        None,
        exclude_if=lambda value: value is None,
        description=description,
        json_schema_extra=None if also_null else _never_null,
    )


def _never_null(schema: dict[str, Any]) -> None:
    kinds = [kind for kind in schema.pop("anyOf", []) if kind != {"type": "null"}]
    schema.update({"anyOf": kinds} if len(kinds) > 1 else kinds[0] if kinds else {})


def from_row(model: type[Answer], row: object, **given: Any) -> Answer:
    """An answer whose members are attributes of a row by the same names, but for what is `given`."""
    shared = _shared(model, type(row))  # type: ignore[arg-type]  # mypy takes types for not hashable
    known = {name: getattr(row, name) for name in shared if name not in given}
    return model.model_validate(known | given, by_name=True)


@cache
def _shared(model: type[BaseModel], row: type) -> list[str]:
    return [name for name in model.model_fields if hasattr(row, name)]


class ListMeta(Wire):
    """Where a page stands in its list. `key` is the member that has it."""

    key: str
    page_size: int
    next_token: str | None = optional()
    previous_token: str | None = optional()


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


_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")


def _dated(value: object) -> object:
    # Numbers, also as text, would be taken for seconds since 1970.
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise PydanticCustomError("timestamp", "must be a date and time such as 2026-03-02T09:30:00Z")


Instant = Annotated[AwareDatetime, BeforeValidator(_dated), AfterValidator(in_utc)]
"""A time that a client gives, with its zone, in UTC."""


def _without_fraction(value: datetime) -> datetime:
    # Clients take only the form YYYY-MM-DDTHH:MM:SSZ for a time.
    return value.replace(microsecond=0)


Timestamp = Annotated[datetime, AfterValidator(_without_fraction)]
"""An instant that is answered as `2026-03-02T09:00:00Z`."""


def milliseconds(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-03-02T09:30:01.250Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Milliseconds = Annotated[
    datetime,
    PlainSerializer(milliseconds, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant that is answered as `2026-03-02T09:00:00.120Z`, with as many digits always: times compare as text."""


def invalid_parameters(faults: Any) -> RequestError:
    """20001 with every fault of a body or query."""
    errors = [field_error(fault) for fault in faults]
    return RequestError(Code.INVALID_PARAMETER, errors[0].detail, errors=errors)


_PATTERNS: Final = {
    LINE: "String should be on one line, without control characters or those that turn text around",
    TEXT: "String should be without control characters or those that turn text around",
}


def field_error(fault: Any) -> FieldError:
    """A fault that pydantic found, in words and with a pointer."""
    if fault["type"] == "json_invalid":
        reason = fault.get("ctx", {}).get("error", fault["msg"])
        return FieldError(f"The body is not valid JSON: {reason}.", "")
    # The first part says where it was found: body, query, header.
    path = fault["loc"][1:]
    if not path:
        as_sent = isinstance(fault.get("input"), bytes)  # nobody took it for JSON
        hint = " Send it with the header Content-Type: application/json." if as_sent else ""
        return FieldError(f"A JSON object is required as the body.{hint}", "")
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    reason = str(fault["msg"])
    if fault["type"] == "string_pattern_mismatch":  # some patterns are made of what nobody can read
        reason = _PATTERNS.get(fault["ctx"]["pattern"], reason)
    return FieldError(f"{name}: {reason}" if name else reason, json_pointer(path))

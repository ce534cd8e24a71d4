"""What the wire formats of conversations have in common: values that every database takes."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from callscribe.characters import LINE, TEXT
from callscribe.web.wire import ClosedWire, ListMeta

MAX_METADATA = 8
_KEY = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Channel(StrEnum):
    """How something was said or written."""

    VOICE = "VOICE"
    SMS = "SMS"
    RCS = "RCS"
    EMAIL = "EMAIL"
    WHATSAPP = "WHATSAPP"
    CHAT = "CHAT"
    VIDEO = "VIDEO"


class ParticipantType(StrEnum):
    """The part that somebody takes."""

    HUMAN_AGENT = "HUMAN_AGENT"
    CUSTOMER = "CUSTOMER"
    AI_AGENT = "AI_AGENT"
    AGENT = "AGENT"
    UNKNOWN = "UNKNOWN"


Text = Annotated[str, StringConstraints(strict=True, pattern=TEXT)]
Line = Annotated[str, StringConstraints(strict=True, pattern=LINE)]
ShortText = Annotated[Line, Field(min_length=1, max_length=256)]
Name = Annotated[Line, Field(max_length=256)]
Reference = Annotated[Line, Field(min_length=1, max_length=128)]
"""An id that another system gave."""


def _metadata_key(value: str) -> str:
    if not _KEY.fullmatch(value):
        raise PydanticCustomError("metadata", "must be 1 to 128 letters, digits, periods, underscores and dashes")
    return value


MetadataKey = Annotated[str, AfterValidator(_metadata_key)]
MetadataValue = Annotated[Text, Field(max_length=512)]
Metadata = Annotated[dict[MetadataKey, MetadataValue], Field(max_length=MAX_METADATA)]
"""The customer's keys and values."""


class ConversationListMeta(ListMeta, ClosedWire):
    """Where a page stands in its list. `key` is the member that has it."""

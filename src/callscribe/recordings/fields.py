"""What is known of a recording and its call beside the audio, from any source."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from callscribe.characters import LINE
from callscribe.ids import CALL_SID, CONFERENCE_SID


class Direction(StrEnum):
    """Which way a call went, in Twilio's words."""

    INBOUND = "inbound"
    OUTBOUND_API = "outbound-api"
    OUTBOUND_DIAL = "outbound-dial"
    TRUNKING_ORIGINATING = "trunking-originating"
    TRUNKING_TERMINATING = "trunking-terminating"

    @classmethod
    def _missing_(cls, value: object) -> "Direction | None":
        # Not everybody's records tell the kinds of outbound calls apart.
        return cls.OUTBOUND_API if value == "outbound" else None


class Source(StrEnum):
    """How a recording was made, in Twilio's words."""

    DIAL_VERB = "DialVerb"
    CONFERENCE = "Conference"
    OUTBOUND_API = "OutboundAPI"
    TRUNKING = "Trunking"
    RECORD_VERB = "RecordVerb"
    START_CALL_RECORDING_API = "StartCallRecordingAPI"
    START_CONFERENCE_RECORDING_API = "StartConferenceRecordingAPI"


class CallStatus(StrEnum):
    """Where a call stands, in Twilio's words."""

    QUEUED = "queued"
    RINGING = "ringing"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    BUSY = "busy"
    FAILED = "failed"
    NO_ANSWER = "no-answer"
    CANCELED = "canceled"

    @classmethod
    def unfinished(cls) -> "frozenset[CallStatus]":
        """Those that another follows."""
        return frozenset({cls.QUEUED, cls.RINGING, cls.IN_PROGRESS})


# A day of room at both ends: for time zones, and for what is counted from a start.
_EARLIEST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
_LATEST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)


def parse_time(text: str) -> datetime:
    """An instant as ISO 8601 or RFC 2822 writes it; UTC where it names no zone.

    Raises:
        ValueError: it is neither, or at an end of the calendar.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        try:
            value = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError) as error:
            message = "must be a time such as 2026-03-02T09:30:00Z or Mon, 02 Mar 2026 09:30:00 +0000"
            raise ValueError(message) from error
    instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    if not _EARLIEST <= instant <= _LATEST:
        raise ValueError("is out of range")
    return instant.astimezone(UTC)


LooseInstant = Annotated[
    datetime, BeforeValidator(lambda value: parse_time(value) if isinstance(value, str) else value)
]
"""A time in a document that others wrote; see `parse_time`."""

Party = Annotated[str, Field(max_length=255, pattern=LINE)]
"""A phone number, a SIP address, a client's name."""


class RecordingFields(BaseModel):
    """What can be said of a recording beside its audio, by the names of an upload; None is what nobody said."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    call_sid: str | None = Field(
        None,
        alias="CallSid",
        pattern=f"^{CALL_SID.pattern}$",
        description="The call that it is of. One that is not known is made, and what is given of one that is known is "
        "changed. Without it, but with From, To or Direction, a call is made up.",
    )
    from_: Party | None = Field(None, alias="From", description="Who called.")
    to: Party | None = Field(None, alias="To", description="Who was called.")
    direction: Direction | None = Field(
        None, alias="Direction", description="Which way the call went; `outbound` is taken as `outbound-api`."
    )
    start_time: LooseInstant | None = Field(
        None, alias="StartTime", description="When the audio began, as ISO 8601 or RFC 2822 writes it."
    )
    channels: Literal["1", "2"] | None = Field(
        None, alias="Channels", description="What the audio must have; refused where it has not."
    )
    source: Source | None = Field(None, alias="Source", description="How it was made.")
    conference_sid: str | None = Field(
        None, alias="ConferenceSid", pattern=f"^{CONFERENCE_SID.pattern}$", description="The conference that it is of."
    )

    @property
    def tells_of_a_call(self) -> bool:
        """Whether there is a call to speak of."""
        return any(value is not None for value in (self.call_sid, self.from_, self.to, self.direction))

"""What is known of a recording and its call beside the audio, from any source."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator


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


@dataclass(frozen=True, slots=True)
class CallFields:
    """A call; None is what nobody said. Without a `sid` it gets a new one."""

    sid: str | None = None
    from_: str | None = None
    to: str | None = None
    direction: Direction | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    duration: float | None = None
    parent_call_sid: str | None = None
    status: CallStatus | None = None

    @property
    def is_known(self) -> bool:
        """Whether there is a call to speak of."""
        return any(value is not None for value in (self.sid, self.from_, self.to, self.direction))


@dataclass(frozen=True, slots=True)
class RecordingFields:
    """A recording beside its audio; None is what nobody said.

    `channels` is what the audio must have, where it is given.
    """

    call: CallFields = field(default_factory=CallFields)
    conference_sid: str | None = None
    channels: int | None = None
    start_time: datetime | None = None
    source: Source | None = None


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

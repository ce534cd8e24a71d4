"""Recordings and calls as they stand on the wire."""

import re
from typing import Any

from pydantic import BaseModel, Field

from callscribe.recordings.tables import Call, Recording
from callscribe.web.legacy_pages import LegacyPage
from callscribe.web.wire import Rfc2822, from_row

API_VERSION = "2010-04-01"


def account_uri(account_sid: str) -> str:
    """The path that everything of an account is under."""
    return f"/{API_VERSION}/Accounts/{account_sid}"


class RecordingResource(BaseModel):
    """A recording. `media_url` is the audio as WAV; with `.wav` or `.mp3` behind it as that."""

    sid: str
    account_sid: str
    api_version: str
    call_sid: str | None
    conference_sid: str | None
    date_created: Rfc2822
    date_updated: Rfc2822
    start_time: Rfc2822 | None = Field(description="When the audio began; null where nobody said.")
    duration: str | None = Field(description="Whole seconds.")
    channels: int
    source: str = Field(description="How it was made, in Twilio's words.")
    status: str
    error_code: int | None
    track: str | None = Field(description="`both` of two channels; null where nobody said which one it is.")
    price: str | None
    price_unit: str | None
    encryption_details: dict[str, Any] | None
    uri: str
    subresource_uris: dict[str, str]
    media_url: str

    @classmethod
    def of(cls, row: Recording, base_url: str) -> "RecordingResource":
        """A row as the wire shows it to a client that knows the server by `base_url`."""
        account = account_uri(row.account_sid)
        address = f"{account}/Recordings/{row.sid}"
        return from_row(
            cls,
            row,
            api_version=API_VERSION,
            duration=_seconds(row.duration),
            track="both" if row.channels == 2 else None,
            price=None,
            price_unit=None,
            uri=f"{address}.json",
            subresource_uris={} if row.call_sid is None else {"call": f"{account}/Calls/{row.call_sid}.json"},
            media_url=base_url + address,
        )


class RecordingList(LegacyPage):
    """A page of recordings."""

    recordings: list[RecordingResource]


class CallResource(BaseModel):
    """A call, as far as its recordings need it."""

    sid: str
    account_sid: str
    api_version: str
    parent_call_sid: str | None
    from_: str | None = Field(serialization_alias="from", validation_alias="from")
    from_formatted: str | None = Field(description="For display: numbers of North America as (415) 555-0100.")
    to: str | None
    to_formatted: str | None = Field(description="Likewise.")
    direction: str | None = Field(description="Which way the call went, in Twilio's words.")
    status: str
    start_time: Rfc2822 | None
    end_time: Rfc2822 | None
    duration: str | None = Field(description="Whole seconds.")
    date_created: Rfc2822
    date_updated: Rfc2822
    price: str | None
    price_unit: str | None
    # What is not told with a recording.
    phone_number_sid: str | None = None
    answered_by: str | None = None
    forwarded_from: str | None = None
    group_sid: str | None = None
    caller_name: str | None = None
    queue_time: str | None = None
    trunk_sid: str | None = None
    uri: str
    subresource_uris: dict[str, str]

    @classmethod
    def of(cls, row: Call) -> "CallResource":
        """A row as the wire shows it."""
        address = f"{account_uri(row.account_sid)}/Calls/{row.sid}"
        return from_row(
            cls,
            row,
            api_version=API_VERSION,
            from_formatted=_formatted(row.from_),
            to_formatted=_formatted(row.to),
            duration=_seconds(row.duration),
            price=None,
            price_unit=None,
            uri=f"{address}.json",
            subresource_uris={"recordings": f"{address}/Recordings.json"},
        )


class CallList(LegacyPage):
    """A page of calls."""

    calls: list[CallResource]


def _formatted(party: str | None) -> str | None:
    return party and re.sub(r"^\+1(\d{3})(\d{3})(\d{4})$", r"(\1) \2-\3", party)


def _seconds(duration: float | None) -> str | None:
    return None if duration is None else str(round(duration))

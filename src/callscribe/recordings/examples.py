"""Examples of what goes in and comes out, for the OpenAPI document."""

from typing import Any

from callscribe.web.legacy_pages import example_page

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
RECORDING_SID = "RE0f1e2d3c4b5a69788796a5b4c3d2e1f0"
CALL_SID = "CA00112233445566778899aabbccddeeff"

_ACCOUNT_URI = f"/2010-04-01/Accounts/{ACCOUNT}"
_CREATED = "Mon, 02 Mar 2026 10:01:00 +0000"
_STARTED = "Mon, 02 Mar 2026 09:30:00 +0000"

RECORDING: dict[str, Any] = {
    "sid": RECORDING_SID,
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "call_sid": CALL_SID,
    "conference_sid": None,
    "date_created": _CREATED,
    "date_updated": _CREATED,
    "start_time": _STARTED,
    "duration": "61",
    "channels": 2,
    "source": "DialVerb",
    "status": "completed",
    "error_code": None,
    "track": "both",
    "price": None,
    "price_unit": None,
    "encryption_details": None,
    "uri": f"{_ACCOUNT_URI}/Recordings/{RECORDING_SID}.json",
    "subresource_uris": {"call": f"{_ACCOUNT_URI}/Calls/{CALL_SID}.json"},
    "media_url": f"https://calls.example.com{_ACCOUNT_URI}/Recordings/{RECORDING_SID}",
}
CALL: dict[str, Any] = {
    "sid": CALL_SID,
    "account_sid": ACCOUNT,
    "api_version": "2010-04-01",
    "parent_call_sid": None,
    "from": "+14155550100",
    "from_formatted": "(415) 555-0100",
    "to": "+14155550199",
    "to_formatted": "(415) 555-0199",
    "direction": "inbound",
    "status": "completed",
    "start_time": _STARTED,
    "end_time": "Mon, 02 Mar 2026 09:31:01 +0000",
    "duration": "61",
    "date_created": _CREATED,
    "date_updated": _CREATED,
    "price": None,
    "price_unit": None,
    "phone_number_sid": None,
    "answered_by": None,
    "forwarded_from": None,
    "group_sid": None,
    "caller_name": None,
    "queue_time": None,
    "trunk_sid": None,
    "uri": f"{_ACCOUNT_URI}/Calls/{CALL_SID}.json",
    "subresource_uris": {"recordings": f"{_ACCOUNT_URI}/Calls/{CALL_SID}/Recordings.json"},
}

BY_SCHEMA: dict[str, dict[str, Any]] = {
    "RecordingResource": RECORDING,
    "RecordingList": example_page(f"{_ACCOUNT_URI}/Recordings.json", "recordings", RECORDING),
    "CallResource": CALL,
    "CallList": example_page(f"{_ACCOUNT_URI}/Calls.json", "calls", CALL),
}
"""The example of each model that is a body or an answer."""

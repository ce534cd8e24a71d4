"""Examples of what comes out, for the OpenAPI document."""

from typing import Any

from callscribe.web.legacy_pages import example_page

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
KEY = "SK0123456789abcdef0123456789abcdef"

_HERE = f"/2010-04-01/Accounts/{ACCOUNT}"
_DATE = "Mon, 02 Mar 2026 09:00:00 +0000"

REQUEST: dict[str, Any] = {"FriendlyName": "call centre"}
RESOURCE: dict[str, Any] = {
    "sid": KEY,
    "friendly_name": "call centre",
    "date_created": _DATE,
    "date_updated": _DATE,
}
ACCOUNT_RESOURCE: dict[str, Any] = {
    "sid": ACCOUNT,
    "owner_account_sid": ACCOUNT,
    "friendly_name": "default",
    "status": "active",
    "type": "Full",
    "date_created": _DATE,
    "date_updated": _DATE,
    "uri": f"{_HERE}.json",
    "subresource_uris": {"keys": f"{_HERE}/Keys.json", "recordings": f"{_HERE}/Recordings.json"},
}

BY_SCHEMA: dict[str, dict[str, Any]] = {
    "KeyRequest": REQUEST,
    "KeyResource": RESOURCE,
    "NewKeyResource": RESOURCE | {"secret": "0123456789abcdef0123456789abcdef"},
    "KeyList": example_page(f"{_HERE}/Keys.json", "keys", RESOURCE),
    "AccountResource": ACCOUNT_RESOURCE,
    "SessionRequest": {"sid": ACCOUNT, "secret": "0123456789abcdef0123456789abcdef"},
    "SessionResource": {"accountSid": ACCOUNT, "isOperator": True, "expiresAt": "2026-03-02T21:00:00Z"},
}

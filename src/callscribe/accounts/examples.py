"""Examples of what comes out, for the OpenAPI document."""

from typing import Any

from callscribe.web.legacy_pages import example_page

ACCOUNT = "AC0123456789abcdef0123456789abcdef"
KEY = "SK0123456789abcdef0123456789abcdef"

_HERE = f"/2010-04-01/Accounts/{ACCOUNT}"
_DATE = "Mon, 02 Mar 2026 09:00:00 +0000"

REQUEST: dict[str, Any] = {"FriendlyName": "call centre"}
ROLES = ["submit", "read"]
RESOURCE: dict[str, Any] = {
    "sid": KEY,
    "friendly_name": "call centre",
    "date_created": _DATE,
    "date_updated": _DATE,
    "roles": ROLES,
    "standard": False,
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

_TOKEN: dict[str, Any] = {
    "account_sid": ACCOUNT,
    "date_created": "2026-03-02T09:00:00Z",
    "date_updated": "2026-03-02T09:00:00Z",
}
AUDIT_EVENT: dict[str, Any] = {
    "id": "audit_01jzq8xkz5e4m9v2c7n3h6t0ab",
    "createdAt": "2026-03-02T09:00:00.120Z",
    "action": "transcript.exported",
    "subject": "voice_transcription_01jzq8xkz5e4m9v2c7n3h6t0ab",
    "actor": KEY,
    "way": "session",
    "address": "203.0.113.7",
    "requestId": "RQ0123456789abcdef0123456789abcdef",
    "detail": {"format": "srt"},
}

BY_SCHEMA: dict[str, dict[str, Any]] = {
    "KeyRequest": REQUEST,
    "NewKeyRequest": REQUEST | {"Roles": ROLES},
    "KeyResource": RESOURCE,
    "NewKeyResource": RESOURCE | {"secret": "0123456789abcdef0123456789abcdef"},
    "KeyList": example_page(f"{_HERE}/Keys.json", "keys", RESOURCE),
    "AccountResource": ACCOUNT_RESOURCE,
    "SecondaryToken": _TOKEN
    | {"secondary_auth_token": "0123456789abcdef0123456789abcdef", "url": "/v1/AuthTokens/Secondary"},
    "PromotedToken": _TOKEN | {"auth_token": "0123456789abcdef0123456789abcdef", "url": "/v1/AuthTokens/Promote"},
    "AuditEventResource": AUDIT_EVENT,
    "AuditEventList": {"events": [AUDIT_EVENT], "meta": {"key": "events", "pageSize": 50}},
    "SessionRequest": {"sid": ACCOUNT, "secret": "0123456789abcdef0123456789abcdef"},
    "SessionResource": {
        "accountSid": ACCOUNT,
        "name": "default",
        "roles": ["submit", "read", "read_originals", "administer"],
        "managesAccess": True,
        "hasSecondaryToken": False,
        "isOperator": True,
        "expiresAt": "2026-03-02T21:00:00Z",
    },
}

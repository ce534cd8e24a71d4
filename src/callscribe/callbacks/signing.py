"""The signature that clients' request validators check.

A JSON body is bound to the URL by its hash, `bodySHA256`, and the URL is signed:
base64(HMAC(key, url)). https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import httpx2

from callscribe.errors import SetupError

BODY_HASH = "bodySHA256"


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A key shared by all receivers, used instead of the account's auth token, with SHA-256 instead of SHA-1."""

    name: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "SharedKey":
        """From `name:secret`."""
        name, colon, secret = text.partition(":")
        if not (name and colon and secret) or "," in name:
            raise SetupError("CALLSCRIBE_CALLBACK_SHARED_KEY must have the form name:secret.")
        return cls(name, secret)


def signed_url(url: str, body: bytes) -> str:
    """The URL with `bodySHA256` of the body added to its query, which otherwise stays as it is written.

    It is the URL as the receiver sees it: without a fragment, and with this hash alone, since a redirect may
    bring back that of the hop before.
    """
    target = httpx2.URL(url)
    if BODY_HASH in target.params:
        target = target.copy_remove_param(BODY_HASH)
    body_hash = f"{BODY_HASH}={hashlib.sha256(body).hexdigest()}".encode()
    path, _, query = target.raw_path.partition(b"?")
    query = query + b"&" + body_hash if query else body_hash
    return str(target.copy_with(raw_path=path + b"?" + query, fragment=None))


def signature_headers(url: str, auth_token: str, shared_key: SharedKey | None = None) -> dict[str, str]:
    """The headers for a request to `url`, which must be the one from `signed_url`."""
    if shared_key is None:
        return {"X-Twilio-Signature": _sign(auth_token, url, "sha1")}
    return {
        "X-Twilio-Signature": _sign(shared_key.secret, url, "sha256"),
        "X-Twilio-Webhooks-Signature-Settings": f"key={shared_key.name},algorithm=HMAC_SHA256",
    }


def _sign(key: str, url: str, algorithm: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), url.encode(), algorithm).digest()).decode()

"""The signature that clients' request validators check, and the check of one that Twilio made.

A JSON body is bound to the URL by its hash, `bodySHA256`, and the URL is signed:
base64(HMAC(key, url)). A form is signed with the URL: each name and value behind it, in the order of the names. https://www.twilio.com/docs/usage/webhooks/webhooks-security
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import httpx2

BODY_HASH = "bodySHA256"


@dataclass(frozen=True, slots=True)
class SharedKey:
    """A key shared by all receivers, used instead of the account's auth token, with SHA-256 instead of SHA-1."""

    name: str
    secret: str

    @classmethod
    def parse(cls, text: str) -> "SharedKey":
        """From `name:secret`, which settings have checked."""
        name, _, secret = text.partition(":")
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


def is_signed_form(signature: str, url: str, form: Iterable[tuple[str, str]], auth_token: str) -> bool:
    """Whether a request with a form is signed with the sender's token. `url` is the address that it was told."""
    # A value that is sent twice is signed once.
    fields = "".join(name + value for name, value in sorted(set(form)))
    # Which port goes without saying is not seen the same everywhere.
    given = signature.encode()
    return any(
        hmac.compare_digest(given, _sign(auth_token, each + fields, "sha1").encode()) for each in _spellings(url)
    )


def _spellings(url: str) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    for netloc in (host, f"{host}:{port}"):
        yield urlunsplit(parts._replace(netloc=netloc))


def _sign(key: str, url: str, algorithm: str) -> str:
    return base64.b64encode(hmac.new(key.encode(), url.encode(), algorithm).digest()).decode()

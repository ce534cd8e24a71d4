"""Tokens that Google gives a service account for an assertion that is signed with its key (RFC 7523, section 2.1).

google-auth signs; it does not ask, since its own way of asking tries again by itself, waits where nobody can cancel it,
and looks up regions at another address.
"""

import json
import threading
import time
from typing import Final

from google.auth import crypt, jwt

from callscribe.cancellation import Cancellation
from callscribe.errors import ProviderKeyRefused, SetupError
from callscribe.speech.engines.google.answers import PROVIDER, Answer
from callscribe.speech.engines.google.key_file import SETTING, KeyFile
from callscribe.speech.engines.remote.client import provider_client
from callscribe.speech.engines.remote.failures import failures_of, unreadable

SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
"""Speech-to-Text and Cloud Storage; what of them the account may do is said by its roles."""

_AUDIENCE: Final = "https://oauth2.googleapis.com/token"
"""Of every assertion, whatever the file calls the address: as google-auth has it."""

_GRANT: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFETIME: Final = 3600
"""Seconds, the longest that Google takes."""
_MARGIN: Final = 300.0
"""Seconds before its end after which a token is not used any more."""
_TIMEOUT: Final = 30.0
_MOST_BYTES: Final = 64 * 1024


class AccessTokens:
    """Tokens of one service account, each used until shortly before its end. Safe to call from several threads.

    Raises:
        SetupError: the key cannot be used.
    """

    def __init__(self, key: KeyFile) -> None:
        self._key = key
        try:
            self._signer = crypt.RSASigner.from_string(key.private_key.get_secret_value(), key.private_key_id)
        except ValueError:  # with the key in it
            raise SetupError(f"The private_key in the file of {SETTING} is no RSA key in PEM.") from None
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def token(self, cancelled: Cancellation) -> str:
        """One that can be used now.

        Raises:
            Cancelled: `cancelled` says so.
            ProviderKeyRefused: Google does not take the key.
            ProviderUnavailable: Google is out of order, or does not answer.
            JobError: it answers with something else.
        """
        with self._lock:
            if time.monotonic() < self._until:
                return self._token
        asked_at = time.monotonic()
        token, lifetime = self._ask(cancelled)
        with self._lock:
            self._token, self._until = token, asked_at + max(0.0, lifetime - _MARGIN)
        return token

    def forget(self) -> None:
        """Ask for another the next time: this one was not taken."""
        with self._lock:
            self._until = 0.0

    def _ask(self, cancelled: Cancellation) -> tuple[str, float]:
        url = str(self._key.token_uri)
        with (
            failures_of(PROVIDER),
            provider_client(url, timeout=_TIMEOUT, cancelled=cancelled, most_bytes=_MOST_BYTES) as client,
        ):
            assertion = self._assertion()
            response = client.post(url, data={"grant_type": _GRANT, "assertion": assertion})
            answer = Answer.of(response, assertion)
        if answer.status in {400, 401, 403}:
            raise ProviderKeyRefused(f"{PROVIDER} does not take the key of the service account ({answer.status})")
        if (error := answer.error()) is not None:
            raise error
        try:
            given = json.loads(answer.body)
            token, lifetime = str(given["access_token"]), float(given.get("expires_in", 0.0))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise unreadable(PROVIDER, "no access token") from error
        return token, lifetime

    def _assertion(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self._key.client_email,
            "scope": SCOPE,
            "aud": _AUDIENCE,
            "iat": now,
            "exp": now + _LIFETIME,
        }
        assertion: bytes = jwt.encode(self._signer, claims)
        return assertion.decode("ascii")

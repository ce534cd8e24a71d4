"""A master key that never leaves its service: the transit engine of HashiCorp Vault, which OpenBao has as well.

Two requests of its HTTP API are used (https://developer.hashicorp.com/vault/api-docs/secret/transit): `encrypt` and
`decrypt`. A ciphertext begins with `vault:vN:`, where N is the version of the key, which Vault itself rotates.
"""

import base64
import binascii
import json
import re
import ssl
from typing import Any, Final

import httpx2

from callscribe.cancellation import NEVER, DeadlinePassed
from callscribe.errors import SetupError
from callscribe.outbound import AllowList, OutboundError, guarded_client
from callscribe.settings import Settings
from callscribe.vault.master import for_account, of_account
from callscribe.waiting import TimedOut

PATIENCE: Final = 5.0
"""Seconds for one question and its answer."""

_MOST: Final = 64 * 1024
_URL: Final = re.compile(r"(https?://.+/v1/.+)/keys/([^/?#]+)/?")
_VERSION: Final = re.compile(r"vault:v(\d+):")


class TransitMasterKey:
    """A key of a transit engine, by the address of the key itself: `https://vault.example:8200/v1/transit/keys/name`.

    Raises:
        SetupError: that is no such address, or there is no token.
    """

    def __init__(self, settings: Settings) -> None:
        url = str(settings.kms_url)
        found = _URL.fullmatch(url)
        if found is None or settings.kms_url is None or settings.kms_url.host is None:
            raise SetupError(
                "CALLSCRIBE_KMS_URL is not the address of a key of Vault's transit engine: "
                "https://vault.example:8200/v1/transit/keys/callscribe is of that form."
            )
        self._base, self._name = found[1], found[2]
        self._settings = settings
        # The operator names the host: it may be one that nobody else reaches.
        self._allow = AllowList([settings.kms_url.host.strip("[]")])
        self._newest = 0

    def wrap(self, account_sid: str, key: bytes) -> str:
        """See `MasterKey`."""
        plaintext = base64.b64encode(for_account(account_sid, key)).decode()
        wrapped = str(self._ask("encrypt", {"plaintext": plaintext}, "ciphertext"))
        if _VERSION.match(wrapped) is None:
            raise _unavailable("its answer is not understood")
        return wrapped

    def unwrap(self, account_sid: str, wrapped: str) -> bytes:
        """See `MasterKey`."""
        answer = self._ask("decrypt", {"ciphertext": wrapped}, "plaintext")
        try:
            return of_account(account_sid, base64.b64decode(str(answer), validate=True))
        except binascii.Error:
            raise _unavailable("its answer is not understood") from None

    def is_current(self, wrapped: str) -> bool:
        """See `MasterKey`: whether it has the version that the service uses now."""
        found = _VERSION.match(wrapped)
        if not self._newest:
            newest = _VERSION.match(str(self._ask("encrypt", {"plaintext": ""}, "ciphertext")))
            self._newest = int(newest[1]) if newest else 0
        return found is not None and int(found[1]) == self._newest

    def _ask(self, action: str, body: dict[str, str], member: str) -> Any:
        headers = {"X-Vault-Token": self._token(), "X-Vault-Request": "true"}
        url = f"{self._base}/{action}/{self._name}"
        try:
            with (
                guarded_client(
                    allow=self._allow,
                    plain_http=url.startswith("http:"),
                    connect_timeout=PATIENCE,
                    read_timeout=PATIENCE,
                    max_redirects=0,  # the token goes to this host and to no other
                    cancelled=NEVER.with_deadline(PATIENCE),
                    verify=_context(self._settings),
                ) as client,
                client.stream("POST", url, headers=headers, json=body) as response,
            ):
                content = b""
                for piece in response.iter_bytes():
                    content += piece
                    if len(content) > _MOST:
                        raise _unavailable("its answer is too large")
        except (OutboundError, DeadlinePassed) as error:
            raise _unavailable(str(error)) from error
        except (httpx2.RequestError, httpx2.TooManyRedirects, httpx2.InvalidURL) as error:
            raise _unavailable(type(error).__name__) from error
        if response.status_code in {400, 403, 404}:  # what it was sent, the token, the name of the key
            raise SetupError(
                f"The KMS refuses to {action} with the key {self._name}: it answered {response.status_code}. See "
                "CALLSCRIBE_KMS_URL, and whether the token may use the key."
            )
        if response.status_code != 200:
            raise _unavailable(f"it answered {response.status_code}")
        try:
            return json.loads(content)["data"][member]
        except (ValueError, KeyError, TypeError):
            raise _unavailable("its answer is not understood") from None

    def _token(self) -> str:
        if self._settings.kms_token is not None:
            return self._settings.kms_token.get_secret_value()
        if self._settings.kms_token_file is None:
            raise SetupError("CALLSCRIBE_KMS_URL needs CALLSCRIBE_KMS_TOKEN or CALLSCRIBE_KMS_TOKEN_FILE.")
        try:  # each time: whoever renews the token writes a new one there
            return self._settings.kms_token_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SetupError(f"The file of CALLSCRIBE_KMS_TOKEN_FILE cannot be read: {error}.") from None


def _context(settings: Settings) -> ssl.SSLContext | None:
    if settings.kms_ca is None:
        return None
    try:
        return ssl.create_default_context(cafile=settings.kms_ca)
    except (OSError, ssl.SSLError) as error:
        raise SetupError(f"The file of CALLSCRIBE_KMS_CA cannot be used: {error}.") from None


def _unavailable(why: str) -> TimedOut:
    """An outage, which requests and work wait out."""
    return TimedOut(f"the KMS of the accounts' keys cannot be used: {why}")

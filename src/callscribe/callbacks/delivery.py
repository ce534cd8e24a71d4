"""One attempt to deliver a callback: the request, and what its outcome means."""

import httpx2

from callscribe.callbacks.signing import SharedKey, signature_headers, signed_url
from callscribe.errors import Code, DeliveryError
from callscribe.outbound import (
    AllowList,
    Deadline,
    DeadlinePassed,
    HostRefused,
    HostUnresolved,
    guarded_client,
)
from callscribe.settings import Settings

MAX_REDIRECTS = 5
MAX_RESPONSE_BYTES = 64 * 1024
RETRIED_STATUSES = frozenset({408, 425, 429})
"""Beside all of 5xx. Other answers of 4xx are the receiver's last word."""


class Sender:
    """Sends callbacks within the limits for address, size and time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._allow = AllowList(settings.callback_allow)
        key = settings.callback_shared_key
        self._shared_key = SharedKey.parse(key.get_secret_value()) if key else None

    def send(self, url: str, body: bytes, *, auth_token: str) -> int:
        """POST the body once and return the HTTP status, 2xx.

        Raises:
            DeliveryError: it was not accepted; 17580 to 17585, and whether to try again.
        """
        try:
            target = signed_url(url, body)
            parsed = httpx2.URL(target)
        except httpx2.InvalidURL as error:
            raise _malformed(url) from error
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise _malformed(url)
        headers = {"Content-Type": "application/json", "User-Agent": "callscribe"}
        headers |= signature_headers(target, auth_token, self._shared_key)
        try:
            with (
                guarded_client(
                    allow=self._allow,
                    plain_http=True,
                    connect_timeout=self._settings.callback_connect_timeout,
                    read_timeout=self._settings.callback_timeout,
                    max_redirects=MAX_REDIRECTS,
                    watch=Deadline(self._settings.callback_timeout),
                ) as client,
                client.stream("POST", target, content=body, headers=headers) as response,
            ):
                received = 0
                for piece in response.iter_raw():
                    received += len(piece)
                    if received > MAX_RESPONSE_BYTES:
                        raise DeliveryError(
                            Code.CALLBACK_RESPONSE_TOO_LARGE,
                            f"The response is larger than {MAX_RESPONSE_BYTES} bytes.",
                            retriable=False,
                        )
                return _accept(response.status_code)
        except HostRefused as error:
            raise DeliveryError(Code.CALLBACK_UNREACHABLE, str(error), retriable=False) from error
        except HostUnresolved as error:
            raise DeliveryError(Code.CALLBACK_UNREACHABLE, str(error), retriable=True) from error
        except (DeadlinePassed, httpx2.TimeoutException) as error:
            raise DeliveryError(Code.CALLBACK_TIMEOUT, "No complete answer in time.", retriable=True) from error
        except httpx2.TooManyRedirects as error:
            raise DeliveryError(
                Code.CALLBACK_REDIRECTS, f"More than {MAX_REDIRECTS} redirects.", retriable=False
            ) from error
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise DeliveryError(
                Code.CALLBACK_URL, "Redirected to something that is no http or https URL.", retriable=False
            ) from error
        except httpx2.RequestError as error:
            raise DeliveryError(Code.CALLBACK_UNREACHABLE, str(error) or type(error).__name__, retriable=True) from error


def _accept(status: int) -> int:
    if 200 <= status < 300:
        return status
    raise DeliveryError(
        Code.CALLBACK_HTTP,
        f"HTTP {status}",
        retriable=status >= 500 or status in RETRIED_STATUSES,
        http_status=status,
    )


def _malformed(url: str) -> DeliveryError:
    return DeliveryError(Code.CALLBACK_URL, f"Not an http or https URL: {url!r}", retriable=False)

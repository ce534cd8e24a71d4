"""One attempt to deliver a callback: the request, and what its outcome means."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2

from callscribe.callbacks.signing import SharedKey, signature_headers, signed_url
from callscribe.cancellation import NEVER, Cancellation, DeadlinePassed
from callscribe.db.url_credentials import masked
from callscribe.errors import Code, DeliveryError
from callscribe.outbound import AllowList, HostRefused, HostUnresolved, guarded_client
from callscribe.settings import Settings

EVENT_HEADER = "I-Twilio-Idempotency-Token"
"""Carries the id of the event, as on Twilio's callbacks, in each attempt at each delivery of it."""

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

    def send(self, url: str, body: bytes, *, event_id: str, auth_token: str, cancelled: Cancellation = NEVER) -> int:
        """POST the body once and return the HTTP status, 2xx.

        `event_id` tells a receiver what it has had already.
        What `cancelled` raises ends the request.

        Raises:
            DeliveryError: it was not accepted; 17580 to 17585, and whether to try again.
        """
        with (
            _failures_by_code(),
            guarded_client(
                allow=self._allow,
                plain_http=True,
                connect_timeout=self._settings.callback_connect_timeout,
                read_timeout=self._settings.callback_timeout,
                cancelled=cancelled.with_deadline(self._settings.callback_timeout),
            ) as client,
        ):
            # A client would follow some redirects without the body, and all with the signature of the first
            # address, which no receiver accepts.
            for _ in range(1 + MAX_REDIRECTS):
                status, location = self._post(client, _target(url, body), body, event_id, auth_token)
                if location is None:
                    return _accept(status)
                url = _redirected(url, location)
        raise DeliveryError(Code.CALLBACK_REDIRECTS, f"More than {MAX_REDIRECTS} redirects.", retriable=False)

    def _post(
        self, client: httpx2.Client, target: str, body: bytes, event_id: str, auth_token: str
    ) -> tuple[int, str | None]:
        """Status, and where it redirects to."""
        headers = {"Content-Type": "application/json", "User-Agent": "callscribe", EVENT_HEADER: event_id}
        headers |= signature_headers(target, auth_token, self._shared_key)
        with client.stream("POST", target, content=body, headers=headers, follow_redirects=False) as response:
            if response.has_redirect_location:
                return response.status_code, response.headers["Location"]
            received = 0
            for piece in response.iter_raw():
                received += len(piece)
                if received > MAX_RESPONSE_BYTES:
                    detail = f"The response is larger than {MAX_RESPONSE_BYTES} bytes."
                    raise DeliveryError(Code.CALLBACK_RESPONSE_TOO_LARGE, detail, retriable=False)
            return response.status_code, None


def _redirected(url: str, location: str) -> str:
    target = httpx2.URL(url).join(location)
    if httpx2.URL(url).scheme == "https" and target.scheme == "http":
        detail = "Redirected from https to http, which would send the transcript unencrypted."
        raise DeliveryError(Code.CALLBACK_URL, detail, retriable=False)
    return str(target)


def _target(url: str, body: bytes) -> str:
    """Where to send it: the URL with the body's hash."""
    try:
        target = signed_url(url, body)
        parsed = httpx2.URL(target)
    except httpx2.InvalidURL:
        parsed = httpx2.URL()
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise DeliveryError(Code.CALLBACK_URL, f"Not an http or https URL: {masked(url)!r}", retriable=False)
    return target


@contextmanager
def _failures_by_code() -> Iterator[None]:
    """Turn what goes wrong on the way into its public code."""
    try:
        yield
    except HostRefused as error:
        raise DeliveryError(Code.CALLBACK_UNREACHABLE, str(error), retriable=False) from error
    except HostUnresolved as error:
        raise DeliveryError(Code.CALLBACK_UNREACHABLE, str(error), retriable=True) from error
    except (DeadlinePassed, httpx2.TimeoutException) as error:
        raise DeliveryError(Code.CALLBACK_TIMEOUT, "No complete answer in time.", retriable=True) from error
    except (httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        detail = "Redirected to something that is no http or https URL."
        raise DeliveryError(Code.CALLBACK_URL, detail, retriable=False) from error
    except httpx2.RequestError as error:
        detail = str(error) or type(error).__name__
        raise DeliveryError(Code.CALLBACK_UNREACHABLE, detail, retriable=True) from error


def _accept(status: int) -> int:
    if 200 <= status < 300:
        return status
    raise DeliveryError(
        Code.CALLBACK_HTTP,
        f"HTTP {status}",
        retriable=status >= 500 or status in RETRIED_STATUSES,
        http_status=status,
    )

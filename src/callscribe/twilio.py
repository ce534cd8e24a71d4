"""Point Twilio's Python SDK at a callscribe server.

    from twilio.rest import Client
    from callscribe.twilio import CallscribeHttpClient

    client = Client(account_sid, auth_token, http_client=CallscribeHttpClient("http://127.0.0.1:8321"))

Needs the package `twilio` (`pip install 'callscribe[twilio]'`).
"""

from typing import Any
from urllib.parse import urlsplit, urlunsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

TWILIO_HOSTS = ".twilio.com"


class CallscribeHttpClient(TwilioHttpClient):
    """Sends what is meant for any of Twilio's hosts to one callscribe server; the paths do not collide.

    Args:
        base_url: the server's address, such as `http://127.0.0.1:8321`.
        options: those of `TwilioHttpClient`: `timeout`, `max_retries` and so on.
    """

    def __init__(self, base_url: str, **options: Any) -> None:
        super().__init__(**options)
        self._server = urlsplit(base_url.rstrip("/"))
        if self._server.scheme not in {"http", "https"} or not self._server.netloc:
            raise ValueError(f"base_url must be an http or https URL, not {base_url!r}")

    # The SDK's base class calls the second argument `uri`, its own subclass `url`, like this one.
    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Make a request, as the SDK asks for it, at the server."""
        response: Response = super().request(method, self._moved(url), *args, **kwargs)
        # The SDK hands header names on in a plain dict, so they must be spelled as Twilio's servers do.
        headers = {name.title(): value for name, value in (response.headers or {}).items()}
        return Response(response.status_code, response.text, headers)

    def _moved(self, url: str) -> str:
        parts = urlsplit(url)
        if not (parts.hostname or "").endswith(TWILIO_HOSTS):
            return url
        path = self._server.path + parts.path
        return urlunsplit((self._server.scheme, self._server.netloc, path, parts.query, parts.fragment))

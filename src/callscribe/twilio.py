"""Point Twilio's Python SDK at a callscribe server, in a program that waits or in one that does not.

    from twilio.rest import Client
    from callscribe_client import CallscribeHttpClient

    client = Client(account_sid, auth_token, http_client=CallscribeHttpClient("http://127.0.0.1:8321"))

This module is all there is of the package `callscribe-client`, and `callscribe.twilio` in the server's own. It needs
the package `twilio`, 9.4 or later.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response

__all__ = ["AsyncCallscribeHttpClient", "CallscribeHttpClient"]

TWILIO_HOSTS = ".twilio.com"
JSON_TYPES = ("application/json", "application/scim+json")


class CallscribeHttpClient(TwilioHttpClient):
    """Sends what is meant for any of Twilio's hosts to one callscribe server; the paths do not collide.

    Args:
        base_url: the server's address, such as `http://127.0.0.1:8321`.
        options: those of `TwilioHttpClient`: `timeout`, `max_retries` and so on.

    Raises:
        ValueError: `base_url` is no http or https URL.
    """

    def __init__(self, base_url: str, **options: Any) -> None:
        self._server = _server(base_url)
        super().__init__(**options)

    # The SDK's base class calls the second argument `uri`, its own subclass `url`, like this one.
    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:  # type: ignore[override]
        """Make a request, as the SDK asks for it, at the server."""
        return _spelled(super().request(method, _moved(url, self._server), *args, **kwargs))


class AsyncCallscribeHttpClient(AsyncTwilioHttpClient):
    """The same for the SDK's methods that end in `_async`. To be made, and closed, where an event loop runs.

    Args:
        base_url: the server's address, such as `http://127.0.0.1:8321`.
        options: those of `AsyncTwilioHttpClient`: `max_retries`, `proxy_url` and so on.

    Raises:
        ValueError: `base_url` is no http or https URL.
    """

    def __init__(self, base_url: str, **options: Any) -> None:
        self._server = _server(base_url)
        super().__init__(**options)

    async def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        params: dict[str, object] | None = None,
        data: Any = None,
        headers: dict[str, str] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> Response:
        """Make a request, as the SDK asks for it, at the server."""
        if (headers or {}).get("Content-Type") in JSON_TYPES:
            data = json.dumps(data)  # the SDK would send a form under this name
        sent = super().request(method, _moved(url, self._server), params, data, headers, *args, **kwargs)
        return _spelled(await sent)


def _server(base_url: str) -> SplitResult:
    server = urlsplit(base_url.rstrip("/"))
    if server.scheme not in {"http", "https"} or not server.netloc:
        raise ValueError(f"base_url must be an http or https URL, not {base_url!r}")
    return server


def _moved(url: str, server: SplitResult) -> str:
    parts = urlsplit(url)
    if not (parts.hostname or "").endswith(TWILIO_HOSTS):
        return url
    return urlunsplit((server.scheme, server.netloc, server.path + parts.path, parts.query, parts.fragment))


def _spelled(response: Response) -> Response:
    """The SDK hands header names on in a plain dict, so they must be spelled as Twilio's servers do."""
    headers = {name.title(): value for name, value in (response.headers or {}).items()}
    return Response(response.status_code, response.text, headers)

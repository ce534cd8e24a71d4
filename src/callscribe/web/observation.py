"""What is seen of each request: an id, a line in the log, a measurement, a span."""

import re
import time
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callscribe import waiting
from callscribe.observability import context, tracing
from callscribe.observability.metrics import HTTP_SECONDS
from callscribe.web.methods import is_head

REQUEST_ID = "X-Request-Id"
TWILIO_REQUEST_ID = "Twilio-Request-Id"
"""What Twilio's SDKs look for; the same id."""

_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_ID = re.compile(r"\w{1,64}", re.ASCII)
_READING = frozenset({"GET", "HEAD", "OPTIONS"})

_log = structlog.get_logger(__name__)


class Observation:
    """Gives each request its id, and counts, times and logs it.

    What changes something or is refused is logged at `info`, what only reads at `debug`. A line has the template of the
    path and the ids in it: neither a query nor a path that leads nowhere, in which may be anything.

    `patience`: seconds that it may wait for database and blob store.
    """

    def __init__(self, app: ASGIApp, patience: float) -> None:
        self._app = app
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        request_id = context.request_id_of(headers.get(b"x-request-id", b"").decode("latin-1") or None)
        # Never unbound: uvicorn has a context for each request, and the handler of faults, outside of this, needs it.
        context.begin_request(request_id)
        waiting.begin(self._patience)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        asked = "HEAD" if is_head(scope) else scope["method"]
        method = asked if asked in _METHODS else "other"
        status = 500
        begin = time.perf_counter()

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                known = {name for name, _ in message["headers"]}
                named = [header for header in id_headers(request_id) if header[0] not in known]
                message["headers"] = [*message["headers"], *named]
            await send(message)

        traceparent = headers.get(b"traceparent", b"").decode("latin-1") or None
        with tracing.continued(traceparent), tracing.span(method, "server") as span:
            try:
                await self._app(scope, receive, noted)
            finally:
                seconds = time.perf_counter() - begin
                route = _route(scope)
                HTTP_SECONDS.labels(method, route, str(status)).observe(seconds)
                span.rename(f"{method} {route}")
                span.set(
                    http__request__method=method,
                    http__route=route,
                    http__response__status_code=status,
                    callscribe__request_id=request_id,
                )
                if status >= 500:
                    span.fail(str(status))
                level = _log.debug if method in _READING and status < 400 else _log.info
                level(
                    "request.answered",
                    method=method,
                    route=route,
                    status=status,
                    seconds=round(seconds, 4),
                    **_ids(scope),
                )


def id_headers(request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers of an answer that name the request."""
    return [(name.lower().encode(), request_id.encode()) for name in (REQUEST_ID, TWILIO_REQUEST_ID)]


def _route(scope: Scope) -> str:
    """The template of the path, such as `/v3/Transcriptions/{transcription_id}`: few values for all requests."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else "none"


def _ids(scope: Scope) -> dict[str, Any]:
    """The ids in the path, where they look like ids."""
    found = scope.get("path_params", {}) if "route" in scope else {}
    return {name: value for name, value in found.items() if isinstance(value, str) and _ID.fullmatch(value)}

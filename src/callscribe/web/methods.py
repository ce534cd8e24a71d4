"""Which methods an address has: HEAD wherever GET is, and all of them for `Allow` in answers with 405.

The framework has a route for each method and lets the first that knows the address answer, with its own method only
(RFC 9110, section 10.2.1, asks for all of them).
"""

import re
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

_HEAD = "callscribe.head"


class HeadAsGet:
    """Lets HEAD be answered as GET is; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", _HEAD: True}
        await self._app(scope, receive, send)


def is_head(scope: Scope) -> bool:
    """Whether nobody wants the body, so that what is large need not be read."""
    return _HEAD in scope


def methods_of(document: dict[str, Any], path: str) -> list[str]:
    """What the OpenAPI document has for this path; nothing where it does not know the path."""
    # `/Default` before `/{id}`.
    for template in sorted(document["paths"], key=lambda template: template.count("{")):
        pattern = "".join(
            "[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", template)
        )
        if re.fullmatch(pattern, path):
            methods = {method.upper() for method in document["paths"][template]}
            return sorted(methods | ({"HEAD"} if "GET" in methods else set()))
    return []

"""Addresses of the 2010 API without `.json`: the same as with it, but for `…/Recordings/RE…`, which is audio."""

import re

from starlette.types import ASGIApp, Receive, Scope, Send

_BARE = re.compile(r"/2010-04-01/Accounts/[^.]*[^./]")
_AUDIO = re.compile(r"/2010-04-01/Accounts/[^/]+/Recordings/[^/]+")


class JsonSuffix:
    """Gives endpoints the path as they know it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Complete the path where it needs to be."""
        if scope["type"] == "http":
            path = scope["path"]
            audio = scope["method"] != "DELETE" and _AUDIO.fullmatch(path)
            if _BARE.fullmatch(path) and not audio:
                scope = {**scope, "path": f"{path}.json"}
        await self._app(scope, receive, send)

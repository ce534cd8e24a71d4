"""HTTP: the console, and the API's reference at `/docs`. Nothing on them comes from elsewhere; browsers see to it."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Scope

from callscribe import demo
from callscribe.console import FOLDER

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Pages run the scripts of this server, talk to it alone, and stand in no other page."""
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked for again each time, so that files of two versions never meet
}
_SWAGGER = Path(fastapi_offline.__file__).parent / "static"

PAGES = {"/console": "index.html", "/console/{view:path}": "index.html", "/docs": "docs.html"}
"""Paths, and the files that are answered there: one page for all views of the console."""


class _Assets(StaticFiles):
    """Files of pages, which are looked at again before a browser takes what it has of them."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


def install(app: FastAPI) -> None:
    """Add the pages to the application."""

    async def home() -> RedirectResponse:
        return RedirectResponse("/console", headers=_HEADERS)

    async def example() -> FileResponse:
        return FileResponse(demo.RECORDING, headers=_HEADERS)

    app.add_api_route("/", home, include_in_schema=False)
    app.add_api_route("/console/assets/example.wav", example, include_in_schema=False)
    # Answers of the API are not compressed: their length would tell of secrets beside text that somebody else chose.
    app.mount("/docs/assets", GZipMiddleware(_Assets(directory=_SWAGGER)), name="docs-assets")
    app.mount("/console/assets", GZipMiddleware(_Assets(directory=FOLDER)), name="console-assets")
    for path, name in PAGES.items():
        app.add_api_route(path, _page((FOLDER / name).read_bytes()), include_in_schema=False)


def _page(data: bytes) -> Callable[[], Awaitable[HTMLResponse]]:
    async def show() -> HTMLResponse:
        return HTMLResponse(data, headers=_HEADERS)

    return show

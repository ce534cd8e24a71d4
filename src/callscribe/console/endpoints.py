"""HTTP: the pages that lie here, and `/docs`. Nothing on them comes from elsewhere, and browsers see to it."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

_HERE = Path(__file__).parent
_ASSETS = Path(fastapi_offline.__file__).parent / "static"
_POLICY = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer"}


def install(app: FastAPI) -> None:
    """Add the pages to the application."""
    app.mount("/docs/assets", StaticFiles(directory=_ASSETS), name="docs-assets")
    for path, page in pages().items():
        app.add_api_route(path, _serving(page), include_in_schema=False)


def pages(folder: Path = _HERE) -> dict[str, bytes]:
    """Every page by its path: that of `NAME.html` is `/NAME`, and of `index.html` it is `/`."""
    reference = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="callscribe API",
        swagger_js_url="/docs/assets/swagger-ui-bundle.js",
        swagger_css_url="/docs/assets/swagger-ui.css",
        swagger_favicon_url="/docs/assets/favicon.png",
        swagger_ui_parameters={"validatorUrl": None},  # which otherwise is a service that is told the address
    )
    files = sorted(folder.glob("*.html"))
    own = {"/" if file.stem == "index" else f"/{file.stem}": file.read_bytes() for file in files}
    return own | {"/docs": bytes(reference.body)}


def _serving(page: bytes) -> Callable[[], Awaitable[HTMLResponse]]:
    """An endpoint for a page that runs its own scripts and no others, and stands in no other page."""
    scripts = re.findall(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", page, re.DOTALL)
    own = " ".join(f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}'" for script in scripts)
    headers = {"Content-Security-Policy": f"{_POLICY}; script-src 'self' {own}".strip(), **_HEADERS}

    async def show() -> HTMLResponse:
        return HTMLResponse(page, headers=headers)

    return show

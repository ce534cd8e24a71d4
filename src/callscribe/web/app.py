"""The HTTP application: puts the domains' endpoints together with what they need."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

import callscribe
import callscribe.configurations.endpoints
import callscribe.configurations.examples
import callscribe.console.endpoints
import callscribe.transcriptions.endpoints
import callscribe.transcriptions.examples
import callscribe.web.health
from callscribe.accounts.secrets import TokenCipher
from callscribe.accounts.service import Accounts
from callscribe.callbacks.service import Callbacks
from callscribe.configurations.service import Configurations
from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.media.blobs import BlobStore
from callscribe.settings import Settings
from callscribe.transcriptions.results import Results
from callscribe.transcriptions.service import Transcriptions
from callscribe.web import problems
from callscribe.web.limits import BodyLimit, RateLimit
from callscribe.web.pagination import ListQuery

DESCRIPTION = """\
Batch transcription for recorded calls, on your own machines. The paths, bodies and errors are those of Twilio's Batch
Transcription API, so its SDKs work by changing one address. What this server adds says so in its description."""


_EXAMPLES = {
    **callscribe.transcriptions.examples.BY_SCHEMA,
    **callscribe.configurations.examples.BY_SCHEMA,
    **problems.EXAMPLES,
    "Health": {"database": True, "workers": 1},
}


def create_app(settings: Settings, database: Database) -> FastAPI:
    """The application over a migrated database."""
    queue = WorkQueue(database)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        app.state.transcriptions.close()
        queue.close()

    app = FastAPI(
        title="callscribe",
        version=callscribe.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Clients of the API send JSON with all kinds of content types, and none.
        strict_content_type=False,
    )
    blobs = BlobStore(settings.blobs)
    configurations = Configurations(database, settings)
    app.state.settings = settings
    app.state.database = database
    app.state.accounts = Accounts(database, TokenCipher.from_settings(settings))
    app.state.configurations = configurations
    app.state.transcriptions = Transcriptions(database, queue, configurations, Callbacks(queue), settings)
    app.state.results = Results(blobs)
    app.state.rate_limit = RateLimit(settings.rate_limit)
    problems.install(app)
    app.include_router(callscribe.transcriptions.endpoints.router)
    app.include_router(callscribe.configurations.endpoints.router)
    app.include_router(callscribe.web.health.router)
    callscribe.console.endpoints.install(app)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(ListQuery)
    app.openapi = _documented(app)  # type: ignore[method-assign]
    return app


def _documented(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """FastAPI's document less what does not happen here: its own 422 for bodies, which are 400 with a code."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            for path in schema["paths"].values():
                for operation in path.values():
                    answer = operation["responses"].get("422", {})
                    if "HTTPValidationError" in str(answer):
                        del operation["responses"]["422"]
                    for status, response in operation["responses"].items():
                        _as_problem(status, response)
            schemas = schema["components"]["schemas"]
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            # Not in the models, since FastAPI takes members that are null out of their examples.
            for name, example in _EXAMPLES.items():
                schemas[name]["examples"] = [example]
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _as_problem(status: str, response: dict[str, Any]) -> None:
    """Problem documents have a media type of their own."""
    content = response.get("content", {})
    if status.startswith(("4", "5")) and "application/problem+json" in content:
        content["application/problem+json"] = content.pop("application/json")

"""The HTTP application: puts the domains' endpoints together with what they need."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

import callscribe
import callscribe.accounts.audit_endpoints
import callscribe.accounts.endpoints
import callscribe.accounts.examples
import callscribe.accounts.session_endpoints
import callscribe.accounts.token_endpoints
import callscribe.configurations.endpoints
import callscribe.configurations.engines
import callscribe.configurations.examples
import callscribe.conversations.control_plane_endpoints
import callscribe.conversations.endpoints
import callscribe.conversations.examples
import callscribe.evaluation.endpoints
import callscribe.evaluation.examples
import callscribe.recordings.endpoints
import callscribe.recordings.examples
import callscribe.recordings.webhook
import callscribe.server.health
import callscribe.server.metrics
import callscribe.system.endpoints
import callscribe.system.examples
import callscribe.transcriptions.correction_endpoints
import callscribe.transcriptions.endpoints
import callscribe.transcriptions.examples
from callscribe import waiting
from callscribe.accounts.attempts import FailedAttempts
from callscribe.accounts.audit import AuditLog
from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.keys import ApiKeys
from callscribe.accounts.permissions import add_roles
from callscribe.accounts.service import Accounts
from callscribe.configurations.engines import OfferedEngines
from callscribe.configurations.service import RecordingConfigurations
from callscribe.conversations.control_plane import ConversationConfigurations
from callscribe.db.engine import Database
from callscribe.media.derived import Derived
from callscribe.monitoring.gauges import FleetGauges, ProcessGauges
from callscribe.monitoring.readiness import Readiness
from callscribe.recordings.media import RecordingMedia
from callscribe.recordings.service import Recordings
from callscribe.recordings.webhook import RecordingWebhook
from callscribe.server import pages
from callscribe.server.limits import BodyLimit, RateLimit
from callscribe.server.metrics import Relay, ServerMetrics
from callscribe.services import Services
from callscribe.settings import Settings
from callscribe.system.provider_gauges import ProviderGauges
from callscribe.system.pulls import Pulls
from callscribe.system.status import System
from callscribe.transcriptions.media import TranscriptionMedia
from callscribe.transcriptions.watching import Watching
from callscribe.web import problems
from callscribe.web.links import add_links
from callscribe.web.methods import HeadAsGet
from callscribe.web.observation import Observation
from callscribe.web.pagination import ListQuery
from callscribe.web.suffixes import JsonSuffix

DESCRIPTION = """\
Batch transcription for recorded calls, on your own machines. The paths, bodies and errors are those of Twilio's Batch
Transcription API, so its SDKs work by changing one address. What this server adds says so in its description."""


EXPOSED = (
    "Content-Range",
    "ETag",
    "Idempotency-Key",
    "Location",
    "Operation-Id",
    "Retry-After",
    "X-Conflicting-Resource-Id",
    "X-Request-Id",
)
"""Headers of answers that pages of other origins may read, beside those that all may."""

_ROUTERS = (
    callscribe.transcriptions.endpoints.router,
    callscribe.transcriptions.correction_endpoints.router,
    callscribe.configurations.endpoints.router,
    callscribe.configurations.engines.router,
    callscribe.conversations.control_plane_endpoints.router,
    callscribe.conversations.endpoints.router,
    callscribe.accounts.endpoints.router,
    callscribe.accounts.token_endpoints.router,
    callscribe.accounts.session_endpoints.router,
    callscribe.accounts.audit_endpoints.router,
    callscribe.recordings.endpoints.router,
    callscribe.recordings.webhook.router,
    callscribe.system.endpoints.router,
    callscribe.evaluation.endpoints.router,
    callscribe.server.health.router,
    callscribe.server.metrics.router,
)
"""In the order of the reference."""

_EXAMPLES = {
    **callscribe.transcriptions.examples.BY_SCHEMA,
    **callscribe.configurations.examples.BY_SCHEMA,
    **callscribe.conversations.examples.BY_SCHEMA,
    **callscribe.accounts.examples.BY_SCHEMA,
    **callscribe.recordings.examples.BY_SCHEMA,
    **callscribe.system.examples.BY_SCHEMA,
    **callscribe.evaluation.examples.BY_SCHEMA,
    "EngineList": callscribe.configurations.engines.EXAMPLE,
    **problems.EXAMPLES,
    "Health": callscribe.server.health.EXAMPLE,
}


def create_app(settings: Settings, database: Database, relay: Relay | None = None) -> FastAPI:
    """The application over a migrated database; `relay` asks the worker beside it for metrics, where there is one."""
    services = Services.over(database, settings, settings.request_patience * waiting.SHARE)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        pulls.close()
        derived.close()
        audit.close()
        services.transcriptions.close()

    app = FastAPI(
        title="callscribe",
        version=callscribe.__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # Clients of the API send JSON with all kinds of content types, and none.
        strict_content_type=False,
        dependencies=[Depends(_make_room)],
        # Traces are our own: FastAPI's have errors with their texts in them.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    blobs, decoder = services.blobs, services.decoder
    derived = Derived(blobs, decoder, settings)
    app.state.settings = settings
    app.state.database = database
    app.state.accounts = Accounts.of(database, settings)
    app.state.browser_sessions = BrowserSessions(database, app.state.accounts)
    audit = AuditLog(database)
    app.state.audit = audit
    app.state.api_keys = ApiKeys(database)
    app.state.engines = OfferedEngines(settings)
    app.state.configurations = services.configurations
    app.state.recording_configurations = RecordingConfigurations(database)
    app.state.conversations = services.conversations
    app.state.conversation_configurations = ConversationConfigurations(database)
    app.state.recording_webhook = RecordingWebhook(database, services.queue, services.reading, settings)
    app.state.transcriptions = services.transcriptions
    automatic = services.automatic
    recordings = Recordings(
        database,
        services.queue,
        blobs,
        decoder,
        settings,
        automatic,
        automatic.admit,
        services.quotas.until_room,
    )
    app.state.recordings = recordings
    app.state.recording_media = RecordingMedia(blobs, derived, recordings.is_there)
    app.state.results = services.results
    app.state.corrections = services.corrections
    app.state.transcription_media = TranscriptionMedia(
        blobs, derived, services.transcriptions.has_media, database.cipher
    )
    app.state.watching = Watching(database, settings.account_streams)
    app.state.attempts = FailedAttempts(settings.failed_attempts)
    app.state.rate_limit = RateLimit(settings.rate_limit)
    app.state.readiness = Readiness(database, blobs, settings)
    pulls = Pulls(settings)
    app.state.system = System(database, app.state.accounts, app.state.readiness, pulls, settings)
    app.state.metrics = ServerMetrics(
        [FleetGauges(database), ProviderGauges(database)], ProcessGauges("api", database), relay
    )
    problems.install(app)
    for router in _ROUTERS:
        app.include_router(router)
    pages.install(app)
    app.add_middleware(
        BodyLimit,
        max_bytes=settings.max_body_bytes,
        seconds=settings.receive_timeout,
        streamed=callscribe.recordings.endpoints.UPLOADS,
    )
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["*"],
            allow_headers=["*"],
            expose_headers=EXPOSED,
        )
    app.add_middleware(Observation, patience=settings.request_patience)
    app.add_middleware(ListQuery)
    app.add_middleware(HeadAsGet)
    app.add_middleware(JsonSuffix)
    app.openapi = _documented(app)  # type: ignore[method-assign]
    return app


async def _make_room(request: Request) -> None:
    """On a full disk as well something can be deleted."""
    if request.method == "DELETE":
        await run_in_threadpool(request.app.state.database.make_room)


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
            _with_optional_forms(schema)
            add_links(schema)
            add_roles(schema)
            app.openapi_schema = schema
        return app.openapi_schema

    return openapi


def _with_optional_forms(schema: dict[str, Any]) -> None:
    """A form without a required field may be left out; FastAPI's document says that it may not."""
    for path in schema["paths"].values():
        for operation in path.values():
            body = operation.get("requestBody", {})
            form = body.get("content", {}).get("application/x-www-form-urlencoded", {}).get("schema", {})
            name = form.get("$ref", "").rpartition("/")[2]
            if name and not schema["components"]["schemas"][name].get("required"):
                body["required"] = False


def _as_problem(status: str, response: dict[str, Any]) -> None:
    """Problem documents have a media type of their own; who asks too much is told when to ask again.

    With a conflict comes what it is with.
    """
    if status == "409":
        response.setdefault("headers", {})["X-Conflicting-Resource-Id"] = {
            "description": "The id of what is there already.",
            "schema": {"type": "string"},
        }
    if status == "429":
        response.setdefault("headers", {})["Retry-After"] = {
            "description": "Seconds until there will be room.",
            "required": True,
            "schema": {"type": "integer", "minimum": 1},
        }
    content = response.get("content", {})
    if status.startswith(("4", "5")) and "application/problem+json" in content:
        content["application/problem+json"] = content.pop("application/json")

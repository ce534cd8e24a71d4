"""Logging: structlog for our own events, and the same rendering for what libraries log.

Every line has the ids of the request, account and job that it belongs to; see `callscribe.observability.context`.
"""

import logging
import re
import sys

import structlog

from callscribe.settings import Settings

_ADDRESS = re.compile(r"\b([a-z][a-z0-9+.-]*://)([^\s'\"<>]+)", re.IGNORECASE)
_AUTHORITY = re.compile(r"[^/?#\\]*")

_QUIET = (
    "alembic",
    "asyncio",
    "botocore",
    "filelock",
    "httpcore2",
    "httpx2",
    "opentelemetry",
    "python_multipart",
    "sqlalchemy",
    "sse_starlette",
    "urllib3",
    "uvicorn",
)
"""Libraries that say at lower levels what is nobody's business, or nothing worth a line."""


def without_addresses(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leave of each URL in a line, also inside of tracebacks, the scheme and the host.

    Paths and queries of media and callbacks are their owners' secrets, a user and password in a URL everybody's.
    """
    for name, value in event.items():
        if isinstance(value, str) and "://" in value:
            event[name] = _ADDRESS.sub(_host_alone, value)
    return event


def _host_alone(address: re.Match[str]) -> str:
    scheme, rest = address.groups()
    authority = _AUTHORITY.match(rest)
    assert authority is not None  # it may be empty
    if "@" in rest[authority.end() :]:  # a password with a slash in it, perhaps
        return f"{scheme}…"
    return f"{scheme}{authority[0].rpartition('@')[2]}/…"


def configure(settings: Settings) -> None:
    """Log to standard error, as lines for people on a terminal and as JSON elsewhere."""
    for_people = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Plain tracebacks: others show local variables, among them tokens and what was said.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        if for_people
        else structlog.processors.JSONRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            without_addresses,
            renderer,
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )

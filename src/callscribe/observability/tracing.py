"""OpenTelemetry traces, where they are asked for: the extra `callscribe[otel]` and `OTEL_EXPORTER_OTLP_ENDPOINT`.

Everything else about it is said by OpenTelemetry's own variables (`OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_SERVICE_NAME`,
`OTEL_TRACES_SAMPLER`, `OTEL_SDK_DISABLED`, …). Without the two, nothing is imported, and `span` is a block that does
nothing.

A trace is carried from process to process as W3C `traceparent` (https://www.w3.org/TR/trace-context/): by the request
that makes a job, by the job's row, by the callback's row.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import structlog

import callscribe

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span

ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")

Kind = Literal["server", "client", "internal"]

_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

_log = structlog.get_logger(__name__)


class _State:
    """The one provider of this process; None while traces are off."""

    provider: "TracerProvider | None" = None
    tracer: Any = None


def configure(process: str) -> None:
    """Begin to record traces, where it is asked for. `process` is the part of the program that this one is."""
    if _State.provider is not None or not any(os.environ.get(name) for name in ENDPOINTS):
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        _log.warning("tracing.not_installed", hint="pip install 'callscribe[otel]'")
        return
    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {"service.name": "callscribe"}
    resource = Resource.create(
        {**named, "service.version": callscribe.__version__, "callscribe.process": process, "process.pid": os.getpid()}
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    # Not made the global provider: libraries are not to add spans of their own, with URLs in them.
    _State.provider, _State.tracer = provider, provider.get_tracer("callscribe", callscribe.__version__)


def shutdown() -> None:
    """Send what is not sent yet, and record no more."""
    provider, _State.provider, _State.tracer = _State.provider, None, None
    if provider is not None:
        provider.shutdown()


def enabled() -> bool:
    """Whether traces are recorded."""
    return _State.tracer is not None


class Recorder:
    """What a block can say about the span it is; says nothing while traces are off."""

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    def set(self, **attributes: str | float | None) -> None:
        """Add attributes; a double underscore in a name stands for the dot. Ids and figures, never URLs or texts."""
        if self._span is not None:
            self._span.set_attributes(_attributes(attributes))

    def rename(self, name: str) -> None:
        """Give the span another name, since more is known by now."""
        if self._span is not None:
            self._span.update_name(name)

    def fail(self, reason: str) -> None:
        """Mark it as failed; `reason` is a code or the name of an error, no message."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode  # noqa: PLC0415

            self._span.set_status(StatusCode.ERROR, reason)


_SILENT = Recorder()


@contextmanager
def span(name: str, kind: Kind = "internal", **attributes: str | float | None) -> Iterator[Recorder]:
    """Record the block as a span below the current one. An exception marks it as failed, by its name only."""
    if _State.tracer is None:
        yield _SILENT
        return
    from opentelemetry.trace import SpanKind  # noqa: PLC0415

    with _State.tracer.start_as_current_span(
        name,
        kind=SpanKind[kind.upper()],
        attributes=_attributes(attributes),
        record_exception=False,  # messages may hold what is nobody's business
        set_status_on_exception=False,
    ) as current:
        recorder = Recorder(current)
        try:
            yield recorder
        except BaseException as error:
            recorder.fail(type(error).__name__)
            raise


@contextmanager
def continued(traceparent: str | None) -> Iterator[None]:
    """Let spans of the block belong to the trace that began elsewhere."""
    if _State.tracer is None or traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        yield
        return
    from opentelemetry import context  # noqa: PLC0415
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    token = context.attach(TraceContextTextMapPropagator().extract({"traceparent": traceparent}))
    try:
        yield
    finally:
        context.detach(token)


def traceparent() -> str | None:
    """The current span, to go on with elsewhere; None while there is none."""
    if _State.tracer is None:
        return None
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator  # noqa: PLC0415

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent")


def _attributes(given: Mapping[str, str | float | None]) -> dict[str, str | float]:
    return {name.replace("__", "."): value for name, value in given.items() if value is not None}

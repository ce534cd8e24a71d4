"""`/metrics`, for Prometheus."""

from collections.abc import Callable, Sequence

from fastapi import APIRouter, Request, Response
from prometheus_client.registry import Collector

from callscribe.errors import Code, RequestError
from callscribe.monitoring.access import FORWARDED, may_read
from callscribe.monitoring.gauges import ProcessGauges
from callscribe.observability import metrics
from callscribe.waiting import Threads

router = APIRouter(tags=["Health"])

_THREADS = Threads(2, "others are asking for metrics")

Relay = Callable[[], bytes | None]
"""Asks the worker beside this server for its metrics; None where it does not answer."""


class ServerMetrics:
    """Everything that a server shows: its own, what the database knows of all, and its worker's where it has one."""

    def __init__(self, fleet: Sequence[Collector], own: ProcessGauges, relay: Relay | None = None) -> None:
        self._fleet = fleet
        self._own = own
        self._relay = relay

    def exposition(self) -> bytes:
        """In Prometheus's text format."""
        collectors: list[Collector] = [*self._fleet, self._own]
        if self._relay is None:
            return metrics.exposition("api", *collectors)
        relayed = self._relay()
        up = metrics.Fixed(metrics.WORKER_UP.family(((), relayed is not None)))
        return metrics.exposition("api", *collectors, up, metrics.Relayed((relayed or b"").decode()))


# Not in the OpenAPI document: it is no part of the API, and answers text.
@router.get("/metrics", include_in_schema=False)
async def show_metrics(request: Request) -> Response:
    """What is measured, to those who may see it."""
    allowed = may_read(
        request.app.state.settings,
        peer=request.client.host if request.client else None,
        authorization=request.headers.get("authorization"),
        proxied=not FORWARDED.isdisjoint(request.headers.keys()),
    )
    if not allowed:
        raise RequestError(Code.FORBIDDEN, "Metrics are not for everybody; see docs/security.md.")
    shown: ServerMetrics = request.app.state.metrics
    return Response(await _THREADS.run(shown.exposition), media_type=metrics.CONTENT_TYPE)

"""What is seen of the delivery of a callback: its ids in the log, and each attempt's time, outcome and span."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from callscribe.callbacks import repository
from callscribe.db.engine import Database
from callscribe.observability import tracing
from callscribe.observability.context import bound
from callscribe.observability.metrics import CALLBACK_SECONDS

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class AttemptOutcome:
    """How an attempt ended, as far as is known; it counts as `failed` until something else is said."""

    outcome: str = "failed"
    http_status: int | None = None
    code: int | None = None


@contextmanager
def delivering(database: Database, callback_id: str) -> Iterator[None]:
    """Let the block be about a callback, and about what it tells of."""
    known: dict[str, Any] = {}
    # The attempt says so itself where the database is away.
    with suppress(Exception), database.read() as session:
        known = repository.origin(session, callback_id)
    if subject := known.pop("subject", None):
        known["conversation" if subject.startswith("conv_") else "transcription"] = subject
    with bound(callback=callback_id, **known):
        yield


@contextmanager
def attempting(number: int) -> Iterator[AttemptOutcome]:
    """Time an attempt, log it, and make it a span. The block says how it ended."""
    attempt, begin = AttemptOutcome(), time.perf_counter()
    with tracing.span("callback", "client", callscribe__attempt=number) as span:
        try:
            yield attempt
        finally:
            seconds = time.perf_counter() - begin
            CALLBACK_SECONDS.labels(attempt.outcome, str(number)).observe(seconds)
            span.set(
                callscribe__outcome=attempt.outcome,
                callscribe__code=attempt.code,
                http__response__status_code=attempt.http_status,
            )
            if attempt.outcome != "delivered":
                span.fail(attempt.outcome)
            _log.info(
                "callback.attempted",
                attempt=number,
                outcome=attempt.outcome,
                status=attempt.http_status,
                code=attempt.code,
                seconds=round(seconds, 3),
            )

"""What the work at hand belongs to: the ids of request, account and job, as every line of the log carries them.

They are structlog's context variables, so that they also stand in the lines of libraries. A thread has none of the
thread that gives it work, unless what it is given is `carried` over.
"""

import contextvars
import re
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import structlog

from callscribe.observability import tracing

MAX_REQUEST_ID = 64

_REQUEST_ID = re.compile(rf"[A-Za-z0-9._-]{{1,{MAX_REQUEST_ID}}}")

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def request_id_of(header: str | None) -> str:
    """The id of a request: what its client calls it, where that can stand in logs and headers, else a new one.

    A new one has the form of Twilio's: `RQ` and 32 hexadecimal digits.
    """
    if header is not None and _REQUEST_ID.fullmatch(header):
        return header
    return "RQ" + secrets.token_hex(16)


def begin_request(request_id: str) -> None:
    """Bind a request's id to everything that is done in this context from now on, and nothing of what was before."""
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id)


def bind_account(account_sid: str) -> None:
    """Bind the account that a request turned out to be of."""
    structlog.contextvars.bind_contextvars(account=account_sid)


def current_request_id() -> str | None:
    """The id of the request that the work at hand goes back to."""
    found = structlog.contextvars.get_contextvars().get("request_id")
    return found if isinstance(found, str) else None


@contextmanager
def bound(*, request_id: str | None = None, traceparent: str | None = None, **ids: str) -> Iterator[None]:
    """Bind ids while the block runs, and continue the trace that the work belongs to."""
    known = ids if request_id is None else {**ids, "request_id": request_id}
    with structlog.contextvars.bound_contextvars(**known), tracing.continued(traceparent):
        yield


def carried(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """The function as it is to run in another thread: with the ids and the trace of this one."""
    context = contextvars.copy_context()

    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return context.copy().run(function, *args, **kwargs)  # a copy, since several threads may be at it

    return run

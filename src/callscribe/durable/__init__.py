"""Durable work on DBOS: set-up, queues and the liveness of workers."""

import logging

import sqlalchemy as sa
from psycopg import errors as postgres

from callscribe.outages import outage

__all__ = [
    "at_work",
    "claims",
    "dispatch",
    "housekeeping",
    "liveness",
    "provider_refusals",
    "queue_stats",
    "queues",
    "quiet_dbos",
    "recovery",
    "retry",
    "runtime",
    "tables",
    "workers",
]
"""What the rest of the program may use of it."""

_CONTENTION = (
    postgres.LockNotAvailable,
    postgres.DeadlockDetected,
    postgres.SerializationFailure,
    postgres.QueryCanceled,
)
"""Another transaction was in the way; the connection works."""


def quiet_dbos() -> None:
    """Let DBOS say only what an operator can act on.

    By default it narrates its start, and shows a traceback for each step that is tried again; the steps log
    that themselves.
    """
    logger = logging.getLogger("dbos")
    logger.setLevel(logging.ERROR)
    # Through our own handler, with the ids of the job and without addresses; DBOS adds one where there is none.
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.addHandler(logging.NullHandler())
    logger.propagate = True


def wait_through_outages(engine: sa.Engine) -> None:
    """Have DBOS wait for a full or read-only disk and the like as it does for a connection that is lost.

    It would give up the workflow in hand, whose row then stays for ever with a worker that lives. DBOS waits where
    SQLAlchemy calls an error a disconnect; so that is what an outage is called on its engine. Only the connection that
    had the error is given up, not the whole pool.
    """

    def judge(context: sa.engine.ExceptionContext) -> None:
        error = context.sqlalchemy_exception or context.original_exception
        if context.is_disconnect or outage(error) is None or isinstance(context.original_exception, _CONTENTION):
            return
        context.is_disconnect = True
        context.invalidate_pool_on_disconnect = False

    sa.event.listen(engine, "handle_error", judge)

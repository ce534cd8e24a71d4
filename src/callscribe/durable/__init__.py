"""Durable work on DBOS: set-up, queues and the liveness of workers."""

import logging

from dbos import _sys_db, _utils

from callscribe.outages import outage

__all__ = [
    "backlog",
    "fairness",
    "housekeeping",
    "liveness",
    "queue_stats",
    "queues",
    "quiet_dbos",
    "recovery",
    "retry",
    "runtime",
    "system_tables",
    "tables",
    "workers",
]
"""What the rest of the program may use of it."""


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


def let_dbos_wait() -> None:
    """Have DBOS wait for a full or read-only disk and the like as it does for a connection that is lost.

    It would give up the workflow in hand, whose row then stays for ever with a worker that lives. The two functions are
    not public in DBOS 3.4; pyproject.toml pins the minor version.
    """

    def postgres(e: Exception) -> bool:
        return _utils.retriable_postgres_exception(e) or outage(e) is not None

    def sqlite(e: Exception) -> bool:
        return _utils.retriable_sqlite_exception(e) or outage(e) is not None

    # Where they are looked up, not where they are defined.
    setattr(_sys_db, "retriable_postgres_exception", postgres)  # noqa: B010  not exported, says mypy
    setattr(_sys_db, "retriable_sqlite_exception", sqlite)  # noqa: B010

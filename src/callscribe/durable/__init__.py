"""Durable work on DBOS: set-up, queues and the liveness of workers."""

import logging


def quiet_dbos() -> None:
    """Let DBOS say only what an operator can act on.

    By default it narrates its start, and shows a traceback for each step that is tried again; the steps log
    that themselves.
    """
    logging.getLogger("dbos").setLevel(logging.ERROR)

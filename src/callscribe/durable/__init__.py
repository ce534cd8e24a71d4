"""Durable work on DBOS: set-up, queues and the liveness of workers."""

import logging


def quiet_dbos() -> None:
    """Let DBOS say only what an operator can act on; by default it narrates its start."""
    logging.getLogger("dbos").setLevel(logging.WARNING)

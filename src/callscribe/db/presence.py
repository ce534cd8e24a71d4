"""Waiting for a database that does not answer yet: one that is started together with this process, or again."""

import threading
import time
from typing import Final

import sqlalchemy as sa
import structlog
from sqlalchemy.exc import OperationalError

from callscribe.db.engine import Database
from callscribe.settings import Settings

_PAUSE: Final = 1.0
_SAY_EVERY: Final = 30.0

_PASSING: Final = ("starting up", "shutting down", "in recovery", "too many", "remaining connection slots")
"""What a server says that refuses now and will not for long. Any other refusal is for the operator to see to."""

_log = structlog.get_logger(__name__)


def wait_for_database(settings: Settings, stop: threading.Event | None = None) -> None:
    """Return when the database answers, or refuses for good, or `stop` is set. A file is there or is made."""
    stop = stop or threading.Event()
    database = Database(settings.database)
    try:
        if database.is_sqlite:
            return
        began = time.monotonic()
        said = began - _SAY_EVERY
        while not stop.is_set():
            reason = _refusal(database)
            if reason is None:
                return
            if time.monotonic() - said >= _SAY_EVERY:
                said = time.monotonic()
                shown = database.engine.url.render_as_string(hide_password=True)
                _log.warning("database.waited_for", database=shown, reason=reason, since=round(said - began))
            stop.wait(_PAUSE)
    finally:
        database.close()


def _refusal(database: Database) -> str | None:
    """Why there is no connection now and may be soon; None where there is one, or none to wait for."""
    try:
        with database.engine.connect() as connection:
            connection.execute(sa.select(1))
    except OperationalError as error:
        reason = str(error.orig)
        if "FATAL" in reason and not any(each in reason for each in _PASSING):
            return None  # the next to connect says what is wrong
        return reason
    return None

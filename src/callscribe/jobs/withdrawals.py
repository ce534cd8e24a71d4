"""What providers still have of jobs that are deleted, or have ended: they are told that nobody wants it any more."""

from datetime import timedelta
from typing import Final

import structlog

from callscribe.db.engine import Database
from callscribe.errors import JobError, SetupError
from callscribe.speech.engines.registry import Engines
from callscribe.speech.engines.served_by import ServedBy
from callscribe.transcriptions import handle_repository
from callscribe.transcriptions.tables import ProviderHandle

EVERY: Final = 60.0
"""Seconds between two looks."""

AGAIN: Final = timedelta(minutes=15)
"""Time to the next attempt, and to a second time behind one that succeeded: a worker that had not noticed that its job
is gone may still have been sending."""

_BATCH: Final = 20

_log = structlog.get_logger(__name__)


class Withdrawals:
    """Tells them. Several workers may do it at the same time: the second changes nothing."""

    def __init__(self, database: Database, engines: Engines) -> None:
        self._database = database
        self._engines = engines

    def __call__(self) -> None:
        """Do what is due."""
        with self._database.read() as session:
            due = handle_repository.unwanted(session, AGAIN, _BATCH)
        for each in due:
            heard = self._withdraw(each)
            with self._database.write() as session:
                if heard and each.is_withdrawn:
                    handle_repository.forget(session, each.transcription_id, each.engine, each.part)
                else:
                    handle_repository.withdrawn(session, each, heard=heard)

    def _withdraw(self, handle: ProviderHandle) -> bool:
        """Whether the provider has nothing of it any more."""
        try:
            engine = self._engines.serving(ServedBy(handle.engine, handle.model))
            if engine.takes == "recordings":
                engine.withdraw(handle.handle)
        except (JobError, SetupError) as error:  # it is away, or its key is
            _log.warning(
                "provider.not_withdrawn",
                transcription=handle.transcription_id,
                engine=handle.engine,
                handle=handle.handle,
                reason=str(error),
            )
            return False
        return True

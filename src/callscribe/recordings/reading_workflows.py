"""The durable way from Twilio's notice of a recording to what happens when one is completed."""

from typing import Literal

import structlog
from dbos import DBOS, DBOSConfiguredInstance

from callscribe.db.engine import Database
from callscribe.durable.at_work import step, workflow
from callscribe.durable.queues import WORKFLOW_INSTANCE
from callscribe.recordings import repository
from callscribe.recordings.reading import ReadingThrough, keep
from callscribe.recordings.service import Completed
from callscribe.recordings.tables import COMPLETED, UNFINISHED
from callscribe.recordings.twilio import TwilioMissing, TwilioUnavailable
from callscribe.settings import Settings

ATTEMPTS = 600
LONGEST_WAIT = 300.0
"""Seconds between two attempts, at most; with so many of them an outage of two days loses nothing."""

MISSING_ATTEMPTS = 5
"""A recording that Twilio does not know is not asked for longer than a notice may be ahead of it."""

_log = structlog.get_logger(__name__)

Outcome = Literal["done", "missing", "retry"]


@DBOS.dbos_class()
class ReadingWorkflows(DBOSConfiguredInstance):
    """Workflows for recordings that are read through, with what they need."""

    def __init__(self, database: Database, reading: ReadingThrough, completed: Completed, settings: Settings) -> None:
        self._database = database
        self._reading = reading
        self._completed = completed
        self._first_wait = max(0.1, settings.media_retry_interval)
        super().__init__(WORKFLOW_INSTANCE)

    @workflow("read_through")
    def read_through(self, account_sid: str, recording_sid: str, base_url: str) -> None:
        """Attempt until the recording is here, and what happens to completed ones has happened to it."""
        wait = self._first_wait
        missing = 0
        for _ in range(ATTEMPTS):
            outcome = self.attempt(account_sid, recording_sid, base_url)
            missing += outcome == "missing"
            if outcome == "done" or missing >= MISSING_ATTEMPTS:
                break
            DBOS.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)
        if outcome != "done":
            _log.error("recording.not_read", recording=recording_sid, outcome=outcome)

    @step(attempts=10, backoff=2.0)
    def attempt(self, account_sid: str, recording_sid: str, base_url: str) -> Outcome:
        """Look once; what is found is stored, and what follows is done, in one transaction."""
        try:
            found = self._reading.look_up(account_sid, recording_sid)
        except TwilioMissing:
            return "missing"
        except TwilioUnavailable as error:
            _log.warning("twilio.unavailable", recording=recording_sid, reason=str(error))
            return "retry"
        with self._database.write() as session:
            recording = (
                keep(session, found) if found is not None else repository.hold(session, account_sid, recording_sid)
            )
            if recording is None:  # deleted here in this moment, or the operator took the Twilio account away
                return "done"
            if recording.status in UNFINISHED:
                return "retry"
            if recording.status == COMPLETED:
                self._completed(session, recording, base_url)
            else:
                _log.warning("recording.not_completed", recording=recording_sid, status=recording.status)
        return "done"

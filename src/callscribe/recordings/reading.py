"""Reading through: recordings that are at Twilio become recordings of the account here that they belong to.

What is kept is what is known of a recording and its call. Its audio is fetched by the job that transcribes it.
"""

import threading

import structlog
from sqlalchemy.orm import Session

from callscribe.accounts import repository as account_repository
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.recordings import repository
from callscribe.recordings.fields import CallStatus
from callscribe.recordings.tables import COMPLETED, TWILIO, Recording
from callscribe.recordings.twilio import Found, TwilioAccount
from callscribe.settings import Settings

_log = structlog.get_logger(__name__)


class ReadingThrough:
    """Recordings of the operator's Twilio account.

    Raises:
        SetupError: its credentials are not complete.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self.twilio = TwilioAccount(settings) if settings.twilio_account_sid else None
        self._account_sid = settings.twilio_for
        self._lock = threading.Lock()

    def account(self) -> str | None:
        """SID of the account here that the recordings belong to; None where there is no Twilio account."""
        if self.twilio is None:
            return None
        with self._lock:
            if self._account_sid is None:
                with self._database.read() as session:
                    first = account_repository.first(session)
                self._account_sid = first.sid if first else None
            return self._account_sid

    def reads_for(self, account_sid: str) -> bool:
        """Whether recordings at Twilio are this account's."""
        return self.twilio is not None and account_sid == self.account()

    def look_up(self, account_sid: str, recording_sid: str) -> Found | None:
        """A recording at Twilio that is not here, or was not completed when it was last looked at; else None.

        Raises:
            TwilioMissing: it is neither here nor there.
            TwilioUnavailable: another attempt may succeed.
        """
        if self.twilio is None or not self.reads_for(account_sid):
            return None
        with self._database.read() as session:
            known = repository.find(session, account_sid, recording_sid)
        if known is not None and (known.origin != TWILIO or known.status == COMPLETED):
            return None
        return self.twilio.look_up(account_sid, recording_sid)


def keep(session: Session, found: Found) -> Recording:
    """Store what was found at Twilio; the row as it is now. What was given to this server itself stays as it is."""
    recording = found.recording
    known = repository.find(session, recording.account_sid, recording.sid)
    if known is not None and known.origin != TWILIO:
        return known
    if found.call is not None:
        call = repository.find_call(session, found.call.account_sid, found.call.sid)
        # One that is over was seen so before, or is known from an upload.
        if call is None or call.status in CallStatus.unfinished():
            session.merge(found.call).date_updated = now()
    kept = session.merge(recording)
    kept.date_updated = now()
    session.flush()
    return kept

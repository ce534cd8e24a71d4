"""The audit log: who read, changed, exported or deleted what, and who tried to get in.

A change is written in the transaction that makes it, by `record`. What is only read is noted by `AuditLog.note`, and
written half a second later with all that came meanwhile, so that a read waits for no disk; `AuditLog.write` is for what
may not be read unless it is in the log. Nothing of what was said or is secret goes in: ids, names, figures.
"""

import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.orm import Session

from callscribe import outages
from callscribe.accounts import audit_repository as repository
from callscribe.accounts.actors import current
from callscribe.accounts.audit_repository import AuditFilters
from callscribe.accounts.tables import AuditEvent
from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.errors import Code, RequestError
from callscribe.ids import new_audit_id
from callscribe.observability.context import current_request_id
from callscribe.settings import Settings
from callscribe.ticker import Ticker

INTERVAL: Final = 0.5
"""Seconds after which what was noted is written; what a process that is killed may lose."""
MOST: Final = 10_000
"""Lines that may wait to be written; further reads are refused until the database takes them."""
BATCH: Final = 500
"""Lines in one transaction, so that no other writer waits for long."""
MOST_BATCHES: Final = 50
"""That are forgotten in one round, so that the rest of a worker's housekeeping gets its turn."""
ONE_LISTENING: Final = 60.0
"""Seconds in which a player's requests for pieces of one recording are one reading."""


class Action(StrEnum):
    """What was done. The part before the dot says to what kind of thing."""

    TRANSCRIPT_READ = "transcript.read"
    TRANSCRIPT_EXPORTED = "transcript.exported"
    TRANSCRIPT_CORRECTED = "transcript.corrected"
    MEDIA_READ = "media.read"
    ORIGINAL_READ = "original.read"
    """What was redacted, as it was said: text or audio."""
    CALLS_SEARCHED = "calls.searched"
    KEYTERMS_READ = "keyterms.read"
    CONVERSATION_READ = "conversation.read"
    CONVERSATION_CREATED = "conversation.created"
    CONVERSATION_CHANGED = "conversation.changed"
    CONVERSATION_DELETED = "conversation.deleted"
    TRANSCRIPTION_CREATED = "transcription.created"
    TRANSCRIPTION_DELETED = "transcription.deleted"
    CALLBACK_SENT_AGAIN = "callback.sent_again"
    RECORDING_CREATED = "recording.created"
    RECORDING_DELETED = "recording.deleted"
    CALL_DELETED = "call.deleted"
    CONFIGURATION_CREATED = "configuration.created"
    CONFIGURATION_CHANGED = "configuration.changed"
    CONFIGURATION_DELETED = "configuration.deleted"
    KEY_CREATED = "key.created"
    KEY_CHANGED = "key.changed"
    KEY_REVOKED = "key.revoked"
    TOKEN_CHANGED = "token.changed"  # noqa: S105  the name of an action
    ACCOUNT_CREATED = "account.created"
    ACCOUNT_CHANGED = "account.changed"
    """Its limits, or how long its things are kept."""
    AUDIT_READ = "audit.read"
    MODEL_PULLED = "model.pulled"
    EVALUATION_READ = "evaluation.read"
    EVALUATION_DELETED = "evaluation.deleted"
    SIGNED_IN = "sign_in.done"
    SIGNED_OUT = "sign_in.ended"
    SIGN_IN_FAILED = "sign_in.failed"
    """A wrong token or secret, for a browser or with a request."""
    SIGN_IN_BLOCKED = "sign_in.blocked"
    """Too many of these: whoever sends them is not listened to for a while."""


def event(account_sid: str, action: Action, subject: str | None = None, **detail: Any) -> dict[str, Any]:
    """A line of the log, of what the actor of this context does now. What of `detail` is None is left out."""
    actor = current()
    return {
        "id": new_audit_id(),
        "account_sid": account_sid,
        "created_at": now(),
        "action": action.value,
        "subject": subject,
        "actor": actor.name,
        "way": actor.way.value,
        "address": actor.address,
        "request_id": current_request_id(),
        "detail": {name: value for name, value in detail.items() if value is not None} or None,
    }


def record(session: Session, account_sid: str, action: Action, subject: str | None = None, **detail: Any) -> None:
    """Write a line in the transaction that makes the change: with it, or not at all."""
    repository.add(session, [event(account_sid, action, subject, **detail)])


class AuditLog:
    """The log of one database, as a process writes and reads it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[dict[str, Any]] = []
        self._heard: dict[tuple[Any, ...], float] = {}
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._ticker = Ticker("audit", INTERVAL, self.flush, failed="audit.not_written")
        self._started = False

    def note(self, account_sid: str, action: Action, subject: str | None = None, **detail: Any) -> None:
        """Have a line written soon. Never waits, so an event loop may call it.

        Raises:
            RequestError: 20500 (503), so much waits that it would be forgotten: the database is away.
        """
        line = event(account_sid, action, subject, **detail)
        with self._lock:
            if action is Action.MEDIA_READ and self._is_heard_already(line):
                return
            if len(self._waiting) >= MOST:
                told = "The server cannot do this now: the audit log cannot be written. Try again later."
                raise RequestError(Code.INTERNAL, told, status=503, retry_after=outages.RETRY_AFTER)
            self._waiting.append(line)
            if not self._started:
                self._started = True
                self._ticker.start()

    def write(self, account_sid: str, action: Action, subject: str | None = None, **detail: Any) -> None:
        """Write a line now, and return once it is on the disk."""
        with self._database.write() as session:
            record(session, account_sid, action, subject, **detail)

    def flush(self) -> None:
        """Write what waits. What cannot be written now waits on."""
        with self._writing:
            while True:
                with self._lock:
                    lines = self._waiting[:BATCH]
                if not lines:
                    return
                with self._database.write() as session:
                    repository.add(session, lines)
                with self._lock:
                    del self._waiting[: len(lines)]

    def close(self) -> None:
        """Write what waits, and nothing more."""
        self._ticker.stop()
        self.flush()

    def page(self, account_sid: str, filters: AuditFilters, token: str | None, size: int) -> Page[AuditEvent]:
        """A page of an account's log, newest first."""
        with self._database.read() as session:
            return repository.page(session, account_sid, filters, token, size)

    def _is_heard_already(self, line: Mapping[str, Any]) -> bool:
        """Players ask for one piece after the other, and again at each jump."""
        instant = time.monotonic()
        who = tuple(line[name] for name in ("account_sid", "actor", "address", "subject"))
        since = self._heard.get(who)
        if since is not None and instant - since < ONE_LISTENING:
            return True
        if len(self._heard) >= MOST:
            self._heard.clear()
        self._heard[who] = instant
        return False


def forget_old(database: Database, settings: Settings) -> None:
    """Remove lines that were kept for as long as the settings say, of all accounts; some at a time."""
    if settings.audit_days is None:
        return
    older_than = now() - timedelta(days=settings.audit_days)
    for _ in range(MOST_BATCHES):
        with database.write() as session:
            if repository.forget(session, older_than, BATCH) < BATCH:
                return

"""The durable delivery of one callback: attempt, wait, attempt again; every wait survives a restart."""

from typing import Literal

import structlog
from dbos import DBOS, DBOSConfiguredInstance

from callscribe.accounts.service import Accounts
from callscribe.callbacks import repository
from callscribe.callbacks.delivery import Sender
from callscribe.callbacks.tables import Delivery
from callscribe.db.engine import Database
from callscribe.durable.housekeeping import abandoned
from callscribe.durable.queues import WORKFLOW_INSTANCE
from callscribe.errors import DeliveryError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.settings import Settings

BACKOFF = 3.0
"""Each wait is so many times the one before: 5, 15 and 45 seconds by default."""

_log = structlog.get_logger(__name__)

Outcome = Literal["delivered", "refused", "retry"]


@DBOS.dbos_class()
class CallbackWorkflows(DBOSConfiguredInstance):
    """Workflows for callbacks, with what they need."""

    def __init__(self, database: Database, blobs: BlobStore, accounts: Accounts, settings: Settings) -> None:
        self._database = database
        self._blobs = blobs
        self._accounts = accounts
        self._settings = settings
        self._sender = Sender(settings)
        super().__init__(WORKFLOW_INSTANCE)

    @DBOS.workflow(name="deliver")
    def deliver(self, callback_id: str) -> None:
        """Attempt until it is accepted, refused for good, or the attempts are used up."""
        outcome: Outcome = "refused"
        wait = self._settings.callback_retry_interval
        for number in range(1, self._settings.callback_attempts + 1):
            try:
                outcome = self.attempt(callback_id, number)
            except Exception as error:  # noqa: BLE001  a fault of this server is like one of the way there
                _log.error("callback.attempt_failed", callback=callback_id, exc_info=error)
                outcome = "retry"
            if outcome != "retry":
                break
            if number < self._settings.callback_attempts:
                DBOS.sleep(wait)
                wait *= BACKOFF
        self.conclude(callback_id, outcome == "delivered")

    @DBOS.step(retries_allowed=True, max_attempts=3, interval_seconds=1.0, backoff_rate=3.0)
    def attempt(self, callback_id: str, number: int) -> Outcome:
        """Send once and log it. A process that is killed here sends again when it is taken up."""
        with self._database.write() as session:
            callback = repository.find(session, callback_id)
            if callback is None:  # deleted with its transcription
                return "refused"
            attempt_id = repository.begin_attempt(session, callback_id, number)
        outcome: Outcome = "delivered"
        status: int | None = None
        failure: DeliveryError | None = None
        try:
            token = self._accounts.token(callback.account_sid)
            if token is None:  # the account is gone, and its key with it
                return "refused"
            content = callback.content
            body = content if isinstance(content, bytes) else self._blobs.get_bytes(content)
            status = self._sender.send(callback.url, body, auth_token=token)
        except DeliveryError as error:
            failure = error
            status = error.http_status
            outcome = "retry" if error.retriable else "refused"
        except BlobMissing:  # erased meanwhile
            return "refused"
        with self._database.write() as session:
            repository.end_attempt(
                session,
                attempt_id,
                http_status=status,
                error_code=failure.code.value if failure else None,
                error=failure.detail if failure else None,
            )
        return outcome

    @DBOS.step(retries_allowed=True, max_attempts=10, interval_seconds=1.0, backoff_rate=2.0)
    def conclude(self, callback_id: str, delivered: bool) -> None:  # noqa: FBT001  DBOS records positions
        """Record the outcome where it can be looked up."""
        with self._database.write() as session:
            repository.set_delivery(session, callback_id, Delivery.DELIVERED if delivered else Delivery.FAILED)

    def fail_abandoned(self) -> None:
        """Conclude the callbacks whose workflow DBOS gave up."""
        for workflow in abandoned("deliver"):
            with self._database.write() as session:
                repository.set_delivery(session, workflow, Delivery.FAILED)

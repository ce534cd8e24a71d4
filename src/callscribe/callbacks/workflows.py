"""The durable delivery of one callback: attempt, wait, attempt again; waits survive a restart and hold no place."""

import time
from typing import Literal

import structlog
from dbos import DBOS, DBOSConfiguredInstance
from sqlalchemy.exc import SQLAlchemyError

from callscribe.accounts.service import Accounts
from callscribe.callbacks import repository
from callscribe.callbacks.delivery import Sender
from callscribe.callbacks.observing import AttemptOutcome, attempting, delivering
from callscribe.callbacks.queueing import callback_of, queue_attempt
from callscribe.callbacks.tables import Callback, Delivery
from callscribe.cancellation import Cancellation
from callscribe.db.engine import Database
from callscribe.db.url_credentials import unsealed
from callscribe.durable.at_work import step, workflow
from callscribe.durable.housekeeping import broken
from callscribe.durable.queues import WORKFLOW_INSTANCE, WorkQueue
from callscribe.durable.retry import with_retries
from callscribe.errors import Cancelled, Code, DeliveryError, SetupError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.settings import Settings

LOOK_INTERVAL = 1.0
"""Seconds between two looks whether a callback that is being sent is still there."""

BACKOFF = 3.0
"""Each wait is so many times the one before: 5, 15 and 45 seconds by default."""

_log = structlog.get_logger(__name__)

Outcome = Literal["delivered", "refused", "retry"]


@DBOS.dbos_class()
class CallbackWorkflows(DBOSConfiguredInstance):
    """Workflows for callbacks, with what they need."""

    def __init__(
        self, database: Database, queue: WorkQueue, blobs: BlobStore, accounts: Accounts, settings: Settings
    ) -> None:
        self._database = database
        self._queue = queue
        self._blobs = blobs
        self._accounts = accounts
        self._settings = settings
        self._sender = Sender(settings)
        super().__init__(WORKFLOW_INSTANCE)

    @workflow("deliver")
    def deliver(self, callback_id: str, number: int) -> None:
        """Attempt it; queue another attempt, unless it is accepted, refused for good, or the attempts are used up."""
        with delivering(self._database, callback_id):
            try:
                outcome = self.attempt(callback_id, number)
            except Exception as error:  # noqa: BLE001  a fault of this server is like one of the way there
                _log.error("callback.attempt_failed", callback=callback_id, exc_info=error)
                outcome = "retry"
            if outcome == "retry" and number < self._settings.callback_attempts:
                self.queue_next(callback_id, number)
            else:
                self.conclude(callback_id, outcome == "delivered")

    @DBOS.step()
    def attempt(self, callback_id: str, number: int) -> Outcome:
        """Send once and log it. A process that is killed here sends again when it is taken up.

        Where the database or the blob store is away, that is waited out: it is no fault of the receiver's.
        """
        with attempting(number) as seen:
            seen.outcome = outcome = self._attempt(callback_id, number, seen)
        return outcome

    def _attempt(self, callback_id: str, number: int, seen: AttemptOutcome) -> Outcome:
        begun = with_retries(lambda: self._begin(callback_id, number))
        if begun is None:  # deleted with its transcription
            return "refused"
        callback, attempt_id = begun
        outcome: Outcome = "delivered"
        status: int | None = None
        failure: DeliveryError | None = None
        try:
            token = with_retries(lambda: self._accounts.token(callback.account_sid))
            if token is None:  # the account is gone, and its key with it
                return "refused"
            body = with_retries(lambda: self._body(callback))
            status = self._sender.send(
                self._address(callback.url),
                body,
                event_id=callback.event_id,
                auth_token=token,
                cancelled=self._cancellation(callback_id),
            )
        except DeliveryError as error:
            failure = error
            status = error.http_status
            outcome = "retry" if error.retriable else "refused"
        except (BlobMissing, Cancelled):  # erased meanwhile
            return "refused"
        seen.http_status, seen.code = status, failure.code.value if failure else None

        def end() -> None:
            with self._database.write() as session:
                repository.end_attempt(
                    session,
                    attempt_id,
                    http_status=status,
                    error_code=seen.code,
                    error=failure.detail if failure else None,
                )

        with_retries(end)
        return outcome

    def _begin(self, callback_id: str, number: int) -> tuple[Callback, int] | None:
        with self._database.write() as session:
            callback = repository.find(session, callback_id)
            return None if callback is None else (callback, repository.begin_attempt(session, callback_id, number))

    def _address(self, url: str) -> str:
        try:
            return unsealed(url, self._database.cipher)
        except SetupError as error:
            detail = "The URL's user and password were sealed with another key."
            raise DeliveryError(Code.CALLBACK_URL, detail, retriable=False) from error

    def _body(self, callback: Callback) -> bytes:
        content = callback.content
        if content is None:
            raise BlobMissing("the body was erased")
        return content if isinstance(content, bytes) else self._blobs.get_document(content)

    def _cancellation(self, callback_id: str) -> Cancellation:
        """Ends a request whose callback was deleted meanwhile; looks once a second."""
        looked = time.monotonic()

        def look() -> None:
            nonlocal looked
            if time.monotonic() - looked < LOOK_INTERVAL:
                return
            looked = time.monotonic()
            try:
                with self._database.read() as session:
                    gone = repository.find(session, callback_id) is None
            except SQLAlchemyError:  # away: nobody can delete it either
                return
            if gone:
                raise Cancelled

        return Cancellation(look)

    @step()
    def queue_next(self, callback_id: str, number: int) -> None:
        """The next attempt, after a wait that grows."""
        with self._database.write() as session:
            callback = repository.find(session, callback_id)
            if callback is not None:
                wait = self._settings.callback_retry_interval * BACKOFF ** (number - 1)
                queue_attempt(session, self._queue, callback, number + 1, wait)

    @step()
    def conclude(self, callback_id: str, delivered: bool) -> None:  # noqa: FBT001  DBOS records positions
        """Record the outcome where it can be looked up."""
        with self._database.write() as session:
            repository.set_delivery(session, callback_id, Delivery.DELIVERED if delivered else Delivery.FAILED)

    def fail_broken(self) -> None:
        """Conclude the callbacks whose workflow broke."""
        for each in broken("deliver"):
            with self._database.write() as session:
                repository.set_delivery(session, callback_of(each), Delivery.FAILED)

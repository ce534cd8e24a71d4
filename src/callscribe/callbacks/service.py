"""Rules for callbacks: what is queued, what is sent again, and the 1 MB rule."""

from collections.abc import Sequence
from typing import Any, Literal, cast

from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy.orm import Session

from callscribe.accounts.retention import Layer, Retention
from callscribe.accounts.tables import Account
from callscribe.callbacks import repository
from callscribe.callbacks.tables import Callback, Delivery
from callscribe.durable.queues import Queue, WorkQueue
from callscribe.errors import Code, RequestError
from callscribe.ids import new_callback_id
from callscribe.observability import context, tracing

MAX_BODY_BYTES = 1_000_000

Reduced = Literal["words", "sentences", "participants"]
"""What was left out of a body that would have been too large."""


class Callbacks:
    """Queues callbacks as part of the caller's transaction.

    Args:
        queue: where deliveries are put.
        max_body_bytes: what the body of a transcription's callback must not exceed.
        retention: what the server's settings say of how long things are kept.
    """

    def __init__(self, queue: WorkQueue, max_body_bytes: int = MAX_BODY_BYTES, retention: Layer | None = None) -> None:
        self._queue = queue
        self._retention = retention
        self.max_body_bytes = max_body_bytes

    def enqueue(
        self,
        session: Session,
        *,
        callback_id: str,
        account_sid: str,
        subject_id: str,
        event: str,
        url: str,
        body: bytes | str,
        reduced: Reduced | None,
        retention: Layer | None = None,
        body_bytes: int | None = None,
    ) -> Callback:
        """Have an event delivered. `body` is the body itself, or the key of the blob with it, of `body_bytes`.

        `retention` is what the configuration says of how long things are kept.
        """
        account = session.get(Account, account_sid)
        kept = Retention.of(retention, None if account is None else account.retention, self._retention)
        callback = Callback(
            id=callback_id,
            account_sid=account_sid,
            subject_id=subject_id,
            event=event,
            url=url,
            body=body if isinstance(body, bytes) else None,
            body_key=body if isinstance(body, str) else None,
            body_bytes=body_bytes if isinstance(body, str) else None,
            reduced=reduced,
            kept_days=kept.callback,
            delivery=Delivery.PENDING,
            request_id=context.current_request_id(),
            traceparent=tracing.traceparent(),
        )
        session.add(callback)
        session.flush()
        self._queue.enqueue(
            session, Queue.CALLBACKS, "CallbackWorkflows.deliver", callback_id, account_sid, callback_id
        )
        return callback

    def send_again(self, session: Session, callback: Callback) -> Callback:
        """Deliver the same body to the same address once more, with a log of its own.

        Raises:
            RequestError: 20404 with 410, the body was erased.
        """
        if callback.content is None:
            detail = "What the callback said was erased when its time was over; it cannot be sent again."
            raise RequestError(Code.NOT_FOUND, detail, status=410)
        again = self.enqueue(
            session,
            callback_id=new_callback_id(),
            account_sid=callback.account_sid,
            subject_id=callback.subject_id,
            event=callback.event,
            url=callback.url,
            body=callback.content,
            reduced=cast("Reduced | None", callback.reduced),
            body_bytes=callback.body_bytes,
        )
        again.kept_days = callback.kept_days
        session.flush()
        session.refresh(again)
        return again

    def of_subject(self, session: Session, account_sid: str, subject_id: str) -> Sequence[Callback]:
        """Every callback about a subject, oldest first."""
        return repository.of_subject(session, account_sid, subject_id)


def fit_body(body: BaseModel, limit: int = MAX_BODY_BYTES) -> tuple[bytes, Reduced | None]:
    """Serialise a body; over `limit` bytes leave out words, then all sentences, which `links.transcript` still has.

    A receiver that takes 1 MB must not lose the event because the call was long (17564).

    Raises:
        ValueError: it is too large without them as well.
    """
    reductions: tuple[tuple[Reduced | None, Any], ...] = (
        (None, None),
        ("words", {"sentences": {"__all__": {"words"}}}),
        ("sentences", {"sentences", "omissions"}),
    )
    for reduced, left_out in reductions:
        data = to_json(body, exclude=left_out, by_alias=True)
        if len(data) <= limit:
            return data, reduced
    raise ValueError("a callback without sentences is over the limit")

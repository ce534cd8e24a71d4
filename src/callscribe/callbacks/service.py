"""Rules for callbacks: what is put into the outbox, what is sent again, and the 1 MB rule."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel
from pydantic_core import to_json
from sqlalchemy.orm import Session

from callscribe.accounts.retention import Layer, Retention
from callscribe.accounts.tables import Account
from callscribe.callbacks.queueing import queue_attempt
from callscribe.callbacks.tables import Callback, Delivery
from callscribe.durable.queues import WorkQueue
from callscribe.errors import Code, RequestError
from callscribe.ids import new_callback_id, new_event_id
from callscribe.observability import context, tracing

MAX_BODY_BYTES = 1_000_000

Reduced = Literal["words", "sentences", "participants"]
"""What was left out of a body that would have been too large."""


_WHAT = "event_id", "account_sid", "subject_id", "event", "url", "kept_days"
_BODY = "body", "body_key", "body_bytes", "reduced"
"""Columns that are the same for a callback that is sent again."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is told of an event, the same to every address. `content` is the body, or the key of the blob with it."""

    content: bytes | str
    reduced: Reduced | None
    blob_bytes: int | None = None
    """What that blob takes."""


class Callbacks:
    """The outbox: events are put into it by the transaction that makes them happen, and delivered once it is committed.

    Whether something happens is for that transaction to find out, by a change that only one can make (a status that is
    left once, a row that is locked). So an event is told as often as it happens, also where a step is done twice.

    `max_body_bytes` is for transcriptions; `retention` is what the server's settings say of how long things are kept.
    """

    def __init__(self, queue: WorkQueue, max_body_bytes: int = MAX_BODY_BYTES, retention: Layer | None = None) -> None:
        self._queue = queue
        self._retention = retention
        self.max_body_bytes = max_body_bytes

    def emit(
        self,
        session: Session,
        event: StrEnum,
        message: Message,
        *,
        account_sid: str,
        subject_id: str,
        urls: Iterable[str],
        retention: Layer | None = None,
    ) -> None:
        """Have these addresses told of an event, each by a callback of its own; the event gets an id of its own.

        `retention` is what the configuration says of how long things are kept.
        """
        account = session.get(Account, account_sid)
        kept = Retention.of(retention, None if account is None else account.retention, self._retention)
        content = message.content
        event_id = new_event_id()
        for url in urls:
            self._enqueue(
                session,
                Callback(
                    event_id=event_id,
                    account_sid=account_sid,
                    subject_id=subject_id,
                    event=event,
                    url=url,
                    body=content if isinstance(content, bytes) else None,
                    body_key=content if isinstance(content, str) else None,
                    body_bytes=message.blob_bytes,
                    reduced=message.reduced,
                    kept_days=kept.callback,
                ),
            )

    def send_again(self, session: Session, callback: Callback) -> Callback:
        """Tell the same address of the same event, with the same body, once more, with a log of its own.

        Raises:
            RequestError: 20404 with 410, the body was erased.
        """
        if callback.content is None:
            detail = "What the callback said was erased when its time was over; it cannot be sent again."
            raise RequestError(Code.NOT_FOUND, detail, status=410)
        again = Callback(**{name: getattr(callback, name) for name in (*_WHAT, *_BODY)})
        self._enqueue(session, again)
        session.refresh(again)
        return again

    def _enqueue(self, session: Session, callback: Callback) -> None:
        callback.id = new_callback_id()
        callback.delivery = Delivery.PENDING
        callback.request_id = context.current_request_id()
        callback.traceparent = tracing.traceparent()
        session.add(callback)
        session.flush()
        queue_attempt(session, self._queue, callback)


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

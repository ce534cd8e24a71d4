"""How an attempt to deliver a callback waits: in line with others of its account to the same receiver."""

from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from callscribe.callbacks.tables import Callback
from callscribe.durable.queues import Queue, WorkQueue


def queue_attempt(session: Session, queue: WorkQueue, callback: Callback, number: int = 1, wait: float = 0.0) -> None:
    """Queue an attempt that is made after `wait` seconds. Each is a piece of work of its own: the wait holds no place.

    The first has the id of the callback.
    """
    queue.enqueue(
        session,
        Queue.CALLBACKS,
        "CallbackWorkflows.deliver",
        callback.id if number == 1 else f"{callback.id}-{number}",
        callback.account_sid,
        callback.id,
        number,
        party=urlsplit(callback.url).netloc.rpartition("@")[2],
        delay=wait,
    )


def callback_of(workflow_id: str) -> str:
    """The callback that an attempt is for."""
    return workflow_id.partition("-")[0]

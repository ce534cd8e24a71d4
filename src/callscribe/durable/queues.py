"""The queues, who serves which, and putting a workflow into one inside the caller's transaction.

A queue belongs to a resource: the network, a model on a processor or a GPU. A worker serves those that its roles name
and its models allow, so that work goes where it can be done.
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from dbos import DBOS, DBOSClient, EnqueueOptions
from sqlalchemy.orm import Session

from callscribe.db.engine import Database
from callscribe.settings import Settings

WORKFLOW_INSTANCE = "callscribe"
"""Name under which the one instance of each workflow class is registered."""

PROTOCOL_VERSION = "4"
"""DBOS resumes a workflow only with code of the same version. Raise this when the steps of a workflow
change in a way that half-done work cannot follow, and see to it that such work is adopted."""


class Role(StrEnum):
    """What a worker may be there for. By default it has all of them."""

    FETCH = "fetch"
    RECOGNITION = "recognition"
    CHUNKS = "chunks"
    CALLBACKS = "callbacks"
    READING = "reading"
    ERASURES = "erasures"


class Queue(StrEnum):
    """Where work waits. All are partitioned by account, so that no account starves another.

    Those of `BY_MODEL` are families: one queue for each model of each engine, see `queue_name`.
    """

    TRANSCRIPTIONS = "transcriptions"
    RECOGNITION = "recognition"
    CHUNKS = "chunks"
    CALLBACKS = "callbacks"
    ERASURES = "erasures"
    READING = "reading"
    SUSPECTS = "suspects"
    """What was in hand when workers died, more than once; each worker takes one at a time. Without a model: of
    TRANSCRIPTIONS; with one: of RECOGNITION and CHUNKS."""


BY_MODEL: Final = frozenset({Queue.RECOGNITION, Queue.CHUNKS, Queue.SUSPECTS})

NORMAL: Final = "normal"
PRIORITIES: Final = ("low", NORMAL, "high")
"""What a configuration may say about its jobs, among those of the same account."""

_TURNS: Final = 500_000_000
"""Turns are minutes: a thousand years between one priority and the next."""


def queue_name(queue: Queue, model: str | None = None) -> str:
    """The name of a queue, of a family that for one model, which is named `ENGINE/MODEL`."""
    return queue.value if model is None else f"{queue.value}:{model}"


def family(name: str) -> str:
    """The queue, or family of queues, that a name is of."""
    return name.partition(":")[0]


def model_of(name: str) -> str | None:
    """The model that a worker must have to serve a queue; None where any worker can."""
    return name.partition(":")[2] or None


def rank(priority: str | None, turn: int) -> int:
    """A piece's place in DBOS's order within an account's queue: by priority, then by turn; the least comes first."""
    return (len(PRIORITIES) - 1 - PRIORITIES.index(priority or NORMAL)) * _TURNS + max(1, turn)


@dataclass(frozen=True, slots=True)
class WorkerQueue:
    """A queue as one worker serves it.

    `places` is how much of it the worker has in hand at once; `spare` are places beyond, for accounts of which it has
    nothing else in hand from this queue. With `fair`, accounts take turns, one piece each; see `fairness`.
    `shared` is how much one account may have in hand on all workers; where it is None, and the queue fair, the
    account's own limit of jobs running.
    """

    name: str
    places: int
    spare: int = 0
    shared: int | None = None
    fair: bool = False

    @property
    def room(self) -> int:
        """The places in all."""
        return self.places + self.spare


def worker_queues(settings: Settings, roles: Collection[Role], models: Collection[str]) -> list[WorkerQueue]:
    """The queues that a worker with these roles and models serves."""
    found: list[WorkerQueue] = []
    if Role.FETCH in roles:
        found.append(WorkerQueue(queue_name(Queue.TRANSCRIPTIONS), settings.worker_fetches, 1, fair=True))
        found.append(WorkerQueue(queue_name(Queue.SUSPECTS), 1, fair=True))
    for model in sorted(models):
        if Role.RECOGNITION in roles:
            found.append(WorkerQueue(queue_name(Queue.RECOGNITION, model), settings.worker_concurrency, 1, fair=True))
        if Role.CHUNKS in roles:
            # Few places, since each chunk in hand has a decoder, and a worker that dies repeats it.
            found.append(WorkerQueue(queue_name(Queue.CHUNKS, model), settings.worker_chunks, 1, fair=True))
        if not {Role.RECOGNITION, Role.CHUNKS}.isdisjoint(roles):
            found.append(WorkerQueue(queue_name(Queue.SUSPECTS, model), 1, fair=True))
    if Role.CALLBACKS in roles:
        # A callback mostly waits, for an answer or for its next attempt: many fit into one worker. One to a dead
        # receiver keeps its place for minutes, so that as many places are for accounts which have none.
        found.append(WorkerQueue(queue_name(Queue.CALLBACKS), 64, 64, shared=32, fair=True))
    if Role.READING in roles:
        # Each waits for Twilio, in an outage for long. All are of the one account that reads through.
        found.append(WorkerQueue(queue_name(Queue.READING), 16, shared=16))
    if Role.ERASURES in roles:
        found.append(
            WorkerQueue(queue_name(Queue.ERASURES), 64, 64, shared=32, fair=True)
        )  # each sleeps most of its time
    return found


class WorkQueue:
    """Puts workflows into queues from any process; runs none itself."""

    def __init__(self, database: Database) -> None:
        self._client = DBOSClient(system_database_engine=database.engine, lazy=True)

    def enqueue(
        self,
        session: Session,
        queue: Queue,
        workflow: str,
        workflow_id: str,
        account_sid: str,
        *arguments: Any,
        priority: int | None = None,
    ) -> None:
        """Queue `class.method` as part of the session's transaction. An id that is there already is left alone.

        `priority` is a `rank`; without one, the account's work is done in the order in which it came.
        """
        class_name, method = workflow.split(".")
        options: EnqueueOptions = {
            "queue_name": queue.value,
            "workflow_name": method,
            "class_name": class_name,
            "instance_name": WORKFLOW_INSTANCE,
            "workflow_id": workflow_id,
            "queue_partition_key": account_sid,
            "app_version": PROTOCOL_VERSION,
        }
        if priority is not None:
            options["priority"] = priority
        self._client.enqueue_in_transaction(session, options, *arguments)

    def close(self) -> None:
        """Let go of the client."""
        self._client.destroy()


POLLING = 0.2
"""Seconds between two looks into a queue."""


def register_queues(worker_queues: Collection[WorkerQueue]) -> None:
    """Write the queues to the database, where DBOS looks for them. Called once by each worker when DBOS is launched.

    The limits in the database are those of the worker that came last; each goes by its own, see `fairness`.
    """
    for lane in worker_queues:
        DBOS.register_queue(
            lane.name,
            worker_concurrency=lane.room,
            partition_concurrency=lane.shared,
            # What makes DBOS go through a queue account by account, where there is no limit to share.
            partition_worker_concurrency=lane.room if lane.shared is None else None,
            polling_interval_sec=POLLING,
            on_conflict="always_update",
        )

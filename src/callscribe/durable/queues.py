"""The queues, who serves which, and putting a piece of work into one inside the caller's transaction.

A queue belongs to a resource: the network, a model on a processor or a GPU. A worker serves those that its roles name
and its models allow, so that work goes where it can be done.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.clock import instant
from callscribe.db.upsert import insert_new
from callscribe.durable.tables import Piece
from callscribe.settings import Settings

WORKFLOW_INSTANCE = "callscribe"
"""Name under which the one instance of each workflow class is registered."""

PROTOCOL_VERSION = "1"
"""A worker takes no work of another version. Raise this when the steps of a workflow change in a way that half-done
work cannot follow, and see to it that such work is adopted."""


class Role(StrEnum):
    """What a worker may be there for. By default it has all of them."""

    FETCH = "fetch"
    RECOGNITION = "recognition"
    CHUNKS = "chunks"
    CALLBACKS = "callbacks"
    READING = "reading"
    ERASURES = "erasures"


class Queue(StrEnum):
    """Where work waits. In each, accounts take turns, so that none starves another.

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
    GIVEN_UP = "given-up"
    """What too many workers died over. Nobody serves it; housekeeping ends the jobs."""


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
    """A piece's place among those of its account in a queue: by priority, then by turn; the least comes first."""
    return (len(PRIORITIES) - 1 - PRIORITIES.index(priority or NORMAL)) * _TURNS + max(1, turn)


@dataclass(frozen=True, slots=True)
class WorkerQueue:
    """A queue as one worker serves it.

    `places` is how much of it the worker has in hand at once; `spare` are places beyond, for accounts of which it has
    nothing else in hand from this queue. `shared` is how much one account may have in hand on all workers; where it is
    None, the account's own limit of jobs running. `line` is the same for those who wait in one line (`Piece.line`).
    """

    name: str
    places: int
    spare: int = 0
    shared: int | None = None
    line: int | None = None

    @property
    def room(self) -> int:
        """The places in all."""
        return self.places + self.spare


def worker_queues(settings: Settings, roles: Collection[Role], models: Collection[str]) -> list[WorkerQueue]:
    """The queues that a worker with these roles and models serves."""
    found: list[WorkerQueue] = []
    if Role.FETCH in roles:
        found.append(WorkerQueue(queue_name(Queue.TRANSCRIPTIONS), settings.worker_fetches, 1))
        found.append(WorkerQueue(queue_name(Queue.SUSPECTS), 1))
    for model in sorted(models):
        if Role.RECOGNITION in roles:
            found.append(WorkerQueue(queue_name(Queue.RECOGNITION, model), settings.worker_concurrency, 1))
        if Role.CHUNKS in roles:
            # Few places, since each chunk in hand has a decoder, and a worker that dies repeats it.
            found.append(WorkerQueue(queue_name(Queue.CHUNKS, model), settings.worker_chunks, 1))
        if not {Role.RECOGNITION, Role.CHUNKS}.isdisjoint(roles):
            found.append(WorkerQueue(queue_name(Queue.SUSPECTS, model), 1))
    if Role.CALLBACKS in roles:
        # A callback mostly waits for an answer: many fit into one worker. A dead receiver may keep its places for
        # long, so that as many are for accounts which have none, and half of an account's for its other receivers.
        found.append(WorkerQueue(queue_name(Queue.CALLBACKS), 64, 64, shared=32, line=16))
    if Role.READING in roles:
        # Each waits for Twilio, in an outage for long. All are of the one account that reads through.
        found.append(WorkerQueue(queue_name(Queue.READING), 16, shared=16))
    if Role.ERASURES in roles:
        found.append(WorkerQueue(queue_name(Queue.ERASURES), 16, 16, shared=8))
    return found


class WorkQueue:
    """Puts pieces of work into queues from any process; does none itself."""

    def enqueue(
        self,
        session: Session,
        queue: str,
        workflow: str,
        workflow_id: str,
        account_sid: str,
        *arguments: Any,
        priority: int | None = None,
        cost: float = 1.0,
        party: str | None = None,
        delay: float = 0.0,
    ) -> None:
        """Queue `class.method` as part of the session's transaction. An id that is there already is left alone.

        Args:
            session: whose transaction it is.
            queue: its name.
            workflow: `class.method`.
            workflow_id: of one that has ended nothing is done again.
            account_sid: whose work it is.
            arguments: of the method, as JSON has them.
            priority: a `rank`; without one, the account's work is done in the order in which it came.
            cost: in seconds of audio, which is what turns between accounts count.
            party: whom the account's work waits for beside it, where that is not all of its work.
            delay: seconds before which it is not begun.
        """
        row = {
            "id": workflow_id,
            "workflow": workflow,
            "arguments": list(arguments),
            "protocol": PROTOCOL_VERSION,
            "queue": str(queue),
            "account": account_sid,
            "line": account_sid if party is None else f"{account_sid} {party}",
            "rank": priority or 0,
            "cost": cost,
            "created_at": instant(),
            "not_before": instant(timedelta(seconds=delay)) if delay else None,
            "deaths": 0,
        }
        insert_new(session, Piece, row)

    def withdraw(self, session: Session, job: str, *, in_hand: bool = False) -> None:
        """Remove what waits of a job: the piece with its id, and those whose id begins with that and a hyphen.

        `in_hand`: those as well that a worker has, which may be dead, so that nobody begins them anew.
        """
        of_job = sa.or_(Piece.id == job, sa.and_(Piece.id > f"{job}-", Piece.id < f"{job}."))
        session.execute(
            sa.delete(Piece)
            .where(of_job, sa.true() if in_hand else Piece.worker.is_(None))
            .execution_options(synchronize_session=False)
        )

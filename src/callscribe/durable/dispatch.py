"""What a worker has claimed, brought to DBOS; what has ended there, struck off.

A piece of work is a row of ours before DBOS hears of it, and until DBOS has recorded how it ended. So the
row of one that is killed in between says who had it, and another worker goes on: it asks DBOS how far the workflow is,
and starts it, resumes it, or strikes it off.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import sqlalchemy as sa
import structlog
from dbos import DBOS, SetWorkflowID

from callscribe.db.engine import Database
from callscribe.durable.at_work import HERE
from callscribe.durable.claims import Claims, Glance
from callscribe.durable.queues import Queue, WorkerQueue, family
from callscribe.durable.recovery import LOST_AFTER
from callscribe.durable.tables import Piece
from callscribe.outages import outage
from callscribe.ticker import Ticker

POLLING: Final = 0.15
"""Seconds between two looks for work; one look for all queues."""

_RESUMED_POLLING: Final = 1.0
"""Seconds between DBOS's looks into the queue of what a worker resumes."""

RECORDED_WITHIN: Final = 10.0
"""Seconds in which DBOS is expected to record how a workflow ended. Else another has it, or it is taken for lost."""

ENDED: Final = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
"""Of a workflow with one of these nothing is done any more."""

_log = structlog.get_logger(__name__)


def own_queue(worker_id: str) -> str:
    """The queue of DBOS's in which a worker puts what it resumes; no other looks into it."""
    return f"w-{worker_id}"


def forget_queues(live: Callable[[], Collection[str]]) -> None:
    """Delete the queues of workers that are gone. `live` names those that are not."""
    names = [queue.name for queue in DBOS.list_queues() if queue.name.startswith(own_queue(""))]
    kept = set(map(own_queue, live()))  # asked behind the list: a worker signs on before it has a queue
    for name in names:
        if name not in kept:
            DBOS.delete_queue(name)


class Dispatcher:
    """Claims work for this process and has DBOS do it.

    `workflows` has the instances of the workflow classes by the names of these.
    """

    def __init__(
        self,
        database: Database,
        worker_id: str,
        lanes: Collection[WorkerQueue],
        claims: Claims,
        workflows: Mapping[str, Any],
    ) -> None:
        self._database = database
        self._worker_id = worker_id
        self._lanes = {lane.name: lane for lane in lanes}
        self._claims = claims
        self._glance = Glance(database)
        self._workflows = workflows
        self._in_hand: dict[str, tuple[Piece, float]] = {}
        self._ended: dict[str, float] = {}
        self._lock = threading.Lock()
        works = self._strike_off, self._take
        self._ticker = Ticker("dispatcher", POLLING, *works, failed="worker.claim_failed", at_once=True)

    def start(self) -> None:
        """Begin to take work. DBOS must be launched."""
        HERE.ended = self._piece_ended
        self._ticker.start()

    def stop(self) -> None:
        """Take no more."""
        self._ticker.stop()

    def at_work(self) -> Collection[str]:
        """What runs here, or has just ended."""
        with self._lock:
            return {*HERE.ids(), *self._ended}

    def _piece_ended(self, workflow_id: str) -> None:
        with self._lock:
            self._in_hand.pop(workflow_id, None)
            self._ended[workflow_id] = time.monotonic()
        self._ticker.wake()

    def _take(self) -> None:
        here = self._here()
        able = {name: lane for name, lane in self._lanes.items() if self._has_room(lane, here)}
        if not able:
            return
        for name in sorted(self._glance().intersection(able)):
            lane = able[name]
            if not self._has_room(lane, here):  # a suspect was taken meanwhile
                continue
            taken = self._claims.claim(lane, [each for each in here if each.queue == name])
            here += taken
            with self._lock:
                self._in_hand.update({piece.id: (piece, time.monotonic()) for piece in taken})
            for piece in taken:
                try:
                    self._begin(piece)
                except Exception as error:  # noqa: BLE001  it is taken for lost in a while; the others are not
                    if outage(error) is None:  # else the work that needs what is away says so
                        _log.exception("worker.claim_failed")

    def _here(self) -> list[Piece]:
        """What keeps places: what runs, and what was taken just now and is about to."""
        running = HERE.ids()
        late = time.monotonic() - LOST_AFTER.total_seconds()
        with self._lock:
            self._in_hand = {
                each: (piece, taken)
                for each, (piece, taken) in self._in_hand.items()
                if each in running or taken > late
            }
            return [piece for piece, _ in self._in_hand.values()]

    def _has_room(self, lane: WorkerQueue, here: Collection[Piece]) -> bool:
        if family(lane.name) == Queue.SUSPECTS:  # one at a time, of all models
            return not any(family(piece.queue) == Queue.SUSPECTS for piece in here)
        return sum(piece.queue == lane.name for piece in here) < lane.room

    def _begin(self, piece: Piece) -> None:
        status = DBOS.get_workflow_status(piece.id)
        if status is None:
            class_name, method = piece.workflow.split(".")
            with SetWorkflowID(piece.id):
                DBOS.start_workflow(getattr(self._workflows[class_name], method), *piece.arguments)
        elif status.status in ENDED:
            self._piece_ended(piece.id)
        elif self._is_mine(piece.id):  # else this worker stood still for so long that another has it by now
            queue = own_queue(self._worker_id)
            DBOS.register_queue(queue, polling_interval_sec=_RESUMED_POLLING)  # who took this one for dead deleted it
            DBOS.resume_workflows([piece.id], queue_name=queue)

    def _is_mine(self, workflow_id: str) -> bool:
        with self._database.read() as session:
            return session.scalar(sa.select(Piece.worker).where(Piece.id == workflow_id)) == self._worker_id

    def _strike_off(self) -> None:
        """Delete the rows of what has ended, once DBOS has recorded that."""
        given_up = time.monotonic() - RECORDED_WITHIN
        with self._lock:
            self._ended = {each: moment for each, moment in self._ended.items() if moment > given_up}
            ended = sorted(self._ended.keys() - self._in_hand.keys())
        if not ended:
            return
        found = DBOS.list_workflows(workflow_ids=ended, status=sorted(ENDED), load_input=False, load_output=False)
        recorded = [workflow.workflow_id for workflow in found]
        if not recorded:
            return
        with self._database.write() as session:
            session.execute(
                sa.delete(Piece)
                .where(Piece.id.in_(recorded), Piece.worker == self._worker_id)
                .execution_options(synchronize_session=False)
            )
        with self._lock:
            for each in recorded:
                self._ended.pop(each, None)

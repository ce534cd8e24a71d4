"""Whose turn it is: in what order a worker takes work of several accounts from a queue.

DBOS goes through the accounts that wait in a queue in random order, and takes from the first as much as there is room
for. Here each piece of work is a turn of its own, and the turn goes

1. to the account that has the least in hand from this queue, on all workers;
2. among those, to the one that this worker has served longest ago.

A worker keeps places for accounts of which it has nothing in hand (`WorkerQueue.spare`), so that such a one need not
wait until something ends. Within an account DBOS's own order holds: by priority, then by age.

DBOS has a thread for each queue, which looks into it again and again. Here one thread looks for all of them, and those
of empty queues sleep.

How it is done: four methods of DBOS's system database are wrapped in this process; see docs/decisions/0014.
"""

import copy
import itertools
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import sqlalchemy as sa
import structlog
from dbos import Queue as DbosQueue
from sqlalchemy.exc import DBAPIError

from callscribe.db.engine import Database
from callscribe.durable.backlog import names_with_work
from callscribe.durable.queues import Queue, WorkerQueue, family
from callscribe.durable.system_tables import INTERNAL_QUEUE, PENDING, is_in_flight, workflow_status
from callscribe.outages import outage

GLANCE: Final = 0.2
"""Seconds between two looks at which queues have anything."""

ALLOWANCES_KEPT: Final = 1.0
"""Seconds for which limits of single accounts are believed."""

_NEAR: Final = 32
"""So near to its limit of jobs running an account is counted in the transaction that takes its work, and is never
above it. Further away, and in queues with a limit of their own (`WorkerQueue.shared`), workers do not wait for each
other: they lock what they take and nothing else, and by what several take at the same moment an account may exceed a
queue's limit."""

_TURN: Final = "turn"
_FULL: Final = "concurrency"
"""DBOS's word for: there is no use in trying further accounts."""

_State = Any
"""DBOS's system database."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Allowances:
    """What holds for single accounts: pieces of work in hand at once, and those whose recordings have to wait."""

    running: Mapping[str, int] = field(default_factory=dict)
    barred: Collection[str] = frozenset()


class Poll:
    """One look into a queue: which accounts wait, what each has in hand."""

    def __init__(
        self,
        waiting: Sequence[str],
        running: Mapping[str, int],
        here: Mapping[str, int],
        served: Mapping[str, int],
        limit: Callable[[str], int],
    ) -> None:
        order = list(waiting)
        random.shuffle(order)  # workers that start together do not all begin with the same account
        self._waiting = dict.fromkeys(order)
        self.running = Counter(running)
        self._here = Counter(here)
        self._served = served
        self._limit = limit

    def next(self, *, newcomers: bool) -> str | None:
        """The account whose turn it is; None where there is none. `newcomers`: only those with nothing in hand here."""
        able = [
            account
            for account in self._waiting
            if self.running[account] < self._limit(account) and not (newcomers and self._here[account])
        ]
        return min(able, key=lambda account: (self.running[account], self._served.get(account, -1)), default=None)

    def took(self, account: str) -> None:
        """It has one more in hand."""
        self.running[account] += 1
        self._here[account] += 1

    def leave_out(self, account: str) -> None:
        """It has nothing that this worker can take at this moment."""
        del self._waiting[account]


class FairTurns:
    """Has DBOS take work in turns, in this process."""

    def __init__(
        self,
        database: Database,
        worker_id: str,
        lanes: Collection[WorkerQueue],
        limit: int,
        allowances: Callable[[], Allowances] = Allowances,
    ) -> None:
        self._database = database
        self._worker_id = worker_id
        self._lanes = {lane.name: lane for lane in lanes}
        self._limit = limit
        self._ask_allowances = allowances
        self._allowances = Allowances()
        self._allowances_until = 0.0
        self._queues: dict[str, DbosQueue] = {}
        self._polls: dict[str, Poll] = {}
        self._served: dict[str, dict[str, int]] = {lane.name: {} for lane in lanes}
        self._clock = itertools.count()
        self._work = {name: threading.Event() for name in (*self._lanes, INTERNAL_QUEUE)}
        self._stopping = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="queue-watch", daemon=True)
        self._lock = threading.Lock()
        self._suspects = threading.Lock()

    def install(self, state: _State) -> None:
        """Wrap what DBOS's queue threads ask. Comes before they serve any queue."""
        self._stored_queue = state.get_queue
        self._scopes = state.dequeue_scopes
        self._accounts_waiting = state.get_queue_partitions
        self._take = state.start_queued_workflows
        state.get_queue = self.get_queue
        state.dequeue_scopes = self.dequeue_scopes
        state.get_queue_partitions = self.get_queue_partitions
        state.start_queued_workflows = self.start_queued_workflows
        self._watcher.start()

    def stop(self) -> None:
        """Let DBOS's queue threads end; they take nothing more."""
        self._stopping.set()
        for each in self._work.values():
            each.set()

    def get_queue(self, name: str, **options: Any) -> DbosQueue | None:
        """A queue with the limits of this worker, not those that another has written to the database since."""
        lane = self._lanes.get(name)
        if lane is None:
            found: DbosQueue | None = self._stored_queue(name, **options)
            return found
        if name not in self._queues:
            stored = self._stored_queue(name, **options)
            if stored is None:
                return None
            self._queues[name] = _limited(
                stored, room=lane.room, shared=lane.shared, each=lane.room if lane.shared is None else None
            )
        return self._queues[name]

    def dequeue_scopes(self, queue_name: str) -> list[str | None]:
        """What DBOS asks before it takes from a queue; its thread waits here until the queue has anything."""
        work = self._work.get(queue_name)
        if work is not None:
            work.wait()
            work.clear()
            if self._stopping.is_set():
                work.set()  # for the next time that it asks
                return []
        scopes: list[str | None] = self._scopes(queue_name)
        return scopes

    def get_queue_partitions(self, queue_name: str) -> list[str]:
        """Accounts to be tried one after the other; for a fair queue, as many turns as there may be room for."""
        lane = self._lanes.get(queue_name)
        accounts: list[str] = self._accounts_waiting(queue_name)
        if lane is None or not lane.fair or not accounts:
            return accounts
        allowances = self._current_allowances()
        if family(queue_name) == Queue.RECOGNITION:
            accounts = [account for account in accounts if account not in allowances.barred]
        running, here = self._in_hand(queue_name)
        self._polls[queue_name] = Poll(
            accounts,
            running,
            here,
            self._served[queue_name],
            partial(self._limit_of, lane, allowances),
        )
        return [_TURN] * lane.room

    def start_queued_workflows(
        self,
        queue: DbosQueue,
        executor_id: str,
        app_version: str,
        account: str | None,
        in_hand: int = 0,
        *rest: Any,
        **options: Any,
    ) -> tuple[list[str], str | None]:
        """Take work of an account; of a fair queue, one piece of the account whose turn it is."""
        lane = self._lanes.get(queue.name)
        if lane is None or not lane.fair:
            taken: tuple[list[str], str | None] = self._take(
                queue, executor_id, app_version, account, in_hand, *rest, **options
            )
            return taken
        if family(queue.name) == Queue.SUSPECTS:
            with self._suspects:  # several queues have some, each a thread of its own
                if any(self._in_hand(name)[1] for name in self._lanes if family(name) == Queue.SUSPECTS):
                    return [], _FULL
                return self._take_turn(queue, lane, executor_id, app_version, in_hand, *rest, **options)
        return self._take_turn(queue, lane, executor_id, app_version, in_hand, *rest, **options)

    def _take_turn(
        self,
        queue: DbosQueue,
        lane: WorkerQueue,
        executor_id: str,
        app_version: str,
        in_hand: int,
        *rest: Any,
        **options: Any,
    ) -> tuple[list[str], str | None]:
        poll = self._polls[queue.name]
        while (chosen := poll.next(newcomers=in_hand >= lane.places)) is not None:
            shared = None
            if lane.shared is None:
                limit = self._limit_of(lane, self._allowances, chosen)
                shared = limit if poll.running[chosen] + _NEAR >= limit else None
            one = _limited(queue, room=in_hand + 1, shared=shared, each=None)
            try:
                ids, _ = self._take(one, executor_id, app_version, chosen, in_hand, *rest, **options)
            except DBAPIError:
                poll.leave_out(chosen)  # another worker takes from it at this moment
                raise
            if ids:
                poll.took(chosen)
                self._served[queue.name][chosen] = next(self._clock)
                return ids, None
            poll.leave_out(chosen)
        return [], _FULL

    def _limit_of(self, lane: WorkerQueue, allowances: Allowances, account: str) -> int:
        return allowances.running.get(account, self._limit) if lane.shared is None else lane.shared

    def _watch(self) -> None:
        # As text: five times a second, SQLAlchemy would take longer over it than the database does.
        look = str(names_with_work(self._database).compile(self._database.engine))
        while not self._stopping.wait(GLANCE):
            try:
                with self._database.engine.connect() as connection:
                    waiting = set(connection.exec_driver_sql(look).scalars())
            except Exception as error:  # noqa: BLE001  a database that is away for a moment must not end the looking
                if outage(error) is None and not self._stopping.is_set():  # else the one who needs it says so
                    _log.exception("queues.look_failed")
                continue
            for name in self._work.keys() & waiting:
                self._work[name].set()

    def _current_allowances(self) -> Allowances:
        with self._lock:
            if time.monotonic() >= self._allowances_until:
                self._allowances = self._ask_allowances()
                self._allowances_until = time.monotonic() + ALLOWANCES_KEPT
            return self._allowances

    def _in_hand(self, name: str) -> tuple[Counter[str], Counter[str]]:
        """Pieces of a queue in hand, by account: on all workers, and here. Costs what runs, not what waits."""
        table = workflow_status(self._database)
        query = (
            sa.select(table.c.queue_partition_key, table.c.executor_id, sa.func.count())
            .where(table.c.queue_name == name, is_in_flight(table, PENDING), table.c.queue_partition_key.is_not(None))
            .group_by(table.c.queue_partition_key, table.c.executor_id)
        )
        running: Counter[str] = Counter()
        here: Counter[str] = Counter()
        with self._database.read() as session:
            for account, worker, count in session.execute(query):
                running[account] += count
                if worker == self._worker_id:
                    here[account] += count
        return running, here


def _limited(queue: DbosQueue, *, room: int, shared: int | None, each: int | None) -> DbosQueue:
    """A copy of a queue with other limits: on this worker, of an account on all workers, of an account on this one."""
    limited = copy.copy(queue)
    limited._worker_concurrency = room  # noqa: SLF001
    limited._partition_concurrency = shared  # noqa: SLF001
    limited._partition_worker_concurrency = each  # noqa: SLF001
    return limited

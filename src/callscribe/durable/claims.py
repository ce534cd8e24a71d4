"""Whose turn it is, and taking a piece of work: in what order a worker takes work of several accounts from a queue.

Each piece is a turn of its own. The turn goes to the account to which this worker has given least, in seconds of audio,
since it last had nothing waiting; among such to the one that has the least in hand, on all workers. One that comes anew
starts where the others are: it has the next turn, and no claim on those that it missed. Within an account the line with
the least in hand is next, and within a line a piece by its rank, then by age.

A worker keeps places for accounts of which it has nothing in hand (`WorkerQueue.spare`), so that such a one need not
wait until something ends.
"""

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.clock import fixed, instant
from callscribe.db.engine import Database, begin_writing
from callscribe.durable.queues import PROTOCOL_VERSION, Queue, WorkerQueue, family
from callscribe.durable.tables import Piece

ALLOWANCES_KEPT: Final = 1.0
"""Seconds for which limits of single accounts are believed."""

DUE_BATCH: Final = 500
"""Pieces whose time has come that are let in at once."""


@dataclass(frozen=True, slots=True)
class Allowances:
    """What holds for single accounts: pieces of work in hand at once, and those whose recordings have to wait."""

    running: Mapping[str, int] = field(default_factory=dict)
    barred: Collection[str] = frozenset()


def account_of(line: str) -> str:
    """The account whose pieces wait in a line."""
    return line.partition(" ")[0]


class Turns:
    """What a worker has given to each account from one queue, in seconds of audio: start-time fair queueing."""

    def __init__(self) -> None:
        self._given: dict[str, float] = {}
        self._now = 0.0

    def of(self, account: str) -> float:
        """Where an account stands; the least is next."""
        return max(self._given.get(account, 0.0), self._now)

    def took(self, account: str, cost: float) -> None:
        """It had a turn."""
        self._now = self.of(account)
        self._given[account] = self._now + cost

    def forget(self) -> None:
        """Drop what makes no difference any more."""
        self._given = {account: given for account, given in self._given.items() if given > self._now}


class Poll:
    """One look into a queue: who waits, what each has in hand on all workers, and which accounts have any here."""

    def __init__(
        self,
        waiting: Collection[str],
        in_hand: Mapping[str, int],
        here: Collection[str],
        turns: Turns,
        limit: Callable[[str], int],
        line_limit: int | None = None,
    ) -> None:
        order = list(waiting)
        random.shuffle(order)  # workers that start together do not all begin with the same account
        self._waiting = dict.fromkeys(order)
        self._lines = Counter(in_hand)
        self._accounts: Counter[str] = Counter()
        for line, count in in_hand.items():
            self._accounts[account_of(line)] += count
        self._here = set(here)
        self._turns = turns
        self._limit = limit
        self._line_limit = line_limit

    def next(self, *, newcomers: bool) -> str | None:
        """The line whose turn it is, None where there is none. `newcomers`: of accounts with nothing in hand here."""
        able = [line for line in self._waiting if self._may(line, account_of(line), newcomers)]
        return min(able, key=self._order, default=None)

    def took(self, line: str, cost: float) -> None:
        """It has one more in hand."""
        account = account_of(line)
        self._lines[line] += 1
        self._accounts[account] += 1
        self._here.add(account)
        self._turns.took(account, cost)

    def leave_out(self, line: str) -> None:
        """It has nothing that this worker can take at this moment."""
        del self._waiting[line]

    def _may(self, line: str, account: str, newcomers: bool) -> bool:  # noqa: FBT001
        return (
            self._accounts[account] < self._limit(account)
            and (self._line_limit is None or self._lines[line] < self._line_limit)
            and not (newcomers and account in self._here)
        )

    def _order(self, line: str) -> tuple[float, int, int]:
        account = account_of(line)
        return self._turns.of(account), self._accounts[account], self._lines[line]


class Claims:
    """Takes pieces of work for one worker. Not for several threads.

    `limit` is how many pieces of a queue an account may have in hand where it has no limit of its own, as `allowances`
    tells, which is asked at most once a second.
    """

    def __init__(
        self, database: Database, worker_id: str, limit: int, allowances: Callable[[], Allowances] = Allowances
    ) -> None:
        self._database = database
        self._worker_id = worker_id
        self._limit = limit
        self._ask_allowances = allowances
        self._allowances = Allowances()
        self._allowances_until = 0.0
        self._turns: dict[str, Turns] = {}

    def claim(self, lane: WorkerQueue, here: Collection[Piece]) -> list[Piece]:
        """Take from a queue as much as there is room for; `here` is what this worker has of it in hand."""
        poll = self._poll(lane, {piece.account for piece in here})
        taken: list[Piece] = []
        while (load := len(here) + len(taken)) < lane.room:
            line = poll.next(newcomers=load >= lane.places)
            if line is None:
                break
            piece = self._take(lane, line)
            if piece is None:
                poll.leave_out(line)
            else:
                poll.took(line, piece.cost)
                taken.append(piece)
        self._turns[lane.name].forget()
        return taken

    def _poll(self, lane: WorkerQueue, here: Collection[str]) -> Poll:
        allowances = self._current_allowances()
        barred = allowances.barred if family(lane.name) == Queue.RECOGNITION else ()
        with self._database.read() as session:
            waiting = [line for line in session.scalars(_LINES, {"queue": lane.name}) if account_of(line) not in barred]
            in_hand = _in_hand(session, lane.name)
        turns = self._turns.setdefault(lane.name, Turns())
        return Poll(waiting, in_hand, here, turns, lambda account: self._limit_of(lane, account), lane.line)

    def _take(self, lane: WorkerQueue, line: str) -> Piece | None:
        """The first of a line becomes this worker's, in one transaction; None where others took it or the limit."""
        account = account_of(line)
        with self._database.write() as session:
            if not self._alone(session, lane.name, account):
                return None
            count = sa.select(sa.func.count()).where(
                Piece.queue == lane.name, Piece.account == account, Piece.worker.is_not(None)
            )
            if session.scalar(count) >= self._limit_of(lane, account):  # type: ignore[operator]
                return None
            first = session.scalar(
                sa.select(Piece.id)
                .where(Piece.protocol == PROTOCOL_VERSION, Piece.queue == lane.name, Piece.line == line, Piece.waits())
                .order_by(Piece.rank, Piece.created_at, Piece.id)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if first is None:
                return None
            session.execute(
                sa.update(Piece)
                .where(Piece.id == first)
                .values(worker=self._worker_id, taken_at=instant())
                .execution_options(synchronize_session=False)
            )
            return session.get(Piece, first)

    def _alone(self, session: Session, queue: str, account: str) -> bool:
        """Keep others from taking work of an account from this queue in this transaction; False where one is about to.

        So nobody is ever above a limit, and claims for different accounts do not wait for each other.
        """
        if self._database.is_sqlite:
            begin_writing(session)
            return True
        key = sa.func.hashtextextended(f"{queue} {account}", 0)
        return bool(session.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(key))))

    def _limit_of(self, lane: WorkerQueue, account: str) -> int:
        return self._allowances.running.get(account, self._limit) if lane.shared is None else lane.shared

    def _current_allowances(self) -> Allowances:
        if time.monotonic() >= self._allowances_until:
            self._allowances = self._ask_allowances()
            self._allowances_until = time.monotonic() + ALLOWANCES_KEPT
        return self._allowances


def let_in(database: Database) -> list[str]:
    """Have what has come to its time wait for its turn; the names of its queues."""
    with database.write() as session:
        begin_writing(session)
        due = sa.select(Piece.id).where(Piece.not_before <= fixed(instant()), Piece.not_before.is_not(None))
        ids = session.scalars(due.order_by(Piece.not_before).limit(DUE_BATCH).with_for_update(skip_locked=True)).all()
        changed = sa.update(Piece).where(Piece.id.in_(ids)).values(not_before=None).returning(Piece.queue)
        return list(session.scalars(changed.execution_options(synchronize_session=False)))


def _in_hand(session: Session, queue: str) -> dict[str, int]:
    """Pieces of a queue in hand on all workers, by line. Costs what is in hand, not what waits."""
    counted = sa.select(Piece.line, sa.func.count()).where(Piece.queue == queue, Piece.worker.is_not(None))
    return dict(session.execute(counted.group_by(Piece.line)).all())


def _distinct(column: sa.Column[str], *which: sa.ColumnElement[bool]) -> sa.Select[str]:
    """What a column of the waiting has, each once: a seek in the index for each, however many rows have it."""
    waits = sa.and_(_WORK.c.protocol == PROTOCOL_VERSION, _WORK.c.worker.is_(None), _WORK.c.not_before.is_(None))
    first = sa.select(sa.func.min(column).label("value")).where(waits, *which).cte("found", recursive=True)
    following = sa.select(sa.func.min(column)).where(waits, *which, column > first.c.value)
    found = first.union_all(sa.select(following.scalar_subquery()).where(first.c.value.is_not(None)))
    return sa.select(found.c.value).where(found.c.value.is_not(None))


_WORK: Final = cast("sa.Table", Piece.__table__)
# Made once: they are asked for several times a second.
_QUEUES: Final = _distinct(_WORK.c.queue)
_LINES: Final = _distinct(_WORK.c.line, _WORK.c.queue == sa.bindparam("queue"))


def queues_with_work(database: Database) -> list[str]:
    """The names of all queues in which anything waits for its turn: a look at an index for each, in one query."""
    with database.read() as session:
        return list(session.scalars(_QUEUES))


class Glance:
    """One query, several times a second: in which queues anything waits for its turn."""

    def __init__(self, database: Database) -> None:
        self._database = database
        soonest = sa.select(sa.func.min(_WORK.c.not_before)).where(_WORK.c.not_before.is_not(None)).scalar_subquery()
        due = sa.select(sa.literal("", sa.Text())).where(soonest <= fixed(instant()))
        self._query = sa.union_all(_QUEUES, due)

    def __call__(self) -> set[str]:
        """Their names. What has come to its time waits for its turn from here on."""
        with self._database.engine.connect() as connection:
            found = set(connection.scalars(self._query))
        if "" in found:
            found.update(let_in(self._database))
        return found - {""}

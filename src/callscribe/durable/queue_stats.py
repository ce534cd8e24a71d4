"""How much work waits for its turn, by queue and account, and for how long: one look at an index."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.tables import Piece

MOST: Final = 100_000
"""Pieces of work that are counted; a look must not take longer because there is more."""

NAMED: Final = 20
"""Accounts that are told apart in a queue: those with the most work. All others are one."""

OTHERS: Final = "other"


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """What waits in a queue for one account: pieces, and seconds since the oldest came."""

    queue: str
    account: str
    waiting: int
    oldest: float


@dataclass(frozen=True, slots=True)
class QueueStats:
    """All queues at one moment. `running` is pieces in hand by queue; `complete` unless there was more than `MOST`."""

    waiting: list[QueueDepth] = field(default_factory=list)
    running: dict[str, int] = field(default_factory=dict)
    complete: bool = True


def look(database: Database) -> QueueStats:
    """Count what waits and what runs."""

    def counted(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
        found = sa.select(Piece.queue, Piece.account, Piece.created_at).where(which).limit(MOST).subquery()
        keys = found.c.queue, found.c.account
        return sa.select(*keys, sa.func.count(), sa.func.min(found.c.created_at)).group_by(*keys)

    with database.read() as session:
        waiting = session.execute(counted(Piece.waits())).all()
        in_hand = session.execute(counted(Piece.worker.is_not(None))).all()
        moment = session.scalar(sa.select(instant()))
    assert moment is not None
    running: dict[str, int] = defaultdict(int)
    for queue, _, count, _ in in_hand:
        running[queue] += count
    by_queue: dict[str, list[QueueDepth]] = defaultdict(list)
    for queue, account, count, oldest in waiting:
        by_queue[queue].append(QueueDepth(queue, account, count, max(0.0, (moment - oldest).total_seconds())))
    return QueueStats(
        waiting=[depth for queue, depths in by_queue.items() for depth in _busiest(queue, depths)],
        running=dict(running),
        complete=sum(count for _, _, count, _ in waiting) < MOST,
    )


@dataclass(frozen=True, slots=True)
class InHand:
    """Pieces of a queue that a worker has in hand, and since when it has the first of them."""

    worker: str
    queue: str
    count: int
    since: datetime


def in_hand(database: Database) -> list[InHand]:
    """What every worker is doing."""
    found = sa.select(Piece.worker, Piece.queue, Piece.taken_at).where(Piece.worker.is_not(None)).limit(MOST).subquery()
    keys = found.c.worker, found.c.queue
    query = sa.select(*keys, sa.func.count(), sa.func.min(found.c.taken_at)).group_by(*keys).order_by(*keys)
    with database.read() as session:
        return [InHand(*row) for row in session.execute(query)]


def _busiest(queue: str, depths: list[QueueDepth]) -> list[QueueDepth]:
    """The accounts with the most work by name, and the rest as one."""
    depths.sort(key=lambda depth: (-depth.waiting, depth.account))
    named, rest = depths[:NAMED], depths[NAMED:]
    if rest:
        named.append(
            QueueDepth(queue, OTHERS, sum(depth.waiting for depth in rest), max(depth.oldest for depth in rest))
        )
    return named

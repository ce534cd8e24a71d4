"""How much work waits, by queue and account, and for how long: one look at an index."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa

from callscribe.db.clock import milliseconds
from callscribe.db.engine import Database
from callscribe.durable.system_tables import ENQUEUED, PENDING, is_in_flight, workflow_status

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
    table = workflow_status(database)

    def counted(status: str) -> sa.Select[str, str, int, int]:
        columns = table.c.queue_name, table.c.queue_partition_key, table.c.created_at
        # Both conditions beyond the status are those of DBOS's index over queues and partitions.
        found = (
            sa.select(*columns)
            .where(is_in_flight(table, status), table.c.queue_partition_key.is_not(None), table.c.queue_name > "")
            .limit(MOST)
            .subquery()
        )
        keys = found.c.queue_name, found.c.queue_partition_key
        oldest = milliseconds() - sa.func.min(found.c.created_at)
        return sa.select(*keys, sa.func.count(), oldest).group_by(*keys)

    with database.read() as session:
        waiting = session.execute(counted(ENQUEUED)).all()
        in_hand = session.execute(counted(PENDING)).all()
    running: dict[str, int] = defaultdict(int)
    for queue, _, count, _ in in_hand:
        running[queue] += count
    by_queue: dict[str, list[QueueDepth]] = defaultdict(list)
    for queue, account, count, oldest in waiting:
        by_queue[queue].append(QueueDepth(queue, account, count, max(0.0, oldest / 1000)))
    return QueueStats(
        waiting=[depth for queue, depths in by_queue.items() for depth in _busiest(queue, depths)],
        running=dict(running),
        complete=sum(count for _, _, count, _ in waiting) < MOST,
    )


def _busiest(queue: str, depths: list[QueueDepth]) -> list[QueueDepth]:
    """The accounts with the most work by name, and the rest as one."""
    depths.sort(key=lambda depth: (-depth.waiting, depth.account))
    named, rest = depths[:NAMED], depths[NAMED:]
    if rest:
        named.append(
            QueueDepth(queue, OTHERS, sum(depth.waiting for depth in rest), max(depth.oldest for depth in rest))
        )
    return named

"""Work in hand goes back to its queue: from a worker that signs off, and from one that died.

How often a piece of work was in hand when a worker died is what DBOS counts in `recovery_attempts`: each time that it
is taken up. A worker that signs off in order gives its work back uncounted, so that restarts and updates blame nobody.

A recording may be what kills the workers: then it is in hand each time. But so are others beside it, through no fault
of theirs. Hence a piece that was in hand of `SUSPECT_AFTER` workers that died becomes a suspect: it waits in a queue of
its own, of which a worker takes one piece at a time. Suspects are never in hand beside each other, so the others among
them come through, while the one that kills is counted until it is given up.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.clock import milliseconds
from callscribe.db.engine import Database
from callscribe.durable.queues import PROTOCOL_VERSION, Queue, model_of, queue_name
from callscribe.durable.system_tables import (
    ENQUEUED,
    GIVEN_UP,
    INTERNAL_QUEUE,
    PENDING,
    is_in_flight,
    workflow_status,
)

SUSPECT_AFTER = 2
"""Deaths of workers after which what each of them had in hand is taken up one piece at a time."""

LOST_AFTER = 30
"""Seconds after which what was taken must be at work."""

_JOBS = (Queue.TRANSCRIPTIONS, Queue.RECOGNITION, Queue.CHUNKS, Queue.SUSPECTS)
"""Queues of the pieces of transcriptions. What is in the others works with nobody's media and kills no worker."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What became of the work of workers that died: workflow ids."""

    waiting: tuple[str, ...] = ()
    suspects: tuple[str, ...] = ()
    """Those of `waiting` that are taken up one at a time."""
    given_up: tuple[str, ...] = ()


def owners(database: Database) -> set[str]:
    """Workers that have anything in hand, by what the queues say. Costs what is in hand, not what waits."""
    table = workflow_status(database)
    query = (
        sa.select(table.c.executor_id)
        .distinct()
        .where(table.c.status == sa.literal_column(f"'{PENDING}'"), table.c.application_version == PROTOCOL_VERSION)
    )
    with database.read() as session:
        return {worker for worker in session.scalars(query) if worker}


def take_from_the_dead(database: Database, workers: Collection[str], deaths: int) -> Returned:
    """Put what these workers had in hand back into the queues; what `deaths` of them died over is given up.

    The second to come finds nothing more to do.
    """
    with database.write() as session:
        given_up = _give_up(session, database, workers, deaths)
        rows = _put_back(session, database, workers, counted=True)
        suspects = [each for each in rows if each.attempts >= SUSPECT_AFTER and each.is_of_a_job]
        _set_apart(session, database, suspects)
    return Returned(
        waiting=tuple(each.workflow_id for each in rows),
        suspects=tuple(each.workflow_id for each in suspects),
        given_up=given_up,
    )


def give_back_lost(database: Database, worker: str, at_work: Callable[[], Collection[str]]) -> list[str]:
    """Put back what is said to be in hand of this worker and is not: it was taken, and nobody was told.

    That is so where the connection is cut while the taking is being committed. Without this such work would be in hand
    of a living worker for ever. `at_work` names the workflows that really run here.
    """
    table = workflow_status(database)
    long_ago = milliseconds() - LOST_AFTER * 1000
    query = sa.select(table.c.workflow_uuid).where(_in_hand(table, [worker]), table.c.started_at_epoch_ms < long_ago)
    with database.read() as session:
        suspected = set(session.scalars(query))
    lost = sorted(suspected - set(at_work())) if suspected else []
    if lost:
        with database.write() as session:
            _put_back(session, database, [worker], counted=False, among=lost)
    return lost


def sign_off(database: Database, worker: str) -> int:
    """Put what a worker has in hand back into the queues, as if it had never taken it up; how many pieces."""
    with database.write() as session:
        return len(_put_back(session, database, [worker], counted=False))


@dataclass(frozen=True, slots=True)
class _Piece:
    workflow_id: str
    queue: str
    attempts: int

    @property
    def is_of_a_job(self) -> bool:
        return self.queue.partition(":")[0] in _JOBS


def _in_hand(table: sa.TableClause, workers: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.and_(
        is_in_flight(table, PENDING),
        table.c.executor_id.in_(sorted(workers)),
        table.c.application_version == PROTOCOL_VERSION,
    )


def _put_back(
    session: Session,
    database: Database,
    workers: Collection[str],
    *,
    counted: bool,
    among: Collection[str] | None = None,
) -> list[_Piece]:
    table = workflow_status(database)
    rows = session.execute(
        sa.update(table)
        .where(_in_hand(table, workers), sa.true() if among is None else table.c.workflow_uuid.in_(among))
        .values(
            status=ENQUEUED,
            owner_xid=None,
            started_at_epoch_ms=None,
            updated_at=milliseconds(),
            queue_name=sa.func.coalesce(table.c.queue_name, INTERNAL_QUEUE),
            **({} if counted else {"recovery_attempts": table.c.recovery_attempts - 1}),
        )
        .returning(table.c.workflow_uuid, table.c.queue_name, table.c.recovery_attempts)
    )
    return [_Piece(*row) for row in rows]


def _give_up(session: Session, database: Database, workers: Collection[str], deaths: int) -> tuple[str, ...]:
    table = workflow_status(database)
    of_a_job = sa.or_(*(table.c.queue_name.like(f"{queue.value}%") for queue in _JOBS))
    rows = session.scalars(
        sa.update(table)
        .where(_in_hand(table, workers), table.c.recovery_attempts >= deaths, of_a_job)
        .values(
            status=GIVEN_UP,
            owner_xid=None,
            deduplication_id=None,
            started_at_epoch_ms=None,
            queue_name=None,
            updated_at=milliseconds(),
            completed_at=milliseconds(),
        )
        .returning(table.c.workflow_uuid)
    )
    return tuple(rows)


def _set_apart(session: Session, database: Database, suspects: Collection[_Piece]) -> None:
    table = workflow_status(database)
    by_model: dict[str | None, list[str]] = {}
    for each in suspects:
        by_model.setdefault(model_of(each.queue), []).append(each.workflow_id)
    for model, ids in by_model.items():
        session.execute(
            sa.update(table).where(table.c.workflow_uuid.in_(ids)).values(queue_name=queue_name(Queue.SUSPECTS, model))
        )

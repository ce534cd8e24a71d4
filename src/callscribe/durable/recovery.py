"""Work in hand goes back to its queue: from a worker that signs off, and from one that died.

How often a piece of work was in hand when a worker died is counted in its row. A worker that signs off in order gives
its work back uncounted, so that restarts and updates blame nobody. Who takes the piece next goes on at the last
checkpoint (`dispatch`).

A recording may be what kills the workers: then it is in hand each time. But so are others beside it, through no fault
of theirs. Hence a piece that was in hand of `SUSPECT_AFTER` workers that died becomes a suspect: it waits in a queue of
its own, of which a worker takes one piece at a time. Suspects are never in hand beside each other, so the others among
them come through, while the one that kills is counted until it is given up.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.clock import fixed, instant
from callscribe.db.engine import Database, begin_writing
from callscribe.durable.queues import Queue, family, model_of, queue_name
from callscribe.durable.tables import Piece

SUSPECT_AFTER = 2
"""Deaths of workers after which what each of them had in hand is taken up one piece at a time."""

LOST_AFTER = timedelta(seconds=30)
"""Time after which what was taken must be at work."""

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
    """Workers that have anything in hand. Costs what is in hand, not what waits."""
    with database.read() as session:
        return set(session.scalars(sa.select(Piece.worker).where(Piece.worker.is_not(None)).distinct()))


def take_from_the_dead(database: Database, workers: Collection[str], deaths: int) -> Returned:
    """Put what these workers had in hand back into the queues; what `deaths` of them died over is given up.

    The second to come finds nothing more to do.
    """
    given_up: list[str] = []
    suspects: list[str] = []
    with database.write() as session:
        begin_writing(session)
        rows = session.scalars(
            sa.select(Piece).where(Piece.worker.in_(sorted(workers))).with_for_update(skip_locked=True)
        ).all()
        for piece in rows:
            piece.deaths += 1
            piece.worker = piece.taken_at = None
            if family(piece.queue) not in _JOBS:
                continue
            if piece.deaths >= deaths:
                piece.queue = queue_name(Queue.GIVEN_UP)
                given_up.append(piece.id)
            elif piece.deaths >= SUSPECT_AFTER:
                piece.queue = queue_name(Queue.SUSPECTS, model_of(piece.queue))
                suspects.append(piece.id)
    return Returned(
        waiting=tuple(sorted({piece.id for piece in rows}.difference(given_up))),
        suspects=tuple(suspects),
        given_up=tuple(given_up),
    )


def give_back_lost(database: Database, worker: str, at_work: Callable[[], Collection[str]]) -> list[str]:
    """Put back what is said to be in hand of this worker and is not: it was taken, and nobody was told.

    That is so where the connection is cut while the taking is being committed. Without this such work would be in hand
    of a living worker for ever. `at_work` names the workflows that really run here.
    """
    long_ago = fixed(instant(-LOST_AFTER))
    with database.read() as session:
        suspected = set(session.scalars(sa.select(Piece.id).where(Piece.worker == worker, Piece.taken_at < long_ago)))
    lost = sorted(suspected - set(at_work())) if suspected else []
    if not lost:
        return []
    with database.write() as session:
        return _put_back(session, Piece.worker == worker, Piece.id.in_(lost))


def sign_off(database: Database, worker: str) -> int:
    """Put what a worker has in hand back into the queues, as if it had never taken it up; how many pieces."""
    with database.write() as session:
        return len(_put_back(session, Piece.worker == worker))


def given_up(database: Database) -> list[str]:
    """Pieces that too many workers died over."""
    with database.read() as session:
        return list(session.scalars(sa.select(Piece.id).where(Piece.queue == queue_name(Queue.GIVEN_UP))))


def forget(database: Database, ids: Collection[str]) -> None:
    """Remove pieces that were given up, once what they were for has ended."""
    with database.write() as session:
        session.execute(
            sa.delete(Piece)
            .where(Piece.id.in_(ids), Piece.queue == queue_name(Queue.GIVEN_UP))
            .execution_options(synchronize_session=False)
        )


def _put_back(session: Session, *which: sa.ColumnElement[bool]) -> list[str]:
    changed: Any = sa.update(Piece).where(*which).values(worker=None, taken_at=None).returning(Piece.id)
    return sorted(session.scalars(changed.execution_options(synchronize_session=False)))

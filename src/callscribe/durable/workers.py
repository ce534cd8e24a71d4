"""The workers that are alive, and what each said about itself last."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.claims import queues_with_work
from callscribe.durable.liveness import models_served, seen_lately
from callscribe.durable.queues import Role, model_of
from callscribe.durable.tables import Worker


def alive(database: Database) -> tuple[Sequence[Worker], datetime]:
    """The rows of the workers that were seen lately, and the moment by the database's clock."""
    moment = instant()
    with database.read() as session:
        workers = session.scalars(sa.select(Worker).where(seen_lately())).all()
        return workers, session.execute(sa.select(moment)).scalar_one()


def note_recognition(database: Database, worker_id: str, ago: timedelta) -> None:
    """Say that the model of a worker answered so long ago."""
    _set(database, worker_id, recognized_at=instant(-ago))


def note_check(database: Database, worker_id: str, error: str | None) -> None:
    """Say how a worker's trial of recognition ended just now; None is well."""
    well = {"recognized_at": instant()} if error is None else {}
    _set(database, worker_id, checked_at=instant(), check_error=error, **well)


def note_sweep(database: Database, worker_id: str) -> None:
    """Say that a worker has just had erased what was due."""
    _set(database, worker_id, swept_at=instant())


def failing(worker: Worker) -> bool:
    """Whether the last that is known of a worker's recognition is that it failed."""
    if worker.check_error is None or worker.checked_at is None:
        return False
    return worker.recognized_at is None or worker.recognized_at < worker.checked_at


def last_heard(worker: Worker) -> datetime:
    """When its model was last heard of, well or not; at its start where that has not been yet."""
    return max(filter(None, (worker.started_at, worker.recognized_at, worker.checked_at)))


def recognizes(worker: Worker) -> bool:
    """Whether a worker is there for recognition."""
    return not {Role.RECOGNITION.value, Role.CHUNKS.value}.isdisjoint(worker.roles)


def unserved_models(database: Database) -> set[str]:
    """Models that something waits for and that no live worker has."""
    wanted = {model for name in queues_with_work(database) if (model := model_of(name)) is not None}
    return wanted - models_served(database) if wanted else set()


def _set(database: Database, worker_id: str, **values: object) -> None:
    with database.write() as session:
        session.execute(sa.update(Worker).where(Worker.id == worker_id).values(**values))

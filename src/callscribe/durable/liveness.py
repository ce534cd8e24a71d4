"""Noticing that a worker died, and handing its work to the living.

Each worker keeps a row in `workers` fresh. Work in progress that belongs to no live worker goes back to its
queue, where any worker takes it up at the last checkpoint. A worker is dead when its row has not been
refreshed for `EXPIRY`, both by the database's clock; on the same machine an ended process is seen at once.
"""

import os
import socket
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
import structlog
from sqlalchemy.exc import SQLAlchemyError

import callscribe
from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.queues import PROTOCOL_VERSION
from callscribe.durable.recovery import Returned, give_back_lost, owners, sign_off, take_from_the_dead
from callscribe.durable.tables import Worker
from callscribe.observability.metrics import TAKEN_OVER, TAKEOVERS
from callscribe.ticker import Ticker

HEARTBEAT = 3.0
"""Seconds between two refreshes of a worker's row."""

EXPIRY = timedelta(seconds=15)
"""A worker that was not seen for so long is taken for dead. If it was only paused, DBOS parks its workflows
at their next step, since another executor owns them once they are resumed."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a worker says of itself in its row."""

    roles: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    device: str | None = None


def _nothing(*_: object) -> None:
    pass


class Liveness:
    """The heartbeat of one worker, and its watch over the others.

    `deaths` is how many workers may die over one job; `told` hears of what was taken from the dead, and may not take
    long. `at_work` names the workflows that run in this process.
    """

    def __init__(
        self,
        database: Database,
        worker_id: str,
        abilities: Abilities | None = None,
        *,
        deaths: int = 10,
        told: Callable[[Returned], None] = _nothing,
        at_work: Callable[[], Collection[str]] | None = None,
    ) -> None:
        self._database = database
        self._id = worker_id
        self._abilities = abilities or Abilities()
        self._deaths = deaths
        self._told = told
        self._at_work = at_work
        self._ticker = Ticker("liveness", HEARTBEAT, self._round, failed="worker.heartbeat_failed")
        self._be_patient()

    def sign_on(self) -> None:
        """Say that this worker lives. Comes before it takes any work, else others would take it for dead."""
        process = psutil.Process()
        with self._database.write() as session:
            session.execute(sa.delete(Worker).where(Worker.id == self._id))  # where an earlier attempt had come through
            session.execute(
                sa.insert(Worker).values(
                    id=self._id,
                    machine=machine_id(),
                    pid=process.pid,
                    process_started=process.create_time(),
                    started_at=instant(),
                    seen_at=instant(),
                    roles=list(self._abilities.roles),
                    models=list(self._abilities.models),
                    device=self._abilities.device,
                    version=callscribe.__version__,
                    protocol=PROTOCOL_VERSION,
                )
            )

    def start(self) -> None:
        """Take over what dead workers left, and go on doing so in the background."""
        self._be_patient()  # signing on may have waited for the database
        try:
            self.take_over()
        except SQLAlchemyError:
            _log.exception("worker.heartbeat_failed")  # in a moment again
        self._ticker.start()

    def stop(self) -> None:
        """Sign off, and give back what is in hand, so that others need not wait for the row to expire."""
        self._ticker.stop()
        sign_off(self._database, self._id)
        with self._database.write() as session:
            session.execute(sa.delete(Worker).where(Worker.id == self._id))

    def take_over(self) -> None:
        """Forget dead workers and put their work back into the queues."""
        # The work first and the workers second: who signs on in between has no work in the list.
        workers = owners(self._database)
        orphaned = workers - {self._id} - self._others_alive()
        if not orphaned:
            return
        returned = take_from_the_dead(self._database, orphaned, self._deaths)
        _log.warning(
            "worker.takeover",
            workers=sorted(orphaned),
            jobs=len(returned.waiting),
            suspects=returned.suspects,
            given_up=returned.given_up,
        )
        TAKEOVERS.inc(len(orphaned))
        TAKEN_OVER.inc(len(returned.waiting))
        self._told(returned)

    def _be_patient(self) -> None:
        self._last_beat = self._regular_since = time.monotonic()
        if self._database.is_sqlite:  # a file is never away: what is not fresh in it is old
            self._regular_since -= EXPIRY.total_seconds()

    def _others_alive(self) -> set[str]:
        lately = seen_lately().label("lately")
        with self._database.read() as session:
            workers = session.execute(sa.select(Worker, lately).where(Worker.id != self._id)).all()
        # Where the database was away, nobody was seen. Who comes back to it first must not bury the others.
        patient = time.monotonic() - self._regular_since < EXPIRY.total_seconds()
        dead = [worker for worker, seen in workers if _has_ended(worker) or not (seen or patient)]
        if not dead:
            return {worker.id for worker, _ in workers}
        with self._database.write() as session:
            for worker in dead:
                session.execute(sa.delete(Worker).where(Worker.id == worker.id, Worker.seen_at == worker.seen_at))
            # One that was only late may have been seen again by now.
            return set(session.scalars(sa.select(Worker.id).where(Worker.id != self._id)))

    def _round(self) -> None:
        self._beat()
        self.take_over()
        self._look_for_lost()

    def _look_for_lost(self) -> None:
        if self._at_work is None:
            return
        if lost := give_back_lost(self._database, self._id, self._at_work):
            _log.warning("worker.lost", jobs=lost)

    def _beat(self) -> None:
        with self._database.write() as session:
            seen = session.execute(sa.update(Worker).where(Worker.id == self._id).values(seen_at=instant()))
        moment = time.monotonic()
        if moment - self._last_beat > EXPIRY.total_seconds() / 2:
            self._regular_since = moment
        self._last_beat = moment
        if not seen.rowcount:  # type: ignore[attr-defined]
            # Paused for so long that it was taken for dead. What it had in hand is another's by now; what it takes
            # from here on is its own.
            _log.warning("worker.was_taken_for_dead", worker=self._id)
            self.sign_on()


def live_workers(database: Database) -> set[str]:
    """The ids of the workers that were seen lately."""
    with database.read() as session:
        return set(session.scalars(sa.select(Worker.id).where(seen_lately())))


def seen_lately() -> sa.ColumnElement[bool]:
    """That a worker was seen within `EXPIRY`, by the database's clock."""
    return Worker.seen_at > instant(-EXPIRY)


def models_served(database: Database) -> set[str]:
    """The models of all live workers together."""
    with database.read() as session:
        rows = session.scalars(sa.select(Worker.models).where(seen_lately()))
        return {model for models in rows for model in models}


def machine_id() -> str:
    """Names the kernel and the space of process ids in which a pid means something."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():  # macOS
        return socket.gethostname()
    return f"{boot.read_text().strip()}:{Path('/proc/self/ns/pid').readlink()}"


def _has_ended(worker: Worker) -> bool:
    """Whether it was a process of this machine that is gone."""
    if worker.machine != machine_id():
        return False
    try:
        # Another process may have got the pid since.
        return bool(abs(psutil.Process(worker.pid).create_time() - worker.process_started) > 1)
    except psutil.NoSuchProcess:
        return True


def new_worker_id() -> str:
    """A name for this process that no other ever has, and that tells an operator where it runs."""
    return f"{socket.gethostname()[:32]}-{os.getpid()}-{os.urandom(4).hex()}"

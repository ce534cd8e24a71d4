"""Noticing that a worker died, and handing its work to the living.

Each worker keeps a row in `workers` fresh. Work in progress that belongs to no live worker goes back to its
queue, where any worker takes it up at the last checkpoint. A worker is dead when its row has not been
refreshed for `EXPIRY`; on the same machine an ended process is seen at once.
"""

import os
import socket
import threading
from datetime import timedelta
from pathlib import Path

import psutil
import sqlalchemy as sa
import structlog
from dbos import DBOS

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.tables import Worker

HEARTBEAT = 3.0
"""Seconds between two refreshes of a worker's row."""

EXPIRY = timedelta(seconds=15)
"""A worker that was not seen for so long is taken for dead. If it was only paused, DBOS parks its workflows
at their next step, since another executor owns them by then."""

_log = structlog.get_logger(__name__)


class Liveness:
    """The heartbeat of one worker, and its watch over the others."""

    def __init__(self, database: Database, worker_id: str) -> None:
        self._database = database
        self._id = worker_id
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)

    def sign_on(self) -> None:
        """Say that this worker lives. Comes before it takes any work, else others would take it for dead."""
        process = psutil.Process()
        with self._database.write() as session:
            session.add(
                Worker(
                    id=self._id,
                    machine=machine_id(),
                    pid=process.pid,
                    process_started=process.create_time(),
                )
            )

    def start(self) -> None:
        """Take over what dead workers left, and go on doing so in the background."""
        self.take_over()
        self._thread.start()

    def stop(self) -> None:
        """Sign off, so that others need not wait for the row to expire."""
        self._stop.set()
        self._thread.join(timeout=10)
        with self._database.write() as session:
            session.execute(sa.delete(Worker).where(Worker.id == self._id))

    def take_over(self) -> None:
        """Forget dead workers and put their work back into the queues."""
        # The work first and the workers second: who signs on in between has no work in the list.
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        owners = {workflow.executor_id for workflow in pending if workflow.executor_id}
        orphaned = owners - {self._id} - self._others_alive()
        if orphaned:
            # Not public in DBOS 3.4, and the one call that returns the workflows of given executors to their
            # queues; pyproject.toml pins the minor version for it.
            handles = DBOS._recover_pending_workflows(sorted(orphaned))  # noqa: SLF001
            _log.warning("worker.takeover", workers=sorted(orphaned), jobs=len(handles))

    def _others_alive(self) -> set[str]:
        with self._database.read() as session:
            workers = session.scalars(sa.select(Worker).where(Worker.id != self._id)).all()
        dead = [worker for worker in workers if _is_dead(worker)]
        if not dead:
            return {worker.id for worker in workers}
        with self._database.write() as session:
            for worker in dead:
                session.execute(sa.delete(Worker).where(Worker.id == worker.id, Worker.seen_at == worker.seen_at))
            # One that was only late may have been seen again by now.
            return set(session.scalars(sa.select(Worker.id).where(Worker.id != self._id)))

    def _run(self) -> None:
        while not self._stop.wait(HEARTBEAT):
            try:
                self._beat()
                self.take_over()
            except Exception:  # noqa: BLE001
                # A database that is away for a moment must not end the heartbeat.
                _log.exception("worker.heartbeat_failed")

    def _beat(self) -> None:
        with self._database.write() as session:
            seen = session.execute(sa.update(Worker).where(Worker.id == self._id).values(seen_at=now()))
        if not seen.rowcount:  # type: ignore[attr-defined]
            # Paused for so long that it was taken for dead. What it had in hand is another's by now; what it takes
            # from here on is its own.
            _log.warning("worker.was_taken_for_dead", worker=self._id)
            self.sign_on()


def live_workers(database: Database) -> set[str]:
    """The ids of the workers that were seen lately."""
    with database.read() as session:
        return set(session.scalars(sa.select(Worker.id).where(Worker.seen_at > now() - EXPIRY)))


def machine_id() -> str:
    """Names the kernel and the space of process ids in which a pid means something."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():  # macOS
        return socket.gethostname()
    return f"{boot.read_text().strip()}:{Path('/proc/self/ns/pid').readlink()}"


def _is_dead(worker: Worker) -> bool:
    if now() - worker.seen_at > EXPIRY:
        return True
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

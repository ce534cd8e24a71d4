"""Workers, queues and what is due, as the operator is told of them, on both databases."""

import asyncio
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.accounts.service import Accounts
from callscribe.db.base import now
from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.queues import Queue, WorkQueue, queue_name
from callscribe.durable.tables import Piece, Worker
from callscribe.durable.workers import note_sweep
from callscribe.media.blobs import BlobStore
from callscribe.monitoring.readiness import Readiness
from callscribe.settings import Settings
from callscribe.system.pulls import Pulls
from callscribe.system.schemas import QueuesResource, WorkerResource
from callscribe.system.status import System
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription
from resolved import job_row

NAME = "worker-of-this-test"
READING = "whisper/of-this-test"
WHOLE = re.compile(r"(Seq Scan on|SCAN) (transcriptions|work|callbacks|accounts)\b(?!.*USING)")
"""A line of a plan in which all of a table is read that may be long."""


@pytest.fixture
def system(database: Database, tmp_path: Path) -> System:
    settings = Settings(data_dir=tmp_path)
    readiness = Readiness(database, BlobStore(settings.blobs), settings)
    return System(database, Accounts.of(database, settings), readiness, Pulls(settings), settings)


@pytest.fixture
def worker(database: Database, account: str) -> Iterator[str]:
    """One that is alive and has a piece in hand, and another piece that waits for a model which nobody has."""
    work = WorkQueue()
    values: dict[str, Any] = {"machine": "m", "pid": 1, "process_started": 0.0, "version": "1", "protocol": "1"}
    with database.write() as session:
        session.add(Worker(id=NAME, roles=["recognition"], models=["whisper/base"], seen_at=now(), **values))
        work.enqueue(session, queue_name(Queue.RECOGNITION, "whisper/base"), "Probe.hold", f"{NAME}-1", account)
        work.enqueue(session, queue_name(Queue.RECOGNITION, READING), "Probe.hold", f"{NAME}-2", account)
        taken = {"worker": NAME, "taken_at": instant(timedelta(seconds=-30))}
        session.execute(sa.update(Piece).where(Piece.id == f"{NAME}-1").values(taken))
    yield NAME
    with database.write() as session:
        session.execute(sa.delete(Piece).where(Piece.account == account))
        session.execute(sa.delete(Worker).where(Worker.id == NAME))


def test_who_does_what_and_what_waits(database: Database, account: str, system: System, worker: str) -> None:
    due = now() - timedelta(days=400)
    with database.write() as session:
        session.add(job_row(account, status=Status.COMPLETED, transcript_due_at=due))
    note_sweep(database, worker)
    fleet = asyncio.run(system.fleet())
    (row,) = [each for each in fleet.workers if each.id == worker]
    shown = WorkerResource.of(row, fleet.in_hand)
    (piece,) = shown.in_hand
    assert (piece.queue, piece.count) == ("recognition:whisper/base", 1)
    assert timedelta(seconds=25) < now() - piece.since < timedelta(seconds=90)
    queues = {each.queue: each for each in QueuesResource.of(fleet.queues, fleet.unserved).queues}
    waits = queues[f"recognition:{READING}"]
    assert (waits.waiting, waits.running, waits.unserved) == (1, 0, True)
    assert queues["recognition:whisper/base"].running >= 1
    assert fleet.swept_at is not None
    assert fleet.next_due["transcript"] == due
    with database.write() as session:
        session.execute(sa.delete(Transcription).where(Transcription.account_sid == account))


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """What the database is asked while the block runs."""
    seen: list[tuple[str, Any]] = []

    def note(*event: Any) -> None:
        seen.append((event[2], event[3]))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", note)


@pytest.mark.usefixtures("worker")
def test_a_look_goes_by_indices(database: Database, system: System) -> None:
    with statements(database) as seen:
        asyncio.run(system.fleet())
        system.accounts(None, 5)
    assert len(seen) >= 8
    with database.read() as session:
        connection = session.connection()
        if not database.is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # of small tables it would read all
        for statement, parameters in seen:
            if not statement.startswith("SELECT"):
                continue
            explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
            lines = [str(row) for row in connection.exec_driver_sql(explain + statement, parameters)]
            whole = [line for line in lines if WHOLE.search(line)]
            assert whole == [], f"{statement}\n{lines}"

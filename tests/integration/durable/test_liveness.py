"""Who counts as alive."""

import os
import subprocess
import sys
from datetime import datetime

import psutil
import pytest
import sqlalchemy as sa

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.liveness import EXPIRY, HEARTBEAT, Liveness, live_workers, machine_id
from callscribe.durable.tables import Worker


@pytest.fixture
def watcher(database: Database) -> Liveness:
    with database.write() as session:
        session.execute(sa.delete(Worker))
    watcher = Liveness(database, "watcher")
    watcher.sign_on()
    return watcher


def add(database: Database, name: str, *, machine: str, pid: int, process_started: float, seen_at: datetime) -> None:
    with database.write() as session:
        session.add(Worker(id=name, machine=machine, pid=pid, process_started=process_started, seen_at=seen_at))


def test_a_worker_on_another_machine_lives_until_its_row_expires(database: Database, watcher: Liveness) -> None:
    add(database, "fresh", machine="elsewhere", pid=1, process_started=0.0, seen_at=now() - EXPIRY / 2)
    add(database, "late", machine="elsewhere", pid=1, process_started=0.0, seen_at=now() - EXPIRY * 2)
    assert watcher._others_alive() == {"fresh"}
    assert live_workers(database) == {"watcher", "fresh"}


def test_a_process_that_ended_on_this_machine_is_dead_at_once(database: Database, watcher: Liveness) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = psutil.Process(child.pid).create_time()
        add(database, "child", machine=machine_id(), pid=child.pid, process_started=started, seen_at=now())
        assert watcher._others_alive() == {"child"}
    assert watcher._others_alive() == set()


def test_another_process_with_the_pid_of_a_dead_one_is_not_taken_for_it(database: Database, watcher: Liveness) -> None:
    add(database, "earlier", machine=machine_id(), pid=os.getpid(), process_started=1.0, seen_at=now())
    assert watcher._others_alive() == set()


def test_a_paused_process_on_this_machine_expires_like_any_other(database: Database, watcher: Liveness) -> None:
    started = psutil.Process().create_time()
    late = now() - EXPIRY * 2
    add(database, "paused", machine=machine_id(), pid=os.getpid(), process_started=started, seen_at=late)
    assert watcher._others_alive() == set()


def test_a_worker_that_was_taken_for_dead_signs_on_again(database: Database, watcher: Liveness) -> None:
    with database.write() as session:
        session.execute(sa.delete(Worker))
    watcher._beat()
    assert live_workers(database) == {"watcher"}


def test_several_heartbeats_may_be_missed() -> None:
    assert EXPIRY.total_seconds() >= 4 * HEARTBEAT

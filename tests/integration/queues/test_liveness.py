"""Who counts as alive: by the database's clock, no matter what a worker's own says."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

import psutil
import pytest
import sqlalchemy as sa
import time_machine

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.liveness import (
    EXPIRY,
    HEARTBEAT,
    Abilities,
    Liveness,
    live_workers,
    machine_id,
    models_served,
)
from callscribe.durable.queues import PROTOCOL_VERSION
from callscribe.durable.tables import Worker

LONG = 3600.0


@pytest.fixture(autouse=True)
def _nobody(database: Database) -> Iterator[None]:
    def forget() -> None:
        with database.write() as session:
            session.execute(sa.delete(Worker))

    forget()
    yield
    forget()


@pytest.fixture
def watcher(database: Database) -> Liveness:
    """A worker that has seen the database all the time."""
    watcher = Liveness(database, "watcher", Abilities(("recognition",), ("tiny.en",), "cpu"))
    watcher._regular_since -= LONG
    watcher.sign_on()
    return watcher


def add(
    database: Database,
    name: str,
    ago: timedelta = timedelta(0),
    *,
    machine: str = "elsewhere",
    pid: int = 1,
    process_started: float = 0.0,
    models: Sequence[str] = (),
) -> None:
    """A worker that was seen so long ago."""
    with database.write() as session:
        session.execute(
            sa.insert(Worker).values(
                id=name,
                machine=machine,
                pid=pid,
                process_started=process_started,
                started_at=instant(-ago),
                seen_at=instant(-ago),
                roles=[],
                models=list(models),
                version="0.1.0",
                protocol=PROTOCOL_VERSION,
            )
        )


def test_remote_worker_lives_until_expiry(database: Database, watcher: Liveness) -> None:
    add(database, "fresh", EXPIRY / 2)
    add(database, "late", EXPIRY * 2)
    assert live_workers(database) == {"watcher", "fresh"}
    assert watcher._others_alive() == {"fresh"}


@pytest.mark.parametrize("off", [-60, 60])
def test_clock_skew_kills_nobody(database: Database, off: int) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=off), tick=True):
        astray = Liveness(database, "astray")
        astray._regular_since -= LONG
        astray.sign_on()
        astray._beat()
    watcher = Liveness(database, "watcher")
    watcher._regular_since -= LONG
    watcher.sign_on()
    add(database, "elsewhere", EXPIRY / 2)
    # The one whose clock is off is alive to the others, and the others to it.
    assert watcher._others_alive() == {"astray", "elsewhere"}
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=off), tick=True):
        astray._beat()
        assert astray._others_alive() == {"watcher", "elsewhere"}
        assert live_workers(database) == {"watcher", "astray", "elsewhere"}
        # One that is gone is gone to it as well.
        add(database, "gone", EXPIRY * 2)
        assert astray._others_alive() == {"watcher", "elsewhere"}


def test_returning_after_outage_buries_none(database: Database, watcher: Liveness) -> None:
    add(database, "late", EXPIRY * 2)
    watcher._last_beat -= EXPIRY.total_seconds()  # its own beat has failed as well
    watcher._beat()
    assert watcher._others_alive() == {"late"}
    watcher._regular_since -= EXPIRY.total_seconds()
    assert watcher._others_alive() == set()


def test_starter_watches_before_burying(database: Database) -> None:
    add(database, "late", EXPIRY * 2)
    watcher = Liveness(database, "watcher")
    watcher.sign_on()
    # A file cannot have been away.
    assert watcher._others_alive() == (set() if database.is_sqlite else {"late"})


def test_earlier_outage_costs_no_patience(database: Database, watcher: Liveness) -> None:
    add(database, "late", EXPIRY * 2)
    watcher.start()  # long after it was made
    try:
        with database.read() as session:
            assert set(session.scalars(sa.select(Worker.id))) == {"watcher"} | (
                set() if database.is_sqlite else {"late"}
            )
    finally:
        watcher.stop()


def test_ended_local_process_is_dead(database: Database) -> None:
    watcher = Liveness(database, "watcher")
    watcher.sign_on()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = psutil.Process(child.pid).create_time()
        add(database, "child", machine=machine_id(), pid=child.pid, process_started=started)
        assert watcher._others_alive() == {"child"}
    assert watcher._others_alive() == set()


def test_reused_pid_is_not_mistaken(database: Database, watcher: Liveness) -> None:
    add(database, "earlier", machine=machine_id(), pid=os.getpid(), process_started=1.0)
    assert watcher._others_alive() == set()


def test_paused_local_process_expires(database: Database, watcher: Liveness) -> None:
    started = psutil.Process().create_time()
    add(database, "paused", EXPIRY * 2, machine=machine_id(), pid=os.getpid(), process_started=started)
    assert watcher._others_alive() == set()


def test_presumed_dead_signs_on_again(database: Database, watcher: Liveness) -> None:
    with database.write() as session:
        session.execute(sa.delete(Worker))
    watcher._beat()
    assert live_workers(database) == {"watcher"}


def test_live_abilities_known(database: Database, watcher: Liveness) -> None:
    assert models_served(database) == {"tiny.en"}
    add(database, "another", models=["base", "tiny.en"])
    assert models_served(database) == {"base", "tiny.en"}
    add(database, "late", EXPIRY * 2, models=["small"])
    assert models_served(database) == {"base", "tiny.en"}


def test_several_heartbeats_may_be_missed() -> None:
    assert EXPIRY.total_seconds() >= 4 * HEARTBEAT

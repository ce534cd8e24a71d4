"""What waits in the queues, counted on both databases."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable import queue_stats
from callscribe.durable.queues import WorkQueue
from callscribe.durable.tables import Piece


@pytest.fixture
def queue(database: Database) -> Iterator[str]:
    """A queue that only this test has anything in."""
    yield "observed"
    with database.write() as session:
        session.execute(sa.delete(Piece).where(Piece.queue == "observed"))


def put(database: Database, queue: str, account: str, ages: list[float], **values: Any) -> None:
    """Pieces of work that came so many seconds ago."""
    work = WorkQueue()
    with database.write() as session:
        for number, age in enumerate(ages):
            name = f"{queue}-{account}-{sorted(values)}-{number}"
            work.enqueue(session, queue, "Probe.hold", name, account)
            came = {"created_at": instant(timedelta(seconds=-age))}
            session.execute(sa.update(Piece).where(Piece.id == name).values(came | values))


def of(found: queue_stats.QueueStats, queue: str) -> list[queue_stats.QueueDepth]:
    return [each for each in found.waiting if each.queue == queue]


def test_depth_and_age_by_account(database: Database, queue: str) -> None:
    put(database, queue, "AC1", [5.0, 90.0, 30.0])
    put(database, queue, "AC2", [10.0])
    put(database, queue, "AC2", [600.0, 600.0], worker="one")
    put(database, queue, "AC2", [900.0], not_before=instant(timedelta(hours=1)))
    found = queue_stats.look(database)
    first, second = of(found, queue)
    assert (first.account, first.waiting, second.account, second.waiting) == ("AC1", 3, "AC2", 1)
    assert 89 < first.oldest < 120
    assert 9 < second.oldest < 40
    assert found.running[queue] == 2
    assert found.complete


def test_busiest_named_rest_is_one(database: Database, queue: str) -> None:
    for number in range(queue_stats.NAMED + 30):
        put(database, queue, f"AC{number:04d}", [float(number)] * (2 if number < 5 else 1))
    found = of(queue_stats.look(database), queue)
    assert len(found) == queue_stats.NAMED + 1
    assert [each.account for each in found[:5]] == [f"AC{number:04d}" for number in range(5)]
    assert found[-1].account == queue_stats.OTHERS
    assert found[-1].waiting == 30
    assert found[-1].oldest > 48


def test_counting_is_bounded(database: Database, queue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    put(database, queue, "AC1", [1.0] * 20)
    monkeypatch.setattr(queue_stats, "MOST", 10)
    found = queue_stats.look(database)
    assert not found.complete
    assert sum(each.waiting for each in found.waiting) == 10

"""What becomes of work in hand when its worker signs off, or dies."""

from collections.abc import Iterator
from typing import Any

import pytest

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.recovery import (
    LOST_AFTER,
    SUSPECT_AFTER,
    forget,
    give_back_lost,
    given_up,
    owners,
    sign_off,
    take_from_the_dead,
)
from integration.queues.queued import column, enqueue, forget_all

DEATHS = 5


@pytest.fixture(autouse=True)
def _empty(database: Database) -> Iterator[None]:
    forget_all(database)
    yield
    forget_all(database)


def in_hand(database: Database, worker: str, *ids: str, queue: str = "recognition:base", **values: Any) -> None:
    """Work that a worker has taken up."""
    taken = {"worker": worker, "taken_at": instant()}
    enqueue(database, queue, "a", *ids, **(taken | values))


def test_holders_known(database: Database) -> None:
    in_hand(database, "one", "x", "y")
    in_hand(database, "two", "z")
    enqueue(database, "callbacks", "a", "waits")
    assert owners(database) == {"one", "two"}


def test_signing_off_returns_work_unmarked(database: Database) -> None:
    in_hand(database, "one", "x")
    in_hand(database, "two", "y")
    assert sign_off(database, "one") == 1
    assert column(database, "worker", ["x", "y"]) == [None, "two"]
    assert column(database, "deaths", ["x", "y"]) == [0, 0]


def test_taken_not_begun_waits_again(database: Database) -> None:
    long_ago = instant(-LOST_AFTER * 1.2)
    in_hand(database, "one", "at work", "lost", taken_at=long_ago)
    in_hand(database, "one", "taken just now")
    in_hand(database, "two", "of another", taken_at=long_ago)
    assert give_back_lost(database, "one", lambda: ["at work"]) == ["lost"]
    ids = ["at work", "lost", "taken just now", "of another"]
    assert column(database, "worker", ids) == ["one", None, "one", "two"]
    assert column(database, "deaths", ["lost"]) == [0]


def test_dead_workers_work_waits_once(database: Database) -> None:
    in_hand(database, "dead", "x")
    in_hand(database, "alive", "y")
    assert take_from_the_dead(database, ["dead"], DEATHS).waiting == ("x",)
    assert take_from_the_dead(database, ["dead"], DEATHS).waiting == ()
    assert column(database, "worker", ["x", "y"]) == [None, "alive"]
    assert column(database, "deaths", ["x", "y"]) == [1, 0]
    assert column(database, "queue", ["x"]) == ["recognition:base"]


def test_shared_suspects_split_by_model(database: Database) -> None:
    in_hand(database, "dead", "call", deaths=SUSPECT_AFTER - 1)
    in_hand(database, "dead", "chunk", queue="chunks:tiny.en", deaths=SUSPECT_AFTER - 1)
    in_hand(database, "dead", "fetch", queue="transcriptions", deaths=SUSPECT_AFTER - 1)
    in_hand(database, "dead", "again", queue="suspects:base", deaths=SUSPECT_AFTER)
    in_hand(database, "dead", "callback", queue="callbacks", deaths=99)
    returned = take_from_the_dead(database, ["dead"], DEATHS)
    assert set(returned.suspects) == {"call", "chunk", "fetch", "again"}
    assert returned.given_up == ()
    ids = ["call", "chunk", "fetch", "again", "callback"]
    assert column(database, "queue", ids) == [
        "suspects:base",
        "suspects:tiny.en",
        "suspects",
        "suspects:base",
        "callbacks",
    ]
    assert set(column(database, "worker", ids)) == {None}


def test_too_many_deaths_given_up(database: Database) -> None:
    in_hand(database, "dead", "x", queue="suspects:base", deaths=DEATHS - 1)
    in_hand(database, "dead", "y", queue="suspects:base", deaths=DEATHS - 2)
    returned = take_from_the_dead(database, ["dead"], DEATHS)
    assert (returned.given_up, returned.waiting) == (("x",), ("y",))
    assert given_up(database) == ["x"]  # until its job has ended, no matter who sees to that
    assert column(database, "queue", ["y"]) == ["suspects:base"]
    forget(database, ["x", "y"])
    assert given_up(database) == []
    assert column(database, "deaths", ["y"]) == [DEATHS - 1]

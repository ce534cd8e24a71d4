"""What becomes of work in hand when its worker signs off, or dies."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from dbos import DBOSClient

from callscribe.db.engine import Database
from callscribe.durable.recovery import (
    LOST_AFTER,
    SUSPECT_AFTER,
    give_back_lost,
    owners,
    sign_off,
    take_from_the_dead,
)
from callscribe.durable.system_tables import workflow_status
from integration.queues.queued import column, enqueue, forget_all

DEATHS = 5


@pytest.fixture(autouse=True)
def _empty(database: Database) -> Iterator[None]:
    forget_all(database)
    yield
    forget_all(database)


def in_hand(database: Database, worker: str, *ids: str, queue: str = "recognition:base", **values: Any) -> None:
    """Work that a worker has taken up."""
    taken = {"status": "PENDING", "executor_id": worker, "owner_xid": "claim", "recovery_attempts": 1}
    enqueue(database, queue, "a", *ids, **(taken | values))


def test_what_dbos_calls_its_columns_is_what_is_read_here(database: Database) -> None:
    # `system_tables` names a part of DBOS's tables: a later DBOS with other names is noticed here.
    client = DBOSClient(system_database_engine=database.engine)
    try:
        columns = client._sys_db.tables.workflow_status.c.keys()
        assert {each.name for each in workflow_status(database).c} <= set(columns)
    finally:
        client.destroy()


def test_who_has_anything_in_hand_is_known(database: Database) -> None:
    in_hand(database, "one", "x", "y")
    in_hand(database, "two", "z")
    in_hand(database, "of the version before", "w", application_version="2")
    enqueue(database, "callbacks", "a", "waits")
    assert owners(database) == {"one", "two"}


def test_a_worker_that_signs_off_leaves_its_work_as_if_it_had_never_taken_it(database: Database) -> None:
    in_hand(database, "one", "x")
    in_hand(database, "two", "y")
    assert sign_off(database, "one") == 1
    assert column(database, "status", ["x", "y"]) == ["ENQUEUED", "PENDING"]
    assert column(database, "owner_xid", ["x", "y"]) == [None, "claim"]
    assert column(database, "recovery_attempts", ["x", "y"]) == [0, 1]


def test_what_was_taken_and_never_begun_waits_again(database: Database) -> None:
    taken = int(time.time() - LOST_AFTER - 5) * 1000
    in_hand(database, "one", "at work", "lost", started_at_epoch_ms=taken)
    in_hand(database, "one", "taken just now", started_at_epoch_ms=taken + LOST_AFTER * 1000)
    in_hand(database, "two", "of another", started_at_epoch_ms=taken)
    assert give_back_lost(database, "one", lambda: ["at work"]) == ["lost"]
    ids = ["at work", "lost", "taken just now", "of another"]
    assert column(database, "status", ids) == ["PENDING", "ENQUEUED", "PENDING", "PENDING"]
    assert column(database, "recovery_attempts", ["lost"]) == [0]


def test_work_of_a_dead_worker_waits_again_and_a_second_rescuer_finds_nothing(database: Database) -> None:
    in_hand(database, "dead", "x")
    in_hand(database, "alive", "y")
    assert take_from_the_dead(database, ["dead"], DEATHS).waiting == ("x",)
    assert take_from_the_dead(database, ["dead"], DEATHS).waiting == ()
    assert column(database, "status", ["x", "y"]) == ["ENQUEUED", "PENDING"]
    assert column(database, "recovery_attempts", ["x"]) == [1]
    assert column(database, "queue_name", ["x"]) == ["recognition:base"]


def test_what_was_in_hand_when_several_workers_died_is_set_apart_by_model(database: Database) -> None:
    in_hand(database, "dead", "call", recovery_attempts=SUSPECT_AFTER)
    in_hand(database, "dead", "chunk", queue="chunks:tiny.en", recovery_attempts=SUSPECT_AFTER)
    in_hand(database, "dead", "fetch", queue="transcriptions", recovery_attempts=SUSPECT_AFTER)
    in_hand(database, "dead", "again", queue="suspects:base", recovery_attempts=SUSPECT_AFTER + 1)
    in_hand(database, "dead", "callback", queue="callbacks", recovery_attempts=99)
    returned = take_from_the_dead(database, ["dead"], DEATHS)
    assert set(returned.suspects) == {"call", "chunk", "fetch", "again"}
    assert returned.given_up == ()
    ids = ["call", "chunk", "fetch", "again", "callback"]
    assert column(database, "queue_name", ids) == [
        "suspects:base",
        "suspects:tiny.en",
        "suspects",
        "suspects:base",
        "callbacks",
    ]
    assert set(column(database, "status", ids)) == {"ENQUEUED"}


def test_what_too_many_workers_died_over_is_given_up(database: Database) -> None:
    in_hand(database, "dead", "x", queue="suspects:base", recovery_attempts=DEATHS)
    in_hand(database, "dead", "y", queue="suspects:base", recovery_attempts=DEATHS - 1)
    returned = take_from_the_dead(database, ["dead"], DEATHS)
    assert (returned.given_up, returned.waiting) == (("x",), ("y",))
    assert column(database, "status", ["x", "y"]) == ["MAX_RECOVERY_ATTEMPTS_EXCEEDED", "ENQUEUED"]

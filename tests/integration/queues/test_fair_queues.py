"""Whose work is taken next, on both databases, with thousands of rows waiting."""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from dbos import DBOSClient

from callscribe.db.engine import Database
from callscribe.durable.backlog import queues_with_work, unserved_models
from callscribe.durable.fairness import Allowances, FairTurns
from callscribe.durable.queues import PROTOCOL_VERSION, Queue, WorkerQueue, queue_name, rank
from callscribe.durable.recovery import owners
from integration.queues.queued import column, enqueue, forget_all

QUEUE = "recognition:probe"
MANY = 10_000


class Taker:
    """What DBOS's queue thread does in one worker, a poll at a time."""

    def __init__(
        self,
        database: Database,
        worker: str = "one",
        *,
        places: int = 2,
        spare: int = 1,
        shared: int | None = None,
        limit: int = 16,
        allowances: Callable[[], Allowances] = Allowances,
    ) -> None:
        self._client = DBOSClient(system_database_engine=database.engine)
        self._state: Any = self._client._sys_db
        self.worker = worker
        self.room = places + spare
        lane = WorkerQueue(QUEUE, places, spare, shared, fair=True)
        self._state.upsert_queue(
            name=QUEUE,
            concurrency=None,
            worker_concurrency=99,  # another worker's
            rate_limit_max=None,
            rate_limit_period_sec=None,
            partition_concurrency=None,
            partition_worker_concurrency=99,
            partition_rate_limit_max=None,
            partition_rate_limit_period_sec=None,
            polling_interval_sec=1.0,
            update_existing=True,
        )
        self._turns = FairTurns(database, worker, [lane], limit, allowances)
        self._turns.install(self._state)
        self.in_hand: list[str] = []

    def poll(self) -> list[str]:
        """What is taken now."""
        queue = self._state.get_queue(QUEUE)
        assert queue._worker_concurrency == self.room
        taken: list[str] = []
        partitions = self._state.get_queue_partitions(QUEUE)
        random.shuffle(partitions)
        for partition in partitions:
            load = len(self.in_hand)
            if load >= self.room:
                break
            ids, stop = self._state.start_queued_workflows(
                queue, self.worker, PROTOCOL_VERSION, partition, load, 0, owner_xid=str(random.random())
            )
            taken += ids
            self.in_hand += ids
            if stop == "concurrency":
                break
        return taken

    def finish(self, database: Database, *ids: str) -> None:
        table = sa.table("workflow_status", sa.column("workflow_uuid"), sa.column("status"))
        table.schema = None if database.is_sqlite else "dbos"
        with database.write() as session:
            session.execute(sa.update(table).where(table.c.workflow_uuid.in_(ids)).values(status="SUCCESS"))
        self.in_hand = [each for each in self.in_hand if each not in ids]

    def close(self) -> None:
        self._turns.stop()
        self._client.destroy()


@pytest.fixture(autouse=True)
def _empty(database: Database) -> Iterator[None]:
    forget_all(database)
    yield
    forget_all(database)


@pytest.fixture
def taker(database: Database) -> Iterator[Callable[..., Taker]]:
    takers: list[Taker] = []

    def make(*args: Any, **options: Any) -> Taker:
        takers.append(Taker(database, *args, **options))
        return takers[-1]

    yield make
    for each in takers:
        each.close()


def accounts_of(ids: list[str]) -> list[str]:
    return [each.partition("-")[0] for each in ids]


def test_an_account_with_thousands_of_jobs_leaves_a_place_for_the_first_job_of_another(
    database: Database, taker: Callable[..., Taker]
) -> None:
    enqueue(database, QUEUE, "a", *(f"a-{number:05}" for number in range(MANY)))
    worker = taker(places=2)
    assert accounts_of(worker.poll()) == ["a", "a"]
    assert worker.poll() == []  # one place is for somebody else
    enqueue(database, QUEUE, "b", "b-0", "b-1")
    assert worker.poll() == ["b-0"]
    assert worker.poll() == []
    worker.finish(database, worker.in_hand[0])
    assert worker.poll() == []  # the two places are taken, by one each
    worker.finish(database, "b-0")
    assert worker.poll() == ["b-1"]


def test_who_comes_while_all_places_are_taken_is_the_next(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", *(f"a-{number}" for number in range(50)))
    enqueue(database, QUEUE, "b", *(f"b-{number}" for number in range(50)))
    worker = taker(places=2)
    assert sorted(accounts_of(worker.poll())) == ["a", "b"]
    enqueue(database, QUEUE, "c", "c-0")
    assert worker.poll() == ["c-0"]
    enqueue(database, QUEUE, "d", "d-0")
    assert worker.poll() == []
    worker.finish(database, worker.in_hand[0])
    assert worker.poll() == ["d-0"]


def test_accounts_advance_together_whatever_each_has_waiting(database: Database, taker: Callable[..., Taker]) -> None:
    for account, count in (("a", 300), ("b", 30), ("c", 10)):
        enqueue(database, QUEUE, account, *(f"{account}-{number:03}" for number in range(count)))
    one, two = taker("one"), taker("two")
    done: list[str] = []
    while len(done) < 30:
        for worker in (one, two):
            worker.poll()
            done += worker.in_hand
            worker.finish(database, *worker.in_hand)
    assert max(Counter(accounts_of(done[:30])).values()) <= 12


def test_jobs_of_one_account_are_taken_by_priority_and_then_by_age(
    database: Database, taker: Callable[..., Taker]
) -> None:
    enqueue(database, QUEUE, "a", "a-low", priority=rank("low", 1))
    enqueue(database, QUEUE, "a", "a-later", priority=rank("normal", 9))
    enqueue(database, QUEUE, "a", "a-normal", priority=rank(None, 5))
    enqueue(database, QUEUE, "a", "a-high", priority=rank("high", 500_000))
    worker = taker(places=4, spare=0)
    assert worker.poll() == ["a-high", "a-normal", "a-later", "a-low"]


def test_nobody_has_more_in_hand_than_the_limit_and_a_limit_of_ones_own_counts(
    database: Database, taker: Callable[..., Taker]
) -> None:
    for account in ("a", "b", "c"):
        enqueue(database, QUEUE, account, *(f"{account}-{number}" for number in range(20)))
    own = Allowances(running={"b": 5}, barred={"c"})
    options = {"places": 6, "limit": 3, "allowances": lambda: own}
    one, two = taker("one", **options), taker("two", **options)
    one.poll()
    two.poll()
    one.poll()
    assert Counter(accounts_of(one.in_hand + two.in_hand)) == {"a": 3, "b": 5}


def test_accounts_whose_work_keeps_its_places_for_long_leave_some_to_those_who_have_none(
    database: Database, taker: Callable[..., Taker]
) -> None:
    for account in ("a", "b"):  # callbacks to dead receivers, say
        enqueue(database, QUEUE, account, *(f"{account}-{number:02}" for number in range(50)))
    worker = taker(places=6, spare=2, shared=4)
    taken = Counter(accounts_of(worker.poll()))
    assert sum(taken.values()) == 6
    assert max(taken.values()) == 3
    for account in ("c", "d", "e"):
        enqueue(database, QUEUE, account, *(f"{account}-{number}" for number in range(4)))
        worker.poll()
    others = set(accounts_of(worker.in_hand)) - {"a", "b"}
    assert len(worker.in_hand) == 8
    assert others == {"c", "d"}
    # Whatever ends, the place is for the one that has nothing in hand.
    worker.finish(database, *(each for each in worker.in_hand if each.startswith("c")))
    worker.finish(database, *[each for each in worker.in_hand if each.startswith("a")][:1])
    assert set(accounts_of(worker.poll())) == {"c", "e"}


def test_a_queue_with_a_limit_of_its_own_goes_by_that_and_not_by_jobs_running(
    database: Database, taker: Callable[..., Taker]
) -> None:
    for account in ("a", "b"):
        enqueue(database, QUEUE, account, *(f"{account}-{number}" for number in range(9)))
    stopped = Allowances(running={"a": 0})  # what it has to be told of is told nevertheless
    options = {"places": 4, "spare": 4, "shared": 3, "limit": 1, "allowances": lambda: stopped}
    one, two = taker("one", **options), taker("two", **options)
    assert sorted(accounts_of(one.poll())) == ["a", "a", "b", "b"]
    assert sorted(accounts_of(two.poll())) == ["a", "b"]
    one.finish(database, *one.in_hand)
    assert Counter(accounts_of(one.poll())) == {"a": 2, "b": 2}


def test_work_of_another_version_is_left_alone_and_keeps_nobody_from_theirs(
    database: Database, taker: Callable[..., Taker]
) -> None:
    enqueue(database, QUEUE, "a", "a-0", "a-1", application_version="2")
    enqueue(database, QUEUE, "b", "b-0")
    worker = taker()
    assert worker.poll() == ["b-0"]
    assert column(database, "status", ["a-0", "a-1", "b-0"]) == ["ENQUEUED", "ENQUEUED", "PENDING"]


def test_what_waits_for_a_model_that_no_worker_has_is_known(database: Database) -> None:
    enqueue(database, queue_name(Queue.RECOGNITION, "nobody-has-this"), "a", "x")
    enqueue(database, "callbacks", "a", "y")
    assert queues_with_work(database) == ["callbacks", "recognition:nobody-has-this"]
    assert unserved_models(database) == {"nobody-has-this"}


def test_no_look_into_the_queues_reads_what_waits(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", *(f"done-{number:05}" for number in range(MANY)), status="SUCCESS")
    for account in ("a", "b"):
        enqueue(database, QUEUE, account, *(f"{account}-{number:05}" for number in range(MANY // 2)))
    worker = taker()
    worker.poll()
    worker.finish(database, worker.in_hand[0])
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")) and "workflow_status" in statement:
            statements.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", record)
    try:
        worker.poll()
        queues_with_work(database)
        owners(database)
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", record)
    assert len(statements) >= 5
    for statement, parameters in statements:
        assert not reads_much(database, statement, parameters), statement


def reads_much(database: Database, statement: str, parameters: Any) -> bool:
    """Whether a query goes through more rows than what is in hand can explain."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plan = "\n".join(str(row[3]) for row in rows)
            return re.search(r"SCAN workflow_status(?! USING)|USE TEMP B-TREE FOR ORDER", plan) is not None
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
        return rows_read(explained[0]["Plan"]) > 100


def rows_read(node: dict[str, Any]) -> int:
    mine = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(mine) + sum(map(rows_read, node.get("Plans", ())))

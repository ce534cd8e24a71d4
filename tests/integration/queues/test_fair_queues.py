"""Whose work is taken next, on both databases, with thousands of rows waiting."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.claims import Allowances, Claims, Glance, queues_with_work
from callscribe.durable.queues import Queue, WorkerQueue, WorkQueue, queue_name, rank
from callscribe.durable.recovery import owners
from callscribe.durable.tables import Piece
from callscribe.durable.workers import unserved_models
from integration.queues.queued import column, enqueue, forget_all

QUEUE = "recognition:probe"
MANY = 10_000


class Taker:
    """What a worker's dispatcher does with one queue, a poll at a time."""

    def __init__(
        self,
        database: Database,
        worker: str = "one",
        *,
        places: int = 2,
        spare: int = 1,
        shared: int | None = None,
        line: int | None = None,
        limit: int = 16,
        allowances: Callable[[], Allowances] = Allowances,
    ) -> None:
        self._database = database
        self._claims = Claims(database, worker, limit, allowances)
        self._lane = WorkerQueue(QUEUE, places, spare, shared, line)
        self._pieces: list[Piece] = []

    @property
    def in_hand(self) -> list[str]:
        return [piece.id for piece in self._pieces]

    def poll(self) -> list[str]:
        """What is taken now."""
        if QUEUE not in Glance(self._database)():
            return []
        taken = self._claims.claim(self._lane, self._pieces)
        self._pieces += taken
        return [piece.id for piece in taken]

    def finish(self, *ids: str) -> None:
        with self._database.write() as session:
            session.execute(sa.delete(Piece).where(Piece.id.in_(ids)))
        self._pieces = [piece for piece in self._pieces if piece.id not in ids]


@pytest.fixture(autouse=True)
def _empty(database: Database) -> Iterator[None]:
    forget_all(database)
    yield
    forget_all(database)


@pytest.fixture
def taker(database: Database) -> Callable[..., Taker]:
    def make(*args: Any, **options: Any) -> Taker:
        return Taker(database, *args, **options)

    return make


def accounts_of(ids: list[str]) -> list[str]:
    return [each.partition("-")[0] for each in ids]


def test_thousands_leave_place_for_another(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", *(f"a-{number:05}" for number in range(MANY)))
    worker = taker(places=2)
    assert accounts_of(worker.poll()) == ["a", "a"]
    assert worker.poll() == []  # one place is for somebody else
    enqueue(database, QUEUE, "b", "b-0", "b-1")
    assert worker.poll() == ["b-0"]
    assert worker.poll() == []
    worker.finish(worker.in_hand[0])
    assert worker.poll() == []  # the two places are taken, by one each
    worker.finish("b-0")
    assert worker.poll() == ["b-1"]


def test_newcomer_is_next_when_full(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", *(f"a-{number}" for number in range(50)))
    enqueue(database, QUEUE, "b", *(f"b-{number}" for number in range(50)))
    worker = taker(places=2)
    assert sorted(accounts_of(worker.poll())) == ["a", "b"]
    enqueue(database, QUEUE, "c", "c-0")
    assert worker.poll() == ["c-0"]
    enqueue(database, QUEUE, "d", "d-0")
    assert worker.poll() == []
    worker.finish(worker.in_hand[0])
    assert worker.poll() == ["d-0"]


def test_accounts_advance_together(database: Database, taker: Callable[..., Taker]) -> None:
    for account, count in (("a", 300), ("b", 30), ("c", 10)):
        enqueue(database, QUEUE, account, *(f"{account}-{number:03}" for number in range(count)))
    one, two = taker("one"), taker("two")
    done: list[str] = []
    while len(done) < 30:
        for worker in (one, two):
            worker.poll()
            done += worker.in_hand
            worker.finish(*worker.in_hand)
    assert max(Counter(accounts_of(done[:30])).values()) <= 12


def test_by_priority_then_age(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", "a-low", rank=rank("low", 1))
    enqueue(database, QUEUE, "a", "a-later", rank=rank("normal", 9))
    enqueue(database, QUEUE, "a", "a-normal", rank=rank(None, 5))
    enqueue(database, QUEUE, "a", "a-high", rank=rank("high", 500_000))
    worker = taker(places=4, spare=0)
    assert worker.poll() == ["a-high", "a-normal", "a-later", "a-low"]


def test_in_hand_limit_own_one_counts(database: Database, taker: Callable[..., Taker]) -> None:
    for account in ("a", "b", "c"):
        enqueue(database, QUEUE, account, *(f"{account}-{number}" for number in range(20)))
    own = Allowances(running={"b": 5}, barred={"c"})
    options = {"places": 6, "limit": 3, "allowances": lambda: own}
    one, two = taker("one", **options), taker("two", **options)
    one.poll()
    two.poll()
    one.poll()
    assert Counter(accounts_of(one.in_hand + two.in_hand)) == {"a": 3, "b": 5}


def test_long_holders_leave_places_to_others(database: Database, taker: Callable[..., Taker]) -> None:
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
    # The place of any that ends is for the one that has nothing in hand.
    worker.finish(*(each for each in worker.in_hand if each.startswith("c")))
    worker.finish(*[each for each in worker.in_hand if each.startswith("a")][:1])
    assert set(accounts_of(worker.poll())) == {"c", "e"}


def test_queues_own_limit_goes_first(database: Database, taker: Callable[..., Taker]) -> None:
    for account in ("a", "b"):
        enqueue(database, QUEUE, account, *(f"{account}-{number}" for number in range(9)))
    stopped = Allowances(running={"a": 0})  # what it has to be told of is told nevertheless
    options = {"places": 4, "spare": 4, "shared": 3, "limit": 1, "allowances": lambda: stopped}
    one, two = taker("one", **options), taker("two", **options)
    assert sorted(accounts_of(one.poll())) == ["a", "a", "b", "b"]
    assert sorted(accounts_of(two.poll())) == ["a", "b"]
    one.finish(*one.in_hand)
    assert Counter(accounts_of(one.poll())) == {"a": 2, "b": 2}


def test_other_versions_work_left_alone(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", "a-0", "a-1", protocol="another")
    enqueue(database, QUEUE, "b", "b-0")
    worker = taker()
    assert worker.poll() == ["b-0"]
    assert column(database, "worker", ["a-0", "a-1", "b-0"]) == [None, None, "one"]


def test_turns_count_audio_seconds(database: Database, taker: Callable[..., Taker]) -> None:
    costs = {"a": 600.0, "b": 60.0, "c": 20.0}
    for account, cost in costs.items():
        enqueue(database, QUEUE, account, *(f"{account}-{number:03}" for number in range(400)), cost=cost)
    worker = taker(places=1, spare=0)
    given: Counter[str] = Counter()
    for _ in range(300):
        [taken] = worker.poll()
        given[taken[0]] += int(costs[taken[0]])
        worker.finish(taken)
    assert max(given.values()) - min(given.values()) <= 2 * 600


def test_absence_earns_no_turns(database: Database, taker: Callable[..., Taker]) -> None:
    enqueue(database, QUEUE, "a", *(f"a-{number:02}" for number in range(40)))
    worker = taker(places=1, spare=0)
    for _ in range(20):
        worker.finish(*worker.poll())
    enqueue(database, QUEUE, "b", *(f"b-{number:02}" for number in range(40)))
    taken: list[str] = []
    for _ in range(10):
        taken += worker.poll()
        worker.finish(*worker.in_hand)
    assert taken[0] == "b-00"
    assert accounts_of(taken).count("b") in {5, 6}


def test_one_receiver_leaves_places(database: Database, taker: Callable[..., Taker]) -> None:
    queue = WorkQueue()
    with database.write() as session:
        for number in range(200):
            queue.enqueue(session, QUEUE, "P.hold", f"a-dead-{number:03}", "a", party="dead.example")
    worker = taker(places=64, spare=64, shared=32, line=16)
    assert len(worker.poll()) == 16
    with database.write() as session:
        for number in range(20):
            queue.enqueue(session, QUEUE, "P.hold", f"a-live-{number:03}", "a", party="live.example")
    assert sum("live" in each for each in worker.poll()) == 16
    assert worker.poll() == []


def test_undue_work_waits_aside(database: Database, taker: Callable[..., Taker]) -> None:
    queue = WorkQueue()
    with database.write() as session:
        queue.enqueue(session, QUEUE, "P.hold", "a-later", "a", delay=3600)
    assert Glance(database)() == set()
    assert queues_with_work(database) == []
    enqueue(database, QUEUE, "a", "a-now")
    worker = taker()
    assert worker.poll() == ["a-now"]
    with database.write() as session:
        due = instant(timedelta(seconds=-1))
        session.execute(sa.update(Piece).where(Piece.id == "a-later").values(not_before=due))
    assert worker.poll() == ["a-later"]
    assert column(database, "not_before", ["a-later"]) == [None]


def test_queued_twice_is_there_once(database: Database, taker: Callable[..., Taker]) -> None:
    queue = WorkQueue()
    for argument in ("first", "second"):
        with database.write() as session:
            queue.enqueue(session, QUEUE, "P.hold", "a-0", "a", argument)
    worker = taker()
    assert worker.poll() == ["a-0"]
    assert column(database, "arguments", ["a-0"]) == [["first"]]
    with database.write() as session:
        queue.enqueue(session, QUEUE, "P.hold", "a-0", "a", "third")
    assert worker.poll() == []


def test_only_waiting_work_withdrawn(database: Database, taker: Callable[..., Taker]) -> None:
    ids = ["job_1", "job_1-chunk-0", "job_1-recognition", "job_10", "job_1x", "job_0", "erase_job_1"]
    enqueue(database, QUEUE, "a", *ids)
    enqueue(database, QUEUE, "b", "job_1-chunk-1", worker="one")
    with database.write() as session:
        WorkQueue().withdraw(session, "job_1")
    with database.read() as session:
        left = set(session.scalars(sa.select(Piece.id)))
    assert left == {"job_10", "job_1x", "job_0", "erase_job_1", "job_1-chunk-1"}


def test_work_for_missing_models_known(database: Database) -> None:
    enqueue(database, queue_name(Queue.RECOGNITION, "nobody-has-this"), "a", "x")
    enqueue(database, "callbacks", "a", "y")
    assert queues_with_work(database) == ["callbacks", "recognition:nobody-has-this"]
    assert unserved_models(database) == {"nobody-has-this"}


def test_looks_do_not_read_backlog(database: Database, taker: Callable[..., Taker]) -> None:
    later = instant(timedelta(hours=1))
    enqueue(database, QUEUE, "a", *(f"later-{number:05}" for number in range(MANY)), not_before=later)
    enqueue(database, QUEUE, "c", *(f"other-{number:05}" for number in range(MANY)), protocol="another")
    for account in ("a", "b"):
        enqueue(database, QUEUE, account, *(f"{account}-{number:05}" for number in range(MANY // 2)))
    worker = taker()
    worker.poll()
    worker.finish(worker.in_hand[0])
    statements: list[tuple[str, Any]] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")) and "work" in statement:
            statements.append((statement, parameters))

    sa.event.listen(database.engine, "before_cursor_execute", record)
    try:
        worker.poll()
        Glance(database)()
        queues_with_work(database)
        owners(database)
    finally:
        sa.event.remove(database.engine, "before_cursor_execute", record)
    assert len(statements) >= 8
    for statement, parameters in statements:
        assert not reads_much(database, statement, parameters), statement


def reads_much(database: Database, statement: str, parameters: Any) -> bool:
    """Whether a query goes through more rows than what is in hand can explain."""
    with database.engine.connect() as connection:
        if database.is_sqlite:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            plan = "\n".join(str(row[3]) for row in rows)
            return re.search(r"SCAN work\w*(?! USING)\b(?! USING)|USE TEMP B-TREE FOR ORDER", plan) is not None
        explained = connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
        return rows_read(explained[0]["Plan"]) > 100


def rows_read(node: dict[str, Any]) -> int:
    mine = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    return int(mine) + sum(map(rows_read, node.get("Plans", ())))


def test_late_erasure_takes_work_in_hand(database: Database, taker: Callable[..., Taker]) -> None:
    # A worker that died had the first; taken over, it would begin anew what was erased.
    enqueue(database, QUEUE, "a", "job", "job-chunk-0", "jobs-of-another")
    assert taker(places=1).poll() == ["job"]

    def left(*, in_hand: bool) -> set[str]:
        with database.write() as session:
            WorkQueue().withdraw(session, "job", in_hand=in_hand)
            return set(session.scalars(sa.select(Piece.id).where(Piece.queue == QUEUE)))

    assert left(in_hand=False) == {"job", "jobs-of-another"}
    assert left(in_hand=True) == {"jobs-of-another"}

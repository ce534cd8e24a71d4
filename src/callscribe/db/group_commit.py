"""Group commit: what concurrent requests write shares a transaction, since every commit waits for the disk."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from callscribe.db.engine import Database, begin_writing
from callscribe.errors import CallscribeError
from callscribe.observability.context import carried
from callscribe.outages import outage
from callscribe.waiting import NO_DATABASE, within

MOST = 64
"""Pieces of work in one transaction; enough to spare commits, few enough for the first to be answered soon."""

Work = Callable[[Session], Any]
Piece = tuple[Work, asyncio.Future[Any]]
Outcome = tuple[Any, BaseException | None]
Value = TypeVar("Value")


class GroupCommit:
    """Writes for coroutines of one event loop, from one thread.

    While a transaction is being committed, work gathers for the next one. Each piece is committed whole or not at
    all, and is answered after the commit.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="group-writer")
        self._waiting: list[Piece] = []
        self._task: asyncio.Task[None] | None = None

    async def write(self, work: Callable[[Session], Value]) -> Value:
        """What `work` returns, once what it wrote is committed.

        `work` may be called again after a rollback, and not at all once nobody waits for it. A `CallscribeError` must
        come before it writes anything; such an error, and all else that it raises, comes out here.

        Raises:
            TimedOut: it takes too long.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Value] = loop.create_future()
        self._waiting.append((carried(work), answer))
        if self._task is None:
            self._task = loop.create_task(self._run())
        return await within(answer, NO_DATABASE)

    def close(self) -> None:
        """End the thread, when it has done what it was given."""
        self._thread.shutdown()

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            group, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
            outcomes = await loop.run_in_executor(self._thread, self._write, group)
            if (away := _away(outcomes)) is not None:  # each group would wait as long for the same answer
                outcomes += [(None, away)] * len(self._waiting)
                group, self._waiting = group + self._waiting, []
            for (_, answer), (value, error) in zip(group, outcomes, strict=True):
                if answer.done():  # nobody waits for it any more
                    continue
                if error is None:
                    answer.set_result(value)
                else:
                    answer.set_exception(error)
        self._task = None

    def _write(self, group: Sequence[Piece]) -> list[Outcome]:
        for _ in range(2):  # for a connection that was cut there is another
            try:
                return self._commit(group)
            except Exception as error:  # noqa: BLE001  goes to the one who asked
                failure = error
            if not (isinstance(failure, DBAPIError) and failure.connection_invalidated):
                break
        if outage(failure) is not None:  # nobody waits in turn for a database that is away
            return [(None, failure)] * len(group)
        if len(group) == 1 and not isinstance(failure, IntegrityError):
            return [(None, failure)]
        # Each on its own, so that one piece's failure is not the others'. It was rolled back once: where it came into
        # conflict with another writer, it finds this time what the other wrote.
        return [self._alone(piece) for piece in group]

    def _commit(self, group: Sequence[Piece]) -> list[Outcome]:
        with self._database.write() as session:
            begin_writing(session)  # here it may wait for long
            return [(None, None) if answer.done() else _refusable(work, session) for work, answer in group]

    def _alone(self, piece: Piece) -> Outcome:
        try:
            return self._commit([piece])[0]
        except Exception as error:  # noqa: BLE001  goes to the one who asked
            return None, error


def _away(outcomes: Sequence[Outcome]) -> BaseException | None:
    """The outage that every piece of a group failed of."""
    error = outcomes[0][1]
    is_shared = all(each is error for _, each in outcomes)
    return error if error is not None and is_shared and outage(error) is not None else None


def _refusable(work: Work, session: Session) -> Outcome:
    try:
        return work(session), None
    except CallscribeError as error:
        return None, error

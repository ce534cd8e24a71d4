"""Watching jobs for those who listen to their events: one look at all jobs that are watched, shared."""

import asyncio
import contextvars
from collections import Counter
from collections.abc import AsyncGenerator, Mapping
from typing import Final

import structlog

from callscribe.db.engine import Database
from callscribe.errors import Code, RequestError
from callscribe.transcriptions import repository
from callscribe.transcriptions.repository import State
from callscribe.transcriptions.tables import Transcription
from callscribe.waiting import DATABASE

INTERVAL: Final = 0.5
"""Seconds between two looks."""

RETRY_AFTER: Final = 10
"""Seconds after which to ask again where an account has as many streams as it may."""

_log = structlog.get_logger(__name__)


class Watching:
    """The jobs that are watched, for coroutines of one event loop. `most` streams of an account are open at once."""

    def __init__(self, database: Database, most: int) -> None:
        self._database = database
        self._most = most
        self._streams: Counter[str] = Counter()
        self._listeners: Counter[str] = Counter()
        self._states: dict[str, State] = {}
        self._rows: dict[str, Transcription | None] = {}
        self._round: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def check(self, account_sid: str) -> None:
        """Make sure that an account may have another stream.

        Raises:
            RequestError: 20429.
        """
        if self._streams[account_sid] >= self._most:
            detail = f"This account listens to {self._most} streams of events, as many as it may."
            raise RequestError(Code.TOO_MANY_REQUESTS, detail, retry_after=RETRY_AFTER)

    async def changes(self, row: Transcription) -> AsyncGenerator[Transcription | None]:
        """The job as it is, and again whenever it has changed, or might have; None once it is gone. Ends with it."""
        job, account = row.id, row.account_sid
        self._streams[account] += 1
        self._listeners[job] += 1
        self._states.pop(job, None)  # so that the next look brings the row, which may have changed since it was read
        known: Transcription | None = self._rows.get(job) or row
        current: Transcription | None = row
        try:
            yield current
            while current is not None and not current.status.is_final:
                coming = self._coming()
                if self._rows.get(job, row) is known:
                    await asyncio.shield(coming)
                else:
                    current = known = self._rows[job]
                    yield current
        finally:
            self._streams -= Counter([account])  # which forgets who has none
            self._listeners -= Counter([job])
            if job not in self._listeners:
                self._states.pop(job, None)
                self._rows.pop(job, None)

    def _coming(self) -> asyncio.Future[None]:
        """Done with the next look."""
        if self._round is None:
            loop = asyncio.get_running_loop()
            self._round = loop.create_future()
            # In no request's context: it goes on for others.
            self._task = loop.create_task(self._look_on(), context=contextvars.Context())
        return self._round

    async def _look_on(self) -> None:
        while self._listeners:
            try:
                states, rows = await DATABASE.run(self._look, dict(self._states), list(self._listeners))
            except Exception as error:  # noqa: BLE001  whatever it is, the listeners wait for the next look
                _log.warning("events.not_looked", error=str(error))
            else:
                for job in rows.keys() & self._listeners.keys():
                    self._rows[job] = rows[job]
                    if job in states:
                        self._states[job] = states[job]
            done, self._round = self._round, asyncio.get_running_loop().create_future()
            if done is not None:
                done.set_result(None)
            await asyncio.sleep(INTERVAL)
        self._round = None

    def _look(
        self, known: Mapping[str, State], jobs: list[str]
    ) -> tuple[dict[str, State], dict[str, Transcription | None]]:
        """How all stand, and the rows of those that are not as they were known; None of those that are gone."""
        with self._database.read() as session:
            states = repository.states(session, jobs)
            changed = [job for job, state in states.items() if known.get(job) != state]
            rows = repository.find_all(session, changed) if changed else []
        return states, {**dict.fromkeys(set(jobs) - states.keys()), **{row.id: row for row in rows}}

"""What the System page shows. A look costs the same however many ask: each part is looked up once in a while."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from callscribe.accounts.service import Accounts
from callscribe.accounts.tables import Account
from callscribe.callbacks import repository as callback_repository
from callscribe.db.engine import Database
from callscribe.db.paging import Page
from callscribe.durable import queue_stats, workers
from callscribe.durable.queue_stats import InHand, QueueStats
from callscribe.durable.queues import model_of
from callscribe.durable.tables import Worker
from callscribe.monitoring.readiness import Readiness, Report
from callscribe.monitoring.ttl_cache import TtlCache
from callscribe.settings import Settings
from callscribe.speech.engines.served_by import ServedBy
from callscribe.system.engines import SystemEngines, engines
from callscribe.system.findings import Finding, findings
from callscribe.system.models import SystemModel, models
from callscribe.system.pulls import Pulls
from callscribe.transcriptions import repository
from callscribe.transcriptions.quotas import Standing, use_of
from callscribe.waiting import NO_DATABASE, TimedOut

KEPT: Final = 1.0
"""Seconds for which a look at workers, queues and models is good."""

FINDINGS_KEPT: Final = 20.0
"""Seconds for which findings are good; a look writes a blob and starts a decoder."""

PATIENCE: Final = 6.0
"""Seconds that anybody waits for a look."""

_START: Final = "Start one: `callscribe serve`, or `callscribe worker` beside it."
_ADVICE: Final = {
    "no worker is alive": _START,
    "no live worker is there for recognition": "Start one with `callscribe worker --queues recognition,chunks`.",
    "recognition fails on every worker": "Their logs say why; `callscribe doctor` on their machines tries the models.",
}
"""What to do about what readiness says of workers."""


Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Fleet:
    """Workers, queues, and what is due, at about the same moment."""

    workers: Sequence[Worker]
    in_hand: list[InHand]
    queues: QueueStats
    unserved: set[str]
    """Queues that wait for a model which no live worker has."""
    next_due: dict[str, datetime | None]

    @property
    def swept_at(self) -> datetime | None:
        """When one of the workers last swept."""
        return max((each.swept_at for each in self.workers if each.swept_at is not None), default=None)


class System:
    """Looks, for the operator. Nothing here reads a job."""

    def __init__(
        self, database: Database, accounts: Accounts, readiness: Readiness, pulls: Pulls, settings: Settings
    ) -> None:
        self._database = database
        self._accounts = accounts
        self._readiness = readiness
        self._settings = settings
        self.pulls = pulls
        self._findings = TtlCache(lambda: list(findings(settings, trying=False)), FINDINGS_KEPT, PATIENCE)
        self._fleet = TtlCache(self._look, KEPT, PATIENCE)
        self._models = TtlCache(self._models_now, KEPT, PATIENCE)
        self._engines = TtlCache(lambda: engines(database, settings), KEPT, PATIENCE)

    async def health(self) -> tuple[Report, list[Finding]]:
        """Whether jobs are done, and what was found.

        Raises:
            TimedOut: the database does not answer.
        """
        report = await self._readiness.awaited()
        try:
            found = await self._findings.awaited()
        except TimeoutError:
            found = [Finding("checks", False, f"They take longer than {PATIENCE:g} s. Try `callscribe doctor`.")]
        return report, [*found, _recognition(report, await self.fleet())]

    async def fleet(self) -> Fleet:
        """Workers and queues.

        Raises:
            TimedOut: the database does not answer.
        """
        return await _awaited(self._fleet)

    async def models(self) -> list[SystemModel]:
        """The models.

        Raises:
            TimedOut: disk or database do not answer.
        """
        return await _awaited(self._models)

    async def engines(self) -> SystemEngines:
        """The engines.

        Raises:
            TimedOut: disk or database do not answer.
        """
        return await _awaited(self._engines)

    def accounts(self, token: str | None, size: int) -> tuple[Page[Account], list[Standing]]:
        """A page of accounts, with what each may use and uses."""
        page = self._accounts.page(token, size)
        with self._database.read() as session:
            return page, [use_of(session, account.sid, self._settings) for account in page.rows]

    def _look(self) -> Fleet:
        live, _ = workers.alive(self._database)
        stats = queue_stats.look(self._database)
        missing = workers.unserved_models(self._database)
        with self._database.read() as session:
            due = {**repository.next_due(session), "callback": callback_repository.next_due(session)}
        return Fleet(
            sorted(live, key=lambda worker: (worker.started_at, worker.id)),
            queue_stats.in_hand(self._database),
            stats,
            {each.queue for each in stats.waiting if model_of(each.queue) in missing},
            due,
        )

    def _models_now(self) -> list[SystemModel]:
        live, _ = workers.alive(self._database)
        return models(self._settings, self.pulls, live)


async def _awaited(cache: TtlCache[Value]) -> Value:
    try:
        return await cache.awaited()
    except TimeoutError as error:
        raise TimedOut(NO_DATABASE) from error


def _recognition(report: Report, fleet: Fleet) -> Finding:
    """Whether what waits is recognised, and what to do where not."""
    wrong = [f"{problem}. {advice}" for problem, advice in _ADVICE.items() if problem in report.problems]
    for name in sorted({str(model_of(queue)) for queue in fleet.unserved}):
        model = ServedBy.parse(name).model
        wrong.append(f"jobs wait for {name}, which no live worker has. Start one with `--models {model}`.")
    if wrong:
        return Finding("recognition", False, " ".join(wrong))
    when = "not tried yet" if report.recognized_at is None else f"last {report.recognized_at:%Y-%m-%d %H:%M:%S} UTC"
    return Finding("recognition", True, f"{report.recognizing} of {report.workers} worker(s); {when}")

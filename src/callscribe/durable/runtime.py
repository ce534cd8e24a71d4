"""DBOS in a worker: launch, queues, heartbeat, shutdown."""

from collections.abc import Callable, Collection

from dbos import DBOS, DBOSConfig

from callscribe.db.engine import Database
from callscribe.durable import let_dbos_wait, quiet_dbos
from callscribe.durable.fairness import Allowances, FairTurns
from callscribe.durable.liveness import Abilities, Liveness, new_worker_id
from callscribe.durable.queues import PROTOCOL_VERSION, WorkerQueue, register_queues
from callscribe.durable.recovery import Returned
from callscribe.durable.retry import with_retries
from callscribe.settings import Settings


class Runtime:
    """Runs workflows from some queues. Create it, then the instances of the workflow classes, then `start` it.

    `abilities` is what other processes are told of this worker; `allowances` are limits of single accounts, asked for
    at most once a second; `told` is `Liveness`'s.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        lanes: Collection[WorkerQueue],
        abilities: Abilities,
        *,
        allowances: Callable[[], Allowances] = Allowances,
        told: Callable[[Returned], None],
    ) -> None:
        quiet_dbos()
        let_dbos_wait()
        self._lanes = lanes
        self.worker_id = new_worker_id()
        config: DBOSConfig = {
            "name": "callscribe",
            "system_database_engine": database.engine,
            "system_database_url": database.engine.url.render_as_string(hide_password=False),
            "executor_id": self.worker_id,
            "application_version": PROTOCOL_VERSION,
            "run_migrations": False,  # `callscribe migrate` does; a worker's role may not even be allowed to
            "log_level": "ERROR",
        }
        self._dbos = DBOS(config=config)
        self._turns = FairTurns(database, self.worker_id, lanes, settings.account_concurrency, allowances)
        self._liveness = Liveness(
            database,
            self.worker_id,
            abilities,
            deaths=settings.job_worker_deaths,
            told=told,
            at_work=self._dbos._active_workflows_set.activeList,  # noqa: SLF001
        )

    def start(self) -> None:
        """Begin to take work."""
        with_retries(self._liveness.sign_on)
        # No queue is served before work is taken in turns. DBOS looks once a second which queues it is to serve.
        DBOS.listen_queues([])
        DBOS.launch()
        self._turns.install(self._dbos._sys_db)  # noqa: SLF001
        with_retries(lambda: register_queues(self._lanes))
        self._dbos._listening_queues = [lane.name for lane in self._lanes]  # noqa: SLF001
        self._liveness.start()

    def stop(self) -> None:
        """Take no more work and sign off. What runs stays checkpointed and is taken up by the next worker."""
        self._turns.stop()
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._liveness.stop()

"""DBOS in a worker: launch, taking work, heartbeat, shutdown."""

from collections.abc import Callable, Collection

from dbos import DBOS, DBOSConfig, DBOSConfiguredInstance

from callscribe.db.engine import Database
from callscribe.durable import quiet_dbos, wait_through_outages
from callscribe.durable.claims import Allowances, Claims
from callscribe.durable.dispatch import Dispatcher, own_queue
from callscribe.durable.liveness import Abilities, Liveness, new_worker_id
from callscribe.durable.queues import PROTOCOL_VERSION, WorkerQueue
from callscribe.durable.recovery import Returned
from callscribe.durable.retry import with_retries
from callscribe.settings import Settings


class Runtime:
    """Does work from some queues. Create it, then the instances of the workflow classes, then `start` it with these.

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
        wait_through_outages(database.engine)
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
        DBOS(config=config)
        self._workflows: dict[str, DBOSConfiguredInstance] = {}
        claims = Claims(database, self.worker_id, settings.account_concurrency, allowances)
        self._dispatcher = Dispatcher(database, self.worker_id, lanes, claims, self._workflows)
        self._liveness = Liveness(
            database,
            self.worker_id,
            abilities,
            deaths=settings.job_worker_deaths,
            told=told,
            at_work=self._dispatcher.at_work,
        )

    def start(self, *workflows: DBOSConfiguredInstance) -> None:
        """Begin to take work for these."""
        self._workflows.update({type(each).__name__: each for each in workflows})
        with_retries(self._liveness.sign_on)
        DBOS.listen_queues([own_queue(self.worker_id)])
        DBOS.launch()
        self._liveness.start()
        self._dispatcher.start()

    def stop(self) -> None:
        """Take no more work and sign off. What runs stays checkpointed and is taken up by the next worker."""
        self._dispatcher.stop()
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._liveness.stop()

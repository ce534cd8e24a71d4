"""DBOS in a worker: launch, queues, heartbeat, shutdown."""

from dbos import DBOS, DBOSConfig

from callscribe.db.engine import Database
from callscribe.durable import quiet_dbos
from callscribe.durable.liveness import Liveness, new_worker_id
from callscribe.durable.queues import PROTOCOL_VERSION, register_queues
from callscribe.settings import Settings


class Runtime:
    """Runs workflows. Create it, then the instances of the workflow classes, then `start` it."""

    def __init__(self, database: Database, settings: Settings) -> None:
        quiet_dbos()
        self._settings = settings
        self.worker_id = new_worker_id()
        config: DBOSConfig = {
            "name": "callscribe",
            "system_database_engine": database.engine,
            "system_database_url": database.engine.url.render_as_string(hide_password=False),
            "executor_id": self.worker_id,
            "application_version": PROTOCOL_VERSION,
            "log_level": "ERROR",
        }
        DBOS(config=config)
        self._liveness = Liveness(database, self.worker_id)

    def start(self) -> None:
        """Begin to take work."""
        self._liveness.sign_on()
        DBOS.launch()
        register_queues(self._settings)
        self._liveness.start()

    def stop(self) -> None:
        """Take no more work and sign off. What runs stays checkpointed and is taken up by the next worker."""
        DBOS.destroy(workflow_completion_timeout_sec=0)
        self._liveness.stop()

"""What waits for a model that nobody has."""

from callscribe.db.engine import Database
from callscribe.durable.claims import queues_with_work
from callscribe.durable.liveness import models_served
from callscribe.durable.queues import model_of


def unserved_models(database: Database) -> set[str]:
    """Models that something waits for and that no live worker has."""
    wanted = {model for name in queues_with_work(database) if (model := model_of(name)) is not None}
    return wanted - models_served(database) if wanted else set()

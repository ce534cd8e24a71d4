"""What waits: which queues have anything in them, and which of those nobody serves."""

import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.liveness import models_served
from callscribe.durable.queues import model_of
from callscribe.durable.system_tables import ENQUEUED, is_in_flight, workflow_status


def queues_with_work(database: Database) -> list[str]:
    """The names of all queues in which something waits. Costs a look at an index for each, however much waits."""
    with database.read() as session:
        return list(session.scalars(names_with_work(database)))


def names_with_work(database: Database) -> sa.Select[tuple[str]]:
    """The query behind `queues_with_work`; it has no parameters."""
    table = workflow_status(database)
    waiting = is_in_flight(table, ENQUEUED)
    first = sa.select(sa.func.min(table.c.queue_name).label("name")).where(waiting).cte("queues", recursive=True)
    following = sa.select(sa.func.min(table.c.queue_name)).where(waiting, table.c.queue_name > first.c.name)
    names = first.union_all(sa.select(following.scalar_subquery()).where(first.c.name.is_not(None)))
    return sa.select(names.c.name).where(names.c.name.is_not(None))


def unserved_models(database: Database) -> set[str]:
    """Models that something waits for and that no live worker has."""
    wanted = {model for name in queues_with_work(database) if (model := model_of(name)) is not None}
    return wanted - models_served(database) if wanted else set()

"""Rows in DBOS's tables: thousands of queued workflows, faster than by queueing them one by one."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.queues import Queue, WorkQueue
from callscribe.durable.system_tables import workflow_status

WORKFLOW = "Probe.hold"


def enqueue(database: Database, queue_name: str, account: str, *ids: str, **values: Any) -> None:
    """Queue workflows as the program does, the first by DBOS itself and the others as copies, arguments and all."""
    queue = WorkQueue(database)
    try:
        with database.write() as session:
            queue.enqueue(session, Queue.RECOGNITION, WORKFLOW, ids[0], account, ids[0])
            table = workflow_status(database)
            session.execute(
                sa.update(table).where(table.c.workflow_uuid == ids[0]).values(queue_name=queue_name, **values)
            )
        with database.write() as session:
            for name in ("workflow_status", "workflow_input") if len(ids) > 1 else ():
                full = sa.Table(name, sa.MetaData(), schema=table.schema, autoload_with=session.connection())
                row = session.execute(sa.select(full).where(full.c.workflow_uuid == ids[0])).one()
                session.execute(sa.insert(full), [{**row._mapping, "workflow_uuid": each} for each in ids[1:]])
            if database.is_sqlite:
                return
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE dbos.workflow_status"))  # as its own daemon does in time
    finally:
        queue.close()


def forget_all(database: Database) -> None:
    """Empty the queues."""
    with database.write() as session:
        for name in ("workflow_input", "workflow_status"):
            session.execute(sa.delete(sa.table(name, schema=workflow_status(database).schema)))


def column(database: Database, name: str, ids: Sequence[str]) -> list[Any]:
    """A column of some workflows."""
    table = workflow_status(database)
    query = sa.select(table.c.workflow_uuid, table.c[name]).where(table.c.workflow_uuid.in_(ids))
    with database.read() as session:
        found = {row[0]: row[1] for row in session.execute(query)}
    return [found[each] for each in ids]

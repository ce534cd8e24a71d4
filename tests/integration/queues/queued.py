"""Thousands of pieces of work, faster than by queueing them one by one."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.queues import WorkQueue
from callscribe.durable.tables import Piece

WORKFLOW = "Probe.hold"


def enqueue(database: Database, queue_name: str, account: str, *ids: str, **values: Any) -> None:
    """Queue work as the program does, the first by itself and the others as copies; `values` are columns."""
    queue = WorkQueue()
    with database.write() as session:
        queue.enqueue(session, queue_name, WORKFLOW, ids[0], account, ids[0])
        if values:
            session.execute(sa.update(Piece).where(Piece.id == ids[0]).values(**values))
    table = Piece.__table__
    with database.write() as session:
        row = session.execute(sa.select(table).where(table.c.id == ids[0])).one()
        copies = [{**row._mapping, "id": each, "arguments": [each]} for each in ids[1:]]
        if copies:
            session.execute(sa.insert(table), copies)
    if not database.is_sqlite and copies:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE work"))  # as its own daemon does in time


def forget_all(database: Database) -> None:
    """Empty the queues."""
    with database.write() as session:
        session.execute(sa.delete(Piece))


def column(database: Database, name: str, ids: Sequence[str]) -> list[Any]:
    """A column of some pieces."""
    query = sa.select(Piece.id, getattr(Piece, name)).where(Piece.id.in_(ids))
    with database.read() as session:
        found = {row[0]: row[1] for row in session.execute(query)}
    return [found[each] for each in ids]

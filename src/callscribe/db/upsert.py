"""`INSERT` where there may be such a row already."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from callscribe.db.base import Base
from callscribe.db.sealed import owned, sealed_columns


def insert_new(session: Session, table: type[Base], rows: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> bool:
    """Insert the rows that break no rule of uniqueness; of a single one, whether it was inserted."""
    if not rows:
        return False
    insert = _insert(session, table).on_conflict_do_nothing()
    if sealed_columns(table):
        rows = owned(table, rows) if isinstance(rows, Mapping) else [owned(table, row) for row in rows]
    if isinstance(rows, Mapping):  # which may have expressions
        return bool(session.execute(insert.values(rows)).rowcount)  # type: ignore[attr-defined]
    return bool(session.execute(insert, rows).rowcount)  # type: ignore[attr-defined]


def upsert(session: Session, table: type[Base], row: Mapping[str, Any], changes: Mapping[str, Any]) -> None:
    """Insert a row; where there is one with its primary key, make `changes` to that."""
    insert = _insert(session, table).values(row)
    session.execute(insert.on_conflict_do_update(index_elements=insert.table.primary_key.columns, set_=dict(changes)))


def _insert(session: Session, table: type[Base]) -> Any:
    """Each dialect has its own."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    return insert(cast("sa.Table", table.__table__))

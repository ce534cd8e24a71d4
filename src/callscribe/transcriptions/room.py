"""When an account will have room again by itself: what retention is going to erase of it, in the order of time.

Bodies of callbacks that go before their transcripts are left out: they are little, and count with those.
"""

from datetime import timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.retention import Retention, of_settings
from callscribe.accounts.tables import Account
from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.recordings import repository as recording_repository
from callscribe.settings import Settings
from callscribe.transcriptions import repository

MOST: Final = 1000
"""Erasures that are looked at: who stores so much more than it may is told when these are done, and asks again."""


def seconds_until_freed(
    session: Session, database: Database, settings: Settings, account_sid: str, size: int
) -> float | None:
    """Seconds until so many bytes of an account are due, or the first `MOST` erasures; None where they never are."""
    kinds = repository.to_be_erased(account_sid)
    account = session.get(Account, account_sid)
    kept = Retention.of(account.retention if account else None, of_settings(settings)).recording
    if kept is not None:
        kinds.append(recording_repository.to_be_erased(database, account_sid, timedelta(days=kept)))
    # The first of each kind together have the first of all.
    due = sa.union_all(*(_first(kind) for kind in kinds)).subquery()
    first = _first(sa.select(due.c.at, due.c.size).order_by(due.c.at)).subquery()
    running = sa.select(first.c.at, sa.func.sum(first.c.size).over(order_by=first.c.at).label("freed")).subquery()
    enough = sa.case((running.c.freed >= size, running.c.at))
    row = session.execute(
        sa.select(
            instant(database).label("moment"),
            sa.func.min(enough).label("enough"),
            sa.func.max(running.c.at).label("last"),
            sa.func.count().label("looked_at"),
        ).select_from(running)
    ).one()
    at = row.enough if row.enough is not None else row.last if row.looked_at == MOST else None
    return None if at is None else max(0.0, (at - row.moment).total_seconds())


def _first(query: sa.Select[Any]) -> sa.Select[Any]:
    some = query.limit(MOST).subquery()
    return sa.select(some.c.at, some.c.size)

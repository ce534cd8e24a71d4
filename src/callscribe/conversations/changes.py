"""Writing: one transaction for each request, once for each idempotency key, and again after a conflict."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.db.engine import Database, begin_writing
from callscribe.db.repetition import Repetition, once


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What a change is answered with."""

    status: int
    document: dict[str, Any]


def change(database: Database, repetition: Repetition | None, work: Callable[[Session], ChangeResult]) -> ChangeResult:
    """Do the work and return its answer, or the answer that an earlier request with this key got.

    What two requests do at the same instant and only one may is done by the first; the second starts anew and finds
    what the first did.
    """
    try:
        return _attempt(database, repetition, work)
    except IntegrityError:
        return _attempt(database, repetition, work)


def _attempt(
    database: Database, repetition: Repetition | None, work: Callable[[Session], ChangeResult]
) -> ChangeResult:
    with database.write() as session:
        begin_writing(session)
        return ChangeResult(**once(session, repetition, lambda: asdict(work(session))))

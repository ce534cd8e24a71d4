"""Writing: one transaction for each request, once for each idempotency key, and again after a conflict."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from callscribe.db.engine import Database, begin_writing


@dataclass(frozen=True, slots=True)
class Answer:
    """What a change is answered with."""

    status: int
    document: dict[str, Any]


class Repetition(Protocol):
    """Knows whether this very request was answered before; see `web.idempotency`."""

    def recall(self, session: Session) -> dict[str, Any] | None:
        """The answer that was given."""
        ...

    def remember(self, session: Session, answer: dict[str, Any]) -> None:
        """Keep the answer."""
        ...


def change(database: Database, repetition: Repetition | None, work: Callable[[Session], Answer]) -> Answer:
    """Do the work and return its answer, or the answer that an earlier request with this key got.

    What two requests do at the same instant and only one may is done by the first; the second starts anew and finds
    what the first did.
    """
    try:
        return _attempt(database, repetition, work)
    except IntegrityError:
        return _attempt(database, repetition, work)


def _attempt(database: Database, repetition: Repetition | None, work: Callable[[Session], Answer]) -> Answer:
    with database.write() as session:
        begin_writing(session)
        if repetition is None:
            return work(session)
        earlier = repetition.recall(session)
        if earlier is not None:
            return Answer(earlier["status"], earlier["document"])
        answer = work(session)
        repetition.remember(session, {"status": answer.status, "document": answer.document})
        return answer

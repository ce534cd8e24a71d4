"""Requests that come twice: the first is worked on, the second gets its answer."""

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy.orm import Session


class Repetition(Protocol):
    """Knows whether this very request was answered before; see `web.idempotency`."""

    def recall(self, session: Session) -> dict[str, Any] | None:
        """The answer that was given."""
        ...

    def remember(self, session: Session, answer: dict[str, Any]) -> None:
        """Keep the answer."""
        ...


def once(session: Session, repetition: Repetition | None, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The answer that was given before, or that of `work`, which is kept in the same transaction."""
    if repetition is None:
        return work()
    earlier = repetition.recall(session)
    if earlier is not None:
        return earlier
    answer = work()
    repetition.remember(session, answer)
    return answer

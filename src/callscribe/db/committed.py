"""What is done once a transaction is committed, and not at all where it is rolled back: counting, say."""

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy.orm import Session

_KEY = "callscribe.after_commit"


def after_commit(session: Session, act: Callable[[], object]) -> None:
    """Call `act` when the session's transaction is committed. It must not raise."""
    acts: list[Callable[[], object]] | None = session.info.get(_KEY)
    if acts is None:
        acts = session.info[_KEY] = []
        sa.event.listen(session, "after_commit", _run)
        sa.event.listen(session, "after_rollback", _forget)
    acts.append(act)


def _run(session: Session) -> None:
    acts = list(session.info[_KEY])
    session.info[_KEY].clear()
    for act in acts:
        act()


def _forget(session: Session) -> None:
    session.info[_KEY].clear()

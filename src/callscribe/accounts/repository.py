"""Queries for accounts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.tables import Account


def find(session: Session, sid: str) -> Account | None:
    """The account with this SID."""
    return session.get(Account, sid)


def first(session: Session) -> Account | None:
    """The oldest account."""
    return session.scalars(sa.select(Account).order_by(Account.created_at, Account.sid).limit(1)).first()


def every(session: Session) -> Sequence[Account]:
    """All accounts, oldest first."""
    return session.scalars(sa.select(Account).order_by(Account.created_at, Account.sid)).all()

"""Queries for accounts and API keys."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.retention import FOREVER, Days
from callscribe.accounts.tables import Account, ApiKey, BrowserSession
from callscribe.db.base import now
from callscribe.db.clock import days_ago
from callscribe.db.paging import Page, fetch_page

HasOlder = Callable[[sa.SQLColumnExpression[str], sa.ColumnElement[datetime]], sa.ColumnElement[bool]]
"""Makes an expression: that the account with a SID has something of before a moment."""


def find(session: Session, sid: str, *, lock: bool = False) -> Account | None:
    """The account with this SID; with `lock` nobody else changes it before this transaction ends."""
    return session.get(Account, sid, with_for_update=lock or None)


def first(session: Session) -> Account | None:
    """The oldest account."""
    return session.scalars(sa.select(Account).order_by(Account.created_at, Account.sid).limit(1)).first()


def first_token(session: Session) -> str | None:
    """The oldest account's token, encrypted."""
    return session.scalars(
        sa.select(Account.token_encrypted).order_by(Account.created_at, Account.sid).limit(1)
    ).first()


def every(session: Session) -> Sequence[Account]:
    """All accounts, oldest first."""
    return session.scalars(sa.select(Account).order_by(Account.created_at, Account.sid)).all()


def page(session: Session, token: str | None, size: int) -> Page[Account]:
    """Accounts, oldest first."""
    return fetch_page(session, sa.select(Account), (Account.created_at, Account.sid), token, size, oldest_first=True)


def set_limits(session: Session, sid: str, values: Mapping[str, Any]) -> bool:
    """Give an account limits of its own; False where there is no such account.

    `values` are by the names in `Limits`; None takes the account's own limit away, so that the server's holds.
    """
    own = {f"limit_{name}": value for name, value in values.items()}
    result = session.execute(sa.update(Account).where(Account.sid == sid).values(own))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def running_limits(session: Session) -> dict[str, int]:
    """Jobs that may run at once, of the accounts that have a limit of their own for it."""
    query = sa.select(Account.sid, Account.limit_jobs_running).where(Account.limit_jobs_running.is_not(None))
    return {sid: limit for sid, limit in session.execute(query) if limit is not None}


def days_kept(kind: str, default: Days | None) -> sa.ColumnElement[float]:
    """An expression: for how many days an account keeps recordings, say; see `Retention.of`. NULL is for ever."""
    own = Account.retention[f"{kind}Days"].as_string()
    by_default = sa.null() if default in {None, FOREVER} else sa.literal(float(cast("float", default)), sa.Double())
    return sa.case((own == FOREVER, sa.null()), (own.is_not(None), sa.cast(own, sa.Double())), else_=by_default)


def keeping(
    session: Session,
    kind: str,
    default: Days | None,
    has_older: HasOlder,
) -> list[tuple[str, float]]:
    """Accounts that keep recordings, say, for so many days and have older ones, and those days; see `days_kept`."""
    days = days_kept(kind, default)
    query = sa.select(Account.sid, days).where(days.is_not(None), has_older(Account.sid, days_ago(days)))
    return [(account_sid, kept) for account_sid, kept in session.execute(query)]


def find_key(session: Session, sid: str, *, lock: bool = False) -> ApiKey | None:
    """The key with this SID, whosever it is; with `lock` nobody else changes it before this transaction ends."""
    return session.get(ApiKey, sid, with_for_update=lock or None)


def page_of_keys(session: Session, account_sid: str, token: str | None, size: int) -> Page[ApiKey]:
    """Keys of the account, newest first."""
    query = sa.select(ApiKey).where(ApiKey.account_sid == account_sid)
    return fetch_page(session, query, (ApiKey.created_at, ApiKey.sid), token, size)


def every_key(session: Session, account_sid: str | None) -> Sequence[ApiKey]:
    """All keys, of one account or of all, oldest first."""
    query = sa.select(ApiKey).order_by(ApiKey.account_sid, ApiKey.created_at, ApiKey.sid)
    if account_sid is not None:
        query = query.where(ApiKey.account_sid == account_sid)
    return session.scalars(query).all()


def find_session(session: Session, token_hash: str) -> BrowserSession | None:
    """The browser's session with this cookie, where its time is not over."""
    query = sa.select(BrowserSession).where(BrowserSession.token_hash == token_hash, _holds(is_link=False))
    return session.scalars(query).first()


def take_link(session: Session, code_hash: str) -> BrowserSession | None:
    """The link with this code, which is gone: of two who come with it, one gets it."""
    taken = sa.delete(BrowserSession).where(BrowserSession.token_hash == code_hash, _holds(is_link=True))
    return session.scalars(taken.returning(BrowserSession)).first()


def end_session(session: Session, token_hash: str) -> None:
    """Forget a browser's session."""
    session.execute(sa.delete(BrowserSession).where(BrowserSession.token_hash == token_hash))


def forget_expired_sessions(session: Session) -> None:
    """Remove sessions and links whose time is over."""
    session.execute(sa.delete(BrowserSession).where(BrowserSession.expires_at <= now()))


def _holds(*, is_link: bool) -> sa.ColumnElement[bool]:
    return sa.and_(BrowserSession.is_link.is_(is_link), BrowserSession.expires_at > now())

"""Queries for what accounts use."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.tables import Account, AccountActivity, AccountStorage
from callscribe.db.clock import epoch, milliseconds
from callscribe.db.upsert import insert_new, upsert

PERIOD = 600
"""Seconds."""

DAY = 144
"""Periods in which audio counts."""

COUNTING = 3600.0
"""Seconds in which who claims accounts has counted what they store."""


def current_period() -> sa.ColumnElement[int]:
    """An expression: the number of the period that it is, by the database's clock."""
    return sa.cast(milliseconds() // (PERIOD * 1000), sa.Integer())


def period(session: Session) -> int:
    """The number of the period that it is."""
    return session.scalar(sa.select(current_period())) or 0


def periods(session: Session, account_sid: str) -> tuple[float, list[tuple[int, float, int]]]:
    """This moment, and the periods of the last 24 hours in which something was done: number, audio, jobs ended."""
    query = (
        sa.select(
            epoch(),
            AccountActivity.period,
            AccountActivity.audio_seconds,
            AccountActivity.jobs_ended,
        )
        .select_from(sa.select(sa.literal(1)).subquery())
        .outerjoin(
            AccountActivity,
            sa.and_(AccountActivity.account_sid == account_sid, AccountActivity.period > current_period() - DAY),
        )
        .order_by(AccountActivity.period)
    )
    rows = session.execute(query).all()
    return rows[0][0], [(number, audio, ended) for _, number, audio, ended in rows if number is not None]


def audio_between(session: Session, first: int, last: int) -> dict[str, float]:
    """Seconds of audio by account, from a period to another."""
    query = (
        sa.select(AccountActivity.account_sid, sa.func.sum(AccountActivity.audio_seconds))
        .where(AccountActivity.period.between(first, last))
        .group_by(AccountActivity.account_sid)
    )
    return {sid: float(seconds) for sid, seconds in session.execute(query)}


def audio_limits(session: Session) -> dict[str, float]:
    """Hours of audio in a day, below zero without end, of the accounts that have a limit of their own."""
    query = sa.select(Account.sid, Account.limit_audio_hours).where(Account.limit_audio_hours.is_not(None))
    return {sid: limit for sid, limit in session.execute(query) if limit is not None}


def without_audio_limit(session: Session) -> set[str]:
    """The accounts that have none of their own."""
    return set(session.scalars(sa.select(Account.sid).where(Account.limit_audio_hours.is_(None))))


def add_activity(session: Session, account_sid: str, seconds: float, jobs: int) -> None:
    """Add seconds of audio and ended jobs to this period of an account."""
    upsert(
        session,
        AccountActivity,
        {"account_sid": account_sid, "period": current_period(), "audio_seconds": seconds, "jobs_ended": jobs},
        {
            "audio_seconds": AccountActivity.audio_seconds + seconds,
            "jobs_ended": AccountActivity.jobs_ended + jobs,
        },
    )


def forget_activity(session: Session) -> None:
    """Remove periods that count no more."""
    session.execute(
        sa.delete(AccountActivity).where(AccountActivity.period <= sa.select(current_period() - DAY).scalar_subquery())
    )


def stored(session: Session, account_sid: str) -> int:
    """Bytes that an account stores."""
    query = sa.select(AccountStorage.stored_bytes).where(AccountStorage.account_sid == account_sid)
    return session.scalar(query) or 0


def add_stored(session: Session, account_sid: str, size: int) -> None:
    """Add bytes to what an account stores; below zero, take them away."""
    total = AccountStorage.stored_bytes + size
    upsert(
        session,
        AccountStorage,
        {"account_sid": account_sid, "stored_bytes": max(0, size)},
        {"stored_bytes": sa.case((total < 0, 0), else_=total)},
    )


def add_stored_within(session: Session, account_sid: str, size: int, limit: int) -> bool:
    """Add bytes where all that is added meanwhile keeps within `limit`; else nothing, and False."""
    insert_new(session, AccountStorage, {"account_sid": account_sid})
    result = session.execute(
        sa.update(AccountStorage)
        .where(AccountStorage.account_sid == account_sid, AccountStorage.stored_bytes + size <= limit)
        .values(stored_bytes=AccountStorage.stored_bytes + size)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Count:
    """What is said that an account stores, and what it stores, at the same moment."""

    account_sid: str
    said: int
    counted: int
    claimed_at: float
    """What stands as the moment of the last count, in seconds since 1970, since it was claimed."""


def claim_oldest(session: Session, age: float, limit: int) -> dict[str, float]:
    """Accounts whose bytes were not counted for `age` seconds, which the caller is to count; with when that was said.

    Nobody else gets them; where the caller ends before it has counted one, somebody does when `COUNTING` is over.
    """
    due = sa.or_(AccountStorage.counted_at.is_(None), AccountStorage.counted_at < epoch() - age)
    oldest = (
        sa.select(AccountStorage.account_sid)
        .where(due)
        .order_by(AccountStorage.counted_at.is_not(None), AccountStorage.counted_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("oldest")
    )
    claimed = session.execute(
        sa.update(AccountStorage)
        .where(AccountStorage.account_sid.in_(sa.select(oldest.c.account_sid)))
        .values(counted_at=epoch() - age + COUNTING)
        .returning(AccountStorage.account_sid, AccountStorage.counted_at)
        .execution_options(synchronize_session=False)
    )
    return {account_sid: moment for account_sid, moment in claimed if moment is not None}


def count(session: Session, account_sid: str, claimed_at: float, *sums: sa.ScalarSelect[Any]) -> Count:
    """Count the bytes of an account that was claimed.

    `sums` are over the tables that store something, of the account in `AccountStorage`. All is read by one statement,
    hence as it was at one moment, and nobody who stores something meanwhile waits for it.
    """
    query = sa.select(AccountStorage.stored_bytes, *sums).where(AccountStorage.account_sid == account_sid)
    said, *counted = session.execute(query).one()
    return Count(account_sid, said, sum(int(each or 0) for each in counted), claimed_at)


def put_right(session: Session, count: Count) -> bool:
    """Put right what an account stores by as much as it was wrong; False where somebody else did so meanwhile."""
    right = AccountStorage.stored_bytes + (count.counted - count.said)
    result = session.execute(
        sa.update(AccountStorage)
        .where(
            AccountStorage.account_sid == count.account_sid,
            AccountStorage.counted_at == count.claimed_at,
        )
        .values(stored_bytes=sa.case((right < 0, 0), else_=right), counted_at=epoch())
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]

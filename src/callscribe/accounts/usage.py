"""What accounts use: bytes stored, and audio transcribed and jobs ended in the last 24 hours.

Both are written in the transactions that make them true, at their very end and in the order of SIDs, whenever they were
said: so the row of an account is held for no longer than a commit takes, and nobody waits for each other in a circle.

The day is a sliding one, in periods of ten minutes by the database's clock: what was begun in the current period and
the 143 before it. Nothing starts anew at midnight or on the first of a month, so the wait for room is never longer
than a day, and mostly minutes; and a limit on a day's audio is one on the machines' time, which is what accounts take
from one another.
"""

import math
import time
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts.limits import UNLIMITED
from callscribe.accounts.tables import Account, AccountActivity, AccountStorage
from callscribe.db.clock import epoch, milliseconds
from callscribe.db.upsert import insert_new, upsert
from callscribe.settings import Settings

PERIOD = 600
"""Seconds."""

DAY = 144
"""Periods in which audio counts."""

HOUR = 3600.0

LOOK_EVERY = 5.0
"""Seconds."""

COUNTING = 3600.0
"""Seconds in which who claims accounts has counted what they store."""


def current_period() -> sa.ColumnElement[int]:
    """An expression: the number of the period that it is, by the database's clock."""
    return sa.cast(milliseconds() // (PERIOD * 1000), sa.Integer())


@dataclass(frozen=True, slots=True)
class Period:
    """Ten minutes of an account; `number` counts them from 1970."""

    number: int
    audio_seconds: float
    jobs_ended: int


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done for an account in the last 24 hours, oldest first, seen at `moment` (seconds since 1970)."""

    moment: float
    periods: tuple[Period, ...]

    @property
    def audio_seconds(self) -> float:
        """Seconds of audio whose transcription began."""
        return sum(period.audio_seconds for period in self.periods)

    def seconds_until_audio(self, limit: float) -> float:
        """Seconds until less than `limit` seconds of audio are in the day; the whole day where that is never so."""
        left = self.audio_seconds
        for period in self.periods:
            if left < limit:
                break
            left -= period.audio_seconds
            if left < limit:
                return (period.number + DAY) * PERIOD - self.moment
        return 0.0 if left < limit else float(DAY * PERIOD)

    @property
    def jobs_a_second(self) -> float:
        """The rate at which jobs ended in this period and the one before."""
        current = math.floor(self.moment / PERIOD)
        ended = sum(period.jobs_ended for period in self.periods if period.number >= current - 1)
        return ended / (self.moment - (current - 1) * PERIOD)


def activity(session: Session, account_sid: str) -> Activity:
    """What was done for an account in the last 24 hours."""
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
    periods = tuple(Period(number, audio, ended) for _, number, audio, ended in rows if number is not None)
    return Activity(rows[0][0], periods)


def count_audio(session: Session, account_sid: str, seconds: float) -> None:
    """Add the length of a recording whose transcription begins."""
    _at_the_end(session, account_sid).audio_seconds += seconds


def count_ended(session: Session, account_sid: str) -> None:
    """Add a job that has ended."""
    _at_the_end(session, account_sid).jobs_ended += 1


class OutOfAudio:
    """Accounts whose audio hours are used up, so that their jobs wait; for somebody who asks every second.

    It is looked for once in `LOOK_EVERY` seconds. Of the day, only what may still change is read each time, which is of
    the accounts at work; the periods before are added up once in a period.
    """

    def __init__(self, settings: Settings) -> None:
        self._default = settings.account_audio_hours
        self._found: set[str] = set()
        self._until = 0.0
        self._period: int | None = None
        self._before: dict[str, float] = {}
        """Seconds of audio by account, of the periods that nobody adds to any more."""

    def __call__(self, session: Session) -> set[str]:
        """Accounts whose audio hours are used up."""
        if time.monotonic() >= self._until:
            self._found = self._look(session)
            self._until = time.monotonic() + LOOK_EVERY
        return self._found

    def _look(self, session: Session) -> set[str]:
        limited = Account.limit_audio_hours.is_not(None)
        rows = session.execute(sa.select(Account.sid, Account.limit_audio_hours).where(limited))
        own = {sid: limit for sid, limit in rows if limit is not None}
        if self._default is None and all(limit < 0 for limit in own.values()):
            return set()
        found = {sid for sid, limit in own.items() if limit == 0}
        if self._default == 0:
            found |= set(session.scalars(sa.select(Account.sid).where(~limited)))
        default = UNLIMITED if self._default is None else self._default
        for sid, seconds in self._used(session).items():
            limit = own.get(sid, default)
            if 0 <= limit * HOUR <= seconds:
                found.add(sid)
        return found

    def _used(self, session: Session) -> dict[str, float]:
        """Seconds of audio of the day, of each account that had any."""
        period = session.scalar(sa.select(current_period())) or 0
        if period != self._period:
            # Who adds to a period commits at once; a whole one later nobody does.
            self._before = _audio_between(session, period - DAY + 1, period - 2)
            self._period = period
        used = dict(self._before)
        for sid, seconds in _audio_between(session, period - 1, period).items():
            used[sid] = used.get(sid, 0.0) + seconds
        return used


def _audio_between(session: Session, first: int, last: int) -> dict[str, float]:
    """Seconds of audio by account, from a period to another."""
    query = (
        sa.select(AccountActivity.account_sid, sa.func.sum(AccountActivity.audio_seconds))
        .where(AccountActivity.period.between(first, last))
        .group_by(AccountActivity.account_sid)
    )
    return {sid: float(seconds) for sid, seconds in session.execute(query)}


def forget_activity(session: Session) -> None:
    """Remove periods that count no more."""
    session.execute(
        sa.delete(AccountActivity).where(AccountActivity.period <= sa.select(current_period() - DAY).scalar_subquery())
    )


def stored(session: Session, account_sid: str) -> int:
    """Bytes that an account stores."""
    query = sa.select(AccountStorage.stored_bytes).where(AccountStorage.account_sid == account_sid)
    return session.scalar(query) or 0


def store(session: Session, account_sid: str, size: int) -> None:
    """Add bytes to what an account stores; below zero, free them."""
    if size != 0:
        _at_the_end(session, account_sid).stored_bytes += size


def store_within(session: Session, account_sid: str, size: int, limit: int | None) -> bool:
    """The same at once where it keeps within `limit`, whoever else does so at the same time; else nothing, and False.

    To come last in a transaction.
    """
    if limit is None:
        store(session, account_sid, size)
        return True
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


@dataclass(slots=True)
class _Addition:
    """What a transaction adds to an account."""

    stored_bytes: int = 0
    audio_seconds: float = 0.0
    jobs_ended: int = 0


_ADDITIONS = "callscribe.accounts.usage"


def _at_the_end(session: Session, account_sid: str) -> _Addition:
    """What is to be added to an account when the session's transaction is about to be committed."""
    additions: dict[str, _Addition] | None = session.info.get(_ADDITIONS)
    if additions is None:
        additions = session.info[_ADDITIONS] = {}
        sa.event.listen(session, "before_commit", _add)
        sa.event.listen(session, "after_rollback", _forget)
    return additions.setdefault(account_sid, _Addition())


def _forget(session: Session) -> None:
    session.info[_ADDITIONS].clear()


def _add(session: Session) -> None:
    additions = dict(session.info[_ADDITIONS])
    session.info[_ADDITIONS].clear()
    for account_sid, addition in sorted(additions.items()):
        if addition.audio_seconds or addition.jobs_ended:
            _add_activity(session, account_sid, addition.audio_seconds, addition.jobs_ended)
        if addition.stored_bytes:
            _add_stored(session, account_sid, addition.stored_bytes)


def _add_stored(session: Session, account_sid: str, size: int) -> None:
    total = AccountStorage.stored_bytes + size
    upsert(
        session,
        AccountStorage,
        {"account_sid": account_sid, "stored_bytes": max(0, size)},
        {"stored_bytes": sa.case((total < 0, 0), else_=total)},
    )


def _add_activity(session: Session, account_sid: str, seconds: float, jobs: int) -> None:
    upsert(
        session,
        AccountActivity,
        {"account_sid": account_sid, "period": current_period(), "audio_seconds": seconds, "jobs_ended": jobs},
        {
            "audio_seconds": AccountActivity.audio_seconds + seconds,
            "jobs_ended": AccountActivity.jobs_ended + jobs,
        },
    )

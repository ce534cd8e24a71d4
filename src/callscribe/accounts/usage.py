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

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts import usage_repository as repository
from callscribe.accounts.limits import UNLIMITED
from callscribe.accounts.usage_repository import DAY, PERIOD
from callscribe.settings import Settings

HOUR = 3600.0

LOOK_EVERY = 5.0
"""Seconds."""


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
    moment, periods = repository.periods(session, account_sid)
    return Activity(moment, tuple(Period(*each) for each in periods))


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
        own = repository.audio_limits(session)
        if self._default is None and all(limit < 0 for limit in own.values()):
            return set()
        found = {sid for sid, limit in own.items() if limit == 0}
        if self._default == 0:
            found |= repository.without_audio_limit(session)
        default = UNLIMITED if self._default is None else self._default
        for sid, seconds in self._used(session).items():
            limit = own.get(sid, default)
            if 0 <= limit * HOUR <= seconds:
                found.add(sid)
        return found

    def _used(self, session: Session) -> dict[str, float]:
        """Seconds of audio of the day, of each account that had any."""
        period = repository.period(session)
        if period != self._period:
            # Who adds to a period commits at once; a whole one later nobody does.
            self._before = repository.audio_between(session, period - DAY + 1, period - 2)
            self._period = period
        used = dict(self._before)
        for sid, seconds in repository.audio_between(session, period - 1, period).items():
            used[sid] = used.get(sid, 0.0) + seconds
        return used


def store(session: Session, account_sid: str, size: int) -> None:
    """Add bytes to what an account stores; below zero, free them."""
    if size != 0:
        _at_the_end(session, account_sid).stored_bytes += size


def store_within(session: Session, account_sid: str, size: int, limit: int | None) -> bool:
    """The same at once where all that is added meanwhile keeps within `limit`; else nothing, and False.

    To come last in a transaction.
    """
    if limit is None:
        store(session, account_sid, size)
        return True
    return repository.add_stored_within(session, account_sid, size, limit)


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
            repository.add_activity(session, account_sid, addition.audio_seconds, addition.jobs_ended)
        if addition.stored_bytes:
            repository.add_stored(session, account_sid, addition.stored_bytes)

"""Queries for recordings, calls and intakes. Each list is read from an index that has its filter and its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts import usage
from callscribe.db.base import now
from callscribe.db.clock import instant
from callscribe.db.engine import begin_writing
from callscribe.db.paging import Page, fetch_page
from callscribe.db.sealed import forms_of
from callscribe.recordings.tables import UNFINISHED, Call, Intake, Recording
from callscribe.web.idempotency import forget_about


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `since` to `until`, the latter excluded; None is without an end."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RecordingFilters:
    """What a list of recordings is narrowed to; None is everything."""

    created: TimeRange = TimeRange()
    call_sid: str | None = None
    conference_sid: str | None = None


@dataclass(frozen=True, slots=True)
class CallFilters:
    """What a list of calls is narrowed to; None is everything."""

    started: TimeRange = TimeRange()
    from_: str | None = None
    to: str | None = None
    status: str | None = None
    parent_call_sid: str | None = None


def find(session: Session, account_sid: str, sid: str) -> Recording | None:
    """The account's recording with this SID."""
    return session.get(Recording, (account_sid, sid))


def hold(session: Session, account_sid: str, sid: str) -> Recording | None:
    """The same, and nobody deletes it before the end of the transaction."""
    return session.get(Recording, (account_sid, sid), with_for_update={"read": True})


def hold_to_change(session: Session, account_sid: str, sid: str) -> Recording | None:
    """The same as it is now, and nobody makes a job of it, or changes it, before the end of the transaction.

    Of two that ask for one which was deleted, the second waits for the end of the first as well.
    """
    begin_writing(session)
    if session.get_bind().dialect.name == "postgresql":  # what was deleted has no row to lock
        key = sa.func.hashtextextended(f"{account_sid} {sid}", 0)
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))
    return session.get(Recording, (account_sid, sid), with_for_update=True, populate_existing=True)


def page(
    session: Session, account_sid: str, filters: RecordingFilters, token: str | None, size: int
) -> Page[Recording]:
    """A page of the account's recordings, newest first."""
    query = sa.select(Recording).where(Recording.account_sid == account_sid)
    if filters.call_sid is not None:
        query = query.where(Recording.call_sid == filters.call_sid)
    if filters.conference_sid is not None:
        query = query.where(Recording.conference_sid == filters.conference_sid)
    return fetch_page(
        session,
        query,
        (Recording.date_created, Recording.sid),
        token,
        size,
        since=filters.created.since,
        until=filters.created.until,
    )


def delete(session: Session, account_sid: str, sid: str) -> Recording | None:
    """Remove a recording's row, and what it stores from its account's; what it was, or None where there was none."""
    row = session.get(Recording, (account_sid, sid), with_for_update=True)
    if row is not None:
        session.delete(row)
        session.flush()
        usage.store(session, account_sid, -(row.size or 0))
        forget_about(session, account_sid, [sid])
    return row


def until_next_erasure(session: Session, account_sid: str, kept: timedelta) -> timedelta | None:
    """How long until the oldest recording of an account was kept for so long; None where there is none."""
    oldest = sa.select(sa.func.min(Recording.date_created)).where(Recording.account_sid == account_sid)
    first, moment = session.execute(sa.select(oldest.scalar_subquery(), instant())).one()
    return None if first is None else first + kept - moment


def has_older(
    account_sid: sa.SQLColumnExpression[str], moment: sa.ColumnElement[datetime], needed: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    """An expression: that an account has recordings of before `moment`; see `hold_older`."""
    return sa.exists().where(Recording.account_sid == account_sid, _is_older(moment, needed))


def hold_older(
    session: Session,
    account_sid: str,
    moment: sa.ColumnElement[datetime],
    needed: sa.ColumnElement[bool],
    limit: int,
) -> Sequence[Recording]:
    """Recordings of before `moment` that are finished and, by an expression over their rows, not `needed`; locked."""
    return session.scalars(
        sa.select(Recording)
        .where(Recording.account_sid == account_sid, _is_older(moment, needed))
        .order_by(Recording.date_created, Recording.sid)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()


def _is_older(moment: sa.ColumnElement[datetime], needed: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(Recording.date_created <= moment, Recording.status.not_in(UNFINISHED), ~needed)


def sum_stored(account_sid: sa.SQLColumnExpression[str]) -> sa.ScalarSelect[Any]:
    """Bytes of all recordings of an account that are here; NULL where there are none."""
    return sa.select(sa.func.sum(Recording.size)).where(Recording.account_sid == account_sid).scalar_subquery()


def find_call(session: Session, account_sid: str, sid: str) -> Call | None:
    """The account's call with this SID."""
    return session.get(Call, (account_sid, sid))


def calls_of(session: Session, account_sid: str, recordings: Sequence[Recording]) -> dict[str, Call]:
    """The calls, as far as they are known, that the account's recordings are of, by their SIDs."""
    sids = {each.call_sid for each in recordings if each.call_sid is not None}
    rows = session.scalars(sa.select(Call).where(Call.account_sid == account_sid, Call.sid.in_(sids)))
    return {row.sid: row for row in rows}


def page_calls(session: Session, account_sid: str, filters: CallFilters, token: str | None, size: int) -> Page[Call]:
    """A page of the account's calls, newest first: by their start where that is asked for, else by their creation."""
    query = sa.select(Call).where(Call.account_sid == account_sid)
    for column, number in ((Call.from_, filters.from_), (Call.to, filters.to)):
        if number is not None:
            query = query.where(column.in_(forms_of(session.connection(), account_sid, number)))
    for column, value in (
        (Call.status, filters.status),
        (Call.parent_call_sid, filters.parent_call_sid),
    ):
        if value is not None:
            query = query.where(column == value)
    started = filters.started
    if started == TimeRange():
        return fetch_page(session, query, (Call.date_created, Call.sid), token, size)
    query = query.where(Call.start_time.is_not(None))
    order = (Call.start_time, Call.sid)
    return fetch_page(session, query, order, token, size, since=started.since, until=started.until)  # type: ignore[arg-type]


def delete_call(session: Session, account_sid: str, sid: str) -> bool:
    """Remove a call's row; False where there was none."""
    result = session.execute(sa.delete(Call).where(Call.account_sid == account_sid, Call.sid == sid))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def see_intake(session: Session, folder: str) -> None:
    """Say that media is still coming in."""
    session.execute(sa.update(Intake).where(Intake.folder == folder).values(seen_at=now()))


def end_intake(session: Session, folder: str) -> bool:
    """Forget an intake; False where that was done before, by the sweep over stale ones."""
    result = session.execute(sa.delete(Intake).where(Intake.folder == folder))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def stale_intakes(session: Session, before: datetime, limit: int) -> Sequence[Intake]:
    """Intakes that nobody has spoken for since `before`."""
    query = sa.select(Intake).where(Intake.seen_at < before).order_by(Intake.seen_at).limit(limit)
    return session.scalars(query.with_for_update(skip_locked=True)).all()

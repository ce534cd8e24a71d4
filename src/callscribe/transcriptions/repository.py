"""Queries for transcriptions. `transition` is the only place that writes `status`."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.base import now
from callscribe.db.paging import Page, fetch_page
from callscribe.transcriptions.tables import Status, Transcription


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None is everything. `created_after` is inclusive, `created_before` is not."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    language: str | None = None
    source_id: str | None = None
    status: Status | None = None


def add(session: Session, row: Transcription) -> None:
    """Insert a new transcription. The object stays outside of the session, whose book-keeping costs more than this."""
    table = cast("sa.Table", Transcription.__table__)
    session.execute(sa.insert(table), {column.key: getattr(row, column.key) for column in table.columns})


def find(session: Session, transcription_id: str) -> Transcription | None:
    """The transcription with this id, whoever's it is."""
    return session.get(Transcription, transcription_id)


def find_of(session: Session, account_sid: str, transcription_id: str) -> Transcription | None:
    """The account's transcription with this id."""
    return session.scalars(
        sa.select(Transcription).where(Transcription.id == transcription_id, Transcription.account_sid == account_sid)
    ).first()


def page(session: Session, account_sid: str, filters: Filters, token: str | None, size: int) -> Page[Transcription]:
    """A page of the account's transcriptions, newest first."""
    query = sa.select(Transcription).where(Transcription.account_sid == account_sid)
    if filters.created_after is not None:
        query = query.where(Transcription.created_at >= filters.created_after)
    if filters.created_before is not None:
        query = query.where(Transcription.created_at < filters.created_before)
    if filters.language is not None:
        query = query.where(Transcription.language == filters.language)
    if filters.source_id is not None:
        query = query.where(Transcription.source_id == filters.source_id)
    if filters.status is not None:
        query = query.where(Transcription.status == filters.status)
    return fetch_page(session, query, (Transcription.created_at, Transcription.id), token, size)


def transition(session: Session, transcription_id: str, source: Status, target: Status, **values: Any) -> bool:
    """Move from one status to another, with further columns; False where it was not in `source` any more.

    Whoever comes second, a worker that was thought dead, say, changes nothing.

    Raises:
        ValueError: no job may ever do that; see `Status`.
    """
    if not source.may_become(target):
        raise ValueError(f"a job does not go from {source} to {target}")
    result = session.execute(
        sa.update(Transcription)
        .where(Transcription.id == transcription_id, Transcription.status == source)
        .values(status=target, updated_at=now(), **values)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def update_running(session: Session, transcription_id: str, **values: Any) -> None:
    """Set columns of a job while it runs."""
    session.execute(
        sa.update(Transcription)
        .where(Transcription.id == transcription_id, Transcription.status == Status.RUNNING)
        .values(updated_at=now(), **values)
    )


def delete(session: Session, account_sid: str, transcription_id: str) -> bool:
    """Remove the row; False where there was none."""
    result = session.execute(
        sa.delete(Transcription).where(Transcription.id == transcription_id, Transcription.account_sid == account_sid)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def existing(session: Session, ids: Collection[str]) -> set[str]:
    """Which of these transcriptions are still there."""
    if not ids:
        return set()
    return set(session.scalars(sa.select(Transcription.id).where(Transcription.id.in_(ids))))


def unfinished(session: Session, among: Sequence[str]) -> Sequence[Transcription]:
    """Those of `among` that have not ended."""
    return session.scalars(
        sa.select(Transcription).where(
            Transcription.id.in_(among), Transcription.status.in_([Status.PENDING, Status.RUNNING])
        )
    ).all()

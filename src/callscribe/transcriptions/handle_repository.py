"""Queries for what providers have of transcriptions, and owe an answer to."""

from collections.abc import Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.base import now
from callscribe.db.clock import fixed, instant
from callscribe.db.upsert import upsert
from callscribe.speech.engines.served_by import ServedBy
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import ProviderHandle, Transcription


def keep(session: Session, transcription_id: str, served_by: ServedBy, part: int, handle: str) -> None:
    """A provider works on a part of a job's recording; what it had of this part before is known to be gone."""
    kept = {"handle": handle, "model": served_by.model, "is_wanted": True, "is_withdrawn": False, "withdrawn_at": None}
    key = {"transcription_id": transcription_id, "engine": served_by.engine, "part": part}
    upsert(session, ProviderHandle, key | kept, kept)


def wanted(session: Session, transcription_id: str, engine: str, part: int) -> str | None:
    """By which a provider can be asked for its answer."""
    kept = session.get(ProviderHandle, (transcription_id, engine, part))
    return kept.handle if kept is not None and kept.is_wanted else None


def forget(session: Session, transcription_id: str, engine: str, part: int) -> None:
    """A provider has nothing of this part any more."""
    session.execute(sa.delete(ProviderHandle).where(*_is(transcription_id, engine, part)))


def reject(session: Session, transcription_id: str) -> None:
    """A job is not to have what providers owe it."""
    session.execute(
        sa.update(ProviderHandle).where(ProviderHandle.transcription_id == transcription_id).values(is_wanted=False)
    )


def unwanted(session: Session, since: timedelta, most: int) -> Sequence[ProviderHandle]:
    """Those of jobs that have ended or are deleted, or have another engine now, of which nobody told for so long."""
    runs = sa.exists().where(
        Transcription.id == ProviderHandle.transcription_id,
        Transcription.status.in_((Status.PENDING, Status.RUNNING)),
    )
    told = ProviderHandle.withdrawn_at
    return session.scalars(
        sa.select(ProviderHandle)
        .where(sa.or_(~ProviderHandle.is_wanted, ~runs), sa.or_(told.is_(None), told < fixed(instant(-since))))
        .order_by(told.nulls_first(), ProviderHandle.transcription_id)
        .limit(most)
    ).all()


def withdrawn(session: Session, row: ProviderHandle, *, heard: bool) -> None:
    """A provider was told that something is not wanted, and has `heard` it or not."""
    session.execute(
        sa.update(ProviderHandle)
        .where(*_is(row.transcription_id, row.engine, row.part), ProviderHandle.handle == row.handle)
        .values(withdrawn_at=now(), is_withdrawn=heard)
    )


def _is(transcription_id: str, engine: str, part: int) -> tuple[sa.ColumnElement[bool], ...]:
    columns = ProviderHandle.transcription_id, ProviderHandle.engine, ProviderHandle.part
    return tuple(column == value for column, value in zip(columns, (transcription_id, engine, part), strict=True))

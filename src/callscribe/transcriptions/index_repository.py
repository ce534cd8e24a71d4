"""Queries for putting transcriptions into the search index that are not there yet."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.transcriptions.tables import UNSEARCHED, Transcription


def unsearched(session: Session, limit: int) -> Sequence[Transcription]:
    """Jobs that have a transcript and are not in the search index, newest first."""
    query = sa.select(Transcription).where(sa.text(UNSEARCHED)).order_by(Transcription.id.desc()).limit(limit)
    return session.scalars(query).all()


def hold_unsearched(session: Session, ids: Collection[str]) -> Sequence[str]:
    """Those of these jobs of which that still holds, locked; not those that somebody else has locked."""
    query = sa.select(Transcription.id).where(Transcription.id.in_(ids), sa.text(UNSEARCHED))
    return session.scalars(query.order_by(Transcription.id).with_for_update(skip_locked=True)).all()


def set_searchable(session: Session, transcription_id: str, *, searchable: bool) -> None:
    """Say whether the search index has a job."""
    of = Transcription.id == transcription_id
    session.execute(sa.update(Transcription).where(of).values(is_searchable=searchable))

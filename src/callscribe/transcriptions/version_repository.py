"""Queries for the versions of transcripts, and for the terms that people wrote into them."""

from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.accounts import usage
from callscribe.db.paging import Page, fetch_page
from callscribe.db.sealed import Owned, owned
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import CorrectedTerm, Transcription, TranscriptVersion
from callscribe.transcripts.wire import StatisticsResource


def versions(session: Session, transcription_id: str, most: int | None = None) -> Sequence[TranscriptVersion]:
    """The versions of a transcript from the first on; the first `most` of them."""
    query = sa.select(TranscriptVersion).where(TranscriptVersion.transcription_id == transcription_id)
    if most is not None:
        query = query.where(TranscriptVersion.number <= most)
    return session.scalars(query.order_by(TranscriptVersion.number)).all()


def page(session: Session, transcription_id: str, token: str | None, size: int) -> Page[TranscriptVersion]:
    """A page of them, newest first."""
    query = sa.select(TranscriptVersion).where(TranscriptVersion.transcription_id == transcription_id)
    return fetch_page(session, query, (TranscriptVersion.created_at, TranscriptVersion.transcription_id), token, size)


def hold_at(session: Session, transcription_id: str, version: int) -> bool:
    """Lock a completed job whose transcript is there, in this version; False where that is not so any more."""
    query = sa.select(Transcription.id).where(
        Transcription.id == transcription_id,
        Transcription.status == Status.COMPLETED,
        Transcription.transcript_erased_at.is_(None),
        sa.func.coalesce(Transcription.transcript_version, 0) == version,
    )
    return session.scalar(query.with_for_update()) is not None


def add(
    session: Session,
    row: Transcription,
    version: TranscriptVersion,
    names: list[str | None] | None,
    figures: StatisticsResource,
) -> None:
    """Make a version the latest of a job's transcript, with its figures and, where that changes, its names."""
    size = len(version.changes.model_dump_json(by_alias=True, exclude_unset=True).encode())
    changes = {
        "transcript_version": version.number,
        "statistics": figures,
        "result_bytes": sa.func.coalesce(Transcription.result_bytes, 0) + size,
    }
    if names is not None:
        changes["participant_names"] = names
    values = {column.key: getattr(version, column.key) for column in TranscriptVersion.__table__.columns}
    session.execute(sa.insert(TranscriptVersion), owned(TranscriptVersion, values, row.account_sid))
    changes = owned(Transcription, changes, row.account_sid)
    session.execute(sa.update(Transcription).where(Transcription.id == row.id).values(changes))
    usage.store(session, row.account_sid, size)


def put_terms(session: Session, row: Transcription, terms: Mapping[str, int]) -> None:
    """Have these be the terms that people wrote into a transcript, each with how often."""
    session.execute(sa.delete(CorrectedTerm).where(CorrectedTerm.transcription_id == row.id))
    of_job = {"transcription_id": row.id, "configuration_id": row.configuration_id}
    if terms:
        rows = [of_job | {"term": Owned(row.account_sid, term), "count": count} for term, count in terms.items()]
        session.execute(sa.insert(CorrectedTerm), rows)


def forget(session: Session, ids: Collection[str]) -> None:
    """Remove what was put right in these transcripts, which are erased."""
    for table in (TranscriptVersion, CorrectedTerm):
        session.execute(sa.delete(table).where(table.transcription_id.in_(ids)))


def terms_of_configuration(
    session: Session, configuration_id: str, least: int, most: int
) -> Sequence[tuple[str, int, int]]:
    """Terms that people wrote `least` times and more into the calls of a configuration, most often first.

    Each with how often that was, and in how many calls.
    """
    count = sa.func.sum(CorrectedTerm.count)
    query = (
        sa.select(CorrectedTerm.term, count, sa.func.count())
        .where(CorrectedTerm.configuration_id == configuration_id)
        .group_by(CorrectedTerm.term)
        .having(count >= least)
        .order_by(count.desc(), CorrectedTerm.term)
        .limit(most)
    )
    found: dict[str, tuple[int, int]] = {}
    for term, times, calls in session.execute(query):
        if term is not None:  # or its key was erased
            known = found.get(term, (0, 0))  # sealed with another key, or not yet
            found[term] = known[0] + int(times), known[1] + calls
    # Sealed ones are in no order that anybody would see.
    return sorted(((term, *counts) for term, counts in found.items()), key=lambda each: (-each[1], each[0]))

"""Queries for the chunks of running transcriptions, and what of a job can be told from them."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from callscribe.db.base import now
from callscribe.transcriptions.repository import RECOGNIZED, SEGMENTED, hold
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Chunk, Transcription


def add_chunks(session: Session, transcription_id: str, spans: Sequence[tuple[float, float]]) -> int:
    """Divide a recording; how many chunks it has. A division that is there already stays: work on it may be done."""
    known = session.scalar(sa.select(sa.func.count()).where(Chunk.transcription_id == transcription_id))
    if known:
        return known
    session.add_all(
        Chunk(transcription_id=transcription_id, number=number, start=start, end=end)
        for number, (start, end) in enumerate(spans)
    )
    session.execute(
        sa.update(Transcription)
        .where(Transcription.id == transcription_id, Transcription.status == Status.RUNNING)
        .values(transcribed=0.0)
    )
    return len(spans)


def chunks(session: Session, transcription_id: str) -> Sequence[Chunk]:
    """The chunks of a running job, in order."""
    return session.scalars(
        sa.select(Chunk).where(Chunk.transcription_id == transcription_id).order_by(Chunk.number)
    ).all()


def find_chunk(session: Session, transcription_id: str, number: int) -> Chunk | None:
    """One chunk of a running job."""
    return session.get(Chunk, (transcription_id, number))


def report_chunks(session: Session, transcription_id: str, news: Mapping[int, tuple[float, float]]) -> None:
    """Say how many seconds of some chunks are recognised and can be read; the job's progress is that of all together.

    What a second attempt at a chunk says does not count until it is beyond the first. Of several jobs in a transaction,
    the one with the least id comes first.
    """
    hold(session, transcription_id)
    for number, (done, readable) in sorted(news.items()):
        session.execute(
            sa.update(Chunk)
            .where(Chunk.transcription_id == transcription_id, Chunk.number == number)
            .values(done=_rising(Chunk.done, done), readable=_rising(Chunk.readable, readable))
        )
    _sum_up(session, transcription_id)


def finish_chunk(session: Session, transcription_id: str, number: int) -> bool:
    """Say that all words of a chunk are in the blob store; False where its job has ended meanwhile."""
    hold(session, transcription_id)
    result = session.execute(
        sa.update(Chunk)
        .where(Chunk.transcription_id == transcription_id, Chunk.number == number)
        .values(done=Chunk.end - Chunk.start, readable=Chunk.end - Chunk.start, finished=True)
    )
    _sum_up(session, transcription_id)
    return bool(result.rowcount)  # type: ignore[attr-defined]


def unfinished_chunks(session: Session, transcription_id: str) -> int:
    """How many chunks of a job are still to be recognised."""
    query = sa.select(sa.func.count()).where(Chunk.transcription_id == transcription_id, sa.not_(Chunk.finished))
    return session.scalar(query) or 0


def forget_chunks(session: Session, transcription_id: str) -> None:
    """Remove the chunks of a job that has ended."""
    session.execute(sa.delete(Chunk).where(Chunk.transcription_id == transcription_id))


def _sum_up(session: Session, transcription_id: str) -> None:
    every = chunks(session, transcription_id)
    if not every:  # the job has ended meanwhile
        return
    share = min(1.0, sum(chunk.done for chunk in every) / max(every[-1].end, 1e-3))
    progress = SEGMENTED + (RECOGNIZED - SEGMENTED) * share
    behind = next((chunk for chunk in every if not chunk.finished), None)
    transcribed = every[-1].end if behind is None else behind.start + behind.readable
    # A second attempt at a chunk may begin before what can be read already: nothing goes back.
    session.execute(
        sa.update(Transcription)
        .where(Transcription.id == transcription_id, Transcription.status == Status.RUNNING)
        .values(
            updated_at=now(),
            progress=_rising(Transcription.progress, progress),
            transcribed=_rising(sa.func.coalesce(Transcription.transcribed, 0.0), transcribed),
        )
    )


def _rising(column: sa.SQLColumnExpression[float], value: float) -> sa.ColumnElement[float]:
    return sa.case((column < value, value), else_=column)

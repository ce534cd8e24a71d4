"""Queries for transcriptions. `transition` is the only place that writes `status`."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute, Session

from callscribe.accounts import usage
from callscribe.callbacks import repository as callback_repository
from callscribe.db.base import now
from callscribe.db.clock import fixed, instant
from callscribe.db.committed import after_commit
from callscribe.db.engine import begin_writing
from callscribe.db.paging import Order, Page, fetch_page
from callscribe.db.sealed import owned
from callscribe.db.upsert import insert_new
from callscribe.ids import transcription_id_at
from callscribe.observability import metrics
from callscribe.recordings.tables import Recording
from callscribe.search import index as search_index
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import AutomaticTranscription, Transcription
from callscribe.web.idempotency import forget_about

FETCHED, SEGMENTED, RECOGNIZED = 0.05, 0.10, 0.99
"""Progress when these are done. Recognition has most of it, by seconds of audio."""

_SLACK = timedelta(minutes=1)
"""An id is made a moment before its job's `created_at`."""

_SORTED = 5_000
"""Jobs that are read and sorted for a page of a list by length, where a span of time has no more."""

_UNFINISHED = (Status.PENDING, Status.RUNNING)
_ENDED = (Status.COMPLETED, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None is everything. `created_after` is inclusive, `created_before` is not."""

    created_after: datetime | None = None
    created_before: datetime | None = None
    language: str | None = None
    source_id: str | None = None
    status: Status | None = None


class OrderBy(StrEnum):
    """What a list is ordered by."""

    CREATED_AT = "createdAt"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Ordering:
    """The order of a list: the greatest first, or with `ascending` the least."""

    by: OrderBy = OrderBy.CREATED_AT
    ascending: bool = False


NEWEST_FIRST = Ordering()


def add(session: Session, row: Transcription) -> None:
    """Insert a new transcription. The object stays outside of the session, whose book-keeping costs more than this."""
    table = cast("sa.Table", Transcription.__table__)
    values = {column.key: getattr(row, column.key) for column in table.columns}
    session.execute(sa.insert(table), owned(Transcription, values))
    after_commit(session, metrics.JOBS.labels(row.status.value).inc)


def find(session: Session, transcription_id: str) -> Transcription | None:
    """The transcription with this id, of any account."""
    return session.get(Transcription, transcription_id)


State = tuple[Status, float, float | None]
"""What of a job its listeners are told of: status, progress, seconds that can be read."""


def states(session: Session, ids: Collection[str]) -> dict[str, State]:
    """How those of these jobs stand that are there."""
    columns = Transcription.id, Transcription.status, Transcription.progress, Transcription.transcribed
    rows = session.execute(sa.select(*columns).where(Transcription.id.in_(ids)))
    return {job: (status, progress, transcribed) for job, status, progress, transcribed in rows}


def find_all(session: Session, ids: Collection[str]) -> Sequence[Transcription]:
    """Those of these jobs that are there."""
    return session.scalars(sa.select(Transcription).where(Transcription.id.in_(ids))).all()


def origin(session: Session, transcription_id: str) -> dict[str, Any]:
    """Where a job comes from: `account`, `request_id` and `traceparent`; nothing where there is none of this id."""
    columns = Transcription.account_sid.label("account"), Transcription.request_id, Transcription.traceparent
    row = session.execute(sa.select(*columns).where(Transcription.id == transcription_id)).mappings().first()
    return dict(row or {})


def find_of(session: Session, account_sid: str, transcription_id: str) -> Transcription | None:
    """The account's transcription with this id."""
    return session.scalars(sa.select(Transcription).filter_by(id=transcription_id, account_sid=account_sid)).first()


def has_media(session: Session, transcription_id: str) -> bool:
    """Whether there is such a transcription, and its recording was not erased since its time was over."""
    query = sa.select(Transcription.id).where(Transcription.id == transcription_id)
    return session.scalar(query.where(Transcription.media_erased_at.is_(None))) is not None


def page(
    session: Session,
    account_sid: str,
    filters: Filters,
    token: str | None,
    size: int,
    ordering: Ordering = NEWEST_FIRST,
) -> Page[Transcription]:
    """A page of the account's transcriptions; by length, those whose length is not known are the shortest."""
    query = _listed(account_sid, filters)
    if ordering.by == OrderBy.CREATED_AT:
        order: Order = (Transcription.created_at, Transcription.id)
        since, until = filters.created_after, filters.created_before
        return fetch_page(session, query, order, token, size, since=since, until=until, oldest_first=ordering.ascending)
    created_at: sa.ColumnElement[datetime] = Transcription.created_at.expression
    if _spans_many(session, account_sid, filters):
        # Or SQLite would sort all of them: it knows nothing of how many there are, and leaves this out of the choice.
        created_at = sa.case((sa.true(), created_at))
    query = query.where(*_within(filters, created_at))
    order = (Transcription.listed_duration, Transcription.id)
    # The index has a stretch for each status.
    either = [] if filters.status is not None else [Transcription.status == status for status in Status]
    return fetch_page(session, query, order, token, size, oldest_first=ordering.ascending, either=either)


def _spans_many(session: Session, account_sid: str, filters: Filters) -> bool:
    """Whether the span of time has more of the account's jobs than are sorted in a moment."""
    created_at = Transcription.created_at.expression
    some = sa.select(sa.literal(1)).where(Transcription.account_sid == account_sid, *_within(filters, created_at))
    some = some.limit(_SORTED + 1)
    return (session.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0) > _SORTED


def _within(filters: Filters, created_at: sa.ColumnElement[datetime]) -> Iterator[sa.ColumnElement[bool]]:
    if filters.created_after is not None:
        yield created_at >= filters.created_after
    if filters.created_before is not None:
        yield created_at < filters.created_before


def _listed(account_sid: str, filters: Filters) -> "sa.Select[Transcription]":
    """What a list has, but for the span of time, which is a matter of its order."""
    return sa.select(Transcription).where(Transcription.account_sid == account_sid, *_of_its_columns(filters))


def _of_its_columns(filters: Filters) -> "Iterator[sa.ColumnElement[bool]]":
    if filters.language is not None:
        yield Transcription.language == filters.language
    if filters.source_id is not None:
        yield Transcription.source_id == filters.source_id
    if filters.status is not None:
        yield Transcription.status == filters.status


def searched(session: Session, account_sid: str, filters: Filters, ids: Collection[str]) -> dict[str, Transcription]:
    """Those of these transcriptions that the account's list has with these filters and that can be read, by id."""
    # In a function, since SQLite takes an account to have ten rows, and would go through all of them instead of ids.
    is_own = sa.func.coalesce(Transcription.account_sid, "") == account_sid
    query = sa.select(Transcription).where(Transcription.id.in_(ids), is_own, *_of_its_columns(filters))
    # A worker of a version without search erases transcripts and leaves the index as it is.
    query = query.where(Transcription.transcript_erased_at.is_(None))
    query = query.where(*_within(filters, Transcription.created_at.expression))
    return {row.id: row for row in session.scalars(query)}


def newest(
    session: Session,
    *,
    statuses: Sequence[Status],
    account_sid: str | None,
    since: datetime | None,
    until: datetime | None,
    most: int,
) -> Sequence[Transcription]:
    """Jobs of all accounts or one, newest first; see `administration.Jobs`.

    Ids sort by time, so that the primary key, or a partial index over ids, gives the order; the bounds of the span are
    ids for the same reason.
    """
    query = sa.select(Transcription).limit(most)
    if account_sid is None:
        query = query.order_by(Transcription.id.desc())
    else:  # as its indexes have it
        query = query.where(Transcription.account_sid == account_sid)
        query = query.order_by(Transcription.created_at.desc(), Transcription.id.desc())
    if since is not None:
        earliest = transcription_id_at(since - _SLACK)
        query = query.where(Transcription.created_at >= since, Transcription.id >= earliest)
    if until is not None:
        latest = transcription_id_at(until + _SLACK)
        query = query.where(Transcription.created_at < until, Transcription.id < latest)
    if statuses:
        query = query.where(_one_of(statuses))
        if set(statuses) < set(_UNFINISHED):  # SQLite does not conclude that their index has each
            query = query.where(_one_of(_UNFINISHED))
    return session.scalars(query).all()


def _one_of(statuses: Sequence[Status]) -> sa.ColumnElement[bool]:
    """Written out, so that both databases see that a partial index has them all."""
    wanted: list[sa.ColumnElement[Any]] = [sa.literal_column(f"'{status.value}'") for status in statuses]
    return Transcription.status == wanted[0] if len(wanted) == 1 else Transcription.status.in_(wanted)


def newest_names(session: Session, most: int) -> list[tuple[str, Status, str | None]]:
    """The `id`, `status` and `title` of the newest jobs of all accounts."""
    columns = Transcription.id, Transcription.status, Transcription.title
    query = sa.select(*columns).order_by(Transcription.id.desc()).limit(most)
    return [(of, status, title) for of, status, title in session.execute(query)]


def retried_as(session: Session, transcription_id: str) -> str | None:
    """The id of the job that repeats a failed one."""
    return session.scalar(sa.select(Transcription.id).where(Transcription.retry_of == transcription_id))


def transition(session: Session, transcription_id: str, source: Status, target: Status, **values: Any) -> bool:
    """Move from one status to another, with further columns; False where it was not in `source` any more.

    The second to come, such as a worker that was thought dead, changes nothing.

    Raises:
        ValueError: no job may ever do that; see `Status`.
    """
    if not source.may_become(target):
        raise ValueError(f"a job does not go from {source} to {target}")
    if target.is_final:
        # What a job never had counts nothing; None is left for what is not counted yet.
        values = {"media_bytes": sa.func.coalesce(Transcription.media_bytes, 0), **values}
    changes = values
    if values.get("error") is not None:
        whose = session.scalar(sa.select(Transcription.account_sid).where(Transcription.id == transcription_id))
        changes = owned(Transcription, values, whose or "")
    account_sid = session.scalar(
        sa.update(Transcription)
        .where(Transcription.id == transcription_id, Transcription.status == source)
        .values(status=target, updated_at=now(), **changes)
        .returning(Transcription.account_sid)
    )
    if account_sid is None:
        return False
    if target.is_final:
        usage.count_ended(session, account_sid)
        usage.store(session, account_sid, values.get("result_bytes") or 0)
    after_commit(session, metrics.JOBS.labels(target.value).inc)
    if error := values.get("error"):
        after_commit(session, metrics.FAILURES.labels(str(error.code)).inc)
    return True


def update_running(session: Session, transcription_id: str, **values: Any) -> bool:
    """Set columns of a job while it runs, and have it run until this transaction ends; False where it does not."""
    result = session.execute(
        sa.update(Transcription)
        .where(Transcription.id == transcription_id, Transcription.status == Status.RUNNING)
        .values(updated_at=now(), **values)
    )
    return bool(result.rowcount)  # type: ignore[attr-defined]


def noticed(session: Session, transcription_id: str) -> Transcription:
    """A job that this transaction has made sure runs, with its row held: to add to what it already says.

    Raises:
        NoResultFound: there is none.
    """
    query = sa.select(Transcription).where(Transcription.id == transcription_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def set_duration(session: Session, transcription_id: str, seconds: float) -> None:
    """Say how long a running job's recording is; the first time, it counts for its account's audio hours."""
    begin_writing(session)
    query = sa.select(Transcription.account_sid).where(
        Transcription.id == transcription_id,
        Transcription.status == Status.RUNNING,
        Transcription.duration.is_(None),
    )
    account_sid = session.scalar(query.with_for_update())
    if update_running(session, transcription_id, duration=seconds) and account_sid is not None:
        usage.count_audio(session, account_sid, seconds)


def set_media_bytes(session: Session, transcription_id: str, size: int, sha256: str | None = None) -> bool:
    """Say what a running job's recording takes, and has, in the blob store; False where it does not run any more."""
    begin_writing(session)
    query = sa.select(Transcription.account_sid, Transcription.media_bytes).where(
        Transcription.id == transcription_id, Transcription.status == Status.RUNNING
    )
    row = session.execute(query.with_for_update()).first()
    if row is None:
        return False
    changes = {"media_bytes": size, "media_sha256": sha256}
    session.execute(sa.update(Transcription).where(Transcription.id == transcription_id).values(changes))
    usage.store(session, row.account_sid, size - (row.media_bytes or 0))
    return True


def count_unfinished(session: Session, account_sid: str, most: int) -> int:
    """How many jobs of an account have not ended; looks at no more of them than `most`."""
    some = (
        sa.select(Transcription.id)
        .where(Transcription.account_sid == account_sid, Transcription.status.in_(_UNFINISHED))
        .limit(most)
    )
    return session.scalar(sa.select(sa.func.count()).select_from(some.subquery())) or 0


def until_next_erasure(session: Session, account_sid: str) -> timedelta | None:
    """How long until something of an account's jobs is due; None where nothing ever is."""
    firsts = [
        sa.select(sa.func.min(due)).where(Transcription.account_sid == account_sid, due.is_not(None)).scalar_subquery()
        for due in (Transcription.media_due_at, Transcription.transcript_due_at, Transcription.job_due_at)
    ]
    moment, *found = session.execute(sa.select(instant(), *firsts)).one()
    return min((due - moment for due in found if due is not None), default=None)


def next_due(session: Session) -> dict[str, datetime | None]:
    """When something of any job is due next, by kind: `media`, `transcript` and `job`."""
    columns = Transcription.media_due_at, Transcription.transcript_due_at, Transcription.job_due_at
    firsts = [sa.select(sa.func.min(due)).where(due.is_not(None)).scalar_subquery() for due in columns]
    found = session.execute(sa.select(*firsts)).one()
    return dict(zip(("media", "transcript", "job"), found, strict=True))


def hold_due(
    session: Session, column: InstrumentedAttribute[datetime | None], limit: int, *, told: bool = False
) -> Sequence[Transcription]:
    """Jobs that have something due by a column, locked; with `told`, none whose callback is still under way."""
    query = sa.select(Transcription).where(column <= fixed(instant()), Transcription.status.in_(_ENDED))
    if told:
        query = query.where(~callback_repository.is_pending(Transcription.account_sid, Transcription.id))
    return session.scalars(
        query.order_by(column).limit(limit).with_for_update(of=Transcription, skip_locked=True)
    ).all()


def hold_ended(session: Session, account_sid: str, behind: str, limit: int) -> Sequence[Transcription]:
    """Jobs of an account that have ended, in the order of their ids, `behind` one of those; locked."""
    return session.scalars(
        sa.select(Transcription)
        .where(Transcription.account_sid == account_sid, Transcription.status.in_(_ENDED), Transcription.id > behind)
        .order_by(Transcription.id)
        .limit(limit)
        .with_for_update()
    ).all()


def set_erased(session: Session, rows: Iterable[Transcription], **values: Any) -> None:
    """Set columns of jobs whose parts are erased; not `updated_at`, which from its end on is when a job ended."""
    session.execute(
        sa.update(Transcription)
        .where(Transcription.id.in_([row.id for row in rows]))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


def needs_recording() -> sa.ColumnElement[bool]:
    """An expression over rows of recordings: that a job which has not ended is of one."""
    return sa.exists().where(
        Transcription.account_sid == Recording.account_sid,
        Transcription.source_id == Recording.sid,
        Transcription.status.in_(_UNFINISHED),
    )


def try_hold(session: Session, ids: Collection[str]) -> tuple[dict[str, int], set[str]]:
    """Lock jobs without waiting: what the results of those take that nobody else has, and the ids of the others."""
    of = Transcription.id.in_(ids)
    results = sa.select(Transcription.id, sa.func.coalesce(Transcription.result_bytes, 0)).where(of)
    rows = session.execute(results.order_by(Transcription.id).with_for_update(skip_locked=True))
    held = {transcription_id: int(size) for transcription_id, size in rows}
    return held, set(session.scalars(sa.select(Transcription.id).where(of))) - held.keys()


def free_results(session: Session, account_sid: str, freed: Mapping[str, int]) -> None:
    """Say of jobs of an account, which are locked, how many bytes of their results are gone."""
    for transcription_id, size in freed.items():
        session.execute(
            sa.update(Transcription)
            .where(Transcription.id == transcription_id)
            .values(result_bytes=Transcription.result_bytes - size)
            .execution_options(synchronize_session=False)
        )
    usage.store(session, account_sid, -sum(freed.values()))


def sum_stored(account_sid: sa.SQLColumnExpression[str]) -> sa.ScalarSelect[Any]:
    """Bytes that all jobs of an account store; NULL where there are none."""
    size = sa.func.coalesce(Transcription.media_bytes, 0) + sa.func.coalesce(Transcription.result_bytes, 0)
    return sa.select(sa.func.sum(size)).where(Transcription.account_sid == account_sid).scalar_subquery()


def report(session: Session, transcription_id: str, progress: float) -> None:
    """Say how much of a job is done, 0 to 1, before its chunks are known. It never goes back."""
    session.execute(
        sa.update(Transcription)
        .where(
            Transcription.id == transcription_id,
            Transcription.status == Status.RUNNING,
            Transcription.progress < progress,
        )
        .values(updated_at=now(), progress=progress)
    )


def hold(session: Session, transcription_id: str) -> None:
    """Lock a job's row before those of what it has, as who ends or deletes it does: nobody waits in a circle."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(sa.select(Transcription.id).where(Transcription.id == transcription_id).with_for_update())


def delete(session: Session, account_sid: str, transcription_id: str) -> Transcription | None:
    """Remove the row, and what it stores from its account's; as it was, or None where there was none."""
    row = session.scalars(
        sa.delete(Transcription)
        .where(Transcription.id == transcription_id, Transcription.account_sid == account_sid)
        .returning(Transcription)
    ).first()
    if row is not None:
        usage.store(session, account_sid, -(row.media_bytes or 0) - (row.result_bytes or 0))
        search_index.remove(session, [transcription_id])
        forget_about(session, account_sid, [transcription_id])
    return row


def active(session: Session, ids: Collection[str]) -> set[str]:
    """Which of these transcriptions are still to be worked on: neither deleted nor ended."""
    if not ids:
        return set()
    query = sa.select(Transcription.id).where(Transcription.id.in_(ids), Transcription.status.in_(_UNFINISHED))
    return set(session.scalars(query))


def unfinished(session: Session, among: Sequence[str]) -> Sequence[Transcription]:
    """Those of `among` that have not ended."""
    return session.scalars(
        sa.select(Transcription).where(Transcription.id.in_(among), Transcription.status.in_(_UNFINISHED))
    ).all()


def unfinished_of_source(session: Session, account_sid: str, source_id: str) -> Sequence[Transcription]:
    """Those of a recording that have not ended."""
    return session.scalars(
        sa.select(Transcription).where(
            Transcription.account_sid == account_sid,
            Transcription.source_id == source_id,
            Transcription.status.in_(_UNFINISHED),
        )
    ).all()


def heard_of_source(
    session: Session, account_sid: str, source_id: str, but: str, *, hold: bool = False
) -> Sequence[Transcription]:
    """Those of a recording that have ended and have audio, `but` one; in the order of their ids. `hold` locks them."""
    query = sa.select(Transcription).where(
        Transcription.account_sid == account_sid,
        Transcription.source_id == source_id,
        Transcription.status.in_(_ENDED),
        Transcription.media_erased_at.is_(None),
        Transcription.media_bytes > 0,
        Transcription.id != but,
    )
    query = query.order_by(Transcription.id)
    return session.scalars(query.with_for_update() if hold else query).all()


def has_more_of_source(session: Session, account_sid: str, source_id: str, limit: int) -> bool:
    """Whether a recording has more transcriptions than `limit`; looks at no more of them than that."""
    query = (
        sa.select(Transcription.id)
        .where(Transcription.account_sid == account_sid, Transcription.source_id == source_id)
        .offset(limit)
        .limit(1)
    )
    return session.scalar(query) is not None


def claim_automatic(session: Session, account_sid: str, source_id: str, configuration_id: str) -> bool:
    """Take it upon oneself to have a recording transcribed; False where somebody did so before."""
    row = {"account_sid": account_sid, "source_id": source_id, "configuration_id": configuration_id}
    return insert_new(session, AutomaticTranscription, row)

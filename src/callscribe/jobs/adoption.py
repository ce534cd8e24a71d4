"""Work that an earlier version of the program queued or left half done, made work of this one.

Between protocols 2 and 3 the steps of `transcribe` changed from `inspect` on, where it ends now and queues `recognize`.
A job that was so far is set back to there; what is in the blob store by then is not made again. Chunks have a queue
for each model now. All other workflows are as they were.
"""

from collections import defaultdict
from collections.abc import Sequence

import sqlalchemy as sa
import structlog
from sqlalchemy.orm import Session

from callscribe.db.clock import milliseconds
from callscribe.db.engine import Database, begin_writing
from callscribe.durable.liveness import earlier_workers
from callscribe.durable.queues import EARLIER_VERSIONS, PROTOCOL_VERSION, Queue, queue_name
from callscribe.durable.system_tables import ENQUEUED, PENDING, operation_outputs, workflow_status
from callscribe.jobs.pieces import RECOGNIZE_CHUNK, TRANSCRIBE, job_of
from callscribe.transcriptions.tables import Transcription

BATCH = 200

_CHANGED = "inspect"
"""The first step of `transcribe` that is not what it was."""

_log = structlog.get_logger(__name__)


def adopt(database: Database) -> int:
    """Adopt everything of `EARLIER_VERSIONS` as long as no worker of theirs is alive; how many workflows."""
    count = 0
    while not earlier_workers(database) and (batch := _adopt_batch(database)):
        count += batch
    if count:
        _log.info("worker.adopted", jobs=count, versions=sorted(EARLIER_VERSIONS))
    return count


def _adopt_batch(database: Database) -> int:
    table = workflow_status(database)
    statuses: list[sa.ColumnElement[str]] = [sa.literal_column(f"'{status}'") for status in (ENQUEUED, PENDING)]
    query = (
        sa.select(table.c.workflow_uuid, table.c.name)
        .where(table.c.status.in_(statuses), table.c.application_version.in_(EARLIER_VERSIONS))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    with database.write() as session:
        begin_writing(session)
        by_name: defaultdict[str, list[str]] = defaultdict(list)
        for workflow_id, name in session.execute(query):
            by_name[name].append(workflow_id)
        _set_back(session, database, by_name[TRANSCRIBE])
        for queue, ids in _by_queue(session, by_name[RECOGNIZE_CHUNK]).items():
            _take(session, database, ids, queue=queue)
        for name in by_name.keys() - {RECOGNIZE_CHUNK}:
            _take(session, database, by_name[name])
        return sum(map(len, by_name.values()))


def _set_back(session: Session, database: Database, ids: Sequence[str]) -> None:
    """Forget the steps of these jobs that are another workflow's now."""
    table = operation_outputs(database)
    changed = table.alias("changed")
    first = (
        sa.select(sa.func.min(changed.c.function_id))
        .where(changed.c.workflow_uuid == table.c.workflow_uuid, changed.c.function_name == _CHANGED)
        .scalar_subquery()
    )
    session.execute(sa.delete(table).where(table.c.workflow_uuid.in_(ids), table.c.function_id >= first))


def _by_queue(session: Session, ids: Sequence[str]) -> dict[str, list[str]]:
    """Chunks by the queue of the model that their job is to be recognised with."""
    jobs = {workflow_id: job_of(workflow_id) for workflow_id in ids}
    query = sa.select(Transcription.id, Transcription.resolved_configuration).where(
        Transcription.id.in_(set(jobs.values()))
    )
    queues = {job: queue_name(Queue.CHUNKS, resolved.served_by.model) for job, resolved in session.execute(query)}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for workflow_id, job in jobs.items():
        # Of one that is deleted nothing is to be recognised: any worker may find that out.
        found[queues.get(job, queue_name(Queue.TRANSCRIPTIONS))].append(workflow_id)
    return found


def _take(session: Session, database: Database, ids: Sequence[str], queue: str | None = None) -> None:
    table = workflow_status(database)
    session.execute(
        sa.update(table)
        .where(table.c.workflow_uuid.in_(ids))
        .values(
            application_version=PROTOCOL_VERSION,
            status=ENQUEUED,
            owner_xid=None,
            started_at_epoch_ms=None,
            updated_at=milliseconds(database),
            queue_name=queue or table.c.queue_name,
        )
    )

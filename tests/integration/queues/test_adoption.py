"""Work that the version before left in the queues is made work of this one."""

from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from dbos import DBOSClient

from callscribe.db.clock import instant
from callscribe.db.engine import Database
from callscribe.durable.system_tables import operation_outputs, workflow_status
from callscribe.durable.tables import Worker
from callscribe.ids import new_configuration_id, new_transcription_id
from callscribe.jobs.adoption import adopt
from callscribe.transcriptions.tables import Status, Transcription
from integration.queues.queued import column, enqueue, forget_all
from resolved import resolved


@pytest.fixture(autouse=True)
def _empty(database: Database) -> Iterator[None]:
    forget_all(database)
    yield
    forget_all(database)


def new_job(database: Database, account: str, model: str = "base") -> str:
    with database.write() as session:
        job = Transcription(
            id=new_transcription_id(),
            account_sid=account,
            status=Status.RUNNING,
            configuration_id=new_configuration_id(),
            participants=[],
            resolved_configuration=resolved(servedBy={"engine": "whisper", "model": model}),
            base_url="http://127.0.0.1:8321",
        )
        session.add(job)
    return job.id


def left(database: Database, account: str, workflow_id: str, name: str, queue: str, *steps: str, status: str) -> None:
    """A workflow of version 2 with the steps that it has done."""
    enqueue(
        database,
        queue,
        account,
        workflow_id,
        name=name,
        status=status,
        application_version="2",
        executor_id="gone" if status == "PENDING" else None,
        recovery_attempts=1,
    )
    table = operation_outputs(database)
    with database.write() as session:
        for number, step in enumerate(steps, start=1):
            session.execute(sa.insert(table).values(workflow_uuid=workflow_id, function_id=number, function_name=step))


def steps_of(database: Database, workflow_id: str) -> list[str]:
    table = operation_outputs(database)
    query = sa.select(table.c.function_name).where(table.c.workflow_uuid == workflow_id).order_by(table.c.function_id)
    with database.read() as session:
        return list(session.scalars(query))


def test_nothing_is_taken_over_as_long_as_a_worker_of_the_earlier_version_lives(
    database: Database, account: str
) -> None:
    left(database, account, "callback", "deliver", "callbacks", status="ENQUEUED")
    with database.write() as session:
        session.add(
            Worker(
                id="earlier",
                machine="elsewhere",
                pid=1,
                process_started=0.0,
                started_at=instant(database),
                seen_at=instant(database),
                protocol="2",
            )
        )
    assert adopt(database) == 0
    with database.write() as session:
        session.execute(sa.delete(Worker).where(Worker.id == "earlier"))
    assert adopt(database) == 1


def test_every_kind_of_work_is_taken_over_at_the_last_step_that_is_as_it_was(database: Database, account: str) -> None:
    new, half, far, long = (new_job(database, account, model) for model in ("base", "base", "base", "tiny.en"))
    left(database, account, new, "transcribe", "transcriptions", status="ENQUEUED")
    left(database, account, half, "transcribe", "transcriptions", "begin", "fetch", status="PENDING")
    left(
        database,
        account,
        far,
        "transcribe",
        "transcriptions",
        *("begin", "fetch", "inspect", "segment", "recognize", "finish"),
        status="PENDING",
    )
    left(database, account, f"{long}-chunk-3", "recognize_chunk", "chunks", "recognize", status="PENDING")
    left(database, account, "deleted-chunk-0", "recognize_chunk", "chunks", status="ENQUEUED")
    left(database, account, "callback", "deliver", "callbacks", "attempt", status="PENDING")
    enqueue(database, "callbacks", account, "mine", status="PENDING", executor_id="alive")
    ids = [new, half, far, f"{long}-chunk-3", "deleted-chunk-0", "callback"]

    assert adopt(database) == 6
    assert adopt(database) == 0
    assert set(column(database, "application_version", ids)) == {"3"}
    assert set(column(database, "status", ids)) == {"ENQUEUED"}
    assert column(database, "queue_name", ids) == [
        "transcriptions",
        "transcriptions",
        "transcriptions",
        "chunks:tiny.en",
        "transcriptions",
        "callbacks",
    ]
    assert column(database, "status", ["mine"]) == ["PENDING"]
    assert steps_of(database, half) == ["begin", "fetch"]
    assert steps_of(database, far) == ["begin", "fetch"]
    assert steps_of(database, f"{long}-chunk-3") == ["recognize"]
    assert steps_of(database, "callback") == ["attempt"]


def test_what_dbos_calls_its_columns_is_what_is_read_here(database: Database) -> None:
    # `system_tables` names a part of DBOS's tables: a later DBOS with other names is noticed here.
    client = DBOSClient(system_database_engine=database.engine)
    try:
        tables = client._sys_db.tables
        assert {each.name for each in workflow_status(database).c} <= set(tables.workflow_status.c.keys())
        assert {each.name for each in operation_outputs(database).c} <= set(tables.operation_outputs.c.keys())
    finally:
        client.destroy()

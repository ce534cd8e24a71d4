"""A worker that does not move any more: another has its work within the time that is promised, and it ends once."""

import time
from base64 import urlsafe_b64encode
from contextlib import closing
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.tables import Worker
from faults.clips import clip
from faults.processes import wait_for
from harness import ACCOUNT_SID, Receiver, eventually, running
from media_server import MediaServer, body, drip
from servers import postgresql
from system_tables import PENDING, workflow_status

pytestmark = pytest.mark.timeout(300)

PROMISED = 30.0
"""Seconds, as the product promises them; where it works as it should, there are ten to spare."""


def holders(database: Database, workflows: set[str]) -> dict[str, int]:
    """The processes of the workers that have these workflows in hand, or had them last."""
    table = workflow_status(database)
    query = (
        sa.select(table.c.workflow_uuid, Worker.pid)
        .join(Worker, table.c.executor_id == Worker.id)
        .where(table.c.workflow_uuid.in_(workflows), table.c.status.in_({PENDING, "SUCCESS"}))
    )
    with database.read() as session:
        return {row.workflow_uuid: row.pid for row in session.execute(query)}


@pytest.mark.long
def test_stopped_work_taken_over_ends_once(tmp_path: Path) -> None:
    with (
        postgresql() as postgres,
        closing(Database(postgres.url)) as database,
        MediaServer().running() as media,
        Receiver().listening() as receiver,
    ):
        blobs = tmp_path / "blobs"
        common = {
            "CALLSCRIBE_DATABASE_URL": postgres.url,
            "CALLSCRIBE_BLOBS_URL": blobs.as_uri(),
            "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
            "CALLSCRIBE_MEDIA_STALL_TIMEOUT": "600",
            "CALLSCRIBE_THREADS": "1",
        }
        media.paths["/slow.wav"] = drip()
        media.paths["/call.wav"] = body(clip(0.0, 15.0))
        media.paths["/short.wav"] = body(clip(0.5, 6.5))

        def stored() -> set[Path]:
            return {each.relative_to(blobs) for each in (blobs / ACCOUNT_SID).rglob("*") if each.is_file()}

        with (
            running(tmp_path / "api", command="api", **common) as api,
            running(tmp_path / "first", command="worker", **common) as first,
        ):
            configuration = api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
            recognizing = api.submit(configuration, media.url("/call.wav"))
            engine = wait_for(first, "engine")
            engine.suspend()  # so that it is in hand for as long as it takes to start another worker
            fetching = api.submit(configuration, media.url("/slow.wav"))
            in_hand = {fetching, f"{recognizing}-recognition"}
            assert first.process is not None
            stopped = psutil.Process(first.process.pid)
            eventually(lambda: holders(database, in_hand) == dict.fromkeys(in_hand, stopped.pid))
            eventually(lambda: any(path == "/slow.wav" for path, _ in media.requests))
            media.paths["/slow.wav"] = body(clip(0.5, 6.5))
            with running(tmp_path / "second", command="worker", **common) as second:
                assert second.process is not None
                assert holders(database, in_hand) == dict.fromkeys(in_hand, stopped.pid)
                stopped.suspend()
                try:
                    begun = time.monotonic()
                    taken = dict.fromkeys(in_hand, second.process.pid)
                    eventually(lambda: holders(database, in_hand) == taken, timeout=PROMISED)
                    assert time.monotonic() - begun < PROMISED
                    assert [api.ended(job)["status"] for job in (fetching, recognizing)] == ["COMPLETED"] * 2
                    receiver.wait(2)
                    before = stored()
                    transcripts = [api.transcript(job) for job in (fetching, recognizing)]
                finally:
                    engine.resume()
                    stopped.resume()
                eventually(lambda: "worker.was_taken_for_dead" in first.output())
            # It is a worker like any other again, and has let go of what is not its own any more.
            last = api.submit(configuration, media.url("/short.wav"))
            assert api.ended(last)["status"] == "COMPLETED"
            receiver.wait(3)
            eventually(lambda: {path for path in stored() if last not in path.parts} == before)
            assert [api.transcript(job) for job in (fetching, recognizing)] == transcripts
            assert sorted(each.json["id"] for each in receiver.received) == sorted((fetching, recognizing, last))
            for worker in (first, second):
                assert "Traceback" not in worker.output()

"""Calls of many chunks: spread over workers, and disturbed in the middle; the text is that of an undisturbed run."""

import json
import re
import sqlite3
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from faults.clips import clip
from faults.processes import is_gone, wait_for
from harness import ACCOUNT_SID, Receiver, Server, eventually, running
from media_server import MediaServer, body

pytestmark = pytest.mark.timeout(300)

CHUNKS = {"CALLSCRIBE_CHUNK_SECONDS": "10"}


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with MediaServer().running() as server:
        server.paths["/call.wav"] = body(clip(0.0, 40.0))
        yield server


def transcript_blob(server: Server, job: str) -> bytes:
    return (server.data / "blobs" / ACCOUNT_SID / job / "transcript.json").read_bytes()


def events(job: str, *servers: Server) -> list[dict[str, Any]]:
    """What the servers have logged about a job."""
    lines = (line for server in servers for line in server.output().splitlines() if job in line)
    return [json.loads(line) for line in lines if line.startswith("{")]


def recognized(job: str, *servers: Server) -> list[int]:
    """The chunks that were recognised to their end, in the order of the logs, each as often as it was done."""
    return [each["chunk"] for each in events(job, *servers) if each["event"] == "chunk.recognized"]


def chunks_of(job: str, *servers: Server) -> int:
    return 1 + max(recognized(job, *servers))


def rows(server: Server, query: str, **parameters: str) -> int:
    """What a query that counts rows gives in the database of a fleet."""
    database = Database(f"sqlite:///{server.data.parent / 'callscribe.db'}")
    try:
        with database.read() as session:
            return session.scalar(sa.text(query), parameters) or 0
    finally:
        database.close()


def in_a_chunk(server: Server) -> bool:
    """Whether a worker of a fleet has one in hand."""
    match = re.search(r'"worker": "([^"]+)".*"event": "worker.started"', server.output())
    assert match
    query = "SELECT count(*) FROM workflow_status WHERE name = 'recognize_chunk' AND status = 'PENDING'"
    return rows(server, f"{query} AND executor_id = :worker", worker=match[1]) == 1


def can_be_written(server: Server) -> bool:
    """Whether nobody holds SQLite's one lock: a worker that is stopped with it stops all others as well."""
    with closing(sqlite3.connect(server.data.parent / "callscribe.db", timeout=0.2)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        connection.rollback()
        return True


@contextmanager
def suspended_in_a_chunk(server: Server) -> Iterator[None]:
    """The worker stands still, in the middle of a chunk, while the block runs."""
    assert server.process is not None
    process = psutil.Process(server.process.pid)

    def caught() -> bool:
        process.suspend()
        if in_a_chunk(server) and can_be_written(server):
            return True
        process.resume()
        return False

    eventually(caught, interval=0.05)
    try:
        yield
    finally:
        process.resume()


@pytest.mark.long
def test_kill_repeats_one_chunk_at_most(tmp_path: Path, media: MediaServer) -> None:
    with running(tmp_path / "data", **CHUNKS) as server:
        configuration = server.configure()
        undisturbed = server.submit(configuration, media.url("/call.wav"))
        assert server.ended(undisturbed)["status"] == "COMPLETED"
        count = chunks_of(undisturbed, server)
        assert count >= 4
        assert sorted(recognized(undisturbed, server)) == list(range(count))

        job = server.submit(configuration, media.url("/call.wav"))
        segmentation = server.data / "blobs" / ACCOUNT_SID / job / "segmentation.json"
        # While the chunks are queued; in the middle; and behind the last chunk, before the job is finished.
        for moment in (
            segmentation.exists,
            lambda: len(recognized(job, server)) >= 1,
            lambda: len(recognized(job, server)) >= count,
        ):
            eventually(moment, interval=0.01)
            worker = wait_for(server, "worker")
            worker.kill()
            eventually(lambda worker=worker: is_gone(worker), interval=0.02)  # type: ignore[misc]
        assert server.ended(job)["status"] == "COMPLETED"

        assert transcript_blob(server, job) == transcript_blob(server, undisturbed)
        # What was finished was not done again; a chunk that a worker was killed in never got as far as the log.
        assert set(Counter(recognized(job, server)).values()) == {1}
        assert sum(each["event"] == "media.inspected" for each in events(job, server)) == 1


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[tuple[Server, Server, Server]]:
    """An API and two workers, each with a folder of its own; they share a database, a blob store and a key."""
    shared = {
        "CALLSCRIBE_DATABASE_URL": f"sqlite:///{tmp_path / 'callscribe.db'}",
        "CALLSCRIBE_BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
        **CHUNKS,
    }
    with (
        running(tmp_path / "api", command="api", **shared) as api,
        running(tmp_path / "one", command="worker", **shared) as one,
        running(tmp_path / "two", command="worker", **shared) as two,
    ):
        yield api, one, two


def shared_transcript(server: Server, job: str) -> bytes:
    return (server.data.parent / "blobs" / ACCOUNT_SID / job / "transcript.json").read_bytes()


def both_at_work(job: str, one: Server, two: Server) -> tuple[Server, Server] | None:
    """The worker that took the job and queued its chunks, and the other, once each has recognised something."""
    if not (recognized(job, one) and recognized(job, two)):
        return None
    return (one, two) if any(each["event"] == "media.inspected" for each in events(job, one)) else (two, one)


@pytest.mark.long
def test_two_share_call_one_goes_on(fleet: tuple[Server, Server, Server], media: MediaServer) -> None:
    api, one, two = fleet
    with Receiver().listening() as receiver:
        configuration = api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        undisturbed = api.submit(configuration, media.url("/call.wav"))
        assert api.ended(undisturbed)["status"] == "COMPLETED"
        count = chunks_of(undisturbed, one, two)
        assert sorted(recognized(undisturbed, one, two)) == list(range(count))
        assert recognized(undisturbed, one)
        assert recognized(undisturbed, two)

        job = api.submit(configuration, media.url("/call.wav"))
        parent, _ = eventually(lambda: both_at_work(job, one, two), interval=0.02)
        parent.kill_tree()
        assert api.ended(job)["status"] == "COMPLETED"
        assert shared_transcript(api, job) == shared_transcript(api, undisturbed)
        assert set(recognized(job, one, two)) == set(range(count))
        receiver.wait(2)
    assert Counter(callback.json["id"] for callback in receiver.received) == {undisturbed: 1, job: 1}


@pytest.mark.long
def test_paused_worker_changes_nothing(fleet: tuple[Server, Server, Server], media: MediaServer) -> None:
    api, one, two = fleet
    with Receiver().listening() as receiver:
        configuration = api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        job = api.submit(configuration, media.url("/call.wav"))
        first, second = eventually(lambda: both_at_work(job, one, two), interval=0.02)
        with suspended_in_a_chunk(second):
            assert api.ended(job)["status"] == "COMPLETED"
            result = shared_transcript(api, job)
            receiver.wait()
        eventually(lambda: "worker.was_taken_for_dead" in second.output())
        # Both work again, and what the paused one had in hand came to nothing.
        again = api.submit(configuration, media.url("/call.wav"))
        assert api.ended(again)["status"] == "COMPLETED"
        assert shared_transcript(api, job) == shared_transcript(api, again) == result
        receiver.wait(2)
        assert sum(each["event"] == "transcription.ended" for each in events(job, first, second)) == 1
    assert Counter(callback.json["id"] for callback in receiver.received) == {job: 1, again: 1}


@pytest.mark.long
def test_deletion_stops_chunks_everywhere(fleet: tuple[Server, Server, Server], media: MediaServer) -> None:
    api, one, two = fleet
    media.paths["/long.wav"] = body(clip(0.0, 65.0))
    job = api.submit(api.configure(), media.url("/long.wav"))
    eventually(lambda: both_at_work(job, one, two), interval=0.02)
    with api.client() as client:
        assert client.delete(f"/v3/Transcriptions/{job}").status_code == 204
        assert client.get(f"/v3/Transcriptions/{job}/Transcript").status_code == 404
    done = len(recognized(job, one, two))
    at_work = "SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE :prefix AND status = 'PENDING'"
    eventually(lambda: not rows(api, at_work, prefix=f"{job}%"), timeout=5, interval=0.05)
    eventually(lambda: any(each["event"] == "transcription.deleted" for each in events(job, one, two)))
    folder = api.data.parent / "blobs" / ACCOUNT_SID / job
    left = "SELECT count(*) FROM workflow_status WHERE workflow_uuid LIKE :prefix"
    eventually(lambda: not folder.exists() and not rows(api, left, prefix=f"{job}%"), timeout=40)
    assert len(recognized(job, one, two)) - done <= 2


@pytest.mark.long
def test_bad_chunk_fails_job_once(tmp_path: Path, media: MediaServer) -> None:
    with (
        Receiver().listening() as receiver,
        running(tmp_path / "data", CALLSCRIBE_WORKER_CHUNKS="2", **CHUNKS) as server,
    ):
        configuration = server.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        job = server.submit(configuration, media.url("/call.wav"))
        eventually(lambda: recognized(job, server), interval=0.01)
        (server.data / "blobs" / ACCOUNT_SID / job / "media").write_bytes(b"no recording any more")
        ended = server.ended(job)
        assert ended["status"] == "FAILED"
        assert ended["error"]["code"] in {17556, 17558}
        with server.client() as client:
            assert client.get(f"/v3/Transcriptions/{job}/Transcript").status_code == 404
        [callback] = receiver.wait()
        assert callback.json["status"] == "failed"
        # What is still queued of it ends at once.
        following = server.submit(server.configure(), media.url("/call.wav"))
        assert server.ended(following)["status"] == "COMPLETED"
        assert sum(each["event"] == "transcription.ended" for each in events(job, server)) == 1
        assert len(receiver.received) == 1
        assert len(recognized(job, server)) < chunks_of(following, server)

"""Workers that are there for different things, and recordings that kill what works on them."""

import re
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.tables import Piece, Worker
from callscribe.durable.workers import unserved_models
from faults.clips import clip
from faults.processes import find
from harness import Server, eventually, running
from media_server import MediaServer, body

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def media() -> Iterator[MediaServer]:
    with MediaServer().running() as server:
        for number in range(4):
            server.paths[f"/{number}.wav"] = body(clip(3.0 * number, 4.0))
        yield server


def shared(tmp_path: Path, **more: str) -> dict[str, str]:
    """What an API and workers with a folder each have in common."""
    return {
        "CALLSCRIBE_DATABASE_URL": f"sqlite:///{tmp_path / 'callscribe.db'}",
        "CALLSCRIBE_BLOBS_URL": (tmp_path / "blobs").as_uri(),
        "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
        **more,
    }


@contextmanager
def database_of(server: Server) -> Iterator[Database]:
    local = server.data / "callscribe.db"
    database = Database(f"sqlite:///{local if local.exists() else server.data.parent / 'callscribe.db'}")
    try:
        yield database
    finally:
        database.close()


def waits_in(database: Database, job: str) -> str | None:
    """The queue in which a job's recognition is, waiting or in hand."""
    with database.read() as session:
        return session.scalar(sa.select(Piece.queue).where(Piece.id == f"{job}-recognition"))


@pytest.mark.long
def test_work_goes_where_it_can_be_done(tmp_path: Path, media: MediaServer) -> None:
    common = shared(tmp_path)
    recognizes = {**common, "CALLSCRIBE_WORKER_QUEUES": "recognition,chunks"}
    with (
        running(tmp_path / "api", command="api", **common) as api,
        running(tmp_path / "fetcher", command="worker", **common, CALLSCRIBE_WORKER_QUEUES="fetch,callbacks"),
        database_of(api) as database,
    ):
        fetcher_log = (tmp_path / "fetcher.log").read_text
        tiny = api.submit(api.configure(), media.url("/0.wav"))
        base = api.submit(
            api.configure(transcriptionEngine="whisper", speechModel="base", language="en-US"), media.url("/1.wav")
        )
        eventually(
            lambda: (
                {waits_in(database, job) for job in (tiny, base)}
                == {"recognition:whisper/tiny.en", "recognition:whisper/base"}
            )
        )
        assert unserved_models(database) == {"whisper/tiny.en", "whisper/base"}
        assert "chunk.recognized" not in fetcher_log()

        with running(tmp_path / "tiny", command="worker", **recognizes, CALLSCRIBE_WORKER_MODELS="tiny.en"):
            assert api.ended(tiny)["status"] == "COMPLETED"
            assert unserved_models(database) == {"whisper/base"}
            with database.read() as session:
                rows = session.scalars(sa.select(Worker).order_by(Worker.started_at)).all()
            assert [(row.roles, row.models, row.device) for row in rows] == [
                (["fetch", "callbacks"], [], None),
                (["recognition", "chunks"], ["whisper/tiny.en"], "cpu"),
            ]
            with running(tmp_path / "base", command="worker", **recognizes, CALLSCRIBE_WORKER_MODELS="base"):
                assert api.ended(base)["status"] == "COMPLETED"
        assert tiny not in (tmp_path / "base.log").read_text()
        assert base not in (tmp_path / "tiny.log").read_text()
        assert "chunk.recognized" not in fetcher_log()


@pytest.mark.long
def test_ordered_end_blames_nobody(tmp_path: Path, media: MediaServer) -> None:
    with running(tmp_path / "data", CALLSCRIBE_JOB_WORKER_DEATHS="1") as server, database_of(server) as database:
        media.paths["/long.wav"] = body(clip(0.0, 30.0))
        job = server.submit(server.configure(), media.url("/long.wav"))
        for _ in range(3):
            eventually(lambda: holder(database, job), interval=0.02)
            assert server.stop() == 0
            server.start()
        assert server.ended(job)["status"] == "COMPLETED"
        assert "worker.takeover" not in server.output()


def holder(database: Database, job: str) -> int | None:
    """The process of the worker that has the job's recognition in hand."""
    query = sa.select(Worker.pid).join(Piece, Piece.worker == Worker.id).where(Piece.id == f"{job}-recognition")
    with database.read() as session:
        return session.scalar(query)


@contextmanager
def killing(database: Database, job: str) -> Iterator[list[int]]:
    """Kill every worker that has this job in hand while the block runs, as a recording would that breaks a library."""
    killed: list[int] = []
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.02):
            pid = holder(database, job)
            if pid is not None and pid not in killed:
                killed.append(pid)
                time.sleep(0.3)  # what else is in hand has begun as well
                with suppress(psutil.NoSuchProcess):
                    psutil.Process(pid).kill()

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


@pytest.mark.long
def test_worker_killer_given_up(tmp_path: Path, media: MediaServer) -> None:
    with running(tmp_path / "data", CALLSCRIBE_JOB_WORKER_DEATHS="3") as server, database_of(server) as database:
        configuration = server.configure()
        media.paths["/long.wav"] = body(clip(0.0, 30.0))
        poison = server.submit(configuration, media.url("/long.wav"))
        with killing(database, poison) as killed:
            others = [server.submit(configuration, media.url(f"/{number}.wav")) for number in range(3)]
            ended = server.ended(poison, timeout=150)
            assert (ended["status"], ended["error"]["code"]) == ("FAILED", 17561)
            assert "died" in ended["error"]["detail"]
            assert len(killed) == 3
        for job in others:
            assert server.ended(job)["status"] == "COMPLETED"
        assert re.search(r"transcription\.given_up", server.output())


@pytest.mark.long
def test_engine_killer_fails_worker_lives(tmp_path: Path, media: MediaServer) -> None:
    with running(tmp_path / "data") as server:
        configuration = server.configure()
        poison = server.submit(configuration, media.url("/0.wav"))
        worker = eventually(lambda: find(server, "worker"))
        over = threading.Event()

        def kill() -> None:
            while not over.wait(0.05):
                engine = find(server, "engine")
                if engine is not None:
                    with suppress(psutil.NoSuchProcess):
                        engine.kill()

        thread = threading.Thread(target=kill)
        thread.start()
        try:
            ended = server.ended(poison, timeout=150)
        finally:
            over.set()
            thread.join()
        assert (ended["status"], ended["error"]["code"]) == ("FAILED", 17561)
        assert "recognition process died" in ended["error"]["detail"]
        assert server.ended(server.submit(configuration, media.url("/1.wav")))["status"] == "COMPLETED"
        assert worker.is_running()
        assert worker == find(server, "worker")

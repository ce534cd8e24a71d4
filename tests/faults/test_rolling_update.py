"""From this version to the next without a pause: both run on the new schema, and no job notices."""

import os
import shutil
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

import callscribe
from callscribe.migrations.schema import scripts
from faults.clips import clip
from harness import Receiver, Server, eventually
from media_server import MediaServer, body
from servers import postgresql

JOBS = 6
REVISION = '''"""Adds what this version does not use."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{head}"


def upgrade() -> None:
    op.add_column("transcriptions", sa.Column("added_by_9000", sa.Integer, server_default="9"))
'''


class Process(Server):
    """A process of either version; `callscribe migrate` is run by hand."""

    def prepare_database(self) -> None:
        pass


@pytest.fixture
def next_sources(tmp_path: Path) -> Path:
    """This version with one revision more."""
    package = Path(callscribe.__file__).parent
    shutil.copytree(package, tmp_path / "next" / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    revision = REVISION.replace("{head}", str(scripts().get_current_head()))
    (tmp_path / "next" / package.name / "migrations" / "versions" / "9000_next.py").write_text(revision)
    return tmp_path / "next"


@contextmanager
def started(server: Server) -> Iterator[Server]:
    """A process while the block runs, if it has not been stopped before."""
    try:
        yield server.start()
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


def migrated(folder: Path, environment: dict[str, str]) -> str:
    """What `callscribe migrate` shows."""
    process = subprocess.run(
        [sys.executable, "-m", "callscribe", "migrate", "--data", folder / "migrate"],
        env={**os.environ, **environment},
        check=False,
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def statuses(server: Server, jobs: list[str]) -> Counter[str]:
    with server.client() as client:
        return Counter(client.get(f"/v3/Transcriptions/{job}").json()["status"] for job in jobs)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_versions_share_until_one_leaves(tmp_path: Path, next_sources: Path) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        media = stack.enter_context(MediaServer().running())
        receiver = stack.enter_context(Receiver().listening())
        shared = {
            "CALLSCRIBE_DATABASE_URL": database.url,
            "CALLSCRIBE_BLOBS_URL": (tmp_path / "blobs").as_uri(),
            "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(32)).decode(),
            "CALLSCRIBE_WORKER_CONCURRENCY": "2",
            "CALLSCRIBE_CHUNK_SECONDS": "10",
        }
        new = {**shared, "PYTHONPATH": str(next_sources)}
        for number in range(JOBS):
            media.paths[f"/{number}.wav"] = body(clip(0.5 + 2.9 * number, 12.0 if number % 3 == 0 else 4.0))
        urls = [media.url(path) for path in media.paths]

        assert "0001  " in migrated(tmp_path, shared)
        old_api = stack.enter_context(started(Process(tmp_path / "old-api", command="api", **shared)))
        old_worker = stack.enter_context(started(Process(tmp_path / "old-worker", command="worker", **shared)))
        silent = old_api.configure()
        undisturbed = [old_api.submit(silent, url) for url in urls]
        assert {old_api.ended(job)["status"] for job in undisturbed} == {"COMPLETED"}
        expected = [old_api.transcript(job)["sentences"] for job in undisturbed]

        configuration = old_api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        jobs = [old_api.submit(configuration, url) for url in urls]
        eventually(lambda: "RUNNING" in statuses(old_api, jobs), interval=0.02)

        assert "9000  " in migrated(tmp_path, new)

        # This version goes on, and can even be started anew.
        jobs += [old_api.submit(configuration, urls[0])]
        new_api = stack.enter_context(started(Process(tmp_path / "new-api", command="api", **new)))
        new_worker = stack.enter_context(started(Process(tmp_path / "new-worker", command="worker", **new)))
        late_api = stack.enter_context(started(Process(tmp_path / "late-api", command="api", **shared)))
        late_worker = stack.enter_context(started(Process(tmp_path / "late-worker", command="worker", **shared)))
        apis = (new_api, old_api, late_api)
        jobs += [apis[number % 3].submit(configuration, urls[number % JOBS]) for number in range(1, JOBS + 4)]
        # What one version made, the other shows.
        assert new_api.transcript(undisturbed[0])["sentences"] == expected[0]
        assert sum(statuses(old_api, jobs).values()) == sum(statuses(new_api, jobs).values()) == len(jobs)

        for leaving in (old_worker, late_worker, old_api, late_api):
            assert leaving.stop() == 0
        assert statuses(new_api, jobs).keys() - {"COMPLETED"}, "all was done before: nothing was left to take over"
        for number, job in enumerate(jobs):
            ended = new_api.ended(job, timeout=120)
            assert ended["status"] == "COMPLETED", ended
            assert new_api.transcript(job)["sentences"] == expected[number % JOBS]
        eventually(lambda: len({callback.json["id"] for callback in receiver.received}) == len(jobs))
        assert Counter(callback.json["id"] for callback in receiver.received) == Counter(dict.fromkeys(jobs, 1))
        for server in (new_api, new_worker):
            assert server.stop() == 0

"""From the version before the fleet to this one without a pause: both run on the new schema, and no job notices."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from faults.clips import clip
from harness import Receiver, Server, eventually
from media_server import MediaServer, body
from servers import postgresql

PREVIOUS = "a239698"
"""The version that the fleet began from: it migrates at its start, its steps are those of protocol "2", and its schema
does not say who can work with it. The commits from it to the one that changed this left all three as they were."""
ROOT = Path(__file__).parents[2]
JOBS = 6


class Previous(Server):
    """A process of the previous version. It migrates by itself, as far as it can."""

    def prepare_database(self) -> None:
        pass


@pytest.fixture
def previous_sources(tmp_path: Path) -> Path:
    git = shutil.which("git")
    if (
        git is None
        or subprocess.run([git, "-C", ROOT, "cat-file", "-e", PREVIOUS], check=False, capture_output=True).returncode
    ):
        pytest.skip(f"needs git and the commit {PREVIOUS}, which a shallow clone or an archive does not have")
    archive = subprocess.run([git, "-C", ROOT, "archive", PREVIOUS, "src"], check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(tmp_path / "previous", filter="data")
    return tmp_path / "previous" / "src"


@contextmanager
def started(server: Server) -> Iterator[Server]:
    """A process while the block runs, if it has not been stopped before."""
    try:
        yield server.start()
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()


def statuses(server: Server, jobs: list[str]) -> Counter[str]:
    with server.client() as client:
        return Counter(client.get(f"/v3/Transcriptions/{job}").json()["status"] for job in jobs)


@pytest.mark.timeout(600)
def test_the_previous_version_and_this_one_share_the_work_until_the_previous_one_leaves(
    tmp_path: Path, previous_sources: Path
) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(postgresql())
        media = stack.enter_context(MediaServer().running())
        receiver = stack.enter_context(Receiver().listening())
        shared = {
            "CALLSCRIBE_DATABASE_URL": database.url,
            "CALLSCRIBE_BLOB_URL": (tmp_path / "blobs").as_uri(),  # the name that both know
            "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(32)).decode(),
            "CALLSCRIBE_WORKER_CONCURRENCY": "2",
            "CALLSCRIBE_CHUNK_SECONDS": "10",
        }
        old = {**shared, "PYTHONPATH": str(previous_sources)}
        for number in range(JOBS):
            media.paths[f"/{number}.wav"] = body(clip(0.5 + 2.9 * number, 12.0 if number % 3 == 0 else 4.0))
        urls = [media.url(path) for path in media.paths]

        old_api = stack.enter_context(started(Previous(tmp_path / "old-api", command="api", **old)))
        old_worker = stack.enter_context(started(Previous(tmp_path / "old-worker", command="worker", **old)))
        silent = old_api.configure()
        undisturbed = [old_api.submit(silent, url) for url in urls]
        assert {old_api.ended(job)["status"] for job in undisturbed} == {"COMPLETED"}
        expected = [old_api.transcript(job)["sentences"] for job in undisturbed]

        configuration = old_api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        jobs = [old_api.submit(configuration, url) for url in urls]
        eventually(lambda: {"PENDING", "RUNNING"} <= statuses(old_api, jobs).keys(), interval=0.02)

        migrated = subprocess.run(
            [sys.executable, "-m", "callscribe", "migrate", "--data", tmp_path / "migrate"],
            env={**os.environ, **shared},
            check=False,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert migrated.returncode == 0, migrated.stderr
        assert "0008  " in migrated.stdout

        # The previous version goes on, and can even be started anew.
        jobs += [old_api.submit(configuration, urls[0])]
        new_api = stack.enter_context(started(Server(tmp_path / "new-api", command="api", **shared)))
        new_worker = stack.enter_context(started(Server(tmp_path / "new-worker", command="worker", **shared)))
        late_api = stack.enter_context(started(Previous(tmp_path / "late-api", command="api", **old)))
        late_worker = stack.enter_context(started(Previous(tmp_path / "late-worker", command="worker", **old)))
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

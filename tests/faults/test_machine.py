"""A disk that is full or read-only, a database that is not there: clear answers, nothing lost, work goes on by itself.

Small file systems in memory stand for the disks, which takes root; the machine's own disk is never filled.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from faults.clips import clip, two_parts
from faults.processes import wait_for
from harness import ACCOUNT_SID, Receiver, Server, eventually, running
from media_server import MediaServer, body
from servers import postgresql

pytestmark = pytest.mark.timeout(420)

UPLOADS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json"


class Disk:
    """A file system of a few MiB."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._filler = root / "filler"

    def fill(self) -> None:
        """Leave no room at all."""
        with self._filler.open("ab", buffering=0) as file:
            size = 1024 * 1024
            while size:
                try:
                    file.write(bytes(size))
                except OSError:
                    size //= 2

    def free(self) -> None:
        """Give the room back."""
        self._filler.unlink()

    def writable(self, writable: bool) -> None:  # noqa: FBT001  what it is from now on
        """Mount it again, for reading only or for writing as well."""
        option = f"remount,{'rw' if writable else 'ro'}"
        subprocess.run(["mount", "-o", option, str(self.root)], check=True, timeout=10)


@contextmanager
def disk(root: Path, size: str) -> Iterator[Disk]:
    """A disk of its own at `root` while the block runs; the test is skipped where none can be mounted."""
    root.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(root)]
    if os.geteuid() or subprocess.run(command, check=False, timeout=10, capture_output=True).returncode:
        pytest.skip("a file system in memory can be mounted by root only")
    try:
        yield Disk(root)
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True, timeout=10)


def upload(client: httpx2.Client, audio: bytes) -> httpx2.Response:
    return client.post(UPLOADS, content=audio, headers={"Content-Type": "audio/wav"})


def is_away(answer: httpx2.Response) -> bool:
    """Whether it is the answer of a server that cannot do this now."""
    assert answer.status_code != 500, answer.text
    if answer.status_code != 503:
        return False
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json()["code"] == 20500
    assert "Traceback" not in answer.text
    return True


def waits(server: Server) -> int:
    """How often work has begun to wait, so far."""
    return server.output().count('"work.waits"')


def waiting(server: Server, before: int) -> Callable[[], bool]:
    return lambda: waits(server) > before


def job(client: httpx2.Client, transcription_id: str) -> dict[str, Any]:
    resource: dict[str, Any] = client.get(f"/v3/Transcriptions/{transcription_id}").json()["transcription"]
    return resource


@pytest.mark.long
def test_full_blob_disk_loses_nothing(tmp_path: Path) -> None:
    with (
        disk(tmp_path / "data" / "blobs", "12m") as blobs,
        MediaServer().running() as media,
        running(tmp_path / "data") as server,
        server.client() as client,
    ):
        short = clip(0.5, 6.5)
        media.paths["/short.wav"] = body(short)
        media.paths["/long.wav"] = body(two_parts((0.0, 65.0), (0.0, 65.0), second_at=65.0))
        configuration = server.configure()

        blobs.fill()
        assert is_away(upload(client, short))
        before = waits(server)
        fetching = server.submit(configuration, media.url("/short.wav"))
        eventually(waiting(server, before))
        assert job(client, fetching)["status"] == "RUNNING"
        blobs.free()
        assert server.ended(fetching)["status"] == "COMPLETED"
        assert upload(client, short).status_code == 201

        recognizing = server.submit(configuration, media.url("/long.wav"))
        eventually(lambda: job(client, recognizing)["progress"] >= 0.1)
        before = waits(server)
        blobs.fill()
        eventually(waiting(server, before), timeout=120)
        blobs.free()
        assert server.ended(recognizing, timeout=180)["status"] == "COMPLETED"
        assert len(server.transcript(recognizing)["sentences"]) > 4
        assert "Traceback" not in server.output()


@pytest.mark.long
def test_a_disk_that_recordings_have_filled_can_be_emptied(tmp_path: Path) -> None:
    with (
        disk(tmp_path / "data", "48m") as disk_of_all,
        MediaServer().running() as media,
        running(
            tmp_path / "data", CALLSCRIBE_DISK_KEEP_FREE="4000000", CALLSCRIBE_MODELS_DIR=str(tmp_path / "models")
        ) as server,
        server.client() as client,
    ):
        audio = clip(0.0, 65.0)
        media.paths["/long.wav"] = body(audio)
        stored = []
        while (answer := upload(client, audio)).status_code == 201:
            stored.append(answer.json()["sid"])
        assert is_away(answer)
        assert len(stored) > 4  # MiB each, about
        assert shutil.disk_usage(disk_of_all.root).free >= 4_000_000
        waiting_job = server.submit(server.configure(), media.url("/long.wav"))  # which waits with its download
        eventually(lambda: any("full" in each for each in client.get("/readyz").json()["problems"]))

        disk_of_all.fill()
        for sid in stored:
            address = f"{UPLOADS.removesuffix('.json')}/{sid}.json"
            assert client.delete(address).status_code == 204
        eventually(lambda: not list((disk_of_all.root / "blobs" / ACCOUNT_SID).glob("RE*/media")), timeout=120)
        disk_of_all.free()
        assert server.ended(waiting_job, timeout=180)["status"] == "COMPLETED"
        eventually(lambda: client.get("/readyz").json()["ready"])
        eventually((disk_of_all.root / "callscribe.db-reserve").exists, timeout=120)
        assert "Traceback" not in server.output()


@pytest.mark.long
def test_read_only_blob_disk_delays_all(tmp_path: Path) -> None:
    with (
        disk(tmp_path / "data" / "blobs", "12m") as blobs,
        MediaServer().running() as media,
        running(tmp_path / "data") as server,
        server.client() as client,
    ):
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        configuration = server.configure()
        done = server.submit(configuration, media.url("/short.wav"))
        assert server.ended(done)["status"] == "COMPLETED"

        blobs.writable(False)
        before = waits(server)
        assert is_away(upload(client, clip(0.5, 6.5)))
        waiting_job = server.submit(configuration, media.url("/short.wav"))
        assert client.delete(f"/v3/Transcriptions/{done}").status_code == 204
        eventually(lambda: waits(server) >= before + 2)
        blobs.writable(True)
        assert server.ended(waiting_job)["status"] == "COMPLETED"
        eventually(lambda: not (blobs.root / ACCOUNT_SID / done).exists(), timeout=60)
        assert "Traceback" not in server.output()


@pytest.mark.long
def test_full_database_takes_no_job(tmp_path: Path) -> None:
    with disk(tmp_path / "database", "6m") as database:
        environment = {
            "CALLSCRIBE_DATABASE_URL": f"sqlite:///{database.root}/callscribe.db",
            "CALLSCRIBE_MEDIA_ATTEMPTS": "1",
        }
        with (
            MediaServer().running() as media,
            Receiver().listening() as receiver,
            running(tmp_path / "data", **environment) as server,
            server.client() as client,
        ):
            media.paths["/long.wav"] = body(clip(0.0, 65.0))
            configuration = server.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
            real = server.submit(configuration, media.url("/long.wav"))
            eventually(lambda: job(client, real)["progress"] >= 0.05)
            database.fill()
            # Nobody listens there: such a job is nothing but writes to the database.
            request = {"transcriptionConfigurationId": configuration, "mediaUrl": "http://127.0.0.1:1/call.wav"}
            taken, refused = [real], 0
            for _ in range(400):
                answer = client.post("/v3/Transcriptions", json=request)
                if is_away(answer):
                    refused += 1
                    if refused > 5:
                        break
                    continue
                assert answer.status_code == 202, answer.text
                taken.append(answer.json()["transcription"]["id"])
            assert refused
            assert all(client.get(f"/v3/Transcriptions/{each}").status_code == 200 for each in taken)
            assert client.get("/healthz").status_code == 200
            database.free()
            ended = [server.ended(each, timeout=240) for each in taken]
            assert ended[0]["status"] == "COMPLETED"
            assert {each["error"]["code"] for each in ended[1:]} <= {17551}
            told = eventually(
                lambda: found if (found := {each.json["id"] for each in receiver.received}) >= set(taken) else None,
                timeout=120,
            )
            assert told == set(taken)
            eventually(lambda: client.get("/readyz").status_code == 200)
            with server.client() as anew:
                assert anew.post("/v3/Transcriptions", json=request).status_code == 202


@pytest.mark.long
def test_stopped_postgresql_awaited(tmp_path: Path) -> None:
    with postgresql() as database, MediaServer().running() as media, Receiver().listening() as receiver:
        media.paths["/long.wav"] = body(clip(0.0, 65.0))
        environment = {"CALLSCRIBE_DATABASE_URL": database.url}
        data = tmp_path / "data"
        api, worker = (Server(data, command=command, **environment) for command in ("api", "worker"))
        api.prepare_database()
        for server in (api, worker):
            server.prepare_database = lambda: None  # type: ignore[method-assign]
        database.stop()
        starts = [threading.Thread(target=server.start) for server in (api, worker)]
        try:
            for start in starts:
                start.start()
            # Both write to one file.
            eventually(lambda: api.log.exists() and api.output().count("database.waited_for") >= 2)
            database.start()
            for start in starts:
                start.join(60)
            configuration = api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
            jobs = [api.submit(configuration, media.url("/long.wav")) for _ in range(2)]
            wait_for(worker, "engine")
            database.stop("immediate")
            with api.client() as client:
                request = {"transcriptionConfigurationId": configuration, "mediaUrl": media.url("/long.wav")}
                assert is_away(client.post("/v3/Transcriptions", json=request))
                assert client.get("/readyz").status_code == 503
                assert client.get("/healthz").status_code == 200
                eventually(lambda: '"work.waits"' in worker.output(), timeout=120)
                database.start()
                jobs.append(eventually(lambda: _accepted(client.post("/v3/Transcriptions", json=request))))
            assert [api.ended(each, timeout=240)["status"] for each in jobs] == ["COMPLETED"] * 3
            eventually(lambda: {each.json["id"] for each in receiver.received} == set(jobs), timeout=60)
            assert api.process is not None
            assert worker.process is not None
            assert api.process.poll() is None
            assert worker.process.poll() is None
        finally:
            for server in (api, worker):
                server.kill_tree()


def _accepted(answer: httpx2.Response) -> str | None:
    return None if is_away(answer) else str(answer.json()["transcription"]["id"])

"""Ends and beginnings at bad moments: signals, killed parents, unfinished starts, two servers at once."""

import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from faults.clips import clip, two_parts
from faults.processes import every_process, find, is_gone, wait_for
from harness import ACCOUNT_SID, Receiver, Server, eventually, running
from media_server import MediaServer, body

pytestmark = pytest.mark.timeout(300)


def job_folder(server: Server, job: str) -> Path:
    return server.data / "blobs" / ACCOUNT_SID / job


def test_sigterm_resumes_at_checkpoint(tmp_path: Path) -> None:
    with MediaServer().running() as media, running(tmp_path / "data") as server:
        # Long enough for two chunks, with work in the second.
        media.paths["/long.wav"] = body(two_parts((0.5, 6.5), (0.5, 60.0), second_at=760.0))
        job = server.submit(server.configure(), media.url("/long.wav"))
        first_chunk = job_folder(server, job) / "chunks" / "0000.json"
        eventually(first_chunk.exists, interval=0.02)
        written = first_chunk.stat().st_mtime_ns
        processes = server.tree()
        assert len(processes) >= 3
        assert server.stop() == 0
        eventually(lambda: all(is_gone(process) for process in processes), timeout=10)
        assert first_chunk.stat().st_mtime_ns == written

        server.start()
        assert server.ended(job)["status"] == "COMPLETED"
        sentences = server.transcript(job)["sentences"]
        assert "Riverside" in sentences[0]["text"]
        assert len({(sentence["startTimeSeconds"], sentence["text"]) for sentence in sentences}) == len(sentences)
        assert sum(path == "/long.wav" for path, _ in media.requests) == 1
        assert server.output().count("media.inspected") == 1


@pytest.mark.long
def test_killed_server_leaves_no_process(tmp_path: Path) -> None:
    with MediaServer().running() as media, running(tmp_path / "data") as server:
        media.paths["/call.wav"] = body(clip(0.0, 65.0))
        job = server.submit(server.configure(), media.url("/call.wav"))
        with every_process(server) as processes:
            wait_for(server, "engine")
            assert server.process is not None
            server.process.kill()
            server.process.wait()
        eventually(lambda: all(is_gone(process) for process in processes), timeout=20)
        server.start()
        assert server.ended(job)["status"] == "COMPLETED"


@pytest.mark.long
def test_paused_worker_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with (
        MediaServer().running() as media,
        Receiver().listening() as receiver,
        running(data, command="api") as api,
        running(data, command="worker") as one,
        running(data, command="worker") as other,
    ):
        media.paths["/call.wav"] = body(clip(0.0, 65.0))
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        configuration = api.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        job = api.submit(configuration, media.url("/call.wav"))
        busy = eventually(lambda: next((each for each in (one, other) if find(each, "engine")), None), interval=0.02)
        idle = other if busy is one else one
        assert busy.process is not None
        paused = psutil.Process(busy.process.pid)
        paused.suspend()
        try:
            assert api.ended(job)["status"] == "COMPLETED"
            transcript = api.transcript(job)
            receiver.wait()
        finally:
            paused.resume()
        eventually(lambda: "worker.was_taken_for_dead" in busy.output())
        assert idle.stop() == 0

        # It works again, and its half of the first job came to nothing.
        assert api.ended(api.submit(configuration, media.url("/short.wav")))["status"] == "COMPLETED"
        eventually(lambda: len({callback.json["id"] for callback in receiver.received}) == 2)
        assert api.transcript(job) == transcript
        assert len({callback.body for callback in receiver.received if callback.json["id"] == job}) == 1
        assert busy.output().count('"transcription.ended"') == 2


@pytest.mark.long
def test_deletion_frees_engine_erases_all(tmp_path: Path) -> None:
    with MediaServer().running() as media, running(tmp_path / "data") as server:
        media.paths["/long.wav"] = body(two_parts((0.0, 65.0), (0.0, 65.0), second_at=65.0))
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        configuration = server.configure()
        job = server.submit(configuration, media.url("/long.wav"))
        with server.client() as client:
            path = f"/v3/Transcriptions/{job}"
            eventually(lambda: client.get(path).json()["transcription"]["progress"] >= 0.1)
            engine = wait_for(server, "engine")
            assert client.delete(path).status_code == 204
            eventually(lambda: is_gone(engine), timeout=5)
            assert client.get(path).status_code == 404
        following = server.submit(configuration, media.url("/short.wav"))
        assert server.ended(following)["status"] == "COMPLETED"
        eventually(lambda: not job_folder(server, job).exists(), timeout=30)


def test_second_server_on_folder_says_so(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        second = subprocess.run(
            [sys.executable, "-m", "callscribe", "serve", "--port", "0", "--data", str(server.data)],
            env=server._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert second.returncode == 2
    assert "Another `callscribe serve` works on" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.long
def test_failing_store_fails_only_job(tmp_path: Path) -> None:
    with (
        MediaServer().running() as media,
        Receiver().listening() as receiver,
        running(tmp_path / "data") as server,
    ):
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        configuration = server.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        # The folder of the account becomes a file: for root and everybody else, nothing can be written below it.
        account = server.data / "blobs" / ACCOUNT_SID
        account.touch()
        ended = server.ended(server.submit(configuration, media.url("/short.wav")))
        assert ended["status"] == "FAILED"
        assert ended["error"]["code"] == 17561
        assert ended["error"]["detail"]
        [callback] = receiver.wait()
        assert callback.json["errorCode"] == 17561
        account.unlink()
        assert server.ended(server.submit(configuration, media.url("/short.wav")))["status"] == "COMPLETED"


@pytest.mark.long
def test_killed_first_start_is_repeatable(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    for delay in (0.5, 1.0, 1.5, 2.0, 3.0, 4.0):
        with server.log.open("ab") as log:
            server.process = subprocess.Popen(
                [sys.executable, "-m", "callscribe", "serve", "--port", "0", "--data", str(server.data)],
                env=server._environment,
                stdout=log,
                stderr=log,
            )
        time.sleep(delay)
        server.kill_tree()
    with MediaServer().running() as media:
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        server.start()
        try:
            job = server.submit(server.configure(), media.url("/short.wav"))
            # Killed once more while the model's files are put together.
            eventually(lambda: any((server.data / "models").glob("**/*model.bin*")), interval=0.005)
            server.kill_tree()
            server.start()
            assert server.ended(job)["status"] == "COMPLETED"
        finally:
            server.kill_tree()


def test_dying_worker_restarted_ever_later(tmp_path: Path) -> None:
    with running(tmp_path / "data") as server:
        for _ in range(3):
            worker = wait_for(server, "worker")
            worker.kill()
            eventually(lambda worker=worker: is_gone(worker))  # type: ignore[misc]
        pauses = eventually(
            lambda: found if len(found := re.findall(r'"restart_in": ([0-9.]+)', server.output())) == 3 else None
        )
    assert sorted(map(float, pauses)) == [float(pause) for pause in pauses]
    assert len(set(pauses)) == 3

"""Kill -9 of every process of the tree at random moments while jobs run: nothing is lost, nothing happens twice."""

import contextlib
import os
import random
import threading
import time
from collections import defaultdict
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import psutil
import pytest

from faults.clips import clip
from faults.processes import every_process, is_gone, wait_for
from harness import Receiver, Server, eventually, running
from media_server import MediaServer, body

JOBS = 20
FAULTS = ["worker", "engine", "decoder"] * 3 + ["tree"] * 3


def sometimes_failing(chance: random.Random) -> Receiver:
    """A receiver that answers every third callback or so with 500."""
    lock = threading.Lock()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        with lock:
            status = 500 if chance.random() < 0.3 else 200
        handler.send_response(status)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return Receiver(answers=[answer])


def strike(server: Server, target: str) -> None:
    """Kill a process of this kind, as soon as there is one, or all and start again."""
    if target == "tree":
        server.kill_tree()
        server.start()
        return
    with contextlib.suppress(psutil.NoSuchProcess):  # its work was done at that very moment
        wait_for(server, target).kill()


@pytest.mark.long
@pytest.mark.timeout(420)
def test_twenty_jobs_survive_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("CALLSCRIBE_FAULTS_SEED", time.time_ns() % 100_000))
    print(f"CALLSCRIBE_FAULTS_SEED={seed}")  # noqa: T201  makes the same order again
    chance = random.Random(seed)
    faults = chance.sample(FAULTS, len(FAULTS))
    with (
        MediaServer().running() as media,
        sometimes_failing(chance).listening() as receiver,
        running(tmp_path / "data", CALLSCRIBE_CALLBACK_ATTEMPTS="20") as server,
    ):
        for number in range(JOBS):
            media.paths[f"/{number}.wav"] = body(clip(0.5 + 2.9 * number, 4.0))
        urls = [media.url(path) for path in media.paths]

        silent = server.configure()
        undisturbed = [server.submit(silent, url) for url in urls]
        for job in undisturbed:
            assert server.ended(job)["status"] == "COMPLETED"
        expected = [server.transcript(job)["sentences"] for job in undisturbed]
        assert len({str(sentences) for sentences in expected}) == JOBS

        configuration = server.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        jobs: list[str] = []
        with every_process(server) as processes:
            for number, target in enumerate(faults):
                # Some at the start and some between the faults, so that there is always work to be killed at.
                while len(jobs) < min(JOBS, 6 + 2 * number):
                    jobs.append(server.submit(configuration, urls[len(jobs)]))
                time.sleep(chance.uniform(0.0, 1.5))
                strike(server, target)
            for job, sentences in zip(jobs, expected, strict=True):
                ended = server.ended(job, timeout=120)
                assert ended["status"] == "COMPLETED", ended
                assert server.transcript(job)["sentences"] == sentences
            with server.client() as client:
                for job in jobs:
                    eventually(
                        lambda job=job: [  # type: ignore[misc]
                            callback
                            for callback in client.get(f"/v3/Transcriptions/{job}/Callbacks").json()["callbacks"]
                            if callback["status"] == "DELIVERED"
                        ],
                        timeout=60,
                    )
            assert server.stop() == 0
        eventually(lambda: all(is_gone(process) for process in processes), timeout=10)

    bodies = defaultdict(set)
    for callback in receiver.received:
        bodies[callback.json["id"]].add(callback.body)
    assert {job: len(each) for job, each in bodies.items()} == dict.fromkeys(jobs, 1)
    assert list((tmp_path / "data" / "spool").iterdir()) == []
    blobs = [path for path in (tmp_path / "data" / "blobs").rglob("*") if path.is_file()]
    assert {path.name.partition("-")[0] for path in blobs} <= {
        "media",
        "peaks.json",
        "segmentation.json",
        "transcript.json",
        "callback",
    }

"""DELETE while a job is at something that does not end by itself: the work ends within moments, and nothing is left.

No time is measured here. What holds a job up holds it for minutes, and is over long before.
"""

from pathlib import Path

import psutil
import pytest

from faults.clips import clip
from faults.processes import is_gone, wait_for
from harness import ACCOUNT_SID, Server, eventually, running
from media_server import MediaServer, body, drip, status

pytestmark = pytest.mark.timeout(300)

SOON = 15.0
"""Seconds, generously: on a machine that has nothing else to do it takes less than two."""


def delete(server: Server, job: str) -> None:
    """Delete a job and wait until its worker has left it."""
    with server.client() as client:
        assert client.delete(f"/v3/Transcriptions/{job}").status_code == 204

    def left() -> bool:
        return any('"transcription.deleted"' in line and job in line for line in server.output().splitlines())

    eventually(left, timeout=SOON)


def test_a_job_is_left_at_once_whatever_holds_it_up(tmp_path: Path) -> None:
    # A second attempt would be made after ten minutes.
    environment = {"CALLSCRIBE_MEDIA_RETRY_INTERVAL": "600", "CALLSCRIBE_MEDIA_STALL_TIMEOUT": "600"}
    with MediaServer().running() as media, running(tmp_path / "data", **environment) as server:
        media.paths["/unavailable.wav"] = status(503)
        media.paths["/silent.wav"] = drip(in_headers=True)
        media.paths["/trickling.wav"] = drip()
        media.paths["/call.wav"] = body(clip(0.0, 65.0))
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        configuration = server.configure()
        jobs = []

        def submit(path: str) -> str:
            jobs.append(server.submit(configuration, media.url(path)))
            return jobs[-1]

        # It waits for its next attempt to fetch.
        job = submit("/unavailable.wav")
        eventually(lambda: "media.attempt_failed" in server.output())
        delete(server, job)

        # It waits for an answer, and for the rest of one.
        for path in ("/silent.wav", "/trickling.wav"):
            job = submit(path)
            eventually(lambda path=path: any(each == path for each, _ in media.requests))  # type: ignore[misc]
            delete(server, job)

        # Its decoder hangs.
        job = submit("/call.wav")
        decoder = wait_for(server, "decoder")
        decoder.suspend()
        delete(server, job)
        eventually(lambda: is_gone(decoder), timeout=SOON)

        # Its audio is being recognised, on a machine that needs for ever.
        job = submit("/call.wav")
        engine = wait_for(server, "engine")
        engine.suspend()
        with server.client() as client:
            eventually(lambda: client.get(f"/v3/Transcriptions/{job}").json()["transcription"]["progress"] >= 0.1)
        delete(server, job)
        eventually(lambda: is_gone(engine), timeout=SOON)

        assert server.ended(submit("/short.wav"))["status"] == "COMPLETED"
        folder = server.data / "blobs" / ACCOUNT_SID
        eventually(lambda: {each.name for each in folder.iterdir()} == {jobs[-1]}, timeout=60)
        assert not [each for each in server.tree() if each.status() == psutil.STATUS_STOPPED]
        assert "Traceback" not in server.output()

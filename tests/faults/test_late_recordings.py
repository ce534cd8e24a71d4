"""A host that asks for time, or does not have the recording yet: the wait outlives the server."""

import time
from pathlib import Path

import pytest

from faults.clips import clip
from harness import eventually, running
from media_server import MediaServer, body, status

pytestmark = pytest.mark.timeout(300)


@pytest.mark.long
@pytest.mark.parametrize("answer", [status(503, Retry_After="6"), status(404)])
def test_wait_outlives_the_server(tmp_path: Path, answer: object) -> None:
    data, waits = tmp_path / "data", {"CALLSCRIBE_MEDIA_NOT_FOUND_WAITS": "6"}
    with MediaServer().running() as media:
        media.paths["/call.wav"] = answer  # type: ignore[assignment]
        with running(data, **waits) as server:
            job = server.submit(server.configure(), media.url("/call.wav"))
            eventually(lambda: "media.attempt_failed" in server.output())
            asked = time.monotonic()
            server.kill_tree()
        media.paths["/call.wav"] = body(clip(0.5, 6.5))
        with running(data, **waits) as server:
            assert server.ended(job)["status"] == "COMPLETED"
        assert len(media.requests) == 2
        assert time.monotonic() - asked > 5.0


def test_recording_that_never_comes_is_17552(tmp_path: Path) -> None:
    with MediaServer().running() as media, running(tmp_path / "data", CALLSCRIBE_MEDIA_NOT_FOUND_WAITS="0,1") as server:
        job = server.ended(server.submit(server.configure(), media.url("/none.wav")))
        assert (job["status"], job["error"]["code"]) == ("FAILED", 17552)
        assert len(media.requests) == 3
        with server.client() as client:
            assert client.delete(f"/v3/Transcriptions/{job['id']}").status_code == 204

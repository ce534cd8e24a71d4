"""What is due is erased by whichever worker comes next, also when one was killed; the rest of a job stays."""

import subprocess
import sys
from pathlib import Path

import pytest

from faults.clips import clip
from faults.processes import wait_for
from harness import ACCOUNT_SID, Receiver, Server, eventually, running
from media_server import MediaServer, body

pytestmark = pytest.mark.timeout(300)


def kill_worker(server: Server) -> None:
    """The next one sweeps at its start."""
    worker = wait_for(server, "worker")
    worker.kill()
    eventually(lambda: wait_for(server, "worker").pid != worker.pid)


def test_what_is_due_goes_and_the_job_says_so(tmp_path: Path) -> None:
    with (
        MediaServer().running() as media,
        Receiver().listening() as receiver,
        running(tmp_path / "data") as server,
        server.client() as client,
    ):
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        callback = {"url": f"{receiver.url}/c", "method": "POST"}
        forgetful = server.configure(
            retention={"mediaDays": 0, "transcriptDays": 0}, transcriptionStatusCallback=callback
        )
        due = server.submit(forgetful, media.url("/short.wav"))
        kept = server.submit(server.configure(), media.url("/short.wav"))
        for job in (due, kept):
            assert server.ended(job)["status"] == "COMPLETED"
        receiver.wait()
        path = f"/v3/Transcriptions/{due}"
        eventually(lambda: client.get(f"{path}/Callbacks").json()["callbacks"][0]["status"] == "DELIVERED")
        folder = server.data / "blobs" / ACCOUNT_SID
        kill_worker(server)
        eventually(lambda: not [each for each in (folder / due).rglob("*") if each.is_file()], timeout=120)

        for part in ("/Transcript", "/Transcript.vtt", "/Media"):
            answer = client.get(path + part)
            assert (answer.status_code, answer.json()["code"]) == (410, 20404)
        again = client.post(f"{path}/Callbacks")
        assert (again.status_code, again.json()["code"]) == (410, 20404)
        resource = client.get(path).json()["transcription"]
        assert resource["status"] == "COMPLETED"
        assert resource["retention"]["mediaErasedAt"]
        assert resource["retention"]["transcriptErasedAt"]
        assert not {"media", "transcript"} & resource.get("links", {}).keys()
        [told] = client.get(f"{path}/Callbacks").json()["callbacks"]
        assert len(told["attempts"]) == 1
        assert server.transcript(kept)["sentences"]
        assert "retention" not in client.get(f"/v3/Transcriptions/{kept}").json()["transcription"]

        # The account's own: also for those that have ended.
        options = ["--job-days", "0", "--also-ended", "--data", str(server.data)]
        subprocess.run(
            [sys.executable, "-m", "callscribe", "accounts", "retention", ACCOUNT_SID, *options],
            env=server._environment,
            check=True,
            capture_output=True,
            timeout=60,
        )
        kill_worker(server)
        eventually(lambda: not [each for each in folder.rglob("*") if each.is_file()], timeout=120)
        assert client.get(path).status_code == 404
        assert client.get("/v3/Transcriptions").json()["transcriptions"] == []

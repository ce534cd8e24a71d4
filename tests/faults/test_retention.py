"""What is due is erased by whichever worker comes next, also when one was killed; the rest of a job stays."""

import subprocess
import sys
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from faults.clips import clip
from faults.processes import wait_for
from harness import ACCOUNT_SID, Receiver, Server, eventually, running
from media_server import MediaServer, body
from servers import Proxy, object_store, to_port

pytestmark = pytest.mark.timeout(300)


def kill_worker(server: Server) -> None:
    """The next one sweeps at its start."""
    worker = wait_for(server, "worker")
    worker.kill()
    eventually(lambda: wait_for(server, "worker").pid != worker.pid)


@pytest.mark.long
def test_due_data_go_and_job_says_so(tmp_path: Path) -> None:
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
        assert "statistics" not in resource
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


@pytest.mark.long
def test_erasure_outlives_worker_and_outage(tmp_path: Path) -> None:
    with (
        object_store(tmp_path / "store") as store,
        Proxy(to_port(store.port)).running() as proxy,
        MediaServer().running() as media,
    ):
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        common = {
            "CALLSCRIBE_DATABASE_URL": f"sqlite:///{tmp_path / 'callscribe.db'}",
            "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(range(32))).decode(),
            **store.environment(proxy.port),
        }
        with running(tmp_path / "api", command="api", **common) as api, api.client() as client:
            configuration = api.configure(retention={"mediaDays": 0})
            with running(tmp_path / "first", command="worker", **common):
                job = api.submit(configuration, media.url("/short.wav"))
                assert api.ended(job)["status"] == "COMPLETED"
            blobs = set(store.blobs())
            recording = {f"{ACCOUNT_SID}/{job}/{name}" for name in ("media", "derived/peaks.json")}
            assert recording <= blobs

            def erased_at() -> str | None:
                resource = client.get(f"/v3/Transcriptions/{job}").json()["transcription"]
                found: str | None = resource.get("retention", {}).get("mediaErasedAt")
                return found

            with proxy.refusing():
                with running(tmp_path / "second", command="worker", **common) as second:
                    eventually(lambda: '"work.waits"' in second.output())
                    second.kill_tree()
                said = erased_at()
                # Claimed, and only what the workers keep of it between them knows that there is something to do.
                assert said
            assert set(store.blobs()) == blobs
            with running(tmp_path / "third", command="worker", **common) as third:
                eventually(lambda: set(store.blobs()) == blobs - recording)
                assert '"retention.erased"' not in third.output()
            assert erased_at() == said
            assert client.get(f"/v3/Transcriptions/{job}/Media").status_code == 410
            assert api.transcript(job)["sentences"]

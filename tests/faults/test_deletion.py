"""DELETE while a job is at something that does not end by itself: the work ends within moments, and nothing is left.

No time is measured here. What holds a job up holds it for minutes, and is over long before.
"""

from contextlib import closing
from pathlib import Path

import psutil
import pytest
import sqlalchemy as sa

from callscribe.db.engine import Database
from callscribe.durable.tables import Piece
from faults.clips import clip
from faults.processes import is_gone, wait_for
from harness import ACCOUNT_SID, Server, eventually, running
from media_server import MediaServer, body, drip, status
from servers import Proxy, object_store, to_port

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


@pytest.mark.long
def test_deletion_ends_work_at_once(tmp_path: Path) -> None:
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

        # It waits for its next attempt to fetch, in no worker's hands.
        job = submit("/unavailable.wav")
        eventually(lambda: "media.attempt_failed" in server.output())
        with server.client() as client:
            assert client.delete(f"/v3/Transcriptions/{job}").status_code == 204

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


UPLOADS = f"/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings.json"


@pytest.mark.long
def test_deletion_while_store_hangs(tmp_path: Path) -> None:
    call, short = clip(0.0, 20.0), clip(0.5, 6.5)
    with (
        object_store(tmp_path / "store") as store,
        Proxy(to_port(store.port)).running() as proxy,
        MediaServer().running() as media,
        running(tmp_path / "data", **store.environment(proxy.port)) as server,
    ):
        media.paths["/call.wav"] = body(call)
        media.paths["/short.wav"] = body(short)
        configuration = server.configure()
        with server.client() as client:
            uploaded = client.post(UPLOADS, content=call, headers={"Content-Type": "audio/wav"})
        assert uploaded.status_code == 201, uploaded.text
        kept = set(store.blobs())
        deleted: list[str] = []
        finished: list[str] = []

        def left(job: str) -> list[str]:
            return [key for key in store.blobs() if job in key]

        def deleted_while(request: bytes, source: dict[str, str]) -> None:
            """The job's request hangs, and it alone: what comes next finds a store that answers."""
            with proxy.holding(request) as hold, server.client() as client:
                answer = client.post(
                    "/v3/Transcriptions", json={"transcriptionConfigurationId": configuration, **source}
                )
                assert answer.status_code == 202, answer.text
                job = answer.json()["transcription"]["id"]
                deleted.append(job)
                eventually(hold.caught.is_set)
                delete(server, job)
                assert client.get(f"/v3/Transcriptions/{job}").status_code == 404
                finished.append(server.submit(configuration, media.url("/short.wav")))
                assert server.ended(finished[-1])["status"] == "COMPLETED"
            # The store goes on, and may still do what it was asked to.
            eventually(lambda: not left(job), timeout=SOON)

        into = rb"^PUT /\S*/voice_transcription_\w+/media[ ?]"
        out_of = rb"^GET /\S*/voice_transcription_\w+/media[ ?]"
        call_url = {"mediaUrl": media.url("/call.wav")}
        deleted_while(into, call_url)  # on its way from its host
        deleted_while(into, {"sourceId": uploaded.json()["sid"]})  # copied within the store
        deleted_while(out_of, call_url)  # copied to the worker's disk
        eventually(lambda: not spooled(server), timeout=SOON)
        # Behind the second look of the eraser as well.
        eventually(lambda: not erasing(server), timeout=60)
        assert not [key for job in deleted for key in left(job)]
        others = {key for key in store.blobs() if not any(job in key for job in finished)}
        assert others == kept
        assert "Traceback" not in server.output()


def spooled(server: Server) -> list[Path]:
    """Copies of recordings on the worker's disk."""
    return [each for each in (server.data / "spool").rglob("*.blob") if each.is_file()]


def erasing(server: Server) -> int:
    """How many erasures are under way."""
    with closing(Database(f"sqlite:///{server.data / 'callscribe.db'}")) as database, database.read() as session:
        return session.scalar(sa.select(sa.func.count()).where(Piece.queue == "erasures")) or 0

"""DELETE, in every state: nothing of the transcription is left."""

from typing import Any

import httpx2
import pytest

from callers import Caller, Front
from harness import eventually
from media_server import MediaServer


@pytest.fixture
def server_caller(serve: Front) -> Caller:
    return serve.caller()


def _delete(caller: Caller, transcription_id: str) -> None:
    path = f"/v3/Transcriptions/{transcription_id}"
    answer = caller.http.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    for suffix in ("", "/Transcript", "/Media", "/Callbacks"):
        assert caller.http.get(path + suffix).status_code == 404
    assert caller.http.delete(path).status_code == 404
    assert transcription_id not in [job["id"] for job in caller.http.get("/v3/Transcriptions").json()["transcriptions"]]


def _erased(caller: Caller, transcription_id: str) -> None:
    folder = caller.blobs(transcription_id)
    eventually(lambda: not [path for path in folder.rglob("*") if path.is_file()])


def _job(caller: Caller, transcription_id: str) -> dict[str, Any]:
    answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}")
    resource: dict[str, Any] = answer.json()["transcription"]
    return resource


def _recognized_chunks(caller: Caller, transcription_id: str) -> int:
    lines = caller.server.output().splitlines()
    return sum("chunk.recognized" in line and transcription_id in line for line in lines)


def test_a_pending_transcription(caller: Caller) -> None:
    _delete(caller, caller.submit(caller.configure()))


def test_running_one_leaves_nothing(server_caller: Caller, media: MediaServer) -> None:
    transcription_id = server_caller.submit(server_caller.configure(), media.url("/long.wav"))
    eventually(lambda: _job(server_caller, transcription_id)["progress"] > 0.1)  # being recognised, not waiting
    _delete(server_caller, transcription_id)

    deleted_at = _recognized_chunks(server_caller, transcription_id)
    _erased(server_caller, transcription_id)
    spool = server_caller.server.data / "spool"
    assert not [path for path in spool.rglob("*") if path.is_file() and transcription_id in str(path)]
    # The engine is free again.
    after = server_caller.submit(server_caller.configure(), media.url("/call.wav"))
    assert server_caller.ended(after)["status"] == "COMPLETED"
    # No further chunk of it was begun; one may have been at its end.
    assert _recognized_chunks(server_caller, transcription_id) - deleted_at in {0, 1}


def test_while_media_are_fetched(strict: Front, strict_media: MediaServer) -> None:
    caller = strict.caller()
    started = []

    def slow(handler: Any, stopping: Any) -> None:
        started.append(True)
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(bytes(70_000))
            if stopping.wait(0.5):
                return

    strict_media.paths["/slow"] = slow
    transcription_id = caller.submit(caller.configure(), strict_media.url("/slow"))
    eventually(lambda: started)
    _delete(caller, transcription_id)
    _erased(caller, transcription_id)


@pytest.mark.long
def test_a_completed_transcription(server_caller: Caller, media: MediaServer) -> None:
    transcription_id = server_caller.submit(server_caller.configure(), media.url("/call.wav"))
    server_caller.ended(transcription_id)
    assert (server_caller.blobs(transcription_id) / "transcript.json").exists()
    _delete(server_caller, transcription_id)
    _erased(server_caller, transcription_id)


def test_a_failed_transcription(server_caller: Caller, media: MediaServer) -> None:
    transcription_id = server_caller.submit(server_caller.configure(), media.url("/not-there.wav"))
    server_caller.ended(transcription_id)
    _delete(server_caller, transcription_id)
    _erased(server_caller, transcription_id)


def test_deletion_ends_events(caller: Caller) -> None:
    transcription_id = caller.submit(caller.configure())
    names = []
    with caller.http.stream("GET", f"/v3/Transcriptions/{transcription_id}/Events", timeout=30) as answer:
        for line in answer.iter_lines():
            if line.startswith("event: "):
                names.append(line.removeprefix("event: "))
                if len(names) == 1:
                    with httpx2.Client(trust_env=False, auth=(caller.sid, caller.token)) as other:
                        url = f"{caller.server.url}/v3/Transcriptions/{transcription_id}"
                        assert other.delete(url).status_code == 204
    assert names == ["status", "deleted"]

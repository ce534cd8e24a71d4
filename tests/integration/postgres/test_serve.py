"""The whole way of a job with its state in PostgreSQL: a real server, from a wheel."""

import json
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from callers import Front
from callscribe.accounts.service import Credentials
from faults.clips import clip
from harness import ACCOUNT_SID, AUTH_TOKEN, Receiver, running
from media_server import MediaServer, body
from sourcing import CALL, accepted, make_conversation_configuration, record_with, transcribe, upload


def test_job_survives_kill(tmp_path: Path, database_url: str) -> None:
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


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_machines_share_call(tmp_path: Path, database_url: str, object_store: dict[str, str]) -> None:
    shared = {
        "CALLSCRIBE_DATABASE_URL": database_url,
        "CALLSCRIBE_SECRET_KEY": urlsafe_b64encode(bytes(32)).decode(),
        "CALLSCRIBE_CHUNK_SECONDS": "10",
        **object_store,
    }
    with (
        MediaServer().running() as media,
        running(tmp_path / "api", command="api", **shared) as api,
        running(tmp_path / "one", command="worker", **shared) as one,
        running(tmp_path / "two", command="worker", **shared) as two,
    ):
        media.paths["/call.wav"] = body(clip(0.0, 50.0))
        job = api.submit(api.configure(), media.url("/call.wav"))
        assert api.ended(job)["status"] == "COMPLETED"
        lines = {each: [json.loads(line) for line in each.output().splitlines() if job in line] for each in (one, two)}
        chunks = {each: [line["chunk"] for line in lines[each] if "chunk" in line] for each in (one, two)}
        assert chunks[one]
        assert chunks[two]
        together = sorted(chunks[one] + chunks[two])
        assert together == list(range(len(together)))
        sentences = api.transcript(job)["sentences"]
        assert "Riverside" in sentences[0]["text"]
        assert sentences[-1]["startTimeSeconds"] > 40


@pytest.mark.long
def test_automatic_job_stored_with_s3(tmp_path: Path, database_url: str, object_store: dict[str, str]) -> None:
    with running(tmp_path / "data", CALLSCRIBE_DATABASE_URL=database_url, **object_store) as server:
        front = Front(server)
        caller = front.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))
        conversations = make_conversation_configuration(caller)
        configuration = caller.configure(participantDefaults=None, conversationConfigurationId=conversations)
        record_with(caller, [configuration])
        sid = upload(caller, clip(0.5, 6.5), **CALL)
        asked = accepted(transcribe(caller, sid, configuration))["id"]
        caller.twilio.recordings(sid).delete()
        made = caller.http.get("/v3/Transcriptions", params={"sourceId": sid}).json()["transcriptions"]
        assert asked in {each["id"] for each in made}
        assert len(made) == 2
        ended = [caller.ended(each["id"]) for each in made]
        assert [each["status"] for each in ended] == ["COMPLETED", "COMPLETED"], ended
        # Both are of one pair of participants.
        assert len({each["conversationId"] for each in ended}) == 1
        front.close()

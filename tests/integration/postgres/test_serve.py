"""The whole way of a job with its state in PostgreSQL: a real server, from a wheel."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

import servers
from callers import Front
from callscribe.accounts.service import Credentials
from faults.clips import clip
from harness import ACCOUNT_SID, AUTH_TOKEN, Receiver, running
from media_server import MediaServer, body
from sourcing import CALL, accepted, make_conversation_configuration, record_with, transcribe, upload


@pytest.fixture
def database_url() -> Iterator[str]:
    """A server for each test: a second data folder has another secret key than the accounts in the database."""
    with servers.postgresql() as server:
        yield server.url


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


@pytest.fixture(scope="module")
def object_store() -> Iterator[dict[str, str]]:
    """An S3 with a bucket, and what a process needs in its environment to reach it."""
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint, key = f"http://{host}:{port}", {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        with closing(boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **key)) as client:
            client.create_bucket(Bucket="calls")
        yield {
            "CALLSCRIBE_BLOBS_URL": "s3://calls/all",
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
    finally:
        server.stop()


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

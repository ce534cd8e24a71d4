"""An account at its limits: told in both shapes what is full and when to come back; others see nothing of it."""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from twilio.base.exceptions import TwilioServiceException
from twilio.rest.voice.v3.transcription import TranscriptionList
from typer.testing import CliRunner

from callers import MEDIA_URL, Caller, Completed, Front
from callscribe.accounts.usage import LOOK_EVERY
from callscribe.cli import app
from callscribe.durable.claims import ALLOWANCES_KEPT
from callscribe.ids import new_transcription_id
from callscribe.sealing import is_sealed, plain_size
from harness import eventually, running
from media_server import MediaServer
from sourcing import record_with

Request = TranscriptionList.CreateV3TranscriptionsRequest


@pytest.fixture(scope="module")
def front(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """A server without a worker, with limits that are soon reached."""
    folder = tmp_path_factory.mktemp("quotas") / "data"
    options = {
        "CALLSCRIBE_ACCOUNT_JOBS_WAITING": "2",
        "CALLSCRIBE_ACCOUNT_STORED_BYTES": "5000000",
        "CALLSCRIBE_MODEL": "base",
    }
    with running(folder, command="api", **options) as server, closing(Front(server)) as front:
        yield front


@pytest.fixture
def caller(front: Front) -> Caller:
    return front.caller()


def limit(caller: Caller, *options: str) -> str:
    result = CliRunner().invoke(
        app, ["accounts", "limits", caller.sid, *options, "--data", str(caller.server.data)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    return result.output


def put(caller: Caller, audio: bytes) -> httpx2.Response:
    return caller.http.post(
        f"/2010-04-01/Accounts/{caller.sid}/Recordings.json", content=audio, headers={"Content-Type": "audio/wav"}
    )


def test_job_too_many_gets_429_and_wait(caller: Caller, front: Front) -> None:
    configuration = caller.configure()
    first = caller.http.post(
        "/v3/Transcriptions",
        json={"transcriptionConfigurationId": configuration, "mediaUrl": MEDIA_URL},
        headers={"Idempotency-Key": "first"},
    )
    caller.submit(configuration)
    request = Request({"transcriptionConfigurationId": configuration, "mediaUrl": MEDIA_URL})
    with pytest.raises(TwilioServiceException) as refused:
        caller.twilio.voice.v3.transcriptions.create(request)
    assert (refused.value.status, refused.value.code) == (429, 20429)
    answer = caller.create(configuration)
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["title"]) == (429, 20429, "Too many requests")
    assert "2 transcriptions of this account" in problem["detail"]
    assert "of 2 that may be" in problem["detail"]
    assert answer.headers["Retry-After"] == re.findall(r"in (\d+) seconds", problem["detail"])[0]
    # What was answered before is answered again, and faults of the request are told first.
    again = caller.http.post(
        "/v3/Transcriptions",
        json={"transcriptionConfigurationId": configuration, "mediaUrl": MEDIA_URL},
        headers={"Idempotency-Key": "first"},
    )
    assert (again.status_code, again.json()) == (202, first.json())
    assert caller.create(configuration.replace("configuration_", "configuration_0")).status_code == 400
    # Nobody else is held up, and what is there can be read and deleted.
    stranger = front.caller()
    stranger.submit(stranger.configure())
    found = caller.http.get("/v3/Transcriptions").json()["transcriptions"]
    assert len(found) == 2
    assert caller.http.delete(f"/v3/Transcriptions/{found[0]['id']}").status_code == 204

    def created() -> bool:
        return caller.create(configuration).status_code == 202

    assert eventually(created, timeout=30)


def test_own_limits_hold(caller: Caller) -> None:
    configuration = caller.configure()
    limit(caller, "--jobs-waiting", "3", "--requests", "1000/minute")
    for _ in range(3):
        caller.submit(configuration)
    assert caller.create(configuration).status_code == 429
    limit(caller, "--requests", "1/hour")

    def refused() -> httpx2.Response | None:
        answer = caller.http.get("/v3/Transcriptions")
        return answer if answer.status_code == 429 else None

    answer = eventually(refused, timeout=30, interval=0.5)
    assert 3000 < int(answer.headers["Retry-After"]) <= 3600
    with pytest.raises(TwilioServiceException) as told:
        caller.twilio.voice.v3.transcriptions(new_transcription_id()).fetch()
    assert told.value.code == 20429


def test_used_up_audio_hours_said(caller: Caller) -> None:
    configuration = caller.configure()
    limit(caller, "--audio-hours", "0")
    answer = caller.create(configuration)
    assert answer.status_code == 429
    assert "0.0 hours of audio" in answer.json()["detail"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 3600


def test_full_account_refuses_upload(caller: Caller, call: bytes) -> None:
    assert len(call) < 5_000_000 < 3 * len(call)
    kept = put(caller, call)
    assert kept.status_code == 201
    limit(caller, "--stored-bytes", str(len(call) + 1000))
    refused = put(caller, call)
    assert refused.status_code == 429
    assert refused.json()["code"] == 20429
    assert "stores as much as it may" in refused.json()["message"]
    assert int(refused.headers["Retry-After"]) > 0
    assert f"{len(call):,}" in limit(caller)
    recordings = f"/2010-04-01/Accounts/{caller.sid}/Recordings"
    assert caller.http.delete(f"{recordings}/{kept.json()['sid']}.json").status_code == 204
    assert put(caller, call).status_code == 201
    # What would not fit into an empty account either is too large, now and later.
    limit(caller, "--stored-bytes", "1000")
    never = put(caller, call + bytes(2_000_000))
    assert never.status_code == 413
    assert never.json()["code"] == 17560


def test_upload_told_when_room_comes(caller: Caller, call: bytes) -> None:
    assert put(caller, call).status_code == 201
    limit(caller, "--stored-bytes", str(len(call) + 1000))

    def waits(most: float) -> bool:
        pieces = (call[start : start + 65536] for start in range(0, len(call), 65536))  # without a Content-Length
        path = f"/2010-04-01/Accounts/{caller.sid}/Recordings.json"
        streamed = caller.http.post(path, content=pieces, headers={"Content-Type": "audio/wav"})
        answers = [put(caller, call), streamed]
        assert [answer.status_code for answer in answers] == [429, 429]
        return all(most - 300 < int(answer.headers["Retry-After"]) <= most for answer in answers)

    assert waits(3600)
    arguments = ["accounts", "retention", caller.sid, "--recording-days", "2", "--data", str(caller.server.data)]
    assert CliRunner().invoke(app, arguments, catch_exceptions=False).exit_code == 0
    assert waits(2 * 24 * 3600 + 60)


def test_upload_refused_if_its_job_would_be(caller: Caller, call: bytes) -> None:
    configuration = caller.configure()
    record_with(caller, [configuration])
    limit(caller, "--jobs-waiting", "1")
    assert put(caller, call).status_code == 201  # and transcribed
    refused = put(caller, call)
    assert refused.status_code == 429
    assert "1 transcriptions of this account" in refused.json()["message"]


def test_document_tells_of_429(front: Front) -> None:
    document = httpx2.get(f"{front.server.url}/openapi.json", timeout=30, trust_env=False).json()
    for path, method in (
        ("/v3/Transcriptions", "post"),
        ("/2010-04-01/Accounts/{account_sid}/Recordings.json", "post"),
    ):
        answer = document["paths"][path][method]["responses"]["429"]
        assert answer["headers"]["Retry-After"]["schema"] == {"type": "integer", "minimum": 1}


def used(caller: Caller, title: str) -> float:
    (row,) = re.findall(rf"{title} .*  ([\d,.]+)\s*$", limit(caller), re.MULTILINE)
    return float(row.replace(",", ""))


def test_finished_job_counts_it_all(completed: Completed, call: bytes) -> None:
    assert used(completed.caller, "Jobs waiting") == 0
    assert used(completed.caller, "Audio hours in 24 h") == pytest.approx(
        completed.resource["duration"] / 3600, abs=0.01
    )
    transcript = _plain_bytes(completed.caller.blobs(completed.id) / "transcript.json")
    bodies = sum(map(_plain_bytes, completed.caller.blobs(completed.id).glob("callback-*")))
    assert used(completed.caller, "Stored bytes") == len(call) + transcript + bodies


@pytest.mark.long
@pytest.mark.timeout(400)
@pytest.mark.parametrize("option", ["--jobs-running", "--audio-hours"])
def test_accepted_job_waits_at_limit(option: str, serve: Front, media: MediaServer) -> None:
    caller = serve.caller()
    configuration = caller.configure()
    limit(caller, "--jobs-running", "0")
    time.sleep(ALLOWANCES_KEPT + 1.0)  # until the worker has heard of it
    job = caller.submit(configuration, media.url("/call.wav"))
    if option == "--audio-hours":
        limit(caller, option, "0")
        time.sleep(LOOK_EVERY + 1.0)  # until workers have heard of it
        limit(caller, "--jobs-running", "default")
    stranger = serve.caller()
    # One that came later, and is done meanwhile.
    stranger.ended(stranger.submit(stranger.configure(), media.url("/call.wav")))
    assert caller.http.get(f"/v3/Transcriptions/{job}").json()["status"] in {"PENDING", "RUNNING"}
    limit(caller, option, "default")
    assert caller.ended(job, timeout=150.0)["status"] == "COMPLETED"


def _plain_bytes(path: Path) -> int:
    """Of a blob, which is sealed where the tests are told so."""
    data = path.read_bytes()
    return plain_size(len(data)) if is_sealed(data) else len(data)

"""Jobs that Google does, on a server of the tests: what their owners see of it, also where a worker dies."""

import json
import wave
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from callers import Caller, Front
from google_server import BUCKET, GoogleServer, error, key_file, lost, toned
from harness import Receiver, Server, eventually, running
from media_server import MediaServer, body

RATE = 8000
SHORT = {0: {2.0: 1, 3.0: 2, 12.0: 3}, 1: {6.0: 11, 7.0: 12, 16.0: 13}}
SENTENCES = {0: ["Tone1 tone2", "tone3."], 1: ["Tone11 tone12", "tone13."]}
"""Cut where there is a pause."""
PARTICIPANTS = [
    {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Emma Carter"},
    {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199"},
]
CHIRP = {"transcriptionEngine": "google", "speechModel": "chirp_2"}


@pytest.fixture(scope="module")
def google() -> Iterator[GoogleServer]:
    with GoogleServer().running() as server:
        yield server


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaServer]:
    folder = tmp_path_factory.mktemp("media")
    with MediaServer().running() as server:
        for name, seconds in (("short", 20.0), ("long", 70.0)):
            path = folder / f"{name}.wav"
            with wave.open(str(path), "wb") as file:
                file.setparams((2, 2, RATE, 0, "NONE", ""))
                file.writeframes((toned(seconds, SHORT, rate=RATE).T * 32767).astype("<i2").tobytes())
            server.paths[f"/{name}.wav"] = body(path.read_bytes())
        yield server


@pytest.fixture(scope="module")
def server(google: GoogleServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("google")
    key = key_file(folder, google)
    with running(
        folder / "data",
        CALLSCRIBE_GOOGLE_CREDENTIALS=str(key),
        CALLSCRIBE_GOOGLE_BUCKET=BUCKET,
        CALLSCRIBE_GOOGLE_BASE_URL=google.url,
        CALLSCRIBE_GOOGLE_STORAGE_URL=google.url,
        CALLSCRIBE_PROVIDER_RETRY_INTERVAL="0.1",
    ) as started:
        yield started
    output = started.output()
    secret = json.loads(key.read_text())["private_key"].splitlines()[1]
    for sign in (secret, "ya29.", "one11", "transcription.failed", "Traceback"):
        assert sign not in output, output


@pytest.fixture(scope="module")
def front(server: Server) -> Iterator[Front]:
    front = Front(server)
    yield front
    front.close()


@pytest.fixture
def caller(front: Front, google: GoogleServer) -> Caller:
    google.seen.clear()
    google.polls = 1
    return front.caller()


def said(http: Any, job: str) -> dict[int, list[str]]:
    """What each participant said; times are looked at."""
    document = http.get(f"/v3/Transcriptions/{job}/Transcript").json()
    found: dict[int, list[str]] = {}
    for sentence in document["sentences"]:
        found.setdefault(sentence["participantIndex"], []).append(sentence["text"])
        assert all(one["endTimeSeconds"] <= two["startTimeSeconds"] for one, two in pairwise(sentence["words"]))
        assert sentence["words"][-1]["endTimeSeconds"] <= document["statistics"]["durationSeconds"]
    return found


def test_a_call_is_transcribed_stored_and_told(
    caller: Caller, google: GoogleServer, media: MediaServer, receiver: Receiver
) -> None:
    configuration = caller.configure(
        **CHIRP,
        conversationConfigurationId=caller.configure_conversations(),
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        keyterms=["Riverside Outdoor"],
    )
    job = caller.submit(configuration, media.url("/short.wav"), participants=PARTICIPANTS)
    ended = caller.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert ended["resolvedConfiguration"]["servedBy"] == {"engine": "google", "model": "chirp_2"}
    assert not ended.get("notices")
    assert said(caller.http, job) == SENTENCES
    (received,) = receiver.wait()
    signature = received.headers["X-Twilio-Signature"]
    assert RequestValidator(caller.token).validate(received.url, received.body.decode(), signature)
    assert (received.json["id"], received.json["status"]) == (job, "completed")
    stored = caller.http.get(f"/v2/Conversations/{ended['conversationId']}/Communications").json()["communications"]
    assert sorted(each["content"]["text"] for each in stored) == sorted(SENTENCES[0] + SENTENCES[1])
    (asked,) = google.of("recognize")
    (phrases,) = asked.message.config.adaptation.phrase_sets
    assert [each.value for each in phrases.inline_phrase_set.phrases] == ["Riverside Outdoor"]


def test_a_long_call_lies_in_the_bucket_no_longer_than_it_has_to(
    caller: Caller, google: GoogleServer, media: MediaServer
) -> None:
    google.faults["recognize"].clear()
    google.faults["operation"].append(error(503, retry_delay=0.5))
    job = caller.submit(caller.configure(**CHIRP), media.url("/long.wav"))
    ended = caller.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert not ended.get("notices")
    assert said(caller.http, job) == SENTENCES
    assert (len(google.of("put")), len(google.of("batch"))) == (1, 1)
    assert google.objects == {}


@pytest.mark.parametrize("is_told", [True, False], ids=["named", "unnamed"])
def test_killed_while_google_works(
    server: Server,
    caller: Caller,
    google: GoogleServer,
    media: MediaServer,
    is_told: bool,  # noqa: FBT001
) -> None:
    """Sent and paid for once: by the operation's name, or by its object where nobody was told the name."""
    google.polls = None
    if not is_told:
        google.faults["batch"].append(lost)
    before = len(google.operations)
    job = server.submit(server.configure(**CHIRP), media.url("/long.wav"))
    eventually(lambda: google.of("operation") if is_told else len(google.operations) > before)
    server.kill_tree()
    google.polls = 1
    for operation in google.operations.values():
        operation.polls = max(operation.polls, 0)
    server.start()
    ended = server.ended(job, timeout=120.0)
    assert ended["status"] == "COMPLETED", ended
    assert not ended.get("notices"), "nothing was sent again"
    assert (len(google.of("put")), len(google.of("batch"))) == (1, 1)
    assert google.objects == {}


def test_refusal_fails_the_job_with_what_google_says(caller: Caller, google: GoogleServer, media: MediaServer) -> None:
    google.faults["recognize"].append(error(400, "The language is not supported in this place."))
    ended = caller.ended(caller.submit(caller.configure(**CHIRP), media.url("/short.wav")))
    assert ended["status"] == "FAILED"
    assert ended["error"]["code"] == 17566
    assert ended["error"]["detail"] == "Google answered 400: The language is not supported in this place."
    assert len(google.of("recognize")) == 1


def test_without_a_key_nothing_is_sent(tmp_path: Path, google: GoogleServer, media: MediaServer) -> None:
    google.seen.clear()
    with running(
        tmp_path / "data",
        CALLSCRIBE_GOOGLE_BUCKET=BUCKET,
        CALLSCRIBE_GOOGLE_BASE_URL=google.url,
        CALLSCRIBE_GOOGLE_STORAGE_URL=google.url,
    ) as server:
        ended = server.ended(server.submit(server.configure(**CHIRP), media.url("/short.wav")))
    assert ended["resolvedConfiguration"]["servedBy"]["engine"] == "whisper"
    assert google.seen == []

"""Jobs that Deepgram does, on a server of the tests: what their owners see of it, also where it goes wrong."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from callers import Caller, Front
from callscribe.demo import RECORDING, call
from deepgram_server import KEY, DeepgramServer, Said, error
from harness import Receiver, Server, running
from media_server import MediaServer, body

SAID = tuple(Said(turn.audio_channel_index - 1, turn.start, turn.end, turn.text) for turn in call().turns)
PARTICIPANTS = [
    {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Emma Carter"},
    {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199"},
]


@pytest.fixture(scope="module")
def deepgram() -> Iterator[DeepgramServer]:
    with DeepgramServer(SAID).running() as server:
        yield server


@pytest.fixture(scope="module")
def media_url() -> Iterator[str]:
    with MediaServer().running() as server:
        server.paths["/call.wav"] = body(RECORDING.read_bytes())
        yield server.url("/call.wav")


@pytest.fixture(scope="module")
def server(deepgram: DeepgramServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("deepgram") / "data",
        CALLSCRIBE_DEEPGRAM_API_KEY=KEY,
        CALLSCRIBE_DEEPGRAM_BASE_URL=deepgram.url,
        CALLSCRIBE_PROVIDER_RETRY_INTERVAL="0.1",
    ) as started:
        yield started
    output = started.output()
    for sign in (KEY, "transcription.failed", SAID[0].text, "Traceback"):
        assert sign not in output, output


@pytest.fixture(scope="module")
def front(server: Server) -> Iterator[Front]:
    front = Front(server)
    yield front
    front.close()


@pytest.fixture
def caller(front: Front, deepgram: DeepgramServer) -> Caller:
    deepgram.asked.clear()
    return front.caller()


def test_a_call_is_transcribed_stored_and_told(
    caller: Caller, deepgram: DeepgramServer, media_url: str, receiver: Receiver
) -> None:
    configuration_id = caller.configure(
        conversationConfigurationId=caller.configure_conversations(),
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        keyterms=["Riverside Outdoor"],
    )
    job = caller.submit(configuration_id, media_url, participants=PARTICIPANTS)
    ended = caller.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert ended["resolvedConfiguration"]["servedBy"] == {"engine": "deepgram", "model": "nova-3"}
    assert not ended.get("notices")
    document: dict[str, Any] = caller.http.get(f"/v3/Transcriptions/{job}/Transcript").json()
    for position in (0, 1):
        texts = [each["text"] for each in document["sentences"] if each["participantIndex"] == position]
        assert " ".join(texts) == " ".join(each.text for each in SAID if each.channel == position)
    for sentence in document["sentences"]:
        times = [time for word in sentence["words"] for time in (word["startTimeSeconds"], word["endTimeSeconds"])]
        assert times == sorted(times)
        assert times[-1] <= document["statistics"]["durationSeconds"]
    (received,) = receiver.wait()
    signature = received.headers["X-Twilio-Signature"]
    assert RequestValidator(caller.token).validate(received.url, received.body.decode(), signature)
    assert (received.json["id"], received.json["status"]) == (job, "completed")
    stored = caller.http.get(
        f"/v2/Conversations/{ended['conversationId']}/Communications", params={"pageSize": 100}
    ).json()["communications"]
    assert {each["content"]["text"] for each in stored} == {each["text"] for each in document["sentences"]}
    (asked,) = deepgram.asked
    assert asked.all("keyterm") == ["Riverside Outdoor"]
    assert asked.audio == RECORDING.read_bytes()


def test_one_in_front_of_the_limit_is_waited_for(caller: Caller, deepgram: DeepgramServer, media_url: str) -> None:
    deepgram.faults = [error(429, "TOO_MANY_REQUESTS", "Too many requests.", Retry_After="1"), error(503, "BUSY", "")]
    ended = caller.ended(caller.submit(caller.configure(), media_url))
    assert ended["status"] == "COMPLETED", ended
    assert not ended.get("notices"), "what was refused is no second time"
    assert len(deepgram.asked) == 3


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (error(402, "ASR_PAYMENT_REQUIRED", "No credits."), "the account at Deepgram has no credit (402): No credits."),
        (error(400, "Bad Request", "Keyterm limit exceeded."), "Deepgram answered 400: Keyterm limit exceeded."),
        (body(b"<html>"), "the answer of Deepgram cannot be read: Invalid JSON: expected value at line 1 column 1"),
    ],
    ids=["402", "400", "html"],
)
def test_refusal_fails_the_job_with_what_deepgram_says(
    caller: Caller, deepgram: DeepgramServer, media_url: str, fault: Callable[..., None], detail: str
) -> None:
    deepgram.faults = [fault]
    ended = caller.ended(caller.submit(caller.configure(), media_url))
    assert ended["status"] == "FAILED"
    assert (ended["error"]["code"], ended["error"]["detail"]) == (17566, detail)
    assert len(deepgram.asked) == 1


def test_killed_while_a_request_is_out(
    server: Server, deepgram: DeepgramServer, media_url: str, caller: Caller, tmp_path: Path
) -> None:
    """Nobody can know whether the first was charged: it goes out again, and the job says so."""
    out = threading.Event()

    def think(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        out.set()
        stopping.wait()

    deepgram.faults = [think]
    job = server.submit(server.configure(), media_url)
    assert out.wait(60)
    server.kill_tree()
    server.start()
    ended = server.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert [each["code"] for each in ended["notices"]] == ["sentAgain"]
    assert len(deepgram.asked) == 2

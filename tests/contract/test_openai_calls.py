"""Jobs that a server with OpenAI's API does, on a server of the tests: what their owners see of it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from typing import Any

import pytest
from twilio.request_validator import RequestValidator

from callers import Caller, Front
from callscribe.demo import RECORDING, call
from harness import Receiver, Server, running
from media_server import MediaServer, body, status
from openai_server import KEY, SLOT, OpenAIServer, refusal

OWN = "Systran/faster-whisper-base"
PARTICIPANTS = [
    {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Emma Carter"},
    {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199"},
]


@pytest.fixture(scope="module")
def listening() -> Iterator[tuple[OpenAIServer, str]]:
    server = OpenAIServer(others=(OWN,))
    with server.running() as url:
        yield server, url


@pytest.fixture
def openai(listening: tuple[OpenAIServer, str]) -> Iterator[OpenAIServer]:
    server, _ = listening
    server.asked.clear()
    yield server
    assert server.faults == []


@pytest.fixture(scope="module")
def media_url() -> Iterator[str]:
    with MediaServer().running() as server:
        server.paths["/call.wav"] = body(RECORDING.read_bytes())
        yield server.url("/call.wav")


@pytest.fixture(scope="module")
def server(listening: tuple[OpenAIServer, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("openai") / "data",
        CALLSCRIBE_OPENAI_API_KEY=KEY,
        CALLSCRIBE_OPENAI_BASE_URL=listening[1],
        CALLSCRIBE_OPENAI_MODELS=f"{OWN},gpt-transcribe",
        CALLSCRIBE_PROVIDER_RETRY_INTERVAL="0.1",
    ) as started:
        yield started
    output = started.output()
    for sign in (KEY, "transcription.failed", "Riverside", "Traceback"):
        assert sign not in output, output


@pytest.fixture(scope="module")
def front(server: Server) -> Iterator[Front]:
    front = Front(server)
    yield front
    front.close()


@pytest.fixture
def caller(front: Front, openai: OpenAIServer) -> Caller:
    return front.caller()


def speaks(position: int, start: float, end: float) -> bool:
    turns = [turn for turn in call().turns if turn.audio_channel_index == position + 1]
    return any(turn.start - 2 * SLOT < end and start < turn.end + 2 * SLOT for turn in turns)


@pytest.mark.parametrize("model", [None, "gpt-transcribe"])
def test_a_call_is_transcribed_stored_and_told(
    caller: Caller, openai: OpenAIServer, media_url: str, receiver: Receiver, model: str | None
) -> None:
    configuration_id = caller.configure(
        transcriptionEngine="openai",
        speechModel=model,
        conversationConfigurationId=caller.configure_conversations(),
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
        keyterms=["Riverside Outdoor"],
    )
    job = caller.submit(configuration_id, media_url, participants=PARTICIPANTS)
    ended = caller.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert ended["resolvedConfiguration"]["servedBy"] == {"engine": "openai", "model": model or OWN}
    document: dict[str, Any] = caller.http.get(f"/v3/Transcriptions/{job}/Transcript").json()
    assert {each["participantIndex"] for each in document["sentences"]} == {0, 1}
    assert len(document["sentences"]) >= len(call().turns)
    for sentence in document["sentences"]:
        words = sentence["words"]
        assert sentence["text"] == " ".join(word["text"] for word in words)
        assert speaks(sentence["participantIndex"], sentence["startTimeSeconds"], sentence["endTimeSeconds"])
        assert all(before["startTimeSeconds"] <= after["startTimeSeconds"] for before, after in pairwise(words))
        assert words[-1]["endTimeSeconds"] <= document["duration"]
    (received,) = receiver.wait()
    signature = received.headers["X-Twilio-Signature"]
    assert RequestValidator(caller.token).validate(received.url, received.body.decode(), signature)
    assert (received.json["id"], received.json["status"]) == (job, "completed")
    path = f"/v2/Conversations/{ended['conversationId']}/Communications"
    stored = caller.http.get(path, params={"pageSize": 100}).json()["communications"]
    assert {each["content"]["text"] for each in stored} == {each["text"] for each in document["sentences"]}
    assert {asked.fields["model"][0] for asked in openai.asked} == {model or OWN}


def test_outage_is_waited_for_and_only_the_rest_is_sent(caller: Caller, openai: OpenAIServer, media_url: str) -> None:
    configuration_id = caller.configure(transcriptionEngine="openai", speechModel=OWN)
    caller.ended(caller.submit(configuration_id, media_url))
    undisturbed = len(openai.asked)
    openai.asked.clear()
    openai.behaviours.extend([refusal(429, "Rate limit reached", Retry_After="1"), status(503)])
    ended = caller.ended(caller.submit(configuration_id, media_url))
    assert ended["status"] == "COMPLETED", ended
    assert not ended.get("notices"), "what was refused is no second time"
    assert len(openai.asked) <= undisturbed + 2


def test_refusal_fails_the_job_with_what_the_server_says(caller: Caller, openai: OpenAIServer, media_url: str) -> None:
    openai.behaviours.append(refusal(400, "Audio file might be corrupted or unsupported"))
    ended = caller.ended(caller.submit(caller.configure(transcriptionEngine="openai", speechModel=OWN), media_url))
    assert ended["status"] == "FAILED"
    assert (ended["error"]["code"], ended["error"]["detail"]) == (
        17566,
        "the openai server answered 400: Audio file might be corrupted or unsupported",
    )
    assert len(openai.asked) == 1


def test_killed_between_two_pieces(server: Server, openai: OpenAIServer, media_url: str, caller: Caller) -> None:
    """What is answered is not sent again; what was out is, and the job says so."""
    out = threading.Event()
    sounds = []

    def think(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        sounds.extend(asked.seconds for asked in openai.asked)
        out.set()
        stopping.wait(60)

    def answer(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        body(openai.hears(openai.asked[-1]), "application/json")(handler, stopping)

    openai.behaviours.extend([answer, think])
    job = server.submit(server.configure(transcriptionEngine="openai", speechModel=OWN), media_url)
    assert out.wait(120)
    server.kill_tree()
    server.start()
    ended = server.ended(job)
    assert ended["status"] == "COMPLETED", ended
    assert [each["code"] for each in ended["notices"]] == ["sentAgain"]
    later = [asked.seconds for asked in openai.asked[len(sounds) :]]
    assert sounds[0] not in later
    assert sounds[1] == later[0]

"""The bundled call, and the program that shows what becomes of it."""

import json
import wave
from typing import Any

import httpx2
import numpy as np
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from callscribe.cli.conversation import lines, names_of
from callscribe.cli.demo import MEDIA_REFUSED, demo, figures, show
from callscribe.demo import RECORDING, DemoTurn, call
from callscribe.demo.client import UNIQUE_NAME, Client, DemoError
from callscribe.demo.media import recording_url

SPEECH = 10 ** (-50 / 20)
"""Root mean square above which somebody speaks, relative to full scale; the line's noise is at -70 dB."""
TRANSCRIPTION_ID = "voice_transcription_01jqwerty0123456789abcdefg"


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    with wave.open(str(RECORDING)) as file:
        pcm = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    return pcm.reshape(-1, 2) / 32768


def loudness(samples: np.ndarray, channel: int, start: float, end: float) -> float:
    stretch = samples[round(start * 8000) : round(end * 8000), channel - 1]
    return float(np.sqrt(np.mean(stretch**2)))


def overlaps(one: DemoTurn, other: DemoTurn) -> bool:
    return one.start < other.end and other.start < one.end


def test_recording_is_dual_8_khz_16_bit() -> None:
    with wave.open(str(RECORDING)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        assert file.getnframes() / 8000 == pytest.approx(call().duration, abs=0.001)
    assert 50 < call().duration < 70


def test_turns_heard_on_own_channel(samples: np.ndarray) -> None:
    for turn in call().turns:
        assert loudness(samples, turn.audio_channel_index, turn.start, turn.end) > SPEECH, turn


def test_channel_quiet_between_turns(samples: np.ndarray) -> None:
    for channel in (1, 2):
        position = 0.0
        own = [turn for turn in call().turns if turn.audio_channel_index == channel]
        for turn in own:
            assert loudness(samples, channel, position, turn.start) < SPEECH
            position = turn.end
        assert loudness(samples, channel, position, call().duration) < SPEECH


def test_turns_ordered_and_inside() -> None:
    starts = [turn.start for turn in call().turns]
    assert starts == sorted(starts)
    assert all(0 <= turn.start < turn.end <= call().duration for turn in call().turns)


def test_parties_overlap_others_only() -> None:
    turns = call().turns
    pairs = [(a, b) for i, a in enumerate(turns) for b in turns[i + 1 :] if overlaps(a, b)]
    assert len(pairs) >= 2
    assert all(a.audio_channel_index != b.audio_channel_index for a, b in pairs)


def test_customer_on_1_agent_on_2() -> None:
    assert [(p.audio_channel_index, p.type) for p in call().participants] == [
        (1, "CUSTOMER"),
        (2, "HUMAN_AGENT"),
    ]


def test_recording_fetched_from_its_url() -> None:
    with recording_url() as url:
        answer = httpx2.get(url, trust_env=False)
        elsewhere = httpx2.get(url + "x", trust_env=False)
    assert answer.content == RECORDING.read_bytes()
    assert answer.headers["content-type"] == "audio/wav"
    assert elsewhere.status_code == 404


class Api:
    """The part of the API that is used, in memory. `answers`: what each look at the job finds."""

    def __init__(self, *answers: dict[str, Any], retry_after: int = 3) -> None:
        self.answers = list(answers)
        self.retry_after = retry_after
        self.configurations: dict[str, dict[str, Any]] = {}
        self.submitted: list[dict[str, Any]] = []
        self.pauses: list[float] = []

    def client(self) -> Client:
        transport = httpx2.MockTransport(self.answer)
        return Client(httpx2.Client(transport=transport, base_url="http://callscribe"), sleep=self.pauses.append)

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        path = request.url.path
        if request.method == "POST" and path == "/v2/Configurations/Transcription":
            body = json.loads(request.content)
            self.configurations[body["unique_name"]] = {"id": "voice_transcriptionconfiguration_1", **body}
            return httpx2.Response(201, json=self.configurations[body["unique_name"]])
        if request.method == "POST" and path == "/v3/Transcriptions":
            self.submitted.append(json.loads(request.content))
            return httpx2.Response(202, json={"transcription": {"id": TRANSCRIPTION_ID, "status": "PENDING"}})
        if path.startswith("/v2/Configurations/Transcription/"):
            found = self.configurations.get(path.rpartition("/")[2])
            return httpx2.Response(200, json=found) if found else httpx2.Response(404, json={"code": 20404})
        if path.endswith("/Transcript"):
            return httpx2.Response(200, json=TRANSCRIPT)
        state = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        headers = {"Retry-After": str(self.retry_after)}
        return httpx2.Response(200, json={"transcription": JOB | state}, headers=headers)


JOB: dict[str, Any] = {
    "id": TRANSCRIPTION_ID,
    "status": "COMPLETED",
    "participants": [
        {"audioChannelIndex": 1, "type": "CUSTOMER", "name": "Emma Carter"},
        {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "name": None},
    ],
    "resolvedConfiguration": {
        "transcriptionEngine": "deepgram",
        "speechModel": "nova-3",
        "servedBy": {"engine": "whisper", "model": "base"},
    },
}
TRANSCRIPT: dict[str, Any] = {
    "sentences": [
        {
            "audioChannelIndex": 2,
            "participantIndex": 1,
            "startTimeSeconds": 59.96,
            "endTimeSeconds": 61.0,
            "text": "Hello [there].",
        },
        {
            "audioChannelIndex": 1,
            "participantIndex": 0,
            "startTimeSeconds": 61.5,
            "endTimeSeconds": 63.5,
            "text": "Hi, it's me.",
        },
        {
            "audioChannelIndex": 2,
            "participantIndex": None,
            "startTimeSeconds": 64.0,
            "endTimeSeconds": 65.0,
            "text": "Good.",
        },
    ]
}


def rendered(table: object) -> list[str]:
    console = Console(width=100, record=True, file=None, force_terminal=False)
    with console.capture() as capture:
        console.print(table)
    return [" ".join(line.split()) for line in capture.get().splitlines()]


def test_configuration_made_once() -> None:
    api = Api(JOB)
    first, second = api.client().configuration(call()), api.client().configuration(call())
    assert first == second == "voice_transcriptionconfiguration_1"
    assert list(api.configurations) == [UNIQUE_NAME]


def test_submission_names_both_parties() -> None:
    api = Api(JOB)
    api.client().submit(call(), configuration_id="voice_transcriptionconfiguration_1", media_url="http://m/call.wav")
    assert api.submitted == [
        {
            "transcriptionConfigurationId": "voice_transcriptionconfiguration_1",
            "mediaUrl": "http://m/call.wav",
            "participants": [
                {"audioChannelIndex": 1, "type": "CUSTOMER", "name": "Emma Carter"},
                {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "name": "Daniel"},
            ],
        }
    ]


def test_polls_as_server_asks() -> None:
    api = Api({"status": "PENDING"}, {"status": "RUNNING"}, {"status": "COMPLETED"}, retry_after=7)
    states = [job["status"] for job in api.client().follow(TRANSCRIPTION_ID, timeout=60)]
    assert states == ["PENDING", "RUNNING", "COMPLETED"]
    assert api.pauses == [7.0, 7.0]


def test_endless_job_given_up() -> None:
    with pytest.raises(DemoError, match="still RUNNING"):
        list(Api({"status": "RUNNING"}).client().follow(TRANSCRIPTION_ID, timeout=0))


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            httpx2.Response(401, json={"detail": "Wrong token.", "code": 20003}),
            r"401: Wrong token\. \(code 20003\)",
        ),
        (httpx2.Response(500, text="out of order"), "500: out of order"),
        (httpx2.Response(200, text="<html>"), "another server"),
    ],
)
def test_useless_answer_explained(answer: httpx2.Response, message: str) -> None:
    http = httpx2.Client(transport=httpx2.MockTransport(lambda _: answer), base_url="http://callscribe")
    with pytest.raises(DemoError, match=message):
        Client(http).configuration(call())


def test_prints_time_name_and_text() -> None:
    assert [str(line) for line in lines(names_of(JOB["participants"]), TRANSCRIPT)] == [
        "01:00.0  HUMAN_AGENT  Hello [there].",
        "01:01.5  Emma Carter  Hi, it's me.",
        "01:04.0  channel 2    Good.",
    ]


def test_figures_name_engine_and_parties() -> None:
    printed = rendered(figures(JOB, TRANSCRIPT, elapsed=call().duration / 10))
    assert "10.0 times real time" in printed[0]
    assert printed[1] == "engine deepgram nova-3, served by whisper base"
    assert printed[2] == "Emma Carter 1 sentence, 3 words, 2 s"
    assert printed[-1] == f"id {TRANSCRIPTION_ID}"


def test_failed_job_told_with_code() -> None:
    error = {"code": 17550, "title": "Media host", "detail": "127.0.0.1 is not allowed."}
    api = Api({"status": "FAILED", "error": error})
    with pytest.raises(DemoError, match=r"FAILED: 17550 Media host 127") as raised:
        show(api.client(), "http://127.0.0.1:1/call.wav", 60)
    assert raised.value.code in MEDIA_REFUSED


def test_no_server_ends_with_status_1() -> None:
    credentials = ["--sid", "AC" + "0" * 32, "--token", "0" * 32]
    app = typer.Typer()
    app.command()(demo)
    result = CliRunner().invoke(app, ["--url", "http://127.0.0.1:1", *credentials])
    assert result.exit_code == 1
    assert "No answer from http://127.0.0.1:1" in result.output
    assert "Traceback" not in result.output

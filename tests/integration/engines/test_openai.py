"""The engine `openai` against a server that takes no request that OpenAI's description does not allow."""

import json
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from callscribe.cancellation import NEVER, Cancellation
from callscribe.demo import RECORDING, call
from callscribe.errors import (
    Cancelled,
    Code,
    JobError,
    ProviderKeyRefused,
    ProviderUnavailable,
    SetupError,
)
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.openai.declaration import OpenAIDeclaration
from callscribe.speech.engines.openai.engine import OpenAIEngine
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import RecognitionOptions, Recording, Segment
from callscribe.speech.pipeline import transcribe_file
from callscribe.speech.routes import check, engine_models, resolve
from callscribe.speech.trial import words_heard
from callscribe.transcripts.assembly import assemble
from media_server import Behaviour, body, cut_short, drip, redirect, reset, status
from openai_server import KEY, SLOT, Asked, OpenAIServer, refusal

OPTIONS = RecognitionOptions("en-US", keyterms=("Riverside Outdoor",))
OWN = "Systran/faster-whisper-base"
NEW = {times: f"own/of-{times}" for times in ("words", "tokens", "segments")}


class Kept:
    """What is sent and answered, as a job has it on the disk."""

    def __init__(self) -> None:
        self.answers: dict[int, bytes] = {}
        self.sent: list[tuple[int, float]] = []
        self.refusals: list[int] = []

    def answer(self, part: int) -> bytes | None:
        return self.answers.get(part)

    def handle(self, part: int) -> str | None:  # noqa: ARG002  nothing is answered later
        return None

    def sending(self, part: int, seconds: float) -> None:
        assert part not in self.answers
        self.sent.append((part, seconds))

    def accepted(self, part: int, handle: str) -> None:  # noqa: ARG002
        raise AssertionError

    def answered(self, part: int, answer: bytes) -> None:
        self.answers[part] = answer

    def refused(self, part: int) -> None:
        self.refusals.append(part)


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[OpenAIServer, OpenAIEngine, Decoder]]:
    """One engine, so that who speaks when is looked for once in each recording. It knows that whisper-1 times words."""
    server = OpenAIServer(others=(OWN, *NEW.values()))
    with server.running() as url, closing(Decoder()) as decoder:
        engine = OpenAIEngine(configured(url))
        run(engine, Recording(RECORDING, (0, 1), call().duration, decoder))
        assert server.faults == []
        server.asked.clear()
        yield server, engine, decoder


@pytest.fixture
def server(shared: tuple[OpenAIServer, OpenAIEngine, Decoder]) -> Iterator[OpenAIServer]:
    server, _, _ = shared
    server.times = "words"
    yield server
    assert server.faults == []
    server.asked.clear()
    server.behaviours.clear()


@pytest.fixture
def engine(shared: tuple[OpenAIServer, OpenAIEngine, Decoder]) -> OpenAIEngine:
    return shared[1]


@pytest.fixture
def recording(shared: tuple[OpenAIServer, OpenAIEngine, Decoder]) -> Recording:
    return Recording(RECORDING, (0, 1), call().duration, shared[2])


def configured(url: str, **members: object) -> Settings:
    return Settings.model_validate({"openai_api_key": KEY, "openai_base_url": url, "openai_models": [OWN], **members})


def run(
    engine: OpenAIEngine,
    recording: Recording,
    *,
    model: str = "whisper-1",
    options: RecognitionOptions = OPTIONS,
    kept: Kept | None = None,
    cancelled: Cancellation = NEVER,
) -> list[Segment]:
    return list(
        engine.transcribe(recording, model=model, options=options, cancelled=cancelled, requests=kept or Kept())
    )


def spoken(channel: int, start: float, end: float) -> bool:
    """Whether a party speaks at that time, or within two slots of it."""
    turns = [turn for turn in call().turns if turn.audio_channel_index == channel + 1]
    return any(turn.start - 2 * SLOT < end and start < turn.end + 2 * SLOT for turn in turns)


@pytest.mark.parametrize("times", ["words", "tokens", "segments"])
def test_both_parties_word_for_word(
    server: OpenAIServer, engine: OpenAIEngine, recording: Recording, times: str
) -> None:
    server.times = times  # type: ignore[assignment]
    kept = Kept()
    heard = run(engine, recording, model=NEW[times], kept=kept)
    transcript = assemble(heard, duration=recording.duration, language="en-US", channels=2)
    for channel in (0, 1):
        words = [word for each in heard if each.channel == channel for word in each.words]
        assert len(words) > 40
        assert all(before.start <= after.start for before, after in pairwise(words))
        assert all(0 <= word.start <= word.end <= recording.duration for word in words)
        assert all(spoken(channel, word.start, word.end) for word in words)
        said = [sentence for sentence in transcript.sentences if sentence.channel == channel]
        turns = [turn for turn in call().turns if turn.audio_channel_index == channel + 1]
        assert len(turns) <= len(said) < 4 * len(turns)
    assert {each.words_timed for each in heard} == {times != "segments"}
    assert {each.language for each in heard} == {"en"}
    assert {word.confidence for each in heard for word in each.words} == {0.5 if times == "tokens" else 0.779}
    assert sorted({sentence.channel for sentence in transcript.sentences}) == [0, 1]

    assert [part for part, _ in kept.sent] == list(range(len(server.asked)))
    assert [seconds for _, seconds in kept.sent] == pytest.approx([asked.seconds for asked in server.asked])
    assert server.asked[0].seconds < 29, "one window, until it is known whether its words have times"
    if times != "words":
        assert len(server.asked) > len(call().turns) / 2
        assert all(asked.seconds < 29 for asked in server.asked)
        wanted = ["segment"] if times == "segments" else ["word", "segment"]
        assert server.asked[1].fields["timestamp_granularities[]"] == wanted
    else:
        assert len(server.asked) == 3
        assert all(asked.seconds < recording.duration for asked in server.asked)
        server.asked.clear()
        run(engine, recording, model=NEW[times])
        assert len(server.asked) == 2
    assert server.asked[0].fields == {
        "model": [NEW[times]],
        "response_format": ["verbose_json"],
        "timestamp_granularities[]": ["word", "segment"],
        "language": ["en"],
        "prompt": ["Riverside Outdoor."],
        "temperature": ["0"],
    }


def test_model_without_times(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    heard = run(engine, recording, model="gpt-transcribe")
    assert len(server.asked) > len(call().turns) / 2
    assert all(asked.seconds < 29 for asked in server.asked)
    assert server.asked[0].fields == {
        "model": ["gpt-transcribe"],
        "response_format": ["json"],
        "languages[]": ["en"],
        "keywords[]": ["Riverside Outdoor"],
    }
    assert {each.words_timed for each in heard} == {False}
    assert all(spoken(each.channel, each.start, each.end) for each in heard)


def test_same_document_as_of_any_engine(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    segmentation, segments = transcribe_file(recording.audio, RECORDING, engine, "gpt-transcribe", OPTIONS, NEVER)
    assert segmentation.duration == pytest.approx(call().duration, abs=0.01)
    for each in segments:
        assert each.words[0].start == each.start
        assert each.words[-1].end == pytest.approx(each.end)
        assert all(before.end <= after.start + 0.001 for before, after in pairwise(each.words))


def test_server_asked_for_what_it_has(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    server.behaviours.append(refusal(400, "Word-level timestamp_granularities are not supported"))
    server.behaviours.append(refusal(422, f"Currently do not support verbose_json for {OWN}"))
    kept = Kept()
    heard = run(engine, recording, model=OWN, kept=kept)
    forms = [(asked.fields["response_format"], asked.fields.get("timestamp_granularities[]")) for asked in server.asked]
    assert forms[:3] == [
        (["verbose_json"], ["word", "segment"]),
        (["verbose_json"], ["segment"]),
        (["json"], None),
    ]
    assert set(map(str, forms[2:])) == {str(forms[2])}
    assert kept.refusals == [0, 0]
    assert {each.words_timed for each in heard} == {False}
    server.asked.clear()
    assert run(engine, recording, model=OWN) == heard
    assert {*server.asked[0].fields["response_format"]} == {"json"}, "it is known by now"


def test_language_detected(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    heard = run(engine, recording, options=RecognitionOptions())
    assert "language" not in server.asked[0].fields
    assert "prompt" not in server.asked[0].fields
    assert {each.language for each in heard} == {"en"}


def test_one_channel_of_two_copies(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    heard = run(engine, replace(recording, channels=(1,)))
    assert {each.channel for each in heard} == {1}
    assert len(server.asked) == 1


def test_mono(server: OpenAIServer, engine: OpenAIEngine, recording: Recording, tmp_path: Path) -> None:
    with wave.open(str(RECORDING)) as source:
        frames = np.frombuffer(source.readframes(source.getnframes()), "<i2").reshape(-1, 2)
    with wave.open(str(tmp_path / "mono.wav"), "wb") as target:
        target.setparams((1, 2, 8000, 0, "NONE", ""))
        target.writeframes(np.ascontiguousarray(frames[: 30 * 8000, 0]).tobytes())
    heard = run(engine, Recording(tmp_path / "mono.wav", (0,), 30.0, recording.audio))
    assert all(spoken(0, word.start, word.end) for each in heard for word in each.words)
    assert heard


def test_silence_is_not_sent(server: OpenAIServer, engine: OpenAIEngine, recording: Recording, tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "silence.wav"), "wb") as target:
        target.setparams((2, 2, 8000, 0, "NONE", ""))
        target.writeframes(bytes(4 * 8000 * 10))
    assert run(engine, Recording(tmp_path / "silence.wav", (0, 1), 10.0, recording.audio)) == []
    assert server.asked == []


def test_nothing_recognised_where_somebody_speaks(
    server: OpenAIServer, engine: OpenAIEngine, recording: Recording
) -> None:
    server.behaviours.append(body(b'{"text": "", "segments": [], "words": []}', "application/json"))
    heard = run(engine, recording)
    assert len({each.channel for each in heard}) == 1


def test_only_what_has_no_answer_is_sent(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    kept = Kept()
    server.behaviours.extend([status(500)])
    with pytest.raises(ProviderUnavailable):
        run(engine, recording, kept=kept)
    assert (kept.refusals, kept.answers) == ([0], {})
    first = next(engine.transcribe(recording, model="whisper-1", options=OPTIONS, cancelled=NEVER, requests=kept))
    assert list(kept.answers) == [0], "the process dies here"
    whole = run(engine, recording, kept=kept)
    assert whole[0] == first
    assert [part for part, _ in kept.sent] == [0, 0, 1]
    requests = len(server.asked)
    assert run(engine, recording, kept=kept) == whole
    assert len(server.asked) == requests
    assert whole == run(engine, recording)


@pytest.mark.parametrize(
    ("behaviour", "kind", "detail", "is_refused"),
    [
        (refusal(400, "Audio file might be corrupted"), JobError, "answered 400: Audio file might be corrupted", True),
        (refusal(401, f"Incorrect API key provided: {KEY}"), ProviderKeyRefused, "does not take the key", True),
        (refusal(402, "Payment required"), ProviderKeyRefused, "no credit", True),
        (refusal(403, "Country not supported"), ProviderKeyRefused, "Country not supported", True),
        (refusal(404, "The model does not exist"), JobError, "The model does not exist", True),
        (refusal(413, "Maximum content size limit exceeded"), JobError, "Maximum content size", True),
        (body(b'{"detail": [{"msg": "field required"}]}', code=422), JobError, "422: field required", True),
        (refusal(429, "Rate limit reached", Retry_After="7"), ProviderUnavailable, "429: Rate limit reached", True),
        (refusal(429, "You exceeded your quota", "insufficient_quota"), ProviderKeyRefused, "no credit", True),
        (refusal(500, "The server had an error"), ProviderUnavailable, "The server had an error", True),
        (status(503), ProviderUnavailable, "answered 503", True),
        (redirect("http://elsewhere.example/"), JobError, "302", True),
        (reset(), ProviderUnavailable, "broke before the end", False),
        (reset(b'{"text": "Th'), ProviderUnavailable, "broke before the end", False),
        (cut_short(b'{"text": "Th', 1000), ProviderUnavailable, "broke before the end", False),
        (body(b"<html>Welcome</html>"), JobError, "cannot be read", False),
        (body(b'{"text": "Th'), JobError, "cannot be read", False),
        (body(b'{"sentences": []}'), JobError, "cannot be read: text: missing", False),
        (body(b"{}", Content_Encoding="gzip"), JobError, "encoded", False),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_errors_mean(
    server: OpenAIServer,
    engine: OpenAIEngine,
    recording: Recording,
    behaviour: Behaviour,
    kind: type[JobError],
    detail: str,
    is_refused: object,
) -> None:
    server.behaviours.append(behaviour)
    kept = Kept()
    with pytest.raises(JobError, match=detail) as failed:
        run(engine, recording, kept=kept)
    assert type(failed.value) is kind
    assert failed.value.code is Code.PROVIDER_REFUSED
    assert KEY not in str(failed.value)
    assert bool(kept.refusals) is is_refused
    assert len(server.asked) == 1, "the SDK does not ask again"
    if isinstance(failed.value, ProviderUnavailable):
        assert failed.value.retry_after == (7 if "429" in detail else None)
    if "cannot be read" in detail:
        with pytest.raises(JobError, match="cannot be read"):
            run(engine, recording, kept=kept)
        assert len(server.asked) == 1, "it is paid for"


@pytest.mark.parametrize(
    ("said", "form"),
    [
        (b'{"detail": [{"loc": ["body", "response_format"], "msg": "Input should be \'json\'"}]}', "json"),
        (
            b'{"detail": [{"loc": ["body", "timestamp_granularities[]", 0], "msg": "Input should be \'segment\'"}]}',
            "one",
        ),
        (b'{"error": {"message": "Unsupported value.", "param": "response_format"}}', "json"),
        (b"Currently do not support verbose_json", "json"),
    ],
)
def test_refusal_of_the_form_however_it_is_said(
    server: OpenAIServer, recording: Recording, said: bytes, form: str
) -> None:
    server.behaviours.extend([body(said, "application/json", 422)] * (2 if form == "json" else 1))
    fresh = OpenAIServer(behaviours=server.behaviours, others=(OWN,))
    with fresh.running() as url:
        assert run(OpenAIEngine(configured(url)), recording, model=OWN)
    granularities = [asked.fields.get("timestamp_granularities[]") for asked in fresh.asked]
    assert granularities[:2] == [["word", "segment"], ["segment"]]
    assert granularities[-1] == (None if form == "json" else ["segment"])


def test_v1_is_added_to_a_host_alone(server: OpenAIServer, recording: Recording) -> None:
    with OpenAIServer(others=(OWN,)).running() as url:
        host = url.removesuffix("/v1")
        assert run(OpenAIEngine(configured(host)), recording) == run(OpenAIEngine(configured(f"{url}/")), recording)


def test_server_that_is_not_there(recording: Recording) -> None:
    with OpenAIServer().running() as url:
        pass
    kept = Kept()
    with pytest.raises(ProviderUnavailable, match="cannot be connected to"):
        run(OpenAIEngine(configured(url)), recording, kept=kept)
    assert kept.refusals == [0], "nothing was sent"


def test_request_has_a_deadline(server: OpenAIServer, recording: Recording) -> None:
    slow = OpenAIServer(behaviours=server.behaviours)
    server.behaviours.append(drip())
    with slow.running() as url, pytest.raises(ProviderUnavailable, match="in time"):
        run(OpenAIEngine(configured(url, provider_timeout=1)), recording)


def test_cancelled_while_it_thinks(server: OpenAIServer, engine: OpenAIEngine, recording: Recording) -> None:
    arrived, cancelled = threading.Event(), Cancellation()

    def think(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        arrived.set()
        stopping.wait(60)

    server.behaviours.append(think)
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            run(engine, recording, cancelled=cancelled)
        except Cancelled as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    assert arrived.wait(120)
    cancelled.cancel()
    thread.join(30)  # the server still thinks
    assert len(raised) == 1


def test_nothing_of_the_environment_is_sent(
    server: OpenAIServer, engine: OpenAIEngine, recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "OPENAI_API_KEY": "sk-other",
        "OPENAI_ADMIN_KEY": "sk-admin",
        "OPENAI_ORG_ID": "org-1",
        "OPENAI_PROJECT_ID": "proj-1",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_CUSTOM_HEADERS": "X-Own: 1\nAuthorization: Bearer other",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "ALL_PROXY": "http://127.0.0.1:9",
    }.items():
        monkeypatch.setenv(name, value)
    run(engine, recording)
    for asked in server.asked:
        assert set(asked.headers) <= {
            *("host", "accept", "accept-encoding", "user-agent", "authorization"),
            *("content-type", "content-length", "connection"),
        }
        assert asked.headers["authorization"] == f"Bearer {KEY}"
        assert asked.headers["user-agent"].startswith("callscribe/")
        assert asked.headers["accept-encoding"] == "identity"


def test_sdk_does_not_log_what_is_asked() -> None:
    code = """
import logging, callscribe.speech.engines.openai.server
print([logging.getLogger(name).isEnabledFor(logging.INFO) for name in ("openai", "openai._base_client", "httpx2")])
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"OPENAI_LOG": "debug"}
    )
    assert ended.stdout.strip() == "[False, False, False]"


def test_tried_with_a_second_of_speech(server: OpenAIServer, engine: OpenAIEngine) -> None:
    def yes(asked: Asked) -> bytes:
        assert 0.3 < asked.seconds <= 1
        return json.dumps({"text": "Yes please."}).encode()

    server.hear = yes
    try:
        assert words_heard(engine, "whisper-1", NEVER) == 2
    finally:
        server.hear = None


def test_offered_where_there_is_a_key() -> None:
    declaration = OpenAIDeclaration()
    without = Settings()
    assert declaration.models(without) == []
    assert engine_models("openai", without) == []
    assert [fault.field for fault in check("openai", "whisper-1", "en-US", without)] == ["transcriptionEngine"]
    settings = configured("https://api.example/v1", openai_models=("gpt-4o-transcribe", OWN, OWN))
    assert [model.name for model in declaration.models(settings)] == ["gpt-4o-transcribe", OWN]
    assert resolve("openai", OWN, "multi", settings) == ServedBy("openai", OWN)
    assert ServedBy.parse(str(ServedBy("openai", OWN))) == ServedBy("openai", OWN)
    assert [fault.field for fault in check("openai", "gpt-4o-transcribe", "multi", settings)] == ["language"]
    assert [fault.field for fault in check("openai", OWN, "en-US", settings, verbatim=True)] == ["verbatim"]
    assert check("openai", OWN, "en-US", settings, keyterms=True) == []
    assert declaration.default_model(settings, "en-US") == "gpt-4o-transcribe"
    assert declaration.default_model(settings, "multi") == OWN
    assert KEY not in f"{settings!r} {declaration.sends_to(settings)}"


@pytest.mark.parametrize("url", ["https://user:pass@api.example/v1", "https://api.example/v1?key=1"])
def test_address_is_an_address_alone(url: str) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_OPENAI_BASE_URL"):
        OpenAIDeclaration().check(configured(url))


@pytest.mark.parametrize("key", ["a key", "key\n", "schlüssel"])
def test_key_that_cannot_be_one(key: str) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_OPENAI_API_KEY has characters that no key has") as wrong:
        OpenAIDeclaration().check(configured("https://api.example/v1", openai_api_key=key))
    assert key not in str(wrong.value)


def test_declaration_loads_no_sdk() -> None:
    code = """
import sys, callscribe.speech.engines.registry
print(*sorted({"openai", "httpx", "openvino"} & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""


def test_a_word_whose_time_is_no_number_shares_what_is_left(
    server: OpenAIServer, engine: OpenAIEngine, recording: Recording
) -> None:
    def hear(asked: Asked) -> bytes:
        words = [{"word": "Yes", "start": 0.1, "end": 0.3}, {"word": "please", "start": None, "end": float("nan")}]
        return json.dumps({"text": "Yes please.", "words": words}).encode()

    server.hear = hear
    try:
        heard = run(engine, recording)
    finally:
        server.hear = None
    yes, please, *_ = [word for each in heard if each.channel == heard[0].channel for word in each.words]
    assert all(each.words_timed for each in heard)
    assert (yes.text, please.text) == ("Yes", "please.")
    assert yes.end <= please.start <= please.end <= call().duration

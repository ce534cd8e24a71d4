"""Recordings through Deepgram's engine, against a server that checks what it is asked."""

import logging
import os
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from callscribe.cancellation import NEVER, Cancellation
from callscribe.demo import RECORDING, call
from callscribe.errors import Cancelled, Code, JobError, ProviderKeyRefused, ProviderUnavailable, SetupError
from callscribe.media.decoding import Decoder
from callscribe.sealing import HEADER, SealedPath, object_key, sealing
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.deepgram.declaration import DeepgramDeclaration
from callscribe.speech.engines.deepgram.engine import DeepgramEngine
from callscribe.speech.interface import RecognitionOptions, Recording, Segment
from callscribe.speech.pipeline import transcribe_file
from callscribe.speech.routes import check, resolve
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.models import Transcript
from deepgram_server import KEY, DeepgramServer, Said, error
from media_server import MediaServer, body, drip, endless, redirect, reset

DEMO = tuple(Said(turn.audio_channel_index - 1, turn.start, turn.end, turn.text) for turn in call().turns)
RATE = 8000


@pytest.fixture
def server() -> Iterator[DeepgramServer]:
    with DeepgramServer(DEMO).running() as running:
        yield running


def settings(server: DeepgramServer, **changes: Any) -> Settings:
    return Settings(**({"deepgram_api_key": KEY, "deepgram_base_url": server.url} | changes))


@dataclass
class Kept:
    """What is known of the requests of one job, beyond the process that made them."""

    answers: dict[int, bytes] = field(default_factory=dict)
    told: list[tuple[str, float]] = field(default_factory=list)

    def answer(self, part: int) -> bytes | None:
        return self.answers.get(part)

    def handle(self, _part: int) -> str | None:
        return None

    def sending(self, _part: int, seconds: float) -> None:
        self.told.append(("sending", seconds))

    def accepted(self, _part: int, _handle: str) -> None:
        raise AssertionError

    def answered(self, part: int, answer: bytes) -> None:
        self.answers[part] = answer
        self.told.append(("answered", part))

    def refused(self, part: int) -> None:
        self.told.append(("refused", part))


def heard(
    server: DeepgramServer,
    path: Path = RECORDING,
    *,
    channels: tuple[int, ...] = (0, 1),
    duration: float = call().duration,
    model: str = "nova-3",
    requests: Kept | None = None,
    cancelled: Cancellation = NEVER,
    changes: dict[str, Any] | None = None,
    **options: Any,
) -> list[Segment]:
    engine = DeepgramEngine(settings(server, **(changes or {})))
    recording = Recording(path, channels, duration, Decoder())
    asked = RecognitionOptions(**({"language": "en-US"} | options))
    kept = Kept() if requests is None else requests
    return list(engine.transcribe(recording, model=model, options=asked, cancelled=cancelled, requests=kept))


def transcript(server: DeepgramServer, path: Path = RECORDING, language: str = "en-US") -> Transcript:
    engine = DeepgramEngine(settings(server))
    options = RecognitionOptions(language)
    segmentation, segments = transcribe_file(Decoder(), path, engine, "nova-3", options, NEVER)
    return assemble(
        segments,
        duration=segmentation.duration,
        participants={0: 0, 1: 1},
        language=language,
        channels=len(segmentation.channels),
    )


def write(path: Path, samples: np.ndarray[Any, Any]) -> Path:
    """`(n, channels)` in [-1, 1] as a WAV of 16 bits at 8 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def tone(seconds: float = 3.0) -> np.ndarray[Any, Any]:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * RATE)) / RATE)


# What comes out of a call.


def test_dual_channel_call_has_each_party_in_order(server: DeepgramServer) -> None:
    made = transcript(server)
    assert made.channels == 2
    assert {each.participant for each in made.sentences} == {0, 1}
    for sentence in made.sentences:
        assert sentence.participant == sentence.channel
        times = [time for word in sentence.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert times[0] >= 0
        assert times[-1] <= made.duration
        assert {word.confidence for word in sentence.words} == {0.97}
    for channel in (0, 1):
        text = " ".join(each.text for each in made.sentences if each.channel == channel)
        assert text == " ".join(each.text for each in DEMO if each.channel == channel)
    (asked,) = server.asked
    assert asked.audio == RECORDING.read_bytes()
    assert asked.headers["Content-Length"] == str(RECORDING.stat().st_size)
    assert asked.one("multichannel") == "true"
    assert asked.one("language") == "en-US"


def test_mono_call(server: DeepgramServer, tmp_path: Path) -> None:
    server.said = [Said(0, 0.5, 1.5, "Hello there."), Said(0, 2.0, 2.5, "Bye.")]
    made = transcript(server, write(tmp_path / "mono.wav", tone()[:, None]))
    assert [(each.channel, each.text) for each in made.sentences] == [(0, "Hello there."), (0, "Bye.")]
    assert server.asked[0].one("multichannel") is None


@pytest.mark.parametrize(("sign", "separate"), [(1, None), (-1, "true")])
def test_copies_are_paid_for_once_unless_their_mix_is_silence(
    server: DeepgramServer, tmp_path: Path, sign: int, separate: str | None
) -> None:
    server.said = [Said(0, 0.5, 1.5, "Hello."), Said(1, 0.5, 1.5, "Hello.")][: 1 if separate is None else 2]
    sound = np.concatenate([np.zeros(RATE), tone()])
    path = write(tmp_path / "copies.wav", np.stack([sound, sign * 0.7 * sound], axis=1))
    kept = Kept()
    found = heard(server, path, channels=(0,), duration=4.0, requests=kept)
    assert [(each.channel, each.text) for each in found] == [(0, "Hello.")]
    assert server.asked[0].one("multichannel") == separate
    assert kept.told[0] == ("sending", 4.0 if separate is None else 8.0)


def test_channel_on_which_nothing_was_recognised(server: DeepgramServer) -> None:
    server.said = [each for each in DEMO if each.channel == 1]
    made = transcript(server)
    assert {each.channel for each in made.sentences} == {1}
    assert made.channels == 2
    assert made.omissions == ()


def test_nothing_recognised(server: DeepgramServer) -> None:
    server.said = ()
    made = transcript(server)
    assert made.sentences == ()
    assert made.duration == pytest.approx(call().duration, abs=0.1)


def test_half_an_hour(server: DeepgramServer) -> None:
    server.said = [
        Said(number % 2, number * 4.0, number * 4.0 + 3.9, "Please hold the line while I look it up.")
        for number in range(450)
    ]
    found = heard(server, duration=1800.0)
    assert len(found) == 450
    assert found[-1].end == pytest.approx(1799.9)
    assert sum(len(each.words) for each in found) == 450 * 9


def test_sealed_recording_is_sent_as_it_was(server: DeepgramServer, tmp_path: Path) -> None:
    key = os.urandom(32)
    sealed = tmp_path / "sealed"
    sealed.write_bytes(b"".join(sealing(key, [RECORDING.read_bytes()])))
    path = SealedPath.of(sealed, object_key(key, sealed.read_bytes()[:HEADER]))
    assert heard(server, path)
    assert server.asked[0].audio == RECORDING.read_bytes()
    assert server.asked[0].headers["Content-Length"] == str(RECORDING.stat().st_size)


# What is asked.


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("en-US", "en-US"),
        ("en-GB", "en-GB"),
        ("en-AU", "en-AU"),
        ("de-DE", "de"),
        ("fr-FR", "fr"),
        ("it-IT", "it"),
        ("es-ES", "es"),
        ("es-MX", "es-419"),
        ("es-US", "es-419"),
        ("pt-BR", "pt-BR"),
        ("pt-PT", "pt-PT"),
        ("nl-NL", "nl"),
        ("no-NO", "no"),
        ("pl-PL", "pl"),
        ("sv-SE", "sv-SE"),
        ("da-DK", "da-DK"),
    ],
)
def test_language_asked_for(server: DeepgramServer, locale: str, language: str) -> None:
    for model in ("nova-3", "nova-2"):
        found = heard(server, language=locale, model=model)
        assert {each.language for each in found} == {locale[:2]}
        assert server.asked[-1].one("language") == language
        assert server.asked[-1].all("detect_language") == []


@pytest.mark.parametrize("language", ["multi", None])
def test_nova_3_tells_languages_of_words(server: DeepgramServer, language: str | None) -> None:
    server.said = [Said(0, 0, 1, "Hello."), Said(0, 2, 3, "Guten Tag.", "de"), Said(1, 4, 5, "Hallo.", "nl-BE")]
    found = heard(server, language=language)
    assert [(each.text, each.language) for each in found] == [("Hello.", "en"), ("Guten Tag.", "de"), ("Hallo.", "nl")]
    assert server.asked[0].one("language") == "multi"


def test_nova_2_detects_a_language_for_each_channel(server: DeepgramServer) -> None:
    server.said = [Said(0, 0, 1, "Hello."), Said(1, 4, 5, "Guten Tag.", "de")]
    found = heard(server, language="multi", model="nova-2")
    assert [(each.channel, each.language) for each in found] == [(0, "en"), (1, "de")]
    (asked,) = server.asked
    assert asked.one("language") is None
    assert set(asked.all("detect_language")) == {"en", "de", "fr", "it", "es", "pt", "nl", "no", "pl", "sv", "da"}


def test_keyterms_and_fillers(server: DeepgramServer) -> None:
    terms = ("Größe & Co", "Emma Carter", "Emma", "a:2")
    heard(server, keyterms=terms, verbatim=True)
    heard(server, keyterms=terms, model="nova-2")
    third, second = server.asked
    assert third.all("keyterm") == list(terms)
    assert third.one("filler_words") == "true"
    assert second.all("keywords") == ["Größe", "&", "Co", "Emma", "Carter", "a", "2"]
    assert second.one("filler_words") is None


def test_every_request_asks_for_the_same(server: DeepgramServer) -> None:
    heard(server)
    names = ("punctuate", "smart_format", "utterances", "mip_opt_out")
    assert [server.asked[0].one(name) for name in names] == ["true"] * 4
    heard(server, changes={"deepgram_model_improvement": "allow"})
    assert server.asked[1].one("mip_opt_out") == "false"


def test_nothing_is_told_of_this_machine(server: DeepgramServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEEPGRAM_API_KEY", "another")
    heard(server)
    headers = server.asked[0].headers
    assert sorted(name.lower() for name in headers) == [
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "host",
        "user-agent",
    ]
    assert headers["User-Agent"].startswith("deepgram-sdk/")
    assert headers["Authorization"] == f"Token {KEY}"


def test_environment_has_no_say(server: DeepgramServer) -> None:
    """Not at its import either, when the SDK looks for a key."""
    code = f"""
import sys
from pathlib import Path
from callscribe.cancellation import NEVER
from callscribe.demo import RECORDING
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.deepgram.declaration import DeepgramDeclaration
from callscribe.speech.forgotten_requests import ForgottenRequests
from callscribe.speech.interface import RecognitionOptions, Recording
engine = DeepgramDeclaration().make(Settings(deepgram_api_key={KEY!r}, deepgram_base_url={server.url!r}))
recording = Recording(RECORDING, (0, 1), 60.0, Decoder())
print(len(list(engine.transcribe(recording, model="nova-3", options=RecognitionOptions("en-US"), cancelled=NEVER,
    requests=ForgottenRequests()))))
"""
    with MediaServer().running() as proxy:
        environment = os.environ | {
            "DEEPGRAM_API_KEY": "another",
            "HTTP_PROXY": proxy.url(""),
            "http_proxy": proxy.url(""),
            "ALL_PROXY": proxy.url(""),
        }
        ended = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
        )
        assert proxy.requests == []
    assert (ended.returncode, ended.stdout.strip(), ended.stderr) == (0, str(len(DEMO)), "")
    assert server.asked[0].headers["Authorization"] == f"Token {KEY}"


def test_nothing_is_logged_of_a_request(server: DeepgramServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    heard(server, keyterms=("Emma Carter",))
    assert server.asked
    for secret in (KEY, "Emma", "keyterm", DEMO[0].text):
        assert secret not in caplog.text


# What goes wrong.


BUSY = error(429, "TOO_MANY_REQUESTS", "Too many requests.", Retry_After="7")


@pytest.mark.parametrize(
    ("fault", "kind", "detail"),
    [
        (
            error(400, "Bad Request", "Bad Request: failed to process audio: corrupt or unsupported data"),
            JobError,
            "Deepgram answered 400: Bad Request: failed to process audio: corrupt or unsupported data",
        ),
        (
            body(b'{"category": "INVALID_QUERY", "message": "Wrong.", "details": "No model."}', code=400),
            JobError,
            "Deepgram answered 400: Wrong. No model.",
        ),
        (error(401, "INVALID_AUTH", f"Invalid credentials {KEY}"), ProviderKeyRefused, "does not take the key (401)"),
        (error(402, "ASR_PAYMENT_REQUIRED", "No credits."), ProviderKeyRefused, "has no credit (402): No credits."),
        (error(403, "INSUFFICIENT_PERMISSIONS", "Not this model."), ProviderKeyRefused, "(403): Not this model."),
        (error(413, "PAYLOAD_TOO_LARGE", "At most 2 GB."), JobError, "answered 413: At most 2 GB."),
        (BUSY, ProviderUnavailable, "answered 429: Too many requests."),
        (error(500, "INTERNAL_SERVER_ERROR", "Oh."), ProviderUnavailable, "answered 500: Oh."),
        (error(503, "UNAVAILABLE", "Later."), ProviderUnavailable, "answered 503: Later."),
        (body(b"\x1f\x8b", code=503, Content_Encoding="gzip"), ProviderUnavailable, "answered 503"),
        (redirect("http://127.0.0.1:1/v1/listen"), JobError, "answered 302: redirects are not followed"),
    ],
    ids=["400", "400-new", "401", "402", "403", "413", "429", "500", "503", "503-encoded", "302"],
)
def test_error_is_asked_once_and_costs_nothing(
    server: DeepgramServer, fault: Callable[..., None], kind: type[JobError], detail: str
) -> None:
    server.faults = [fault]
    kept = Kept()
    with pytest.raises(JobError) as failed:
        heard(server, requests=kept)
    assert type(failed.value) is kind
    assert failed.value.code is Code.PROVIDER_REFUSED
    assert detail in failed.value.detail
    assert KEY not in str(failed.value)
    assert len(server.asked) == 1, "no retries of the SDK's own"
    assert [what for what, _ in kept.told] == ["sending", "refused"]
    if fault is BUSY:
        assert isinstance(failed.value, ProviderUnavailable)
        assert failed.value.retry_after == 7


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (reset(), "broke before the end"),
        (reset(b'{"metadata": {'), "broke before the end"),
        (drip(), "did not answer in time"),
        (body(b"<html>Bad gateway</html>", "text/html", code=502), "answered 502: <html>Bad gateway</html>"),
        (error(504, "GATEWAY_TIMEOUT", "Too slow."), "answered 504: Too slow."),
    ],
    ids=["reset", "reset-in-answer", "drip", "502", "504"],
)
def test_nobody_knows_what_came_of_it(server: DeepgramServer, fault: Callable[..., None], detail: str) -> None:
    server.faults = [fault]
    kept = Kept()
    with pytest.raises(ProviderUnavailable, match=detail):
        heard(server, requests=kept, changes={"provider_timeout": 0.5})
    assert len(server.asked) == 1
    assert [what for what, _ in kept.told] == ["sending"]


def test_nobody_there(server: DeepgramServer) -> None:
    with MediaServer().running() as gone:
        url = gone.url("")
    kept = Kept()
    with pytest.raises(ProviderUnavailable, match="cannot be connected to"):
        heard(server, requests=kept, changes={"deepgram_base_url": url})
    assert [what for what, _ in kept.told] == ["sending", "refused"]


def test_recording_too_large_is_refused_while_it_is_sent(server: DeepgramServer, tmp_path: Path) -> None:
    """The answer comes, and the connection ends, before all is sent: the answer counts."""
    large = write(tmp_path / "large.wav", np.zeros((6 * 1024 * 1024, 2)))

    def refuse(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        handler.rfile.read(1000)
        error(413, "PAYLOAD_TOO_LARGE", "At most 2 GB.")(handler, stopping)
        handler.close_connection = True

    with MediaServer().running() as strict:
        strict.paths["/v1/listen"] = refuse
        with pytest.raises(JobError) as failed:
            heard(server, large, changes={"deepgram_base_url": strict.url("")})
    assert failed.value.detail in {
        "Deepgram answered 413: At most 2 GB.",
        # Where the system throws the answer away as it learns that the connection was reset.
        "the connection to Deepgram broke before the end of the answer",
    }


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (body(b"<html>Hello</html>"), "Invalid JSON"),
        (body(b""), "Invalid JSON"),
        (body(b'{"request_id": "12"}'), "results Field required"),
        (body(b'{"results": {"channels": "none"}}'), "results.channels"),
        (endless(), "more than 256 MiB"),
    ],
    ids=["html", "empty", "accepted", "form", "endless"],
)
def test_unreadable_answer_ends_the_job(
    server: DeepgramServer, fault: Callable[..., None], detail: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "MiB" in detail:
        monkeypatch.setattr("callscribe.speech.engines.deepgram.engine.MOST_BYTES", 2**20)
        detail = "more than 1 MiB"
    server.faults = [fault]
    with pytest.raises(JobError, match=detail) as failed:
        heard(server)
    assert type(failed.value) is JobError
    assert failed.value.code is Code.PROVIDER_REFUSED
    assert len(server.asked) == 1


def test_missing_channel_is_not_taken_for_silence(server: DeepgramServer) -> None:
    def first_alone(document: dict[str, Any]) -> dict[str, Any]:
        results = document["results"]
        results["channels"] = results["channels"][:1]
        results["utterances"] = [each for each in results["utterances"] if each["channel"] == 0]
        return document

    server.tampered = first_alone
    with pytest.raises(JobError, match="it has 1 of 2 channels"):
        heard(server)


@pytest.mark.parametrize("lost", [None, [], 0], ids=["missing", "none", "of-a-channel"])
def test_text_without_utterances_is_not_taken_for_silence(server: DeepgramServer, lost: object) -> None:
    def without(document: dict[str, Any]) -> dict[str, Any]:
        results = document["results"]
        mine = [each for each in results["utterances"] if each["channel"] == lost]
        results["utterances"] = mine if lost == 0 else lost
        return document

    server.tampered = without
    with pytest.raises(JobError, match="has text and no utterances"):
        heard(server)


def test_what_is_no_number_is_not_known(server: DeepgramServer) -> None:
    """The rest of what was paid for stays: times of one utterance are lost, and the confidence of another's words."""

    def odd(document: dict[str, Any]) -> dict[str, Any]:
        first, second, *_ = document["results"]["utterances"]
        first["words"][0]["start"] = float("nan")
        for each in second["words"]:
            each["confidence"] = float("inf")
        return document

    expected = heard(server)
    server.tampered = odd
    first, second, *others = heard(server)
    assert not first.words_timed
    assert {(word.start, word.end) for word in first.words} == {(first.start, first.end)}
    assert second == expected[1]
    assert others == expected[2:]


def test_words_out_of_order_come_in_order(server: DeepgramServer) -> None:
    def shuffled(document: dict[str, Any]) -> dict[str, Any]:
        document["results"]["utterances"].reverse()
        for each in document["results"]["utterances"]:
            each["words"].reverse()
        return document

    expected = transcript(server)
    server.tampered = shuffled
    assert transcript(server) == expected


def test_times_outside_of_the_recording_are_brought_inside(server: DeepgramServer) -> None:
    server.said = [Said(0, -0.5, 0.5, "Hello there."), Said(1, 59.0, 99.0, "Good bye."), Said(1, 200, 201, "Late.")]
    for segment in heard(server, duration=60.0):
        assert 0 <= segment.start <= segment.end <= 60
        assert all(0 <= word.start <= word.end <= 60 for word in segment.words)


def test_cancelled_while_the_provider_thinks(server: DeepgramServer) -> None:
    thinking = threading.Event()

    def think(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        thinking.set()
        stopping.wait()

    server.faults = [think]
    cancelled = Cancellation()
    threading.Thread(target=lambda: thinking.wait() and cancelled.cancel(), daemon=True).start()
    with pytest.raises(Cancelled):
        heard(server, cancelled=cancelled)


# What is not paid for twice.


def test_kept_answer_is_not_asked_for_again(server: DeepgramServer) -> None:
    kept = Kept()
    first = heard(server, requests=kept)
    assert kept.told == [("sending", 2 * call().duration), ("answered", 0)]
    assert heard(server, requests=kept) == first
    assert len(server.asked) == 1


def test_answer_is_kept_as_it_came_before_it_is_read(server: DeepgramServer) -> None:
    server.faults = [body(b"{}")]
    kept = Kept()
    for _ in range(2):
        with pytest.raises(JobError, match="cannot be read"):
            heard(server, requests=kept)
    assert kept.answers == {0: b"{}"}
    assert len(server.asked) == 1


def test_killed_while_a_request_is_out(server: DeepgramServer, tmp_path: Path) -> None:
    """`kill -9`: what was told before it is known to who goes on, and the recording is sent again."""
    code = f"""
import os, signal, sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from callscribe.cancellation import NEVER
from callscribe.demo import RECORDING
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.deepgram.engine import DeepgramEngine
from callscribe.speech.forgotten_requests import ForgottenRequests
from callscribe.speech.interface import RecognitionOptions, Recording
class Told(ForgottenRequests):
    def sending(self, part, seconds):
        open({str(tmp_path / "sending")!r}, "w").close()
engine = DeepgramEngine(Settings(deepgram_api_key={KEY!r}, deepgram_base_url={server.url!r}))
recording, options = Recording(RECORDING, (0, 1), 60.0, Decoder()), RecognitionOptions("en-US")
list(engine.transcribe(recording, model="nova-3", options=options, cancelled=NEVER, requests=Told()))
"""
    process: list[subprocess.Popen[bytes]] = []

    def kill(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        assert (tmp_path / "sending").exists()
        process[0].kill()

    server.faults = [kill]
    process.append(subprocess.Popen([sys.executable, "-c", code]))
    assert process[0].wait(60) == -9
    assert heard(server)
    assert len(server.asked) == 2


# Who may ask.


def test_without_a_key_there_is_nothing_to_ask() -> None:
    none = Settings(deepgram_api_key=None)
    assert DeepgramDeclaration().models(none) == []
    DeepgramDeclaration().check(none)
    with pytest.raises(SetupError, match="CALLSCRIBE_DEEPGRAM_API_KEY"):
        DeepgramDeclaration().make(none)
    assert resolve("deepgram", "nova-3", "en-US", none).engine == "whisper"


def test_with_a_key_it_serves_its_name() -> None:
    keyed = Settings(deepgram_api_key=KEY)
    declaration = registry.find("deepgram")
    assert isinstance(declaration, DeepgramDeclaration)
    assert declaration.sends_to(keyed) == "api.deepgram.com"
    for model in ("nova-3", "nova-2"):
        for language in ("en-US", "no-NO", "multi"):
            assert str(resolve("deepgram", model, language, keyed)) == f"deepgram/{model}"
            assert check("deepgram", model, language, keyed, keyterms=True, verbatim=True) == []
    assert resolve("deepgram", "nova-3", "en-US", Settings(deepgram_api_key=KEY, routes="local")).engine == "whisper"


def test_without_the_sdk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "deepgram", None)
    keyed = Settings(deepgram_api_key=KEY)
    assert DeepgramDeclaration().models(keyed) == []
    with pytest.raises(SetupError, match=r"pip install 'callscribe\[deepgram\]'"):
        DeepgramDeclaration().check(keyed)


@pytest.mark.parametrize("key", ["a key", "key\n", "schlüssel"])
def test_key_that_cannot_be_one(key: str) -> None:
    with pytest.raises(SetupError, match="characters that no key has") as wrong:
        DeepgramDeclaration().check(Settings(deepgram_api_key=key))
    assert key not in str(wrong.value)


@pytest.mark.parametrize("url", ["https://user:pass@api.example", "https://api.example?key=1"])
def test_address_is_an_address_alone(url: str) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_DEEPGRAM_BASE_URL is an address alone") as wrong:
        DeepgramDeclaration().check(Settings(deepgram_api_key=KEY, deepgram_base_url=url))
    assert "pass" not in str(wrong.value)


def test_sdk_is_loaded_only_to_ask() -> None:
    code = """
import sys
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.routes import check
check("deepgram", "nova-3", "en-US", Settings(deepgram_api_key="key"))
print("deepgram" in sys.modules, "httpx" in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["False", "False"]

"""Google's Speech-to-Text, against a server that reads requests as Google's own SDK does."""

import json
import os
import signal
import subprocess
import sys
import threading
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from google.cloud import speech_v2
from google.cloud.speech_v2.services.speech.transports import SpeechRestTransport
from google.cloud.speech_v2.types import cloud_speech
from google.oauth2.credentials import Credentials
from google.rpc import status_pb2
from pydantic import HttpUrl

import media_files
from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled, Code, JobError, ProviderKeyRefused, ProviderUnavailable, SetupError
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.google.declaration import GoogleDeclaration
from callscribe.speech.engines.google.engine import MOST_CONTENT, GoogleEngine
from callscribe.speech.interface import RecognitionOptions, Recording, Segment
from callscribe.speech.pipeline import transcribe_file
from callscribe.transcripts.assembly import assemble
from google_server import (
    BUCKET,
    PROJECT,
    Fault,
    GoogleServer,
    Samples,
    body,
    decoded,
    error,
    heard,
    key_file,
    lost,
    reset,
    silence,
    toned,
)
from harness import eventually

ENGLISH = RecognitionOptions(language="en-US")
SHORT = {0: {2.0: 1, 3.0: 2, 9.0: 3}, 1: {5.0: 11, 6.0: 12, 14.0: 13}}
"""A call of 20 s."""
LONG = {0: {at: number for number, at in enumerate(np.arange(3.0, 66.0, 6.0))}}
LONG[1] = {at + 3.0: number + 50 for at, number in LONG[0].items()}
"""One of 70 s, more than a request may have."""


class Kept:
    """`SentRequests` that outlast an attempt, as the database keeps them."""

    def __init__(self) -> None:
        self.answers: dict[int, bytes] = {}
        self.handles: dict[int, str] = {}
        self.out: set[int] = set()
        self.told: list[tuple[str, int]] = []
        self.sent_again: list[int] = []
        self.dies_at: str | None = None

    def answer(self, part: int) -> bytes | None:
        return self.answers.get(part)

    def handle(self, part: int) -> str | None:
        return self.handles.get(part) if part in self.out else None

    def sending(self, part: int, seconds: float) -> None:  # noqa: ARG002
        if part in self.out:
            self.sent_again.append(part)
        self.out.add(part)
        self.handles.pop(part, None)
        self._tell("sending", part)

    def accepted(self, part: int, handle: str) -> None:
        assert part in self.out
        self.handles[part] = handle
        self._tell("accepted", part)

    def answered(self, part: int, answer: bytes) -> None:
        self._tell("answered", part)
        self.answers[part] = answer
        self.out.discard(part)

    def refused(self, part: int) -> None:
        self._tell("refused", part)
        self.out.discard(part)

    def _tell(self, name: str, part: int) -> None:
        self.told.append((name, part))
        if f"{name} {len([each for each in self.told if each[0] == name])}" == self.dies_at:
            raise Killed


class Killed(BaseException):
    """As by `kill -9`: nobody tidies up."""


@pytest.fixture
def google() -> Iterator[GoogleServer]:
    with GoogleServer().running() as server:
        yield server


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    made = Decoder()
    yield made
    made.close()


def settings_of(google: GoogleServer, folder: Path, **changed: Any) -> Settings:
    return Settings(
        data_dir=folder,
        google_credentials=key_file(folder, google),
        google_base_url=HttpUrl(google.url),
        google_storage_url=HttpUrl(google.url),
        **changed,
    )


@pytest.fixture
def engine(google: GoogleServer, tmp_path: Path) -> GoogleEngine:
    """Without a bucket."""
    return GoogleEngine(settings_of(google, tmp_path))


@pytest.fixture
def with_bucket(google: GoogleServer, tmp_path: Path) -> GoogleEngine:
    return GoogleEngine(settings_of(google, tmp_path, google_bucket=BUCKET))


def written(path: Path, samples: Samples, rate: int = 16_000) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((samples.T * 32767).astype("<i2").tobytes())
    return path


def short_call(folder: Path) -> Path:
    return written(folder / "call.wav", toned(20.0, SHORT, rate=8000), 8000)


def long_call(folder: Path) -> Path:
    return written(folder / "long.wav", toned(70.0, LONG, rate=8000), 8000)


def transcribed(
    engine: GoogleEngine,
    path: Path,
    decoder: Decoder,
    requests: Kept | None = None,
    options: RecognitionOptions = ENGLISH,
    *,
    channels: tuple[int, ...] = (0, 1),
    duration: float = 20.0,
    cancelled: Cancellation = NEVER,
) -> list[Segment]:
    recording = Recording(path, channels, duration, decoder)
    return list(
        engine.transcribe(recording, model="chirp_2", options=options, cancelled=cancelled, requests=requests or Kept())
    )


def tones(segments: list[Segment]) -> dict[int, dict[float, int]]:
    """What was heard, in the form of `SHORT`; in order, and in sentences."""
    found: dict[int, dict[float, int]] = {}
    for segment in sorted(segments, key=lambda each: each.start):
        assert segment.words[0].text[0].isupper()
        assert segment.words[-1].text.endswith(".")
        assert all(one.end <= two.start for one, two in pairwise(segment.words))
        for word in segment.words:
            assert word.confidence == 0.875
            number = int(word.text.lower().removeprefix("tone").rstrip("."))
            found.setdefault(segment.channel, {})[round(word.start, 1)] = number
    return found


def rounded(said: dict[int, dict[float, int]]) -> dict[int, dict[float, int]]:
    return {channel: {round(at, 1): number for at, number in by_time.items()} for channel, by_time in said.items()}


# One request.


def test_each_channel_says_its_own(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    path = short_call(tmp_path)
    kept = Kept()
    segments = transcribed(engine, path, decoder, kept)
    assert tones(segments) == SHORT
    assert {segment.language for segment in segments} == {"en"}
    assert all(segment.words_timed for segment in segments)
    (seen,) = google.of("recognize")
    assert seen.message.content == path.read_bytes()
    features = seen.message.config.features
    assert features.multi_channel_mode.name == "SEPARATE_RECOGNITION_PER_CHANNEL"
    assert list(seen.message.config.language_codes) == ["en-US"]
    assert kept.told == [("sending", 1), ("answered", 1)]
    assert engine.answered_at is not None


def test_the_same_document_as_by_any_engine(engine: GoogleEngine, tmp_path: Path, decoder: Decoder) -> None:
    segmentation, segments = transcribe_file(decoder, short_call(tmp_path), engine, "chirp_2", ENGLISH, NEVER)
    transcript = assemble(segments, duration=segmentation.duration, participants={0: 0, 1: 1}, language="en-US")
    said = [(each.participant, each.text) for each in transcript.sentences]
    assert said[0] == (0, "Tone1 tone2")
    assert {participant for participant, _ in said} == {0, 1}
    assert [text for participant, text in said if participant == 1] == ["Tone11 tone12", "tone13."]


def test_requests_are_those_of_the_sdk(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    """Google's own client, asked for the same, sends the same."""
    options = RecognitionOptions(language="de-DE", keyterms=("Riverside Outdoor", "rain fly"))
    transcribed(with_bucket, short_call(tmp_path), decoder, options=options)
    transcribed(with_bucket, long_call(tmp_path), decoder, options=options, duration=70.0)
    ours = [google.of("recognize")[0], google.of("batch")[0], google.of("operation")[0]]
    token = next(iter(google.tokens)).removeprefix("Bearer ")
    host = google.url.removeprefix("http://")
    client = speech_v2.SpeechClient(
        transport=SpeechRestTransport(host=host, credentials=Credentials(token), url_scheme="http")  # type: ignore[no-untyped-call]
    )
    recognizer = f"projects/{PROJECT}/locations/us-central1/recognizers/_"
    for seen, call in zip(ours, (client.recognize, client.batch_recognize), strict=False):
        message = type(seen.message)(seen.message)
        message.recognizer = recognizer
        call(message, retry=None)
    client.get_operation({"name": ours[2].path.removeprefix("/v2/")}, retry=None)
    theirs = [google.of("recognize")[1], google.of("batch")[1], google.of("operation")[-1]]
    for our, their in zip(ours, theirs, strict=True):
        assert our.path == their.path.partition("?")[0]
        assert our.message == their.message
        assert our.body == b"" or json.loads(our.body).keys() == json.loads(their.body).keys()


def test_key_terms_and_language(google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder) -> None:
    options = RecognitionOptions(language=None, keyterms=("Tone3", "Emma Carter"))
    segments = transcribed(engine, short_call(tmp_path), decoder, options=options)
    assert {segment.language for segment in segments} == {"de"}  # what it says is spoken
    config = google.of("recognize")[0].message.config
    assert list(config.language_codes) == ["auto"]
    (phrases,) = config.adaptation.phrase_sets
    assert [phrase.value for phrase in phrases.inline_phrase_set.phrases] == ["Tone3", "Emma Carter"]


def test_one_channel(google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder) -> None:
    mono = written(tmp_path / "mono.wav", toned(20.0, {0: SHORT[0]}, channels=1, rate=8000), 8000)
    assert tones(transcribed(engine, mono, decoder, channels=(0,))) == {0: SHORT[0]}
    # Of two that are copies, the first is asked for.
    assert tones(transcribed(engine, short_call(tmp_path), decoder, channels=(0,))) == {0: SHORT[0]}
    # Any other one is sent alone.
    assert tones(transcribed(engine, short_call(tmp_path), decoder, channels=(1,))) == {1: SHORT[1]}
    assert [each.message.config.features.multi_channel_mode.value for each in google.of("recognize")] == [0, 0, 0]
    assert [len(decoded(each.message.content)) for each in google.of("recognize")] == [1, 2, 1]


@pytest.mark.parametrize(
    "name", ["wav-s24", "wav-mulaw", "mp3-cbr", "flac-8k", "ogg-opus", "ogg-vorbis", "m4a", "wav-f32"]
)
def test_any_file(google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder, name: str) -> None:
    """What Google decodes comes as it is, all else as FLAC."""
    how = {"rate": 16_000, **media_files.FORMATS[name]}
    path = media_files.write(tmp_path / name, toned(20.0, SHORT, rate=how["rate"]), **how)
    assert tones(transcribed(engine, path, Decoder(extended=True))) == SHORT
    content = google.of("recognize")[0].message.content
    as_it_is = name in {"wav-mulaw", "mp3-cbr", "flac-8k", "ogg-opus"}
    assert (content == path.read_bytes()) == as_it_is
    assert as_it_is or content[:4] == b"fLaC"


def test_a_large_file_of_a_minute(google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder) -> None:
    """10 MB of JSON are fewer bytes of audio."""
    path = written(tmp_path / "large.wav", toned(60.0, SHORT, rate=44_100), 44_100)
    assert path.stat().st_size > MOST_CONTENT
    assert tones(transcribed(engine, path, decoder, duration=60.0)) == SHORT
    assert google.of("recognize")[0].message.content[:4] == b"fLaC"


def test_nothing_is_said(google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder) -> None:
    assert transcribed(engine, written(tmp_path / "quiet.wav", toned(20.0, {})), decoder) == []
    # And where one party is heard, and the other not.
    one = written(tmp_path / "one.wav", toned(20.0, {1: SHORT[1]}))
    assert tones(transcribed(engine, one, decoder)) == {1: SHORT[1]}


# In pieces.


def test_a_long_call_in_pieces(google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder) -> None:
    kept = Kept()
    segments = transcribed(engine, long_call(tmp_path), decoder, kept, duration=70.0)
    assert tones(segments) == rounded(LONG)
    lengths = [decoded(each.message.content).shape[1] / 16_000 for each in google.of("recognize")]
    assert len(lengths) == 2
    assert sum(lengths) == pytest.approx(70.0)
    assert all(35.0 < each <= 55.0 for each in lengths[:-1])
    assert kept.told == [(name, part) for part in (1, 2) for name in ("sending", "answered")]


def test_pieces_that_were_answered_are_not_sent_again(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    google.faults["recognize"].extend([lambda handler: handler.serve(), error(503)])
    with pytest.raises(ProviderUnavailable):
        transcribed(engine, path, decoder, kept, duration=70.0)
    assert kept.told == [("sending", 1), ("answered", 1), ("sending", 2), ("refused", 2)]
    assert tones(transcribed(engine, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert len(google.of("recognize")) == 1 + 1 + 1
    assert kept.sent_again == []
    # Nor does another attempt send anything.
    assert tones(transcribed(engine, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert len(google.of("recognize")) == 3


# In the bucket.


def test_a_long_call_in_the_bucket(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    google.polls = 2
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert google.objects == {}
    assert google.kinds() == ["token", "upload", "put", "batch", *["operation"] * 3, "delete"]
    (put,) = google.of("put")
    assert put.body == path.read_bytes()
    assert [name for name, _ in kept.told] == ["sending", "accepted", "accepted", "answered"]
    # Another attempt asks for nothing.
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert len(google.seen) == 8


def test_what_is_uploaded_as_it_is_encoded(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callscribe.speech.engines.google.bucket.CHUNK", 512 * 1024)
    noise = np.random.default_rng(1).normal(0, 0.02, (2, 70 * 16_000))
    path = written(tmp_path / "long.wav", np.clip(toned(70.0, LONG) + noise, -1, 1).astype(np.float32))
    google.kept_of_chunk = 256 * 1024  # and the rest of it is sent once more
    # The second channel alone, which no file is.
    segments = transcribed(with_bucket, path, decoder, channels=(1,), duration=70.0)
    assert tones(segments) == {1: rounded(LONG)[1]}
    puts = google.of("put")
    assert len(puts) > 3
    assert (len(puts[0].body), len(puts[1].body)) == (512 * 1024, 256 * 1024)
    assert google.objects == {}


def test_what_cannot_be_recognised_is_deleted(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    kept = Kept()
    google.file_error = status_pb2.Status(code=3, message="Audio data is not in a supported encoding.")
    with pytest.raises(JobError, match="not in a supported encoding") as refused:
        transcribed(with_bucket, long_call(tmp_path), decoder, kept, duration=70.0)
    assert refused.value.code is Code.PROVIDER_REFUSED
    assert google.objects == {}
    assert kept.told[-1] == ("refused", 0)
    google.file_error = status_pb2.Status(code=14, message="Try later.")
    with pytest.raises(ProviderUnavailable, match=r"Try later\."):
        transcribed(with_bucket, long_call(tmp_path), decoder, kept, duration=70.0)
    assert google.objects == {}


@pytest.mark.parametrize(
    ("kind", "fault", "raised", "left"),
    [
        ("upload", error(403, "no storage.objects.create"), ProviderKeyRefused, False),
        ("upload", error(404, "no bucket"), ProviderKeyRefused, False),
        ("upload", error(503), ProviderUnavailable, False),
        ("upload", body(b"", Location="http://elsewhere.example/upload"), JobError, False),
        ("put", error(500), ProviderUnavailable, False),
        ("put", reset, ProviderUnavailable, False),
        ("put", body(b"", 308), ProviderUnavailable, False),
        ("batch", error(400, "bad request"), JobError, False),
        ("batch", error(429, retry_delay=7.5), ProviderUnavailable, False),
        # A gateway may have given up on what Google does: the next attempt looks, and needs the object.
        ("batch", body(b"<html>bad gateway</html>", 502), ProviderUnavailable, True),
        ("batch", body(b"not JSON"), JobError, False),
        ("batch", body(b'{"name": "../../v1/elsewhere"}'), JobError, False),
        # Here Google works on it, and the next attempt goes on.
        ("operation", error(503), ProviderUnavailable, True),
        ("operation", reset, ProviderUnavailable, True),
        ("operation", body(b"[]"), JobError, True),
    ],
)
def test_what_goes_wrong_on_the_way(
    google: GoogleServer,
    with_bucket: GoogleEngine,
    tmp_path: Path,
    decoder: Decoder,
    kind: str,
    fault: Fault,
    raised: type[JobError],
    left: bool,  # noqa: FBT001
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    google.faults[kind].append(fault)
    with pytest.raises(raised) as failed:
        transcribed(with_bucket, path, decoder, kept, duration=70.0)
    assert type(failed.value) is raised
    assert bool(google.objects) == left
    if isinstance(failed.value, ProviderUnavailable):
        assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
        assert len(google.operations) == 1
        assert google.objects == {}
        assert kept.sent_again == []


def test_an_object_that_cannot_be_deleted_is_told_of(
    google: GoogleServer,
    with_bucket: GoogleEngine,
    tmp_path: Path,
    decoder: Decoder,
    capsys: pytest.CaptureFixture[str],
) -> None:
    google.faults["delete"].append(error(403, "no storage.objects.delete"))
    assert tones(transcribed(with_bucket, long_call(tmp_path), decoder, duration=70.0)) == rounded(LONG)
    (left,) = google.objects
    logged = capsys.readouterr()
    assert f"gs://{BUCKET}/{left}" in logged.out + logged.err


# Interrupted.


@pytest.mark.parametrize("moment", ["sending 1", "accepted 1", "accepted 2", "answered 1"])
def test_killed_at_any_moment(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder, moment: str
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    kept.dies_at = moment
    with pytest.raises(Killed):
        transcribed(with_bucket, path, decoder, kept, duration=70.0)
    kept.dies_at = None
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert len(google.of("batch")) == 1
    assert len(google.of("put")) == 1
    assert google.objects == {}
    # Nobody was told anything of the recording before the first of them, and the job cannot know that.
    assert kept.sent_again == ([0] if moment == "sending 1" else [])


@pytest.mark.parametrize("others", [0, 3])
def test_whose_answer_got_lost_is_found(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder, others: int
) -> None:
    """Google works on it, and nobody here was told: it is known by the object it is for."""
    path = long_call(tmp_path)
    for _ in range(others):
        transcribed(with_bucket, path, decoder, duration=70.0)
    kept = Kept()
    google.faults["batch"].append(lost)
    with pytest.raises(ProviderUnavailable):
        transcribed(with_bucket, path, decoder, kept, duration=70.0)
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert len(google.of("batch")) == others + 1
    assert google.objects == {}
    assert kept.sent_again == []


def test_what_never_arrived_is_sent_once(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    google.faults["batch"].append(reset)
    with pytest.raises(ProviderUnavailable):
        transcribed(with_bucket, path, decoder, kept, duration=70.0)
    assert len(google.objects) == 1
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert len(google.operations) == 1
    assert google.objects == {}
    assert kept.sent_again == []


def test_who_may_not_list_says_that_it_is_sent_again(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    google.faults["batch"].append(lost)
    with pytest.raises(ProviderUnavailable):
        transcribed(with_bucket, path, decoder, kept, duration=70.0)
    google.faults["operations"].append(error(403, "no speech.operations.list"))
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert kept.sent_again == [0]
    assert google.objects == {}


def test_an_operation_that_google_forgot(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    kept, path = Kept(), long_call(tmp_path)
    google.faults["operation"].append(error(503))
    with pytest.raises(ProviderUnavailable):
        transcribed(with_bucket, path, decoder, kept, duration=70.0)
    google.faults["operation"].append(error(404))
    assert tones(transcribed(with_bucket, path, decoder, kept, duration=70.0)) == rounded(LONG)
    assert kept.sent_again == [0]
    assert google.objects == {}


def test_killed_in_a_process_of_its_own(google: GoogleServer, tmp_path: Path, decoder: Decoder) -> None:
    """`kill -9` while Google works on it: who goes on asks by the operation's name."""
    settings = settings_of(google, tmp_path, google_bucket=BUCKET)
    path, noted = long_call(tmp_path), tmp_path / "handle"
    google.polls = None  # never done
    program = f"""
import sys
from pathlib import Path
from pydantic import HttpUrl
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.google.engine import GoogleEngine
from callscribe.speech.forgotten_requests import ForgottenRequests
from callscribe.speech.interface import RecognitionOptions, Recording

class Noted(ForgottenRequests):
    def accepted(self, part, handle):
        Path({str(noted)!r}).write_text(handle)

settings = Settings.model_validate_json({settings.model_dump_json()!r})
recording = Recording(Path({str(path)!r}), (0, 1), 70.0, Decoder())
options = RecognitionOptions(language="en-US")
list(GoogleEngine(settings).transcribe(
    recording, model="chirp_2", options=options, cancelled=NEVER, requests=Noted()))
"""
    process = subprocess.Popen([sys.executable, "-c", program])
    try:
        eventually(lambda: google.of("operation"), timeout=150.0)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    google.polls = 1
    for operation in google.operations.values():
        operation.polls = 1
    kept = Kept()
    kept.out, kept.handles = {0}, {0: noted.read_text()}
    segments = transcribed(GoogleEngine(settings), path, decoder, kept, duration=70.0)
    assert tones(segments) == rounded(LONG)
    assert (len(google.of("put")), len(google.of("batch"))) == (1, 1)
    assert google.objects == {}
    assert kept.told == [("answered", 0)]


@contextmanager
def cancelled_once(look: Callable[[], object]) -> Iterator[Cancellation]:
    """Cancelled once something is the case."""
    cancellation = Cancellation()

    def watch() -> None:
        eventually(look)
        cancellation.cancel()

    thread = threading.Thread(target=watch)
    thread.start()
    yield cancellation
    thread.join()


@pytest.mark.parametrize("kind", ["token", "recognize"])
def test_cancelled_while_nothing_comes(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder, kind: str
) -> None:
    google.faults[kind].append(silence)
    path = short_call(tmp_path)
    with cancelled_once(lambda: google.of(kind)) as cancellation, pytest.raises(Cancelled):
        transcribed(engine, path, decoder, cancelled=cancellation)


def stored_in_silence(handler: Any) -> None:
    handler.muted = True
    handler.serve()
    silence(handler)


@pytest.mark.parametrize("kind", ["put", "operation"])
def test_cancelled_leaves_nothing_in_the_bucket(
    google: GoogleServer, with_bucket: GoogleEngine, tmp_path: Path, decoder: Decoder, kind: str
) -> None:
    google.polls = None
    if kind == "put":
        google.faults["put"].append(stored_in_silence)
    path = long_call(tmp_path)
    with cancelled_once(lambda: google.of(kind)) as cancellation, pytest.raises(Cancelled):
        transcribed(with_bucket, path, decoder, duration=70.0, cancelled=cancellation)
    eventually(lambda: google.of("delete") and not google.objects)
    assert all(operation.cancelled for operation in google.operations.values())


# Refused.

UNKNOWN = {"connection", "502", "504"}


@pytest.mark.parametrize(
    ("fault", "raised", "words"),
    [
        (error(400, "The model does not take this."), JobError, "The model does not take this."),
        (error(400, "What is ya29.token-0?"), JobError, "What is …?"),
        (error(401, "ya29.token-0 expired"), ProviderKeyRefused, "does not take the key"),
        (error(402, "no credit"), ProviderKeyRefused, "no credit"),
        (error(403, "Speech-to-Text is disabled."), ProviderKeyRefused, "is disabled"),
        (error(413, "too large"), JobError, "too large"),
        (error(429, "quota"), ProviderUnavailable, "quota"),
        (error(500), ProviderUnavailable, "500"),
        (error(504), ProviderUnavailable, "504"),
        (body(b"<html>busy</html>", 502), ProviderUnavailable, "502"),
        (body(b"", 302, Location="http://127.0.0.1:1/"), JobError, "302"),
        (body(b"<html>welcome</html>"), JobError, "cannot be read"),
        (body(b'{"results": 7}'), JobError, "cannot be read"),
        (body(b"[" * 100_000), JobError, "cannot be read"),
        (reset, ProviderUnavailable, "connection"),
    ],
)
def test_errors(
    google: GoogleServer,
    engine: GoogleEngine,
    tmp_path: Path,
    decoder: Decoder,
    fault: Fault,
    raised: type[JobError],
    words: str,
) -> None:
    kept = Kept()
    google.faults["recognize"].append(fault)
    with pytest.raises(raised) as failed:
        transcribed(engine, short_call(tmp_path), decoder, kept)
    assert type(failed.value) is raised
    assert words in failed.value.detail
    assert "ya29" not in failed.value.detail
    assert len(google.of("recognize")) == 1
    # An answer that cannot be read was paid for, and of one that a gateway gives instead nobody knows.
    ends = "answered" if "read" in words else "sending" if words in UNKNOWN else "refused"
    assert kept.told[-1] == (ends, 1)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (error(429, Retry_After="17"), 17.0),
        (error(503, retry_delay=4.25), 4.25),
        (error(503, retry_delay=4.25, Retry_After="9"), 9.0),
        (error(500), None),
        (body(b'{"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo"}]}}', 503), None),
        (body(b'{"error": {"details": 5}}', 503), None),
        (body(b'{"error": "no"}', 503), None),
    ],
)
def test_how_long_to_wait(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder, fault: Fault, seconds: float | None
) -> None:
    google.faults["recognize"].append(fault)
    with pytest.raises(ProviderUnavailable) as failed:
        transcribed(engine, short_call(tmp_path), decoder)
    assert failed.value.retry_after == seconds


def test_an_answer_too_large_is_given_up(
    google: GoogleServer, tmp_path: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callscribe.speech.engines.google.speech_client.MOST_BYTES", 1_000_000)
    google.faults["recognize"].append(body(b" " * 1_000_001))
    with pytest.raises(JobError, match="more than"):
        transcribed(GoogleEngine(settings_of(google, tmp_path)), short_call(tmp_path), decoder)


def test_no_answer_in_time(google: GoogleServer, tmp_path: Path, decoder: Decoder) -> None:
    google.faults["recognize"].append(silence)
    engine = GoogleEngine(settings_of(google, tmp_path, provider_timeout=0.5))
    with pytest.raises(ProviderUnavailable, match="in time"):
        transcribed(engine, short_call(tmp_path), decoder)


def test_not_done_in_time_is_asked_for_later(google: GoogleServer, tmp_path: Path, decoder: Decoder) -> None:
    google.polls = None
    engine = GoogleEngine(settings_of(google, tmp_path, google_bucket=BUCKET, provider_timeout=60.0))
    kept, path = Kept(), written(tmp_path / "long.wav", toned(61.0, SHORT))
    recording_of = {"duration": 61.0}
    seen: list[float] = []
    with pytest.MonkeyPatch.context() as patch:
        # So many seconds go by with each look.
        clock = SimpleNamespace(monotonic=lambda: seen.append(40.0) or sum(seen))
        patch.setattr("callscribe.speech.engines.google.batch.time", clock)
        with pytest.raises(ProviderUnavailable, match="not done yet") as failed:
            transcribed(engine, path, decoder, kept, **recording_of)
    assert failed.value.retry_after
    assert len(google.objects) == 1
    for operation in google.operations.values():
        operation.polls = 0
    assert tones(transcribed(engine, path, decoder, kept, **recording_of)) == SHORT
    assert len(google.of("batch")) == 1
    assert google.objects == {}


def test_withdrawn_while_nobody_waits_leaves_nothing(google: GoogleServer, tmp_path: Path, decoder: Decoder) -> None:
    """A job that is deleted between two looks at its operation."""
    google.polls = None
    google.faults["operation"].append(error(503))
    engine = GoogleEngine(settings_of(google, tmp_path, google_bucket=BUCKET))
    kept = Kept()
    with pytest.raises(ProviderUnavailable):
        transcribed(engine, long_call(tmp_path), decoder, kept, duration=70.0)
    [handle] = kept.handles.values()
    google.faults["delete"] += [error(500)] * 3
    with pytest.raises(ProviderUnavailable, match="does not delete"):
        engine.withdraw(handle)
    assert len(google.objects) == 1
    for _ in range(2):  # and once more changes nothing
        engine.withdraw(handle)
        assert google.objects == {}
    assert all(operation.cancelled for operation in google.operations.values())


def test_nobody_there(google: GoogleServer, tmp_path: Path, decoder: Decoder) -> None:
    settings = settings_of(google, tmp_path).model_copy(update={"google_base_url": HttpUrl("http://127.0.0.1:9")})
    kept = Kept()
    with pytest.raises(ProviderUnavailable):
        transcribed(GoogleEngine(settings), short_call(tmp_path), decoder, kept)
    assert kept.told == [("sending", 1), ("refused", 1)]  # nothing was paid for


# The key.


def test_a_token_is_asked_for_once(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder
) -> None:
    for _ in range(3):
        transcribed(engine, short_call(tmp_path), decoder)
    assert len(google.of("token")) == 1
    google.tokens.clear()  # taken back
    with pytest.raises(ProviderKeyRefused):
        transcribed(engine, short_call(tmp_path), decoder)
    assert tones(transcribed(engine, short_call(tmp_path), decoder)) == SHORT
    assert len(google.of("token")) == 2


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (body(b'{"error": "invalid_grant", "error_description": "Invalid JWT Signature."}', 400), ProviderKeyRefused),
        (body(b"", 401), ProviderKeyRefused),
        (body(b"", 503), ProviderUnavailable),
        (body(b"{}"), JobError),
        (body(b'{"access_token": "x", "expires_in": "soon"}'), JobError),
        (reset, ProviderUnavailable),
    ],
)
def test_no_token(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder, fault: Fault, raised: type[JobError]
) -> None:
    google.faults["token"].append(fault)
    kept = Kept()
    with pytest.raises(raised) as failed:
        transcribed(engine, short_call(tmp_path), decoder, kept)
    assert type(failed.value) is raised
    assert kept.told == []


def test_a_key_that_is_none(google: GoogleServer, tmp_path: Path) -> None:
    settings = settings_of(google, tmp_path)
    secret = "-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n"
    key_file(tmp_path, google, private_key=secret)
    with pytest.raises(SetupError, match="RSA") as refused:
        GoogleDeclaration().make(settings)
    assert "MII" not in str(refused.value)


def test_nothing_of_the_environment(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "grpc_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    monkeypatch.setenv("GOOGLE_CLOUD_UNIVERSE_DOMAIN", "example.com")
    monkeypatch.setenv("GOOGLE_API_USE_MTLS_ENDPOINT", "always")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    assert tones(transcribed(engine, short_call(tmp_path), decoder)) == SHORT


def test_nothing_is_logged_of_it(
    google: GoogleServer, engine: GoogleEngine, tmp_path: Path, decoder: Decoder, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "google")
    caplog.set_level("DEBUG")
    options = RecognitionOptions(language="en-US", keyterms=("Zanzibar",))
    transcribed(engine, short_call(tmp_path), decoder, options=options)
    logged = " ".join(record.getMessage() for record in caplog.records)
    for secret in ("ya29", "Zanzibar", "tone11", "PRIVATE KEY"):
        assert secret not in logged


# Large.


def test_half_an_hours_answer(google: GoogleServer, tmp_path: Path, decoder: Decoder) -> None:
    """10,000 words on two channels."""

    def talkative(
        samples: Samples, config: cloud_speech.RecognitionConfig
    ) -> list[cloud_speech.SpeechRecognitionResult]:
        once = heard(samples, config)
        return once * (10_000 // sum(len(each.alternatives[0].words) for each in once))

    google.results = talkative
    engine = GoogleEngine(settings_of(google, tmp_path, google_bucket=BUCKET))
    segments = transcribed(engine, long_call(tmp_path), decoder, duration=70.0)
    assert sum(len(segment.words) for segment in segments) == 10_000 // 22 * 22
    assert {segment.channel for segment in segments} == {0, 1}

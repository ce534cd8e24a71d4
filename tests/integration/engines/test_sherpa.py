"""The engine on sherpa-onnx with Moonshine's real weights: alone, when its process dies, and in a server's job."""

import importlib.util
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import closing
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

import callscribe
from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.engines.sherpa.declaration import SherpaDeclaration
from callscribe.speech.engines.sherpa.engine import SherpaEngine
from callscribe.speech.interface import RecognitionOptions, Segment, SpeechWindow
from callscribe.speech.pipeline import windows_of
from harness import running
from media_server import MediaServer, body

MODEL = "moonshine-base"
CALL = Path(callscribe.__file__).parent / "demo" / "call.wav"
ENGLISH = RecognitionOptions(language="en-US")


def _is_installed() -> bool:
    try:
        metadata.distribution("moonshine-cpp")
    except metadata.PackageNotFoundError:
        return False
    return importlib.util.find_spec("sherpa_onnx") is not None


pytestmark = pytest.mark.skipif(not _is_installed(), reason="Moonshine's wheel is for Linux on x86-64 alone")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SherpaEngine]:
    settings = Settings(models_dir=tmp_path_factory.mktemp("models"), threads=2, device="cpu")
    with closing(SherpaDeclaration().make(settings)) as engine:
        yield engine


@pytest.fixture(scope="module")
def windows() -> list[SpeechWindow]:
    with closing(Decoder()) as decoder:
        return windows_of(decoder, CALL, NEVER)


def recognize(engine: SherpaEngine, windows: list[SpeechWindow]) -> list[Segment]:
    return list(engine.recognize(windows, model=MODEL, options=ENGLISH, cancelled=NEVER))


def test_weights_come_from_wheel_and_process_is_confined(engine: SherpaEngine, windows: list[SpeechWindow]) -> None:
    (segment, *_) = recognize(engine, windows[:1])
    assert segment.text.startswith("Thank you for calling")
    assert segment.language == "en"
    if sys.platform == "linux":
        assert "Seccomp:\t2" in Path(f"/proc/{engine.pid}/status").read_text()


@pytest.mark.long
def test_text_is_the_same_beside_others(engine: SherpaEngine, windows: list[SpeechWindow]) -> None:
    together = recognize(engine, windows[:3])
    assert [each for window in windows[:3] for each in recognize(engine, [window])] == together


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_lost_child_is_replaced(
    engine: SherpaEngine, windows: list[SpeechWindow], end: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callscribe.speech.engines.process.STILL", 3.0)
    before = recognize(engine, windows[:1])
    pid = engine.pid
    assert pid is not None
    os.kill(pid, end)
    assert recognize(engine, windows[:1]) == before
    assert engine.pid != pid
    assert not psutil.pid_exists(pid)


def test_cancelled_work_stops(engine: SherpaEngine, windows: list[SpeechWindow]) -> None:
    cancelled = Cancellation()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        list(engine.recognize(windows, model=MODEL, options=ENGLISH, cancelled=cancelled))


@pytest.mark.long
@pytest.mark.timeout(1000)
def test_a_call_through_the_server(tmp_path: Path) -> None:
    with MediaServer().running() as media, running(tmp_path) as server:
        media.paths["/call.wav"] = body(CALL.read_bytes())
        configuration = server.configure(transcriptionEngine="sherpa", speechModel=MODEL, language="en-US")
        job = server.submit(configuration, media.url("/call.wav"))
        ended = server.ended(job, timeout=900)
        assert ended["status"] == "COMPLETED", ended
        transcript = server.transcript(job)
    assert ended["resolvedConfiguration"]["servedBy"] == ServedBy("sherpa", MODEL).document()
    agent, customer = (
        " ".join(each["text"] for each in transcript["sentences"] if each["audioChannelIndex"] == channel)
        for channel in (2, 1)
    )
    assert "Riverside Outdoor" in agent
    assert "Emma Carter" in customer
    assert "Riverside" not in customer
    for channel in (1, 2):
        said = [each for each in transcript["sentences"] if each["audioChannelIndex"] == channel]
        words = [word for each in said for word in each["words"]]
        assert all(word["startTimeSeconds"] <= word["endTimeSeconds"] <= 65.0 for word in words)
        assert all(one["endTimeSeconds"] <= two["startTimeSeconds"] + 0.001 for one, two in pairwise(words))


def test_default_stays_whisper() -> None:
    assert registry.default(Settings(), "en-US").engine == "whisper"

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import psutil
import pytest

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled, Code, JobError, SetupError, TransientJobError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines import process
from callscribe.speech.engines.batching import Batcher
from callscribe.speech.engines.process import ChildProcess, EngineClosed
from callscribe.speech.engines.registry import DEFAULT
from callscribe.speech.engines.whisper.engine import CHILD, WhisperEngine
from callscribe.speech.engines.whisper.messages import Part, Requests
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions, Segment, Span, SpeechWindow

Audio = npt.NDArray[np.float32]
ENGLISH = RecognitionOptions(language="en-US")


def windows(samples: Audio, count: int = 1) -> list[SpeechWindow]:
    """The first 20 s of the call's agent, `count` times over."""
    part = samples[1, : 20 * SAMPLE_RATE]
    return [SpeechWindow(0, 20.0 * index, part, (Span(20.0 * index, 20.0 * index + 20.0),)) for index in range(count)]


def text(segments: list[Segment]) -> str:
    return " ".join(segment.text for segment in segments)


@pytest.fixture
def recognize(wanted: Cancellation) -> Callable[..., list[Segment]]:
    def run(engine: WhisperEngine, audio: list[SpeechWindow]) -> list[Segment]:
        return list(engine.recognize(audio, model="tiny.en", options=ENGLISH, cancelled=wanted))

    return run


def _until(happens: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.long
def test_same_audio_same_text_beside_others(
    warm_engine: WhisperEngine, call_samples: Audio, recognize: Callable[..., list[Segment]]
) -> None:
    alone = recognize(warm_engine, windows(call_samples))
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(lambda _: recognize(warm_engine, windows(call_samples)), range(3)))
    assert together == [alone] * 3


class Around:
    """These windows are around every other."""

    def __init__(self, windows: list[SpeechWindow]) -> None:
        self._windows = {window.speech[0]: window for window in windows}

    def around(self, window: SpeechWindow) -> list[Span]:  # noqa: ARG002
        return list(self._windows)

    def read(self, channel: int, span: Span) -> SpeechWindow:
        assert channel == 0
        return self._windows[span]


@pytest.mark.long
def test_neighbours_tell_language(warm_engine: WhisperEngine, call_samples: Audio, wanted: Cancellation) -> None:
    def languages(start: float, around: list[SpeechWindow]) -> set[str]:
        samples = call_samples[1, round(start * SAMPLE_RATE) :][: SAMPLE_RATE // 2]
        scrap = [SpeechWindow(0, start, samples, (Span(start, start + 0.5),))]
        options = RecognitionOptions(language=None)
        heard = warm_engine.recognize(
            scrap, model="base", options=options, cancelled=wanted, surroundings=Around(around)
        )
        return {segment.language for segment in heard}

    scraps = [9.1, 32.08, 32.11, 32.14]
    assert any(languages(start, []) - {"en"} for start in scraps), "half a second is not enough to tell"
    assert all(languages(start, windows(call_samples)) <= {"en"} for start in scraps)


def test_child_stays_warm(
    warm_engine: WhisperEngine, call_samples: Audio, recognize: Callable[..., list[Segment]]
) -> None:
    recognize(warm_engine, windows(call_samples))
    pid = warm_engine.pid
    recognize(warm_engine, windows(call_samples))
    assert warm_engine.pid == pid


@pytest.mark.long
@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSTOP])
def test_lost_child_work_is_redone(
    engine: WhisperEngine,
    call_samples: Audio,
    recognize: Callable[..., list[Segment]],
    monkeypatch: pytest.MonkeyPatch,
    end: signal.Signals,
) -> None:
    monkeypatch.setattr(process, "STILL", 2.0)
    before = recognize(engine, windows(call_samples))
    with ThreadPoolExecutor(1) as pool:
        later = pool.submit(recognize, engine, windows(call_samples, 3))
        time.sleep(0.3)
        pid = engine.pid
        assert pid is not None
        os.kill(pid, end)
        assert text(later.result(150)).startswith(text(before)[:40])
    assert engine.pid != pid


def test_child_always_dying_fails_job(
    engine: WhisperEngine, call_samples: Audio, recognize: Callable[..., list[Segment]]
) -> None:
    finished = threading.Event()

    def kill() -> None:
        while not finished.wait(0.01):
            if pid := engine.pid:
                os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        with pytest.raises(JobError) as failed:
            recognize(engine, windows(call_samples))
    finally:
        finished.set()
        killer.join()
    assert failed.value.code is Code.JOB_INTERNAL
    assert recognize(engine, windows(call_samples))


@pytest.mark.long
def test_failing_job_takes_no_other(
    settings: Settings, call_samples: Audio, wanted: Cancellation, caplog: pytest.LogCaptureFixture
) -> None:
    model = str(Catalogue(settings.models).path("tiny.en"))
    child = ChildProcess(CHILD, "cpu", "2", "auto")
    shared = Batcher(child, Requests(5))
    good = Part(tuple(windows(call_samples)), "en")
    bad = replace(good, keyterms=(cast("str", 5),))  # no text: its tokenizer takes offence
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(shared.ask, model, Part(tuple(windows(call_samples, 4)), "en"), wanted)
        _until(lambda: child.pid is not None)
        behind = [pool.submit(shared.ask, model, part, wanted) for part in (good, bad, good)]
        try:
            assert first.result().segments
            assert isinstance(behind[1].exception(), TransientJobError)
            assert behind[0].result() == behind[2].result() == shared.ask(model, good, wanted)
        finally:
            child.close()
    assert "failed on 3 jobs at once" in caplog.text


def test_cancelling_frees_only_its_work(
    engine: WhisperEngine, call_samples: Audio, recognize: Callable[..., list[Segment]]
) -> None:
    cancelled = Cancellation()
    with ThreadPoolExecutor(2) as pool:
        unwanted = pool.submit(
            list, engine.recognize(windows(call_samples, 15), model="tiny.en", options=ENGLISH, cancelled=cancelled)
        )
        _until(lambda: engine.pid is not None)
        other = pool.submit(recognize, engine, windows(call_samples))
        time.sleep(0.5)
        cancelled.cancel()
        with pytest.raises(Cancelled):
            unwanted.result(5)
        assert text(other.result(60))


def test_closing_ends_child_and_waiters(engine: WhisperEngine, call_samples: Audio) -> None:
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(
            list,
            engine.recognize(windows(call_samples, 15), model="tiny.en", options=ENGLISH, cancelled=NEVER),
        )
        _until(lambda: engine.pid is not None)
        engine.close()
        with pytest.raises(EngineClosed):
            running.result(10)
    assert engine.pid is None


def test_child_ends_with_its_parent(models_dir: Path, tmp_path: Path) -> None:
    code = """
import sys, threading
import numpy as np
from pathlib import Path
from callscribe.cancellation import NEVER
from callscribe.settings import Settings
from callscribe.speech.interface import RecognitionOptions, Span, SpeechWindow
from callscribe.speech.engines.whisper.engine import CHILD, WhisperEngine
engine = WhisperEngine(Settings(models_dir=Path(sys.argv[1])))
noise = np.random.default_rng(1).normal(0, 0.1, 16000 * 20).astype(np.float32)
many = [SpeechWindow(0, 0.0, noise, (Span(0.0, 20.0),))] * 15
work = engine.recognize(many, model="tiny.en", options=RecognitionOptions("en-US"), cancelled=NEVER)
threading.Thread(target=list, args=(work,), daemon=True).start()
while not engine.pid:
    pass
print(engine.pid, flush=True)
threading.Event().wait()
"""
    with subprocess.Popen([sys.executable, "-c", code, str(models_dir)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        time.sleep(1.0)
        assert psutil.pid_exists(child)
        parent.kill()
    _until(lambda: not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE)


def test_child_gets_no_secrets(
    engine: WhisperEngine,
    call_samples: Audio,
    recognize: Callable[..., list[Segment]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CALLSCRIBE_AUTH_TOKEN", "0123456789abcdef0123")
    recognize(engine, windows(call_samples))
    assert not [name for name in psutil.Process(engine.pid).environ() if name.startswith("CALLSCRIBE_")]


def test_missing_model_explained(engine: WhisperEngine, wanted: Cancellation) -> None:
    with pytest.raises(SetupError, match="no model 'huge'"):
        list(engine.recognize([], model="huge", options=ENGLISH, cancelled=wanted))


def test_engine_offers_catalogue(settings: Settings) -> None:
    models = {model.name: model.languages for model in DEFAULT.models(settings)}
    assert "multi" in models["base"]
    assert models["tiny.en"] == {"en-US", "en-GB", "en-AU"}

"""Fillers of a synthesised customer who hesitates, and none where nobody does."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from tests import computing

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions, Span, SpeechWindow
from callscribe.speech.pipeline import windows_of

SPEECH = Path(__file__).parents[2] / "data" / "speech"
FILLERS = {"um", "uh", "mm-hmm", "uh-huh", "hmm"}

Words = Callable[..., list[str]]


@pytest.fixture(scope="module", params=computing.ALL)
def words(request: pytest.FixtureRequest, models_dir: Path) -> Iterator[Words]:
    """The words of windows of English, in small letters without marks."""
    engine = WhisperEngine(Settings(models_dir=models_dir, threads=2, compute=request.param))

    def run(windows: Sequence[SpeechWindow], *keyterms: str, verbatim: bool) -> list[str]:
        options = RecognitionOptions("en-US", keyterms, verbatim=verbatim)
        segments = engine.recognize(windows, model="base", options=options, cancelled=NEVER)
        return [word.text.lower().strip(".,?!…") for segment in segments for word in segment.words]

    yield run
    engine.close()


@pytest.fixture(scope="module")
def hesitant() -> list[SpeechWindow]:
    with closing(Decoder()) as decoder:
        return windows_of(decoder, SPEECH / "en.wav", NEVER)


def test_fillers_kept_where_asked_for(words: Words, hesitant: Sequence[SpeechWindow]) -> None:
    turns = json.loads((SPEECH / "en.json").read_text())["turns"]
    said = [word.strip(".,").lower() for turn in turns for word in turn["text"].split()]
    fluent = [word for word in said if word not in FILLERS]
    assert words(hesitant, verbatim=False) == fluent
    kept = words(hesitant, verbatim=True)
    assert [word for word in kept if word not in FILLERS] == fluent
    # One of the four may get lost, another one on each way of computing.
    fillers = iter(word for word in said if word in FILLERS)
    assert all(word in fillers for word in kept if word in FILLERS)
    assert len(kept) >= len(fluent) + 3


def test_fillers_kept_beside_keyterms(words: Words, hesitant: Sequence[SpeechWindow]) -> None:
    assert {"um", "uh"} < set(words(hesitant, "Riverside Outdoor", "tent", verbatim=True))


@pytest.mark.long
def test_noise_says_no_more_with_fillers(words: Words) -> None:
    noise = np.random.default_rng(1).standard_normal(8 * SAMPLE_RATE, np.float32)
    for volume in (0.0, 0.002, 0.1):
        window = SpeechWindow(0, 0.0, volume * noise, (Span(0.0, 8.0),))
        assert len(words([window], verbatim=True)) <= len(words([window], verbatim=False))

"""Each language by its own model: a caller who speaks French beside an agent who speaks English."""

import wave
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions, Segment, Span, Word
from callscribe.speech.languages import MULTI
from callscribe.speech.pipeline import recognize_span, segment_file
from callscribe.speech.served_models import ServedModels
from callscribe.transcripts.assembly import models_used

FRENCH = Path(__file__).parents[2] / "data" / "speech" / "fr.wav"
RATE = 8000


@dataclass(frozen=True)
class Found:
    segments: list[Segment]

    def words(self, channel: int) -> list[Word]:
        return [word for segment in self.segments if segment.channel == channel for word in segment.words]

    def languages(self, channel: int) -> set[str]:
        return {segment.language for segment in self.segments if segment.channel == channel}


Recognize = Callable[..., Found]


@pytest.fixture(scope="module")
def conversation(call: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with wave.open(str(call)) as file:
        agent = np.frombuffer(file.readframes(12 * RATE), "<i2").reshape(-1, 2)[:, 1]
    with wave.open(str(FRENCH)) as file:
        caller = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    samples = np.zeros((max(len(caller), len(agent)), 2), "<i2")
    samples[: len(caller), 0], samples[: len(agent), 1] = caller, agent
    path = tmp_path_factory.mktemp("calls") / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture
def recognize(warm_engine: WhisperEngine, decoder: Decoder, conversation: Path) -> Recognize:
    def run(model: str, language: str, models: Mapping[str, str] | None = None) -> Found:
        segmentation = segment_file(decoder, conversation, NEVER)
        options = RecognitionOptions(None if language == MULTI else language, models=models or {})
        span = Span(0.0, segmentation.duration)
        return Found(
            list(recognize_span(decoder, conversation, segmentation, span, warm_engine, model, options, NEVER))
        )

    return run


@pytest.mark.long
def test_each_language_is_recognised_by_its_model(recognize: Recognize) -> None:
    english = recognize("tiny.en", "en-US").words(1)
    french = recognize("base", MULTI).words(0)
    assert len(english) > 15
    assert len(french) > 15
    served = ServedModels.parse("base,en=tiny.en")

    detected = served.others("base", MULTI)
    assert detected == {"en": "tiny.en"}
    found = recognize("base", MULTI, detected)
    assert (found.words(0), found.words(1)) == (french, english)
    assert (found.languages(0), found.languages(1)) == ({"fr"}, {"en"})
    assert set(models_used(found.segments, "base", detected)) == {"base", "tiny.en"}

    followed = served.others("tiny.en", "en-US")
    assert (followed[MULTI], followed["fr"]) == ("base", "base")
    found = recognize("tiny.en", "en-US", followed)
    assert (found.words(0), found.words(1)) == (french, english)
    assert {segment.mismatch.language for segment in found.segments if segment.mismatch} == {"fr"}
    assert set(models_used(found.segments, "tiny.en", followed)) == {"base", "tiny.en"}


@pytest.mark.long
def test_model_for_one_language_alone_takes_all_for_it(recognize: Recognize) -> None:
    found = recognize("tiny.en", "en-US")
    assert found.languages(0) | found.languages(1) == {"en"}
    assert models_used(found.segments, "tiny.en", {}) == ("tiny.en",)

"""The text of a call depends on the call alone, on every way of computing that this machine has."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions, Segment, Span
from callscribe.speech.pipeline import recognize_span, segment_file
from callscribe.speech.segmentation import Segmentation
from computing import ALL

ENGLISH = RecognitionOptions(language="en-US")


@pytest.fixture(scope="module", params=ALL)
def engine(request: pytest.FixtureRequest, settings: Settings) -> Iterator[WhisperEngine]:
    engine = WhisperEngine(settings.model_copy(update={"compute": request.param}))
    yield engine
    engine.close()


@pytest.fixture
def segmentation(decoder: Decoder, call: Path) -> Segmentation:
    return segment_file(decoder, call, NEVER)


@pytest.fixture
def recognized(engine: WhisperEngine, decoder: Decoder, call: Path, segmentation: Segmentation) -> "Recognized":
    return Recognized(engine, decoder, call, segmentation)


class Recognized:
    """The bundled call, recognised in parts."""

    def __init__(self, engine: WhisperEngine, decoder: Decoder, call: Path, segmentation: Segmentation) -> None:
        self._engine, self._decoder, self._call, self._segmentation = engine, decoder, call, segmentation

    def __call__(self, *borders: float, options: RecognitionOptions = ENGLISH, model: str = "base") -> list[Segment]:
        """The segments in order of time, the call divided at `borders`, in seconds."""
        edges = [0.0, *borders, self._segmentation.duration]
        spans = [Span(start, end) for start, end in pairwise(edges)]
        found = [segment for span in spans for segment in self._span(span, options, model)]
        return sorted(found, key=lambda each: (each.start, each.end, each.channel))

    def _span(self, span: Span, options: RecognitionOptions, model: str) -> Iterator[Segment]:
        return recognize_span(self._decoder, self._call, self._segmentation, span, self._engine, model, options, NEVER)


def text(segments: Sequence[Segment]) -> str:
    return " ".join(word.text for segment in segments for word in segment.words)


@pytest.mark.long
def test_one_text_however_divided(recognized: Recognized) -> None:
    whole = recognized()
    assert len(text(whole).split()) > 100
    assert recognized(11.0, 23.0, 47.0) == whole
    assert recognized(*range(5, 70, 5)) == whole


@pytest.mark.long
def test_one_text_beside_others(recognized: Recognized) -> None:
    whole = recognized(model="tiny.en")
    others = [
        RecognitionOptions(language="en-US", keyterms=("Riverside Outdoor", "Emma Carter"), owner="second"),
        RecognitionOptions(language="en-US", owner="third"),
    ]
    with ThreadPoolExecutor(1 + len(others)) as pool:
        beside = [pool.submit(recognized, 20.0, 40.0, options=options, model="tiny.en") for options in others]
        assert pool.submit(recognized, 15.0, model="tiny.en").result() == whole
        assert "Emma Carter" in text(beside[0].result())
        assert beside[1].result() == whole

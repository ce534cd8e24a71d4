"""What is asked of a model, by a recogniser that is told what each window says of its language."""

from collections.abc import Sequence

import numpy as np
import pytest

from callscribe.speech.engines.whisper.following import Follower
from callscribe.speech.engines.whisper.messages import Answer, Part, Task
from callscribe.speech.engines.whisper.spoken import Hearing, first_language
from callscribe.speech.interface import (
    SAMPLE_RATE,
    OmissionReason,
    OnLanguageMismatch,
    Segment,
    Span,
    SpeechWindow,
    Word,
)

ENGLISH = {"en": 0.99}
FRENCH = {"fr": 0.98, "en": 0.004}
DOUBT = {"fr": 0.45, "en": 0.40}


class Model:
    """Says of each second of a recording what it is given; its text is the language that it is told."""

    def __init__(self, *odds: dict[str, float], multilingual: bool = True) -> None:
        self._odds = odds
        self._multilingual = multilingual
        self.asked: list[tuple[Task, str | None, list[float]]] = []

    def __call__(self, part: Part) -> Answer:
        self.asked.append((part.task, part.language, [window.start for window in part.windows]))
        listens = self._multilingual and part.task is not Task.DECODE
        hearings = tuple(self._hearing(window) for window in part.windows) if listens else ()
        if part.task is Task.LISTEN:
            return Answer((), hearings)
        codes: Sequence[str | None] = [part.language] * len(part.windows)
        if listens:
            first = [first_language(each, part.language, part.on_language_mismatch) for each in hearings]
            codes = [None if code in part.elsewhere else code for code in first]
        return Answer(tuple(map(_text, part.windows, codes)), hearings)

    def _hearing(self, window: SpeechWindow) -> Hearing:
        odds = self._odds[int(window.start / 10)]
        return Hearing(sum(span.duration for span in window.speech), odds)


def _text(window: SpeechWindow, code: str | None) -> tuple[Segment, ...]:
    if code is None:
        return ()
    words = (Word(code, window.start, window.end, 0.9),)
    return (Segment(window.channel, window.start, window.end, words, code),)


class Around:
    """All other windows of a model's recording, those before first."""

    def __init__(self, count: int) -> None:
        self._count = count
        self.read_at: list[float] = []

    def around(self, window: SpeechWindow) -> list[Span]:
        place = int(window.start / 10)
        order = [*reversed(range(place)), *range(place + 1, self._count)]
        return [Span(10.0 * each, 10.0 * each + 4) for each in order]

    def read(self, channel: int, span: Span) -> SpeechWindow:
        assert channel == 0
        self.read_at.append(span.start)
        return window(int(span.start / 10))


def window(place: int) -> SpeechWindow:
    start = 10.0 * place
    return SpeechWindow(0, start, np.zeros(4 * SAMPLE_RATE, np.float32), (Span(start, start + 4),))


def follower(model: Model, around: Around | None = None, expected: str | None = "en", wish: str = "follow") -> Follower:
    return Follower(model, expected=expected, keyterms=(), wish=OnLanguageMismatch(wish), surroundings=around)


def said(segments: list[Segment]) -> list[str]:
    return [segment.text for segment in segments]


@pytest.mark.parametrize(("odds", "language"), [(ENGLISH, "en"), (FRENCH, "fr")])
def test_what_is_plain_is_asked_once(odds: dict[str, float], language: str) -> None:
    model = Model(odds, odds)
    assert said(follower(model, Around(2)).recognize([window(0), window(1)])) == [language] * 2
    assert [task for task, _, _ in model.asked] == [Task.RECOGNIZE]


def test_doubt_is_asked_again_in_neighbours_language() -> None:
    model, around = Model(FRENCH, DOUBT, FRENCH), Around(3)
    segments = follower(model, around).recognize([window(place) for place in range(3)])
    assert said(segments) == ["fr", "fr", "fr"]
    assert model.asked[1:] == [(Task.DECODE, "fr", [10.0])]
    assert around.read_at == []
    assert all(segment.mismatch and segment.mismatch.language == "fr" for segment in segments)


def test_neighbours_elsewhere_are_heard_once() -> None:
    model, around = Model(FRENCH, FRENCH, DOUBT, DOUBT), Around(4)
    recognising = follower(model, around)
    assert said(recognising.recognize([window(2)])) == ["fr"]
    assert said(recognising.recognize([window(3)])) == ["fr"]
    assert sorted(around.read_at) == [0.0, 10.0, 30.0]


def test_text_does_not_depend_on_division() -> None:
    odds = [DOUBT, FRENCH, DOUBT, ENGLISH, DOUBT, ENGLISH, DOUBT]
    windows = [window(place) for place in range(len(odds))]
    whole = follower(Model(*odds), Around(len(odds))).recognize(windows)
    apart = [follower(Model(*odds), Around(len(odds))).recognize([each])[0] for each in windows]
    assert apart == whole


def test_omitted_in_place() -> None:
    model = Model(ENGLISH, FRENCH, ENGLISH)
    segments = follower(model, wish="omit").recognize([window(place) for place in range(3)])
    assert [(segment.text, segment.omitted) for segment in segments] == [
        ("en", None),
        ("", OmissionReason.LANGUAGE_MISMATCH),
        ("en", None),
    ]


def test_notice_keeps_the_text_asked_for() -> None:
    (segment,) = follower(Model(FRENCH), wish="notice").recognize([window(0)])
    assert (segment.text, segment.mismatch and segment.mismatch.language) == ("en", "fr")


def test_one_language_is_never_doubted() -> None:
    model = Model(FRENCH, multilingual=False)
    (segment,) = follower(model).recognize([window(0)])
    assert (segment.text, segment.mismatch) == ("en", None)


def test_text_in_a_language_with_a_model_of_its_own_is_asked_of_that() -> None:
    model = Model(FRENCH, ENGLISH)
    asking = Follower(
        model, expected="en", keyterms=(), wish=OnLanguageMismatch.FOLLOW, surroundings=None, elsewhere=["en", "sv"]
    )
    assert said(asking.recognize([window(0), window(1)])) == ["fr", "en"]
    assert model.asked == [(Task.RECOGNIZE, "en", [0.0, 10.0]), (Task.DECODE, "en", [10.0])]

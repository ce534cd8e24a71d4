from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.engines.whisper.alignment import TimedWord, settle, uncovered
from callscribe.speech.interface import Span


def word(start: float, end: float, text: str = "word") -> TimedWord:
    return TimedWord(text, start, end, 0.9, 1)


times = st.floats(0.0, 30.0)
words = st.lists(st.tuples(times, times), max_size=120).map(
    lambda pairs: [word(min(pair), max(pair)) for pair in sorted(pairs)]
)
speech = st.lists(times, max_size=8, unique=True).map(
    lambda edges: [Span(*pair) for pair in list(pairwise(sorted(edges)))[::2]]
)


@given(words, speech, st.floats(0.5, 28.0))
def test_words_have_ordered_own_times(raw: list[TimedWord], spans: list[Span], duration: float) -> None:
    settled = settle(raw, spans, duration)
    assert [each.text for each in settled] == [each.text for each in raw]
    assert all(each.start < each.end for each in settled)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(settled))
    assert all(each.start >= -1e-9 and each.end <= duration + 1e-9 for each in settled)


def test_word_drawn_back_to_speech() -> None:
    (settled,) = settle([word(0.0, 4.5)], [Span(4.0, 6.0)], 10.0)
    assert (settled.start, settled.end) == (4.0, 4.5)


def test_word_does_not_span_pause() -> None:
    settled = settle([word(1.0, 9.0, "hello")], [], 10.0)
    assert settled[0].end == pytest.approx(1.0 + 0.6 + 0.09 * 5)


def test_uncovered_speech_found() -> None:
    heard = [word(1.0, 1.5), word(1.5, 2.0), word(8.0, 9.0)]
    assert uncovered(heard, [Span(0.5, 9.5)], 1.2) == [Span(2.0, 8.0)]
    assert uncovered([], [Span(0.0, 3.0), Span(5.0, 6.0)], 1.2) == [Span(0.0, 3.0)]
    assert uncovered(heard, [Span(0.9, 2.1), Span(7.5, 9.0)], 1.2) == []

"""Where a speaker may go on in another language."""

from callscribe.speech.engines.whisper import spoken
from callscribe.speech.interface import Span


def stretches(*spans: tuple[float, float]) -> list[tuple[float, float]]:
    return [(span.start, span.end) for span in spoken.stretches([Span(start, end) for start, end in spans])]


def test_a_pause_ends_a_stretch() -> None:
    assert stretches((0, 4), (4.5, 8)) == [(0, 4), (4.5, 8)]


def test_a_breath_does_not() -> None:
    assert stretches((0, 4), (4.2, 8)) == [(0, 8)]


def test_too_short_goes_with_next() -> None:
    assert stretches((0, 1), (2, 3), (4, 5), (6, 9)) == [(0, 5), (6, 9)]


def test_too_short_at_end_goes_with_last() -> None:
    assert stretches((0, 4), (5, 6)) == [(0, 6)]
    assert stretches((0, 1)) == [(0, 1)]
    assert stretches() == []

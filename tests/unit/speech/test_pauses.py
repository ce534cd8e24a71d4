import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.engines.whisper.pauses import STEP, silent_steps
from callscribe.speech.interface import SAMPLE_RATE, Span

EDGE = (0.3, 0.0)
"""Windows begin and end with a little of the line's noise."""


def window(*parts: tuple[float, float], noise: float = 0.001) -> npt.NDArray[np.float32]:
    """Seconds of a tone at a level, one after the other, over noise and between two moments of noise alone."""
    parts = (EDGE, *parts, EDGE)
    level = np.concatenate([np.full(round(seconds * SAMPLE_RATE), level) for seconds, level in parts])
    tone = level * np.sin(2 * np.pi * 300 * np.arange(len(level)) / SAMPLE_RATE)
    return (tone + noise * np.random.default_rng(1).standard_normal(len(tone))).astype(np.float32)


def silences(samples: npt.NDArray[np.float32], *speech: Span) -> list[tuple[float, float]]:
    steps = int(len(samples) / SAMPLE_RATE / STEP)
    silent = silent_steps(samples, speech or (Span(0.0, steps * STEP),), steps)
    assert len(silent) == steps
    edges = np.flatnonzero(np.diff(np.concatenate([[False], silent, [False]])))
    return [(start * STEP, end * STEP) for start, end in edges.reshape(-1, 2)]


@pytest.mark.parametrize("noise", [0.0, 0.0003, 0.01])
def test_pauses_are_found_to_a_step(noise: float) -> None:
    found = silences(window((1.0, 0.3), (0.5, 0.0), (1.0, 0.3), noise=noise))
    assert np.ravel(found) == pytest.approx([0.0, 0.3, 1.3, 1.8, 2.8, 3.1], abs=1.5 * STEP)


def test_plosive_closure_is_no_pause() -> None:
    assert len(silences(window((1.0, 0.3), (0.08, 0.0), (1.0, 0.3)))) == 2


def test_soft_beside_loud_heard() -> None:
    assert len(silences(window((1.0, 0.3), (1.0, 0.02), (1.0, 0.3)))) == 2


def test_ruled_out_is_silent_if_loud() -> None:
    found = silences(window((3.0, 0.3)), Span(0.3, 1.3), Span(2.3, 3.3))
    assert np.ravel(found[1]) == pytest.approx([1.3, 2.3], abs=1.5 * STEP)


def test_unclear_levels_silence_nothing() -> None:
    assert silences(window((2.0, 0.02), noise=0.1)) == []


@given(st.integers(0, 4000), st.integers(0, 40), st.floats(0, 1))
def test_window_gets_steps_asked_for(samples: int, steps: int, level: float) -> None:
    sound = np.full(samples, level, np.float32)
    assert silent_steps(sound, [Span(0.0, 1.0)], max(1, steps)).shape == (max(1, steps),)

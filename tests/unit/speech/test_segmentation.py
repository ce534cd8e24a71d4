from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.activity import ChannelActivity
from callscribe.speech.interface import SAMPLE_RATE, Span
from callscribe.speech.segmentation import SEGMENTATION, Segmentation, plan_chunks, segment
from callscribe.speech.silero import FRAME_SECONDS
from callscribe.speech.spans import DEFAULTS, speech_spans
from callscribe.speech.windows import plan_windows, speech_windows, windows_within

Audio = npt.NDArray[np.float32]


@dataclass
class Window:
    start: float
    samples: npt.NDArray[np.float32]


def in_windows(samples: npt.NDArray[np.float32], seconds: float = 7.3) -> list[Window]:
    step = int(seconds * SAMPLE_RATE)
    return [Window(first / SAMPLE_RATE, samples[:, first : first + step]) for first in range(0, samples.shape[1], step)]


def recording(*channels: list[tuple[float, float]], duration: float) -> Segmentation:
    activities = tuple(
        ChannelActivity(index, tuple(Span(*span) for span in spans), 1.0) for index, spans in enumerate(channels)
    )
    return Segmentation(duration, activities)


def _laid_out(steps: list[tuple[float, float]]) -> tuple[Span, ...]:
    time, spans = 0.0, []
    for pause, length in steps:
        spans.append(Span(time + pause, time + pause + length))
        time += pause + length
    return tuple(spans)


spans_of_a_channel = st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.2, 27.0)), max_size=60).map(_laid_out)


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param(np.zeros, id="digital silence"),
        pytest.param(lambda n: np.random.default_rng(1).normal(0, 0.1, n), id="loud white noise"),
        pytest.param(lambda n: np.random.default_rng(1).normal(0, 0.001, n), id="faint white noise"),
        pytest.param(
            lambda n: (
                0.2 * np.sin(2 * np.pi * 350 * np.arange(n) / SAMPLE_RATE)
                + 0.2 * np.sin(2 * np.pi * 440 * np.arange(n) / SAMPLE_RATE)
            ),
            id="dial tone",
        ),
    ],
)
def test_silence_has_no_speech(noise: Callable[[int], npt.NDArray[np.float64]]) -> None:
    samples = noise(30 * SAMPLE_RATE).astype(np.float32).reshape(1, -1)
    found = segment(in_windows(samples))
    assert found.duration == 30.0
    assert found.speech == 0.0


def test_no_windows_no_length() -> None:
    assert segment([]) == Segmentation(0.0, ())


def test_any_windows_give_same_map() -> None:
    samples = np.random.default_rng(2).normal(0, 0.05, (2, 20 * SAMPLE_RATE)).astype(np.float32)
    assert segment(in_windows(samples, 0.31)) == segment(in_windows(samples, 13.0))


def test_survives_checkpoint() -> None:
    original = recording([(0.5, 2.25)], [(3.0, 4.125), (5.0, 6.0)], duration=7.5)
    assert SEGMENTATION.validate_json(SEGMENTATION.dump_json(original)) == original


@pytest.mark.parametrize(
    ("name", "second", "copies"),
    [
        ("the same", lambda one, _: one, True),
        ("quieter", lambda one, _: 0.1 * one, True),
        ("inverted", lambda one, _: -one, True),
        ("with noise of a codec", lambda one, two: one + 0.05 * two, True),
        ("another party", lambda _, two: two, False),
        ("another party, with bleed", lambda one, two: two + 0.3 * one, False),
        ("silence", lambda one, _: 0 * one, False),
    ],
)
def test_copies_noticed_parties_not(name: str, second: Callable[[Audio, Audio], Audio], *, copies: bool) -> None:
    noise = np.random.default_rng(3).normal(0, 0.1, (2, 20 * SAMPLE_RATE)).astype(np.float32)
    turns = np.sin(2 * np.pi * np.arange(20 * SAMPLE_RATE) / (5 * SAMPLE_RATE)) > 0
    one, two = noise[0] * turns, noise[1] * (noise[1] * 0 + ~turns if not copies else 1)
    samples = np.stack([one, second(one, two)]).astype(np.float32)
    found = segment(in_windows(samples))
    assert found.copies is copies
    assert len(found.channels) == (1 if copies else 2)


def test_spans_padded_clicks_dropped() -> None:
    probabilities = np.zeros(200, np.float32)
    probabilities[50:80] = 0.9
    probabilities[120:122] = 0.9
    (span,) = speech_spans(probabilities, 200 * FRAME_SECONDS)
    assert span.start == pytest.approx(50 * FRAME_SECONDS - DEFAULTS.padding, abs=1e-3)
    assert span.end == pytest.approx(80 * FRAME_SECONDS + DEFAULTS.padding, abs=1e-3)


@given(st.lists(st.tuples(st.integers(1, 2000), st.floats(0, 1)), min_size=1, max_size=12))
def test_spans_ordered_short_and_inside(runs: list[tuple[int, float]]) -> None:
    probabilities = np.concatenate([np.full(count, value, np.float32) for count, value in runs])
    duration = len(probabilities) * FRAME_SECONDS
    spans = speech_spans(probabilities, duration)
    edges = [edge for span in spans for edge in (span.start, span.end)]
    assert edges == sorted(edges)
    assert all(0 < span.duration <= 28.01 for span in spans)
    assert not edges or (edges[0] >= 0 and edges[-1] <= duration + 1e-3)


def test_chunk_ends_where_all_are_silent() -> None:
    found = recording([(0, 590), (595, 1290)], [(592, 596), (700, 1200)], duration=1300)
    first, second = plan_chunks(found)
    assert first == Span(0.0, 591.0)
    assert second.end == 1300


def test_chunk_else_ends_at_longest_pause() -> None:
    found = recording([(0, 598), (599, 1400)], [(590, 597), (600.5, 700)], duration=1400)
    assert plan_chunks(found)[0].end == pytest.approx(598.5, abs=0.6)


def test_short_recording_is_one_chunk() -> None:
    assert plan_chunks(recording([], duration=700)) == [Span(0.0, 700)]


@given(spans_of_a_channel, spans_of_a_channel, st.floats(20, 200))
def test_chunks_cover_it_once(one: tuple[Span, ...], two: tuple[Span, ...], target: float) -> None:
    duration = max([span.end for span in (*one, *two)], default=0.0) + 1.0
    found = Segmentation(duration, (ChannelActivity(0, one, 1.0), ChannelActivity(1, two, 1.0)))
    chunks = plan_chunks(found, target)
    assert chunks[0].start == 0.0
    assert chunks[-1].end == duration
    assert all(before.end == after.start for before, after in pairwise(chunks))
    assert all(0 < chunk.duration <= target * 1.25 + 1e-2 for chunk in chunks)


@given(spans_of_a_channel)
def test_windows_hold_all_speech_once(spans: tuple[Span, ...]) -> None:
    plans = plan_windows(ChannelActivity(0, spans, 1.0))
    assert [span for plan in plans for span in plan.speech] == list(spans)
    assert all(plan.span.duration <= 28.0 + 1e-6 for plan in plans)


def test_windows_carry_own_audio() -> None:
    samples = np.stack([np.arange(60 * SAMPLE_RATE), -np.arange(60 * SAMPLE_RATE)]).astype(np.float32) / 1e6
    found = recording([(1.0, 5.0), (20.0, 40.0)], [(3.0, 30.0)], duration=60)
    plans = windows_within(found.channels, Span(0, 60))
    windows = list(speech_windows(in_windows(samples), plans, found.channels))
    assert [(window.channel, window.start) for window in windows] == [(0, 1.0), (1, 3.0), (0, 20.0)]
    for window in windows:
        first = round(window.start * SAMPLE_RATE)
        expected = samples[window.channel, first : first + len(window.samples)]
        np.testing.assert_array_equal(window.samples, expected)
    assert [window.end for window in windows] == [5.0, 30.0, 40.0]


def test_window_belongs_where_it_begins() -> None:
    samples = np.zeros((1, 60 * SAMPLE_RATE), np.float32)
    found = recording([(1.0, 15.0), (25.0, 40.0), (50.0, 51.0)], duration=60)
    plans = windows_within(found.channels, Span(10.0, 30.0))
    audio = [Window(window.start + 25, window.samples) for window in in_windows(samples[:, : 15 * SAMPLE_RATE])]
    windows = list(speech_windows(audio, plans, found.channels))
    assert [(window.start, window.end) for window in windows] == [(25.0, 40.0)]


@given(spans_of_a_channel, spans_of_a_channel, st.floats(10, 200))
def test_windows_same_however_divided(one: tuple[Span, ...], two: tuple[Span, ...], target: float) -> None:
    duration = max([span.end for span in (*one, *two)], default=0.0) + 1.0
    found = Segmentation(duration, (ChannelActivity(0, one, 1.0), ChannelActivity(1, two, 1.0)))
    divided = [plan for chunk in plan_chunks(found, target) for plan in windows_within(found.channels, chunk)]
    whole = windows_within(found.channels, Span(0.0, duration))
    assert sorted(divided, key=lambda plan: (plan.span.end, plan.channel)) == whole


def test_quiet_channel_gets_one_gain() -> None:
    samples = np.full((1, 5 * SAMPLE_RATE), 0.01, np.float32)
    activity = ChannelActivity(0, (Span(1.0, 2.0),), 5.0)
    (window,) = speech_windows(in_windows(samples), plan_windows(activity), [activity])
    np.testing.assert_allclose(window.samples, 0.05, rtol=1e-5)


def test_each_span_gets_its_own_gain() -> None:
    samples = np.full((1, 5 * SAMPLE_RATE), 0.01, np.float32)
    activity = ChannelActivity(0, (Span(0.0, 2.0), Span(3.0, 5.0)), 1.0, (1.0, 5.0))
    (window,) = speech_windows(in_windows(samples), plan_windows(activity), [activity])
    np.testing.assert_allclose(window.samples[: 2 * SAMPLE_RATE], 0.01, rtol=1e-3)
    np.testing.assert_allclose(window.samples[3 * SAMPLE_RATE :], 0.05, rtol=1e-3)
    assert np.abs(np.diff(window.samples)).max() < 1e-5  # no click between


def test_map_from_before_gains_is_read() -> None:
    kept = {"duration": 3.0, "channels": [{"channel": 0, "spans": [{"start": 1.0, "end": 2.0}], "gain": 5.0}]}
    assert SEGMENTATION.validate_python(kept).channels[0].gains == ()

"""Which windows of a recording are around another."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import NEVER, Cancellation
from callscribe.speech.activity import ChannelActivity
from callscribe.speech.audio import AudioWindow
from callscribe.speech.interface import SAMPLE_RATE, Span, SpeechWindow
from callscribe.speech.surroundings import RecordedSurroundings
from callscribe.speech.windows import plan_windows


@dataclass
class Window:
    start: float
    samples: npt.NDArray[np.float32]


class Ramp:
    """A recording of a minute, in which each sample of a channel says its time, in hundredths of a second."""

    def windows(
        self, path: Path, *, start: float = 0.0, end: float | None = None, cancelled: Cancellation = NEVER
    ) -> Iterator[AudioWindow]:
        assert (path, cancelled) == (Path("ramp"), NEVER)
        first, last = round(start * SAMPLE_RATE), round((60.0 if end is None else end) * SAMPLE_RATE)
        times = np.arange(first, last, dtype=np.float32) / SAMPLE_RATE / 100
        yield Window(start, np.stack([times, -times]))


def activity(channel: int, *spans: tuple[float, float]) -> ChannelActivity:
    return ChannelActivity(channel, tuple(Span(*span) for span in spans), 1.0)


FIRST = activity(0, (0, 6), (9, 15), (18, 24), (27, 33), (36, 42))
SECOND = activity(1, (1, 2), (50, 51))
SURROUNDINGS = RecordedSurroundings(Ramp(), Path("ramp"), (FIRST, SECOND), NEVER)


def window(of: ChannelActivity, place: int) -> SpeechWindow:
    plan = plan_windows(of)[place]
    return SpeechWindow(plan.channel, plan.span.start, np.zeros(1, np.float32), plan.speech)


def around(of: ChannelActivity, place: int) -> list[tuple[float, float]]:
    return [(span.start, span.end) for span in SURROUNDINGS.around(window(of, place))]


def test_nearest_before_come_first() -> None:
    assert around(FIRST, 4) == [(27, 33), (18, 24), (9, 15), (0, 6)]


def test_those_behind_fill_up() -> None:
    assert around(FIRST, 0) == [(9, 15), (18, 24), (27, 33), (36, 42)]
    assert around(FIRST, 1) == [(0, 6), (18, 24), (27, 33), (36, 42)]


def test_only_of_its_channel() -> None:
    assert around(SECOND, 1) == [(1, 2)]


def test_a_window_is_read_as_planned() -> None:
    read = SURROUNDINGS.read(1, Span(50, 51))
    assert (read.channel, read.start, read.speech) == (1, 50.0, (Span(50, 51),))
    np.testing.assert_allclose(read.samples, -np.arange(50, 51, 1 / SAMPLE_RATE) / 100, atol=1e-5)

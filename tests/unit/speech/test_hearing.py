import numpy as np
import pytest

from callscribe.speech.hearing import Heard, Looks
from callscribe.speech.silero import FRAME_SECONDS
from callscribe.speech.spans import DEFAULTS, SECOND_LOOK


def turn_and_crowd(crowd_db: float) -> Heard:
    """A turn at 5 to 10 s, whose syllables are at -20 dB, and at 15 to 23 s what hums at a level."""
    frames = round(30 / FRAME_SECONDS)
    levels, plain, second = (np.full(frames, value, np.float32) for value in (-70, 0, 0))
    turn, crowd = (
        slice(round(start / FRAME_SECONDS), round(end / FRAME_SECONDS)) for start, end in ((5, 10), (15, 23))
    )
    levels[turn] = np.resize(np.array([-20, -20, -20, -45], np.float32), len(levels[turn]))
    plain[turn] = 0.95
    levels[crowd], plain[crowd], second[crowd] = crowd_db, 0.5, 0.4
    return Heard(levels, plain, second, Looks(DEFAULTS, SECOND_LOOK))


@pytest.mark.parametrize(("crowd_db", "starts"), [(-22, [5, 15]), (-30, [5])])
def test_room_is_softer_than_who_speaks(crowd_db: float, starts: list[int]) -> None:
    heard = turn_and_crowd(crowd_db)
    spans, _ = heard.spans(30.0)
    assert [round(span.start + DEFAULTS.padding) for span in spans] == starts
    assert [round(span.start) for span in heard.doubtful(spans, 30.0)] == [15] * (2 - len(starts))  # it is told

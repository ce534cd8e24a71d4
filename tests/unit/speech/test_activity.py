import numpy as np
import numpy.typing as npt

from callscribe.speech.silero import FRAME_SECONDS
from callscribe.speech.spans import DEFAULTS, speech_spans


def probabilities(seconds: float, *stretches: tuple[float, float, float]) -> npt.NDArray[np.float32]:
    """Frames of a recording with stretches `(start, end, probability)`."""
    row = np.zeros(round(seconds / FRAME_SECONDS), np.float32)
    for start, end, probability in stretches:
        row[round(start / FRAME_SECONDS) : round(end / FRAME_SECONDS)] = probability
    return row


def found(seconds: float, *stretches: tuple[float, float, float]) -> list[float]:
    """Starts of what is taken for speech, in whole seconds."""
    return [round(span.start + DEFAULTS.padding) for span in speech_spans(probabilities(seconds, *stretches), seconds)]


def test_speechlike_moment_is_none() -> None:
    assert found(60, (20, 20.4, 0.7)) == []


def test_same_moment_is_word_in_speech() -> None:
    assert found(60, (20, 20.4, 0.7), (30, 32, 0.6)) == [20, 30]


def test_but_not_long_after_speech() -> None:
    assert found(60, (5, 7, 0.95), (40, 40.4, 0.7)) == [5]


def test_sure_short_word_believed() -> None:
    assert found(60, (20, 20.3, 0.85)) == [20]


def test_long_weak_speech_believed() -> None:
    assert found(60, (20, 21, 0.45)) == [20]
    assert found(600, *((at, at + 3, 0.5) for at in range(5, 595, 5))) == list(range(5, 595, 5))


def test_near_weak_words_believed() -> None:
    assert found(60, (20, 20.4, 0.6), (25, 25.4, 0.6)) == [20, 25]


def test_far_knocks_do_not_add_up() -> None:
    assert found(600, *((at, at + 0.2, 0.75) for at in range(5, 595, 20))) == []

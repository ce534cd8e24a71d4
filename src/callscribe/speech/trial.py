"""Whether an engine recognises, tried with a second of speech."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callscribe.cancellation import Cancellation
from callscribe.speech.forgotten_requests import ForgottenRequests
from callscribe.speech.interface import Engine, RecognitionOptions, Recording, Samples, Span, SpeechWindow
from callscribe.speech.sample import RECORDING, second_of_speech

_OPTIONS: Final = RecognitionOptions("en-US")


@dataclass(frozen=True, slots=True)
class _Second:
    """The sample as the only window of a recording: `(1, 16000)` float32."""

    start: float
    samples: Samples


class _Sample:
    """The sample as it would be decoded."""

    def windows(
        self,
        _path: Path,
        *,
        start: float = 0.0,  # noqa: ARG002  it is read whole
        end: float | None = None,  # noqa: ARG002
        cancelled: Cancellation,
    ) -> Iterator[_Second]:
        """All of it."""
        cancelled.raise_if_cancelled()
        yield _Second(0.0, second_of_speech()[None])


def words_heard(engine: Engine, model: str, cancelled: Cancellation) -> int:
    """How many words an engine hears in the sample; some, where it works. Raises what it raises."""
    if engine.takes == "recordings":
        recording = Recording(RECORDING, (0,), 1.0, _Sample())
        segments = engine.transcribe(
            recording, model=model, options=_OPTIONS, cancelled=cancelled, requests=ForgottenRequests()
        )
    else:
        window = SpeechWindow(0, 0.0, second_of_speech(), (Span(0.0, 1.0),))
        segments = engine.recognize([window], model=model, options=_OPTIONS, cancelled=cancelled)
    return sum(len(segment.words) for segment in segments)

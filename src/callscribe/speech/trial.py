"""Whether an engine recognises, tried with a second of speech."""

from typing import Final

from callscribe.cancellation import Cancellation
from callscribe.speech.interface import Engine, RecognitionOptions, Recording, Span, SpeechWindow
from callscribe.speech.sample import RECORDING, second_of_speech

_OPTIONS: Final = RecognitionOptions("en-US")


def words_heard(engine: Engine, model: str, cancelled: Cancellation) -> int:
    """How many words an engine hears in the sample; some, where it works. Raises what it raises."""
    if engine.takes == "recordings":
        recording = Recording(RECORDING, (0,), 1.0)
        segments = engine.transcribe(recording, model=model, options=_OPTIONS, cancelled=cancelled)
    else:
        window = SpeechWindow(0, 0.0, second_of_speech(), (Span(0.0, 1.0),))
        segments = engine.recognize([window], model=model, options=_OPTIONS, cancelled=cancelled)
    return sum(len(segment.words) for segment in segments)

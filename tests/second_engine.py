"""A second engine, which takes whole recordings and says which seconds are loud; as a program, `callscribe` with it."""

import os
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from callscribe.cancellation import Cancellation
from callscribe.cli import main
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import ModelDescription, RecognitionOptions, Recording, Segment, SentRequests, Word
from callscribe.speech.languages import language_code

SERVED_BY = ServedBy("loudness", "seconds")

CALLS = "SECOND_ENGINE_CALLS"
"""Names the file into which a line is written for each recording."""


class LoudnessEngine:
    """Hears three words in every loud second of a 16-bit WAV, and cannot tell when within it each was said."""

    takes: ClassVar[Literal["recordings"]] = "recordings"

    def __init__(self) -> None:
        self.answered_at: float | None = None

    @property
    def pid(self) -> int | None:
        return None

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,  # noqa: ARG002  it sends nothing
    ) -> Iterator[Segment]:
        if CALLS in os.environ:
            with Path(os.environ[CALLS]).open("a") as calls:
                calls.write(f"{model} {recording.channels} {recording.duration}\n")
        with recording.path.open("rb") as opened, wave.open(opened) as file:
            rate, channels = file.getframerate(), file.getnchannels()
            samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, channels) / 32768.0
        for second in range(len(samples) // rate):
            cancelled.raise_if_cancelled()
            for channel in recording.channels:
                if np.abs(samples[second * rate : (second + 1) * rate, channel]).max() > 0.1:
                    said = ("Loud", "second", f"{second}.")
                    words = tuple(Word(text, second, second + 1, 0.9) for text in said)
                    language = language_code(options.language) or "en"
                    yield Segment(channel, second, second + 1, words, language, words_timed=False)
        self.answered_at = time.monotonic()

    def withdraw(self, handle: str) -> None:
        pass

    def close(self) -> None:
        pass


class LoudnessDeclaration(EngineDeclaration):
    name = SERVED_BY.engine
    keyterms = False

    def models(self, settings: Settings) -> Sequence[ModelDescription]:  # noqa: ARG002
        return [ModelDescription(SERVED_BY.model, frozenset({"en-US"}))]

    def make(self, settings: Settings) -> LoudnessEngine:  # noqa: ARG002
        return LoudnessEngine()


class ProviderDeclaration(LoudnessDeclaration):
    """One with the name of one of Twilio's engines, which can be used where `usable` says so."""

    name = "deepgram"
    runs = "provider"
    usable = True

    def models(self, settings: Settings) -> Sequence[ModelDescription]:  # noqa: ARG002
        return [ModelDescription("nova-3", frozenset({"en-US"}))] if self.usable else []


@contextmanager
def registered(declaration: EngineDeclaration) -> Iterator[EngineDeclaration]:
    """An engine of this process while the block runs; one whose name it has is back afterwards."""
    replaced = registry.find(declaration.name)
    registry.register(declaration)
    try:
        yield declaration
    finally:
        registry.unregister(declaration.name)
        if replaced is not None:
            registry.register(replaced)


if __name__ == "__main__":
    registry.register(LoudnessDeclaration())
    main()

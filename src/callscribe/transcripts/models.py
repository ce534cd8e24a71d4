"""A transcript: sentences by participant on one time line."""

from dataclasses import dataclass

from callscribe.speech.interface import Word


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one party says before the next full stop or pause.

    `channel` and `participant` count from 0; on the wire `audioChannelIndex` counts from 1.
    `participant` is the position in the job's list of participants, None where the channel has none.
    """

    channel: int
    participant: int | None
    start: float
    end: float
    text: str
    confidence: float
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """The finished text of a recording. `language` is a locale such as `en-US`, or what was detected."""

    duration: float
    language: str | None
    sentences: tuple[Sentence, ...]

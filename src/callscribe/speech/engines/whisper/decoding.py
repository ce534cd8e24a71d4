"""From encoded audio to text tokens, and whether to believe them.

The thresholds are those of OpenAI's reference decoder (https://github.com/openai/whisper, `transcribe.py`).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.engines.loops import repeats, words_in

TIMESTAMP_SECONDS: Final = 0.02
"""What one step of a timestamp token is worth."""

COMPRESSION_RATIO: Final = 2.4
"""Text that compresses better than this repeats itself."""

LOG_PROBABILITY: Final = -1.0
"""Mean log probability of a token, below which a decoding is a guess."""

SURE: Final = -0.4
"""Mean log probability that decodings of clear speech reach."""

NO_SPEECH: Final = 0.6
"""Probability of silence, above which a guess is no text at all."""

PASSED_OVER: Final = -0.75
PASSED_OVER_NO_SPEECH: Final = 0.2
"""The two for a stretch in which the decoding of its whole window found no word: less of each will do. Of 15 texts of
such stretches in calls, prompts and a speech, in three languages, one is below and above, "Okay." with a confidence of
0.1; of eight that were made of crowds seven are."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoding of one window. `probabilities` are those of the tokens, where the decoder tells them."""

    tokens: tuple[int, ...]
    text: str
    log_probability: float
    no_speech: float
    probabilities: tuple[float, ...] = ()

    def text_tokens(self, tokenizer: Tokenizer) -> tuple[int, ...]:
        """The tokens without timestamps."""
        return tuple(token for token in self.tokens if token < tokenizer.eot)

    @property
    def words(self) -> list[str]:
        """The words without marks; what a hyphen joins are several."""
        return words_in(self.text)

    @property
    def is_silence(self) -> bool:
        """Nobody speaks: the model says so and has only a guess for a text."""
        return self.no_speech > NO_SPEECH and self.log_probability < LOG_PROBABILITY

    @property
    def is_silence_again(self) -> bool:
        """Nobody speaks where another decoding, which heard more around it, found nothing either."""
        return self.no_speech > PASSED_OVER_NO_SPEECH and self.log_probability < PASSED_OVER

    @property
    def is_loop(self) -> bool:
        """The model got caught in a repetition.

        A text that compresses well alone is no proof: announcements repeat themselves, and the model is sure of them.
        """
        if repeats(self.words):
            return True
        return compression_ratio(self.text) > COMPRESSION_RATIO and self.log_probability < SURE

    @property
    def is_sound(self) -> bool:
        """Neither a guess nor a loop."""
        return self.log_probability >= LOG_PROBABILITY and not self.is_loop


@dataclass(frozen=True, slots=True)
class TimedTokens:
    """Text tokens between two timestamps, seconds in the window. `end` is None where the model stopped before it."""

    start: float
    end: float | None
    tokens: tuple[int, ...]


def split_at_timestamps(tokens: Sequence[int], timestamp_begin: int) -> list[TimedTokens]:
    """Pieces of text with the timestamps around them."""
    pieces: list[TimedTokens] = []
    text: list[int] = []
    start = 0.0
    for token in tokens:
        if token < timestamp_begin:
            text.append(token)
            continue
        time = (token - timestamp_begin) * TIMESTAMP_SECONDS
        if text:
            pieces.append(TimedTokens(start, time, tuple(text)))
            text = []
        start = time
    if text:
        pieces.append(TimedTokens(start, None, tuple(text)))
    return pieces


def compression_ratio(text: str) -> float:
    """Bytes of a text over bytes of it compressed."""
    encoded = text.encode()
    return len(encoded) / len(zlib.compress(encoded)) if encoded else 0.0

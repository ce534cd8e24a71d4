"""From encoded audio to text tokens, and whether to believe them.

The thresholds are those of OpenAI's reference decoder (https://github.com/openai/whisper, `transcribe.py`).
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from faster_whisper.tokenizer import Tokenizer

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

LONGEST_PROMPT: Final = 200
"""Tokens of vocabulary before the text; the model has room for 448 in all."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One decoding of one window."""

    tokens: tuple[int, ...]
    text: str
    log_probability: float
    no_speech: float

    @property
    def is_silence(self) -> bool:
        """Nobody speaks: the model says so and has only a guess for a text."""
        return self.no_speech > NO_SPEECH and self.log_probability < LOG_PROBABILITY

    @property
    def is_loop(self) -> bool:
        """The model got caught in a repetition.

        A text that compresses well alone is no proof: announcements repeat themselves, and the model is sure of them.
        """
        if repeats(self.text.lower().split()):
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


def generate(
    model: Any,
    tokenizer: Tokenizer,
    encoded: Any,
    count: int,
    *,
    beam_size: int,
    keyterms: Sequence[str] = (),
    temperature: float = 0.0,
) -> list[Hypothesis]:
    """Decode `count` encoded windows with timestamps: by beam search, or by sampling at a temperature."""
    search: dict[str, Any] = (
        {"beam_size": 1, "num_hypotheses": 5, "sampling_topk": 0, "sampling_temperature": temperature}
        if temperature
        else {"beam_size": beam_size}
    )
    results = model.generate(
        encoded,
        [prompt(tokenizer, keyterms)] * count,
        return_scores=True,
        return_no_speech_prob=True,
        max_length=448,
        **search,
    )
    return [_hypothesis(result, tokenizer) for result in results]


def prompt(tokenizer: Tokenizer, keyterms: Sequence[str]) -> list[int]:
    """The tokens before the text: vocabulary as if it had been said before, then language and task."""
    start: list[int] = tokenizer.sot_sequence
    if not keyterms:
        return start
    vocabulary = tokenizer.encode(" " + ", ".join(keyterms))[:LONGEST_PROMPT]
    return [tokenizer.sot_prev, *vocabulary, *start]


def _hypothesis(result: Any, tokenizer: Tokenizer) -> Hypothesis:
    tokens = tuple(result.sequences_ids[0])
    # CTranslate2 divides the score by the tokens; the end of the text, which is none of them, counts as one.
    mean = result.scores[0] * len(tokens) / (len(tokens) + 1)
    return Hypothesis(tokens, tokenizer.decode(list(tokens)).strip(), mean, result.no_speech_prob)


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


def repeats(words: Sequence[str]) -> bool:
    """Whether one to eight words come so often in a row that nobody says them."""
    for size in range(1, 9):
        allowed = 8 if size == 1 else 4
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            if run >= size * allowed:
                return True
    return False

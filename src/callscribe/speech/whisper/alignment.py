"""When each word was said: from the decoder's cross-attention, as CTranslate2 computes it.

The raw alignment is off where somebody pauses: a word next to silence is stretched over it. Voice activity knows
better, so words are drawn back to speech.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.interface import Span

_STEP: Final = 0.02
"""Seconds of one step of the encoder's output."""

_OPENING: Final = "\"'“¿¡([{-"
_CLOSING: Final = "\"'.。,，!！?？:：;”)]}、…"

_LONGEST: Final = 0.6
_LONGEST_A_CHARACTER: Final = 0.09
_SHORTEST: Final = 0.04


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its times in the window. `tokens` is how many of the text's tokens it took."""

    text: str
    start: float
    end: float
    confidence: float
    tokens: int


def align(
    model: Any, tokenizer: Tokenizer, encoded: Any, texts: Sequence[Sequence[int]], frames: Sequence[int]
) -> list[list[TimedWord]]:
    """The words of each text (tokens without timestamps) in the window it was decoded from.

    `frames` are the feature frames of each window that hold audio; beyond them is padding.
    """
    if not any(texts):
        return [[] for _ in texts]
    # A window without text still needs a token to keep its place in the batch.
    stand_in = tokenizer.encode(" .")
    results = model.align(
        encoded, tokenizer.sot_sequence, [list(text) or stand_in for text in texts], [max(2, count) for count in frames]
    )
    return [_words(tokenizer, text, result) if text else [] for text, result in zip(texts, results, strict=True)]


def _words(tokenizer: Tokenizer, text: Sequence[int], result: Any) -> list[TimedWord]:
    words, pieces = tokenizer.split_to_word_tokens([*text, tokenizer.eot])
    words, pieces = words[:-1], pieces[:-1]  # without the end of the text
    tokens, steps = (np.array(side) for side in zip(*result.alignments, strict=True))
    begins = np.concatenate([[True], np.diff(tokens) > 0])
    times = steps[begins] * _STEP
    boundaries = np.cumsum([0, *(len(piece) for piece in pieces)])
    found = []
    for word, piece, first, last in zip(words, pieces, boundaries[:-1], boundaries[1:], strict=True):
        start = float(times[min(first, len(times) - 1)])
        end = float(times[min(last, len(times) - 1)])
        confidence = float(np.mean(result.text_token_probs[first:last]))
        found.append(TimedWord(word, start, end, min(1.0, max(0.0, confidence)), len(piece)))
    return _with_punctuation(found)


def _with_punctuation(words: list[TimedWord]) -> list[TimedWord]:
    """Marks that stand alone go to the word they belong to, and so does what follows without a blank."""
    joined: list[TimedWord] = []
    opening: TimedWord | None = None
    for word in words:
        text = word.text.strip()
        if joined and opening is None and (not text or all(mark in _CLOSING for mark in text)):
            last = joined[-1]
            # A mark behind a blank, as French has it before a question mark, stays with its word.
            joined[-1] = replace(last, text=last.text + text, tokens=last.tokens + word.tokens)
        elif joined and opening is None and not word.text.startswith(" "):
            last = joined[-1]  # the second half of "flour-fattened" or "co-operate"
            joined[-1] = replace(
                last,
                text=last.text + text,
                end=max(last.end, word.end),
                confidence=(last.confidence * last.tokens + word.confidence * word.tokens)
                / (last.tokens + word.tokens),
                tokens=last.tokens + word.tokens,
            )
        elif text and all(mark in _OPENING for mark in text):
            opening = word if opening is None else _merged(opening, word)
        else:
            joined.append(word if opening is None else _merged(opening, word))
            opening = None
    if opening is not None and joined:
        joined[-1] = replace(joined[-1], tokens=joined[-1].tokens + opening.tokens)
    return [replace(word, text=word.text.strip()) for word in joined]


def _merged(mark: TimedWord, word: TimedWord) -> TimedWord:
    text = mark.text.strip() + word.text.strip()
    return replace(word, text=text, tokens=mark.tokens + word.tokens)


def settle(words: Sequence[TimedWord], speech: Sequence[Span], duration: float) -> list[TimedWord]:
    """Words with times that are in order, inside the window's `duration` and next to speech, and never empty."""
    drawn = [_drawn_to_speech(word, speech) for word in words]
    settled: list[TimedWord] = []
    for word in drawn:
        longest = _LONGEST + _LONGEST_A_CHARACTER * len(word.text)
        start = min(max(word.start, settled[-1].end if settled else 0.0), duration)
        end = min(max(word.end, start), start + longest, duration)
        settled.append(replace(word, start=start, end=end))
    return _with_room(settled, duration)


def _drawn_to_speech(word: TimedWord, speech: Sequence[Span]) -> TimedWord:
    """Cut off what lies in silence; a word all in silence goes to the nearer edge of speech."""
    touched = [span for span in speech if span.start < word.end and span.end > word.start]
    if not touched:
        return word
    best = max(touched, key=lambda span: min(span.end, word.end) - max(span.start, word.start))
    return replace(word, start=max(word.start, best.start), end=min(word.end, best.end))


def _with_room(words: list[TimedWord], duration: float) -> list[TimedWord]:
    """Give words that the alignment left without extent the least there can be, pushing neighbours as needed."""
    least = min(_SHORTEST, duration / (len(words) + 1)) if words else 0.0
    limit = duration
    result: list[TimedWord] = []
    for word in reversed(words):
        end = min(word.end, limit)
        start = min(word.start, end - least)
        result.append(replace(word, start=start, end=end))
        limit = start
    result.reverse()
    shifted: list[TimedWord] = []
    floor = 0.0
    for word in result:
        start = max(word.start, floor)
        end = max(word.end, start + least)
        shifted.append(replace(word, start=start, end=end))
        floor = end
    return shifted


def uncovered(words: Sequence[TimedWord], speech: Sequence[Span], least: float) -> list[Span]:
    """Stretches of speech of at least `least` seconds in which no word was found."""
    gaps = []
    for span in speech:
        edges = [span.start]
        for word in words:
            if word.end > span.start and word.start < span.end:
                edges += [max(word.start, edges[-1]), max(word.end, edges[-1])]
        edges.append(max(span.end, edges[-1]))
        gaps += [Span(start, end) for start, end in list(pairwise(edges))[::2] if end - start >= least]
    return gaps

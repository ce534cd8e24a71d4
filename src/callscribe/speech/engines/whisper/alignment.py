"""When each word was said: from what the decoder attended to for its tokens.

Attention runs ahead of the sound. The model knows a word before it has heard it out, the longer the word the earlier,
and turns to the next: where two words follow without a pause, the boundary lies behind that turn by a time that grows
with the letters of the first. The figures are fits to speech with known word times (`benchmarks/word_times.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt
from faster_whisper.tokenizer import Tokenizer

from callscribe.speech.engines.whisper.attention import DELAY, Flags, Steps, token_spans
from callscribe.speech.engines.whisper.network import TokenTimes
from callscribe.speech.engines.whisper.pauses import STEP
from callscribe.speech.interface import Span

_OPENING: Final = "\"'“¿¡([{-"
_CLOSING: Final = "\"'.。,，!！?？:：;”)]}、…"

_LONGEST: Final = 0.6
_LONGEST_A_LETTER: Final = 0.09
_SHORTEST: Final = 0.04

_OWN: Final = 0.1
"""Seconds of a stretch of speech that a word has to have for the stretch not to be a neighbour's."""

_LETTERS_A_DIGIT: Final = 4
"""What a digit is said with, about."""

_LAG: Final = 0.01
_LAG_A_LETTER: Final = 0.018
_LAG_LETTERS: Final = 8
"""Seconds from the turn of attention to the boundary, by the letters of the word that ends, of which so many count."""

_DRAWL: Final = 0.1
_DRAWL_A_LETTER: Final = 0.05
"""A word that takes longer than its letters should began later, by this share of the excess."""

_BY_SHAPE: Final = (-0.035, 0.010, -0.008, -0.22, 0.26, 0.90)
_COUNTED: Final = 10
_LASTING: Final = 0.8
"""The same time where the whole of attention is known: a constant, and the weights of the letters of the word that
ends, of those of the word that begins (so many count), of the latter's duration (up to this), and of the times at which
attention to it is highest and has its centre."""

_TOGETHER: Final = 0.03
"""Seconds. Words that are no farther apart follow without a pause."""


@dataclass(frozen=True, slots=True)
class TimedWord:
    """A word with its times in the window. `tokens` is how many of the text's tokens it took.

    `last` is where the last of several begins, None where that is not known.
    """

    text: str
    start: float
    end: float
    confidence: float
    tokens: int
    last: float | None = None

    @property
    def is_spelt(self) -> bool:
        """Whether it is a number of several tokens: "555-0142" is one word, and said with pauses."""
        return self.last is not None and _is_number(self.text)


def timed_words(tokenizer: Tokenizer, tokens: Sequence[int], times: TokenTimes, silent: Flags) -> list[TimedWord]:
    """The words that text tokens (no timestamps among them) make, with their times in the window.

    `silent` `(steps)` tells the steps of the window in which nothing is heard (`pauses.silent_steps`).
    """
    if not tokens:
        return []
    words, pieces = tokenizer.split_to_word_tokens([*tokens, tokenizer.eot])
    words, pieces = words[:-1], pieces[:-1]  # without the end of the text
    edges = np.cumsum([0, *(len(piece) for piece in pieces)])
    starts, ends = _spans(words, edges, times, silent)
    found = []
    for word, first, last in zip(words, edges[:-1], edges[1:], strict=True):
        confidence = min(1.0, max(0.0, float(np.mean(times.probabilities[first:last]))))
        start, end = float(starts[first]) * STEP, float(ends[last - 1]) * STEP
        begins = float(starts[last - 1]) * STEP if last - first > 1 else None
        found.append(TimedWord(word, start, end, confidence, int(last - first), begins))
    return _behind(_with_punctuation(found), times.shares)


def _spans(words: Sequence[str], edges: Steps, times: TokenTimes, silent: Flags) -> tuple[Steps, Steps]:
    """First step and step after the last of each token, none of a word's in silence."""
    marks, begins = np.zeros(int(edges[-1]) + 1, bool), np.zeros(int(edges[-1]) + 1, bool)
    marks[-1] = True  # the end of the text
    for word, first, last in zip(words, edges[:-1], edges[1:], strict=True):
        is_mark = all(mark in _CLOSING + _OPENING for mark in word.strip())
        marks[first:last] = is_mark
        begins[first] = not is_mark and (first == 0 or word.startswith(" "))
        if _is_number(word):  # said in groups, with pauses between
            begins[first:last] = True
    if times.shares is not None:
        return token_spans(times.shares, silent, begins, marks)
    turns = np.minimum(np.round(times.starts / STEP).astype(np.int64) + DELAY, len(silent))
    starts, ends = turns[:-1].copy(), turns[1:].copy()
    for word, (first, last) in zip(words, pairwise(edges), strict=True):
        parts = [(each, each + 1) for each in range(first, last)] if _is_number(word) else [(first, last)]
        for begin, end in parts:
            starts[begin], ends[end - 1] = _sounding(int(starts[begin]), int(ends[end - 1]), silent)
    said = np.flatnonzero(~marks)
    if len(said):  # attention turns to the end of the text long before the last word is heard out
        ends[said[-1]] = _heard_until(int(ends[said[-1]]), silent)
    return starts, ends


def _sounding(start: int, end: int, silent: Flags) -> tuple[int, int]:
    """The part of a word's steps that is heard: behind the last silence in it, or before if nothing follows."""
    heard = np.flatnonzero(~silent[start:end])
    if not len(heard):
        return start, end
    breaks = np.flatnonzero(np.diff(heard) > 1)
    last = heard[breaks[-1] + 1 :] if len(breaks) else heard
    if len(breaks) and len(last) * STEP < _SHORTEST:
        last = heard[: breaks[-1] + 1]
    return start + int(last[0]), start + int(last[-1]) + 1


def _heard_until(step: int, silent: Flags) -> int:
    """The step at which what is heard at `step` falls silent."""
    after = np.flatnonzero(silent[step:])
    return step + int(after[0]) if len(after) else len(silent)


def _behind(words: list[TimedWord], shares: npt.NDArray[np.float32] | None) -> list[TimedWord]:
    """The boundaries between words that follow without a pause, moved from where attention turns to where they are."""
    moved = words[:1]
    for token, word in zip(np.cumsum([word.tokens for word in words]), words[1:], strict=False):
        last = moved[-1]
        if word.start - last.end > _TOGETHER:
            moved.append(word)
            continue
        lag = _lag(last, word) if shares is None else _lag_of(last, word, shares[token])
        boundary = max(min(word.start + lag, word.end - _SHORTEST), last.start + _SHORTEST)
        if last.start < boundary < word.end:
            moved[-1] = replace(last, end=boundary)
            word = replace(word, start=boundary)  # noqa: PLW2901
        moved.append(word)
    return moved


def _lag(last: TimedWord, word: TimedWord) -> float:
    """Seconds from a word's first step, where attention has turned to it `DELAY` before, to its beginning."""
    excess = word.end - word.start - _DRAWL_A_LETTER * _letters(word.text)
    return _LAG + _LAG_A_LETTER * _heard_out(last.text) + _DRAWL * min(max(excess, -0.2), 0.4) - DELAY * STEP


def _lag_of(last: TimedWord, word: TimedWord, share: npt.NDArray[np.float32]) -> float:
    """The same, from how attention to the word's first token rises and falls besides, `(steps)`."""
    first = round(word.start / STEP) - DELAY
    attended = share[max(0, first) : max(first + 1, round(word.end / STEP) - DELAY)]
    if not attended.any():
        return _lag(last, word)
    peak = float(np.argmax(attended)) * STEP
    centre = float(np.average(np.arange(len(attended)), weights=attended)) * STEP
    duration = min(word.end - word.start, _LASTING)
    heard, letters = _heard_out(last.text), min(_letters(word.text), _COUNTED)
    return float(np.dot(_BY_SHAPE, [1.0, heard, letters, duration, peak, centre]))


def _is_number(text: str) -> bool:
    return any(mark.isdigit() for mark in text)


def _letters(text: str) -> int:
    """How long a word is, in letters; digits are said with several."""
    return sum(_LETTERS_A_DIGIT if mark.isdigit() else mark.isalpha() for mark in text)


def _heard_out(text: str) -> int:
    """The letters of a word by whose number attention runs ahead of its end."""
    return min(_letters(text), _LAG_LETTERS * (2 if _is_number(text) else 1))


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
                last=word.start if word.last is None else word.last,
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
        longest = _LONGEST + _LONGEST_A_LETTER * max(len(word.text), _letters(word.text))
        start = min(max(word.start, settled[-1].end if settled else 0.0), duration)
        begins = max(start, word.last or start) if word.is_spelt else start
        end = min(max(word.end, start), begins + longest, duration)
        settled.append(replace(word, start=start, end=end))
    return _with_room(settled, duration)


def _drawn_to_speech(word: TimedWord, speech: Sequence[Span]) -> TimedWord:
    """Cut off what lies in silence: at the two ends of a number, which is said with pauses, else around most of it."""
    touched = [span for span in speech if span.start < word.end and span.end > word.start]
    if not touched:
        return word

    def shared(span: Span) -> float:
        return min(span.end, word.end) - max(span.start, word.start)

    best = max(touched, key=shared)
    own = [span for span in touched if shared(span) >= _OWN] or [best] if word.is_spelt else [best]
    return replace(word, start=max(word.start, own[0].start), end=min(word.end, own[-1].end))


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

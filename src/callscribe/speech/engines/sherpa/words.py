"""From what a model tells of a stretch of speech to words."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from callscribe.speech.engines.sherpa.runtime import Told
from callscribe.speech.interface import Span, Word

UNTOLD: Final = 0.5
"""The confidence of words of a model that tells none: neither sure nor doubtful."""

_LAST: Final = 0.3
"""Seconds that a last token is taken to last, where the model does not tell."""


class _Piece(NamedTuple):
    text: str
    start: float
    end: float
    log_probability: float | None


def words_of(told: Told, span: Span, speech: Sequence[Span]) -> tuple[Word, ...]:
    """The words, with times in the recording, in which `span` is the stretch.

    Where the model tells no times, the words share the `speech` in it by their lengths: none begins in a pause.
    """
    if not told.starts:
        return _shared(told.text.split(), speech or [span])
    words: list[Word] = []
    floor = span.start
    for pieces in _grouped(list(_pieces(told, span.duration))):
        start = min(max(span.start + pieces[0].start, floor), span.end)
        end = min(max(span.start + pieces[-1].end, start), span.end)
        text = "".join(piece.text for piece in pieces).strip()
        words.append(Word(text, round(start, 3), round(end, 3), _confidence(pieces)))
        floor = end
    return tuple(words)


def _shared(texts: Sequence[str], speech: Sequence[Span]) -> tuple[Word, ...]:
    """Words one after the other, which begin as the letters before them share the time that is spoken.

    Each lasts until the next begins, also over a pause: what redaction takes for one segment must have no gaps.
    """
    if not texts:
        return ()
    letters = list(accumulate(map(len, texts[:-1]), initial=0))
    spoken = list(accumulate((each.duration for each in speech), initial=0.0))
    scale = spoken[-1] / sum(map(len, texts))
    starts = []
    for before in letters:
        place = min(bisect_right(spoken, before * scale) - 1, len(speech) - 1)
        starts.append(round(speech[place].start + before * scale - spoken[place], 3))
    edges = [*starts, round(speech[-1].end, 3)]
    return tuple(Word(text, start, end, UNTOLD) for text, (start, end) in zip(texts, pairwise(edges), strict=True))


def _pieces(told: Told, duration: float) -> Iterator[_Piece]:
    """Tokens with where each ends: as it says, but not behind the beginning of the next."""
    edges = [*told.starts, min(duration, told.starts[-1] + _LAST)]
    for index, (start, following) in enumerate(pairwise(edges)):
        lasts = told.durations[index] if told.durations else math.inf
        probability = told.log_probabilities[index] if told.log_probabilities else None
        yield _Piece(told.tokens[index], start, max(start, min(start + lasts, following)), probability)


def _grouped(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """The tokens of each word: one begins with a blank, and marks belong to the word before them."""
    words: list[list[_Piece]] = []
    for piece in pieces:
        is_mark = not any(letter.isalnum() for letter in piece.text)
        if not words or (piece.text[:1] in {" ", "▁"} and not is_mark):
            words.append([])
        words[-1].append(piece._replace(text=piece.text.replace("▁", " ")))
    return [word for word in words if "".join(piece.text for piece in word).strip()]


def _confidence(pieces: Sequence[_Piece]) -> float:
    """The mean probability of a word's tokens."""
    known = [math.exp(min(0.0, piece.log_probability)) for piece in pieces if piece.log_probability is not None]
    return round(sum(known) / len(known), 3) if known else UNTOLD

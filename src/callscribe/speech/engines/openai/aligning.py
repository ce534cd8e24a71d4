"""Text and the times of its words, which servers have apart: the text with punctuation, the words as they like.

OpenAI's words have no punctuation, those of faster-whisper have blanks before them, and whisper.cpp gives the tokens of
its model, several to a word. All have the letters of the text in its order, mostly.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import accumulate, pairwise

from callscribe.speech.interface import Span


@dataclass(frozen=True, slots=True)
class TimedPart:
    """A word, or a part of one, that a server gives a time, in seconds of what it was sent."""

    text: str
    start: float
    end: float
    probability: float | None = None


@dataclass(frozen=True, slots=True)
class Timed:
    """When a word of the text was said, and how sure the server is, 0 to 1, where it says so."""

    span: Span
    probability: float | None = None


def letters_of(text: str) -> str:
    """What of a text is heard: its letters and digits, in small letters."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).casefold()))


def align(texts: Sequence[str], parts: Sequence[TimedPart], seconds: float) -> list[Timed]:
    """The time of each word of a text, by the parts that a server gives times, in any order.

    Words that are in no part share the time that is left where they stand. `seconds` is the length of the audio.
    """
    heard = [(part, letters_of(part.text)) for part in sorted(parts, key=lambda part: (part.start, part.end))]
    heard = [(part, letters) for part, letters in heard if letters]
    words = [letters_of(text) for text in texts]
    if "".join(words) == "".join(letters for _, letters in heard):
        return _by_letters(words, heard)
    return list(_by_words(words, heard, seconds))


def _by_letters(words: Sequence[str], heard: Sequence[tuple[TimedPart, str]]) -> list[Timed]:
    """Where the letters are the same: each has its share of its part's time, and a word goes from first to last."""
    letters = [
        (share, part.probability)
        for part, spelled in heard
        for share in shares(Span(part.start, part.end), [1] * len(spelled))
    ]
    timed, at = [], 0.0
    for first, end in pairwise(accumulate((len(word) for word in words), initial=0)):
        own = letters[first:end]
        at = own[-1][0].end if own else at
        known = [probability for _, probability in own if probability is not None]
        timed.append(
            Timed(Span(own[0][0].start, at) if own else Span(at, at), sum(known) / len(known) if known else None)
        )
    return timed


def _by_words(words: Sequence[str], heard: Sequence[tuple[TimedPart, str]], seconds: float) -> Iterator[Timed]:
    """Where they are not: by the words that are the same; those between share the time between."""
    matcher = SequenceMatcher(None, words, [letters for _, letters in heard], autojunk=False)
    for kind, first, end, left, right in matcher.get_opcodes():
        own = [part for part, _ in heard[left:right]]
        if kind == "equal":
            yield from (Timed(Span(part.start, part.end), part.probability) for part in own)
            continue
        begin = own[0].start if own else heard[left - 1][0].end if left else 0.0
        until = own[-1].end if own else heard[left][0].start if left < len(heard) else seconds
        lengths = [len(word) for word in words[first:end]]
        yield from map(Timed, shares(Span(begin, max(begin, until)), lengths))


def shares(span: Span, lengths: Sequence[int]) -> list[Span]:
    """A stretch of time divided by lengths."""
    whole = max(1, sum(lengths))
    ends = [span.start + span.duration * length / whole for length in accumulate(lengths, initial=0)]
    return [Span(start, end) for start, end in pairwise(ends)]

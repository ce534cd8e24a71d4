"""Segments as plain values, for checkpoints and for the way from a child process."""

import sys
from typing import Any

from callscribe.speech.interface import Segment, Word


def word_to_json(word: Word) -> list[Any]:
    """Text, start, end, confidence: a list, since a transcript has many."""
    return [word.text, word.start, word.end, word.confidence]


def word_from_json(data: list[Any]) -> Word:
    """The inverse of `word_to_json`. A long call says the same words again and again: each is held once."""
    text, start, end, confidence = data
    return Word(sys.intern(text), start, end, confidence)


def segment_to_json(segment: Segment) -> dict[str, Any]:
    """Plain values that JSON and pickle can hold."""
    return {
        "channel": segment.channel,
        "start": segment.start,
        "end": segment.end,
        "language": segment.language,
        "words": [word_to_json(word) for word in segment.words],
    }


def segment_from_json(data: dict[str, Any]) -> Segment:
    """The inverse of `segment_to_json`."""
    words = tuple(word_from_json(word) for word in data["words"])
    return Segment(data["channel"], data["start"], data["end"], words, data["language"])

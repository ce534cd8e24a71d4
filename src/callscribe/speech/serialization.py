"""Segments as plain values, for the way from a child process, which has no library for it."""

import sys
from typing import Any

from callscribe.speech.interface import OmissionReason, Segment, SpokenLanguage, Word


def segment_to_json(segment: Segment) -> dict[str, Any]:
    """Plain values that JSON can hold."""
    return {
        "channel": segment.channel,
        "start": segment.start,
        "end": segment.end,
        "language": segment.language,
        "words": segment.words,
        "mismatch": segment.mismatch and [segment.mismatch.language, segment.mismatch.probability],
        "omitted": segment.omitted,
    }


def segment_from_json(data: dict[str, Any]) -> Segment:
    """The inverse of `segment_to_json`. A long call says the same words again and again: each is held once."""
    words = tuple(Word(sys.intern(text), *rest) for text, *rest in data["words"])
    return Segment(
        data["channel"],
        data["start"],
        data["end"],
        words,
        data["language"],
        SpokenLanguage(*data["mismatch"]) if data.get("mismatch") else None,  # of before there were some
        data["omitted"] and OmissionReason(data["omitted"]),
    )

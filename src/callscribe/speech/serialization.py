"""Segments and windows as plain values, for the way from and to a child process, which has no library for it."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import OmissionReason, Segment, Span, SpeechWindow, SpokenLanguage, Word


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


def window_to_json(window: SpeechWindow) -> dict[str, Any]:
    """All of a window but its samples, which `audio_of` has."""
    return {
        "channel": window.channel,
        "start": window.start,
        "samples": len(window.samples),
        "speech": [[span.start, span.end] for span in window.speech],
    }


def audio_of(windows: Iterable[SpeechWindow]) -> list[memoryview]:
    """The samples of windows, little-endian float32, one after the other."""
    return [np.ascontiguousarray(window.samples, dtype="<f4").view(np.uint8).data for window in windows]


class Windows:
    """Reads windows back, in the order in which they were written: `body` is what `audio_of` made of all."""

    def __init__(self, body: bytearray) -> None:
        self._audio: npt.NDArray[np.float32] = np.frombuffer(body, dtype="<f4")
        self._offset = 0

    def read(self, data: Sequence[Mapping[str, Any]]) -> tuple[SpeechWindow, ...]:
        """The next of them."""
        found = []
        for each in data:
            samples = self._audio[self._offset : self._offset + each["samples"]]
            self._offset += each["samples"]
            speech = tuple(Span(start, end) for start, end in each["speech"])
            found.append(SpeechWindow(each["channel"], each["start"], samples, speech))
        return tuple(found)

"""From probabilities of speech, frame by frame, to spans of it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import Span
from callscribe.speech.silero import FRAME_SECONDS

Probabilities = npt.NDArray[np.float32]
"""`(frames,)` in [0, 1]."""

Stretch = tuple[int, int]
"""The first frame, and the one behind the last."""


@dataclass(frozen=True, slots=True)
class ActivityOptions:
    """When frames become speech. Times in seconds."""

    threshold: float = 0.40
    """A stretch of speech begins when the probability reaches this …"""
    release: float = 0.25
    """… and ends when it stays below this …"""
    hangover: float = 0.35
    """… for so long."""
    shortest: float = 0.13
    """Shorter stretches are clicks."""
    padding: float = 0.20
    """Added before and after: soft onsets and endings score low."""
    certain: float = 0.80
    """A stretch is no speech when neither it nor any other within `company` reaches this …"""
    evidence: float = 0.40
    """… and all of them together are not worth so many seconds of certain speech. Knocks, modems and music have moments
    that look like speech, but short, weak and far between. No more is asked for: of speech through a telephone's band
    much scores 0.45 to 0.65 for minutes."""
    company: float = 15.0
    longest: float = 28.0
    """Longer stretches are divided where speech is least likely, so that a model can take each whole."""


DEFAULTS: Final = ActivityOptions()

SECOND_LOOK: Final = ActivityOptions(threshold=0.30, release=0.15, certain=1.01, evidence=0.80)
"""Of what is looked at again: less will do, for of speech through a narrow band much scores no more; but a moment is
never enough. Nothing of the sounds that nobody speaks in (`benchmarks/nothing.py`) comes that far."""

DOUBT: Final = ActivityOptions(threshold=0.20, release=0.08, shortest=2.0)
"""Of what is no speech at second sight either, but may be."""


def speech_spans(
    probabilities: Probabilities, duration: float, options: ActivityOptions = DEFAULTS
) -> tuple[Span, ...]:
    """Stretches of speech in a row of frame probabilities, padded, apart from each other and inside `duration`."""
    found = credible(stretches(probabilities, options), probabilities, options)
    return padded(found, probabilities, duration, options)


def stretches(probabilities: Probabilities, options: ActivityOptions = DEFAULTS) -> list[Stretch]:
    """Where probabilities rise to the threshold, until they stay below the release."""
    found: list[Stretch] = []
    start: int | None = None
    last = 0
    patience = round(options.hangover / FRAME_SECONDS)
    for index in np.flatnonzero(probabilities >= options.release):
        if start is not None and index - last > patience:
            found.append((start, last + 1))
            start = None
        if start is None and probabilities[index] >= options.threshold:
            start = int(index)
        last = int(index)
    if start is not None:
        found.append((start, last + 1))
    return found


def certain(probabilities: Probabilities, options: ActivityOptions = DEFAULTS) -> npt.NDArray[np.bool_]:
    """The frames of stretches that are speech beyond doubt."""
    sure = np.zeros(len(probabilities), np.bool_)
    for first, end in stretches(probabilities, options):
        sure[first:end] = probabilities[first:end].max() >= options.certain
    return sure


def credible(found: list[Stretch], probabilities: Probabilities, options: ActivityOptions = DEFAULTS) -> list[Stretch]:
    """The stretches that have evidence enough in themselves and around them."""
    if not found:
        return []
    starts, ends = np.array(found).T
    likely = np.where(probabilities >= options.release, probabilities, 0)
    worth = np.array([likely[start:end].sum() for start, end in found]) * FRAME_SECONDS
    peaks = np.array([likely[start:end].max() for start, end in found])
    reach = round(options.company / FRAME_SECONDS)
    firsts, lasts = np.searchsorted(ends, starts - reach), np.searchsorted(starts, ends + reach)
    return [
        stretch
        for stretch, first, last in zip(found, firsts, lasts, strict=True)
        if peaks[first:last].max() >= options.certain or worth[first:last].sum() >= options.evidence
    ]


def padded(
    found: list[Stretch], probabilities: Probabilities, duration: float, options: ActivityOptions = DEFAULTS
) -> tuple[Span, ...]:
    """Stretches as spans of seconds: none too long or too short, with padding, apart from each other."""
    parts = [part for stretch in found for part in _divided(stretch, probabilities, options)]
    spans = [
        Span(max(0.0, first * FRAME_SECONDS - options.padding), min(duration, end * FRAME_SECONDS + options.padding))
        for first, end in parts
        if (end - first) * FRAME_SECONDS >= options.shortest
    ]
    return _apart(spans)


def _divided(stretch: Stretch, probabilities: Probabilities, options: ActivityOptions) -> list[Stretch]:
    """A stretch of frames in parts of nearly even length, none longer than the longest that is allowed."""
    first, end = stretch
    limit = int((options.longest - 2 * options.padding) / FRAME_SECONDS)
    if end - first <= limit:
        return [stretch]
    # Even parts, moved by up to a sixth to the least likely quarter of a second.
    even = (end - first) / (-(-(end - first) // int(limit * 0.85)))
    low, high = first + int(even * 0.83), first + int(min(even * 1.17, limit))
    smooth = np.convolve(probabilities[low:high], np.ones(8) / 8, mode="same")
    cut = low + int(np.argmin(smooth))
    return [(first, cut), *_divided((cut, end), probabilities, options)]


def _apart(spans: list[Span]) -> tuple[Span, ...]:
    """Where paddings meet, the two spans share the boundary."""
    ends = [
        min(span.end, (span.end + after.start) / 2) if span.end > after.start else span.end
        for span, after in pairwise(spans)
    ] + [span.end for span in spans[-1:]]
    starts = [span.start for span in spans[:1]] + [
        max(span.start, end) for span, end in zip(spans[1:], ends, strict=False)
    ]
    return tuple(Span(round(start, 3), round(end, 3)) for start, end in zip(starts, ends, strict=True) if start < end)

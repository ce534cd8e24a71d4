"""Recognises windows of speech with one model. Runs in the child process.

What cannot have been said, a loop or more words than fit, is tried once more, in the parts between pauses, where the
window has some; what even then cannot have been said is left out.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callscribe.speech.engines.loops import repeats, words_in
from callscribe.speech.engines.sherpa.messages import Answer, Part
from callscribe.speech.engines.sherpa.runtime import Told, load
from callscribe.speech.engines.sherpa.words import words_of
from callscribe.speech.interface import SAMPLE_RATE, Samples, Segment, Span, SpeechWindow
from callscribe.speech.languages import language_code

log = logging.getLogger(__name__)

_PAUSE: Final = 0.5
"""Seconds between the parts of a window at the second try. At the first a model hears a window whole: what is around a
word helps (one call of `hard/` with Moonshine: 2.5 % word errors, and 6.4 % in such parts)."""

_SOME: Final = 4
_A_SECOND: Final = 7
"""More words than these, and so many a second, are said by nobody."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is recognised at once: a window, or a part of one, with its time and its speech in the recording."""

    channel: int
    span: Span
    samples: Samples
    speech: tuple[Span, ...]


class Recognizer:
    """A loaded model."""

    def __init__(self, folder: Path, *, provider: str, threads: int) -> None:
        self._model = load(folder, provider=provider, threads=threads)

    def recognize(self, parts: Sequence[Part]) -> list[Answer]:
        """The answer to each part. Those of one locale go through the model together."""
        answers: dict[int, Answer] = {}
        for locale in dict.fromkeys(part.locale for part in parts):
            chosen = [(index, part) for index, part in enumerate(parts) if part.locale == locale]
            heard = [whole(window) for _, part in chosen for window in part.windows]
            segments = iter(self._heard(heard, locale))
            for index, part in chosen:
                answers[index] = tuple(each for _ in part.windows for each in next(segments))
        return [answers[index] for index in range(len(parts))]

    def _heard(self, heard: Sequence[Stretch], locale: str) -> list[list[Segment]]:
        """The segments of each stretch."""
        language = str(language_code(locale))
        told = list(self._model.tell([each.samples for each in heard], locale))
        again = [divided(each) if not can_be(each, text) else [] for each, text in zip(heard, told, strict=True)]
        parts = [part for parts in again for part in parts]
        more = iter(zip(parts, self._model.tell([part.samples for part in parts], locale), strict=True))
        return [
            [segment for _ in parts for segment in segments_of(*next(more), language)]
            if parts
            else list(segments_of(stretch, text, language))
            for stretch, text, parts in zip(heard, told, again, strict=True)
        ]


def whole(window: SpeechWindow) -> Stretch:
    """A window as it is."""
    return Stretch(window.channel, Span(window.start, window.end), window.samples, window.speech)


def divided(stretch: Stretch) -> list[Stretch]:
    """Its parts between pauses; none where there is no pause."""
    joined: list[list[Span]] = []
    for span in stretch.speech:
        if joined and span.start - joined[-1][-1].end < _PAUSE:
            joined[-1].append(span)
        else:
            joined.append([span])
    return [_part(stretch, spans) for spans in joined] if len(joined) > 1 else []


def _part(stretch: Stretch, speech: Sequence[Span]) -> Stretch:
    span = Span(speech[0].start, speech[-1].end)
    first, end = (max(0, round((time - stretch.span.start) * SAMPLE_RATE)) for time in (span.start, span.end))
    return Stretch(stretch.channel, span, stretch.samples[first:end], tuple(speech))


def can_be(stretch: Stretch, told: Told) -> bool:
    """Whether somebody may have said this in the time."""
    said = words_in(told.text)
    return not repeats(said) and len(said) <= _SOME + _A_SECOND * stretch.span.duration


def segments_of(stretch: Stretch, told: Told, language: str) -> Iterator[Segment]:
    """What was said in a stretch; without words where that cannot be it."""
    if not can_be(stretch, told):
        log.warning("No text could be made of speech at %.1f s; it is left out", stretch.span.start)
        yield Segment(stretch.channel, round(stretch.span.start, 3), round(stretch.span.end, 3), (), language)
    elif words := words_of(told, stretch.span, stretch.speech):
        start, end = words[0].start, words[-1].end
        yield Segment(stretch.channel, start, end, words, language, words_timed=bool(told.starts))

"""Speech that is in no text: an engine found no word in it, or voice activity could not be sure of it.

It becomes segments without words, which a transcript tells as omissions.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from callscribe.speech.activity import ChannelActivity
from callscribe.speech.interface import OmissionReason, Segment, Span
from callscribe.speech.windows import WindowPlan

_LEAST: Final = 1.2
"""Seconds of speech without a word that are told. Shorter ones are hesitations."""

_PADDING: Final = 0.2
"""What voice activity adds around speech."""

_NEAR: Final = 0.3
"""Seconds by which words are longer than their times."""


class Unheard:
    """Follows what an engine makes of windows, and tells what it made nothing of."""

    def __init__(self, plans: Sequence[WindowPlan], language: str) -> None:
        self._plans = plans
        self._language = language
        self._heard: dict[int, list[Span]] = {}

    def follow(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """The segments, and behind them one without words for all speech that no word and no other omission covers."""
        for segment in segments:
            heard = self._heard.setdefault(segment.channel, [])
            if segment.words:
                heard += [Span(word.start - _NEAR, word.end + _NEAR) for word in segment.words]
            else:
                heard.append(Span(segment.start, segment.end))
            yield segment
        for plan in self._plans:
            heard = sorted(self._heard.get(plan.channel, ()), key=lambda span: span.start)
            for speech in plan.speech:
                for gap in _gaps(Span(speech.start + _PADDING, speech.end - _PADDING), heard):
                    yield _omitted(plan.channel, gap, self._language, OmissionReason.NOT_RECOGNIZED)


def doubted(activities: Sequence[ChannelActivity], within: Span, language: str) -> Iterator[Segment]:
    """What may be speech, and begins within a stretch, as segments without words."""
    for activity in activities:
        for span in activity.doubtful:
            if within.start <= span.start < within.end:
                yield _omitted(activity.channel, span, language, OmissionReason.UNCERTAIN)


def _omitted(channel: int, span: Span, language: str, reason: OmissionReason) -> Segment:
    return Segment(channel, round(span.start, 3), round(span.end, 3), (), language, omitted=reason)


def _gaps(speech: Span, heard: Sequence[Span]) -> Iterator[Span]:
    """What `heard`, in order of its starts, leaves of some speech, in parts that are long enough."""
    free = speech.start
    for span in heard:
        if span.end <= free or span.start >= speech.end:
            continue
        if span.start - free >= _LEAST:
            yield Span(free, span.start)
        free = max(free, span.end)
    if speech.end - free >= _LEAST:
        yield Span(free, speech.end)

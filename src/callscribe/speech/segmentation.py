"""A recording's map: how long it is, who speaks when, and where it can be cut into chunks."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pydantic import TypeAdapter

from callscribe.speech.activity import ActivityDetector, ChannelActivity, finish
from callscribe.speech.audio import AudioWindow
from callscribe.speech.copies import CopyDetector
from callscribe.speech.crosstalk import CrosstalkDetector
from callscribe.speech.interface import SAMPLE_RATE, Span

CHUNK_SECONDS: Final = 600.0
"""Length of the chunks that longer recordings are cut into, about."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Speech by channel. `channels` are those to recognise, each once: with `copies`, only the first.

    Times are seconds from the start of the recording; spans of a channel are in order and do not overlap.
    """

    duration: float
    channels: tuple[ChannelActivity, ...]
    copies: bool = False

    @property
    def speech(self) -> float:
        """Seconds of speech, all channels together."""
        return sum(span.duration for channel in self.channels for span in channel.spans)


SEGMENTATION: Final = TypeAdapter(Segmentation)
"""Makes plain values of it for a checkpoint, and reads them."""


def segment(windows: Iterable[AudioWindow]) -> Segmentation:
    """Find the speech of a recording that arrives in windows; memory does not grow with its length."""
    detectors: list[ActivityDetector] = []
    copies, crosstalk = CopyDetector(), CrosstalkDetector()
    samples = 0
    with ThreadPoolExecutor(max_workers=2) as threads:
        for window in windows:
            if not detectors:
                detectors = [ActivityDetector(channel) for channel in range(len(window.samples))]
            samples += window.samples.shape[1]
            work = [threads.submit(each.push, heard) for each, heard in zip(detectors, window.samples, strict=True)]
            copies.push(window.samples)
            crosstalk.push(window.samples)
            for each in work:
                each.result()
    duration = samples / SAMPLE_RATE
    if copies.found():
        return Segmentation(duration, (detectors[0].finish(),), copies=True)
    return Segmentation(duration, finish(detectors, crosstalk.finish()))


def measure(windows: Iterable[AudioWindow]) -> Segmentation:
    """Length and channels of a recording that arrives in windows; where they speak is not looked for."""
    copies = CopyDetector()
    samples = channels = 0
    for window in windows:
        channels = len(window.samples)
        samples += window.samples.shape[1]
        copies.push(window.samples)
    found = copies.found()
    heard = range(1 if found else channels)
    return Segmentation(samples / SAMPLE_RATE, tuple(ChannelActivity(each, (), 1.0) for each in heard), copies=found)


def plan_chunks(segmentation: Segmentation, target: float = CHUNK_SECONDS) -> list[Span]:
    """Cut a recording into chunks of about `target` seconds, where no channel speaks or else at its longest pause.

    The chunks follow one another from 0 to the recording's end; none is longer than 1.25 times the target.
    """
    cuts = [0.0]
    while segmentation.duration - cuts[-1] > target * 1.25:
        cuts.append(_cut(segmentation, Span(cuts[-1] + target * 0.75, cuts[-1] + target * 1.25)))
    return [Span(start, end) for start, end in pairwise([*cuts, segmentation.duration])]


def _cut(segmentation: Segmentation, search: Span) -> float:
    """The best moment to cut within `search`."""
    by_channel = [channel.spans for channel in segmentation.channels]
    everyone = _pauses(sorted((span for spans in by_channel for span in spans), key=lambda span: span.start), search)
    pauses = everyone or [pause for spans in by_channel for pause in _pauses(spans, search)]
    if not pauses:
        return (search.start + search.end) / 2
    # Longer is better up to two seconds; beyond that, nearer to the target.
    middle = (search.start + search.end) / 2
    best = max(pauses, key=lambda pause: (min(pause.duration, 2.0), -abs(_middle(pause) - middle)))
    return round(_middle(best), 3)


def _middle(span: Span) -> float:
    return (span.start + span.end) / 2


def _pauses(spans: Sequence[Span], within: Span) -> list[Span]:
    """What `spans`, ordered by start, leave free of `within`."""
    pauses = []
    free = within.start
    for span in spans:
        if span.end <= within.start:
            continue
        if span.start >= within.end:
            break
        if span.start > free:
            pauses.append(Span(free, span.start))
        free = max(free, span.end)
    if free < within.end:
        pauses.append(Span(free, within.end))
    return pauses

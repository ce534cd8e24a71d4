"""Speech cut out of a recording, in windows that a model takes whole."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.activity import ChannelActivity
from callscribe.speech.audio import AudioWindow
from callscribe.speech.interface import SAMPLE_RATE, Samples, Span, SpeechWindow

LONGEST: Final = 28.0
"""Seconds. Whisper's window is 30 s; some silence has to follow the last word, or it is lost."""

JOIN: Final = 2.0
"""Seconds. A pause this short stays in the window: context helps, and longer silence invites invention."""


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """A window to be cut: a channel, its time, and the speech in it."""

    channel: int
    span: Span
    speech: tuple[Span, ...]


def plan_windows(activity: ChannelActivity, *, longest: float = LONGEST, join: float = JOIN) -> list[WindowPlan]:
    """Pack all speech of a channel into windows of at most `longest` seconds."""
    groups: list[list[Span]] = []
    for span in activity.spans:
        last = groups[-1] if groups else []
        if last and span.start - last[-1].end <= join and span.end - last[0].start <= longest:
            last.append(span)
        else:
            groups.append([span])
    return [WindowPlan(activity.channel, Span(group[0].start, group[-1].end), tuple(group)) for group in groups]


def windows_within(activities: Sequence[ChannelActivity], within: Span) -> list[WindowPlan]:
    """The windows of all channels that begin within a stretch, in the order of their ends.

    They are those of the whole recording, so however it is divided, the model hears the same windows: no word is
    cut in two, and none is heard twice.
    """
    every = (plan for activity in activities for plan in plan_windows(activity))
    plans = [plan for plan in every if within.start <= plan.span.start < within.end]
    return sorted(plans, key=lambda plan: (plan.span.end, plan.channel))


def speech_windows(
    audio: Iterable[AudioWindow], plans: Sequence[WindowPlan], activities: Sequence[ChannelActivity]
) -> Iterator[SpeechWindow]:
    """Cut windows, in the order of their ends, out of decoded audio that covers them.

    Each comes as soon as its audio has been decoded; not more than one window of audio a channel is held. Samples
    are levelled by the gains of their spans, or else of their channel.
    """
    by_channel = {activity.channel: activity for activity in activities}
    plans = list(plans)
    held = _Held()
    for window in audio:
        if not plans:
            return
        held.push(window)
        while plans and plans[0].span.end <= held.end:
            yield _cut(held, plans.pop(0), by_channel)
        held.forget(min((plan.span.start for plan in plans), default=held.end))
    for plan in plans:
        if plan.span.start < held.end:  # the recording ended a few samples early
            yield _cut(held, plan, by_channel)


def _cut(held: "_Held", plan: WindowPlan, activities: dict[int, ChannelActivity]) -> SpeechWindow:
    start, samples = held.slice(plan.channel, plan.span)
    return SpeechWindow(plan.channel, start, levelled(samples, start, activities[plan.channel]), plan.speech)


def levelled(samples: Samples, start: float, activity: ChannelActivity) -> Samples:
    """Samples of a channel, the first at `start` seconds, at the level that models are given.

    Each span has its gain; between two spans it moves evenly from one to the other.
    """
    gains = set(activity.gains) or {activity.gain}
    if len(gains) == 1:
        return _clipped(samples * np.float32(gains.pop()))
    end = start + len(samples) / SAMPLE_RATE
    heard = [
        (edge, gain)
        for span, gain in zip(activity.spans, activity.gains, strict=True)
        if span.start < end and span.end > start
        for edge in (span.start, span.end)
    ]
    times, factors = zip(*heard, strict=True) if heard else ((start,), (activity.gain,))
    envelope = np.interp(start + np.arange(len(samples)) / SAMPLE_RATE, times, factors)
    return _clipped(samples * envelope.astype(np.float32))


def _clipped(samples: Samples) -> Samples:
    clipped: Samples = np.clip(samples, -1.0, 1.0)
    return clipped


class _Held:
    """The decoded audio that some window still needs."""

    def __init__(self) -> None:
        self._first = 0
        self._pieces: list[npt.NDArray[np.float32]] = []
        self._count = 0

    @property
    def end(self) -> float:
        return (self._first + self._count) / SAMPLE_RATE

    def push(self, window: AudioWindow) -> None:
        if not self._pieces:
            self._first, self._count = round(window.start * SAMPLE_RATE), 0
        self._pieces.append(window.samples)
        self._count += window.samples.shape[1]

    def forget(self, before: float) -> None:
        while self._pieces and (self._first + self._pieces[0].shape[1]) / SAMPLE_RATE <= before:
            gone = self._pieces.pop(0).shape[1]
            self._first += gone
            self._count -= gone

    def slice(self, channel: int, span: Span) -> tuple[float, npt.NDArray[np.float32]]:
        """The samples of a span and the exact time of the first."""
        first = max(round(span.start * SAMPLE_RATE), self._first)
        end = min(round(span.end * SAMPLE_RATE), self._first + self._count)
        offset, found = self._first, []
        for piece in self._pieces:
            low, high = max(first - offset, 0), min(end - offset, piece.shape[1])
            if low < high:
                found.append(piece[channel, low:high])
            offset += piece.shape[1]
        return first / SAMPLE_RATE, np.concatenate([np.zeros(0, np.float32), *found])

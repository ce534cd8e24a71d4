"""What is around a window in its recording; see `interface.Surroundings`."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Final

from callscribe.cancellation import Cancellation
from callscribe.speech.activity import ChannelActivity
from callscribe.speech.audio import AudioSource
from callscribe.speech.interface import Span, SpeechWindow
from callscribe.speech.windows import WindowPlan, plan_windows, speech_windows

NEIGHBOURS: Final = 20.0
"""Seconds of windows that are looked at beside one …"""

_MOST: Final = 8
"""… and how many they may be."""


@dataclass(eq=False)
class RecordedSurroundings:
    """The windows of a recording that lies at `path`."""

    _source: AudioSource
    _path: Path
    _activities: Sequence[ChannelActivity]
    _cancelled: Cancellation

    @cached_property
    def _plans(self) -> dict[int, list[WindowPlan]]:
        return {activity.channel: plan_windows(activity) for activity in self._activities}

    @cached_property
    def _places(self) -> dict[tuple[int, float], int]:
        """The place of each window among those of its channel, by the beginning of its speech."""
        return {
            (channel, plan.span.start): place
            for channel, plans in self._plans.items()
            for place, plan in enumerate(plans)
        }

    def around(self, window: SpeechWindow) -> list[Span]:
        """The windows before it, the nearest first; where they are few those behind it, too."""
        plans = self._plans[window.channel]
        place = self._places[window.channel, window.speech[0].start]
        found: list[Span] = []
        for index in chain(range(place - 1, -1, -1), range(place + 1, len(plans))):
            if len(found) >= _MOST or sum(span.duration for span in found) >= NEIGHBOURS:
                break
            found.append(plans[index].span)
        return found

    def read(self, channel: int, span: Span) -> SpeechWindow:
        """A window of the recording, by its time."""
        plan = self._plans[channel][self._places[channel, span.start]]
        audio = self._source.windows(self._path, start=span.start, end=span.end, cancelled=self._cancelled)
        return next(speech_windows(audio, [plan], self._activities))

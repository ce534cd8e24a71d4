"""Voice activity: where somebody speaks on one channel, and how loud.

Silero VAD goes through the channel with its state carried from window to window, so that memory does not grow with the
recording but for three bytes a frame. What it rejects, or is not sure of, is looked at again by itself
(`second_look.py`): so a party is heard who is soft, or on a line with a narrow band, or beside another.

A channel has one gain, because a moving one lifts what bleeds over from the other party. Only what took a second look
has a gain of its own: a soft party beside a loud one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from callscribe.speech.hearing import Heard, Looks, Mask
from callscribe.speech.interface import SAMPLE_RATE, Samples, Span
from callscribe.speech.levels import FLOOR_DB, frame_levels, gain
from callscribe.speech.second_look import SecondLook
from callscribe.speech.silero import FRAME, GROUP, Frames, Lane
from callscribe.speech.spans import DEFAULTS, SECOND_LOOK, ActivityOptions


@dataclass(frozen=True, slots=True)
class ChannelActivity:
    """Where one channel, counted from 0, speaks.

    Multiply the samples of each span by its own of `gains` before recognising them; without any, by `gain`, which is
    that of the channel as a whole. `doubtful` is what may be speech as well and cannot be told from other sound.
    """

    channel: int
    spans: tuple[Span, ...]
    gain: float
    gains: tuple[float, ...] = ()
    doubtful: tuple[Span, ...] = ()


class ActivityDetector:
    """Finds speech on one channel that arrives piece by piece."""

    def __init__(self, channel: int, options: ActivityOptions = DEFAULTS, again: ActivityOptions = SECOND_LOOK) -> None:
        self._channel = channel
        self._looks = Looks(options, again)
        self._lane = Lane()
        self._second = SecondLook(options)
        # A byte a frame; an array for each group would take three times as much.
        self._scores = bytearray()
        self._levels = bytearray()
        self._rest = np.zeros(0, np.float32)
        self._samples = 0

    def push(self, samples: Samples) -> None:
        """Take the next piece of the channel, of any length."""
        self._samples += len(samples)
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) // (GROUP * FRAME) * (GROUP * FRAME)
        self._rest = audio[whole:]
        for group in audio[:whole].reshape(-1, GROUP, FRAME):
            self._analyse(group)

    def heard(self) -> Heard:
        """What both looks made of the channel, when the last piece has been pushed."""
        if len(self._rest):
            self._analyse(np.pad(self._rest, (0, GROUP * FRAME - len(self._rest))).reshape(GROUP, FRAME))
            self._rest = np.zeros(0, np.float32)
        levels = np.frombuffer(self._levels, np.int8).astype(np.float32)
        first = np.frombuffer(self._scores, np.uint8)
        scores = np.stack([first, self._second.finish()]).astype(np.float32) / np.float32(255)
        scores[:, levels < FLOOR_DB] = 0.0
        return Heard(levels, scores[0], scores[1], self._looks)

    def finish(self) -> ChannelActivity:
        """What was found, when the last piece has been pushed, on a channel that no other is beside."""
        return self.activity(self.heard())

    def activity(self, heard: Heard, leak: Mask | None = None, other: Heard | None = None) -> ChannelActivity:
        """What was found, by what was `heard`.

        Frames marked in `leak`, which counts them from the first, are not taken for speech of this channel's party.
        Nor is what takes a second look while the party of the `other` channel speaks and is louder.
        """
        if other is not None:
            heard = heard.beside(other)
        if leak is not None:
            heard = heard.without(leak)
        duration = self._samples / SAMPLE_RATE
        spans, gains = heard.spans(duration)
        return ChannelActivity(self._channel, spans, gain(heard.level), gains, heard.doubtful(spans, duration))

    def _analyse(self, frames: Frames) -> None:
        levels = frame_levels(frames)
        self._levels += levels.tobytes()
        if levels.max() < FLOOR_DB:
            # A group of digital silence goes through no network, and the state begins anew.
            self._lane.forget()
            self._second.skip()
            self._scores += bytes(GROUP)
            return
        scores = self._lane.hear(frames)
        self._scores += scores.tobytes()
        self._second.push(frames, levels, scores)


def finish(detectors: Sequence[ActivityDetector], leaks: Mapping[int, Mask]) -> tuple[ChannelActivity, ...]:
    """What was found on all channels of a recording, with the frames of each that are known to be leaks."""
    heard = [each.heard() for each in detectors]
    return tuple(
        detector.activity(own, leaks.get(channel), heard[1 - channel] if len(heard) == 2 else None)
        for channel, (detector, own) in enumerate(zip(detectors, heard, strict=True))
    )

"""What is heard of voices, window by window.

The segmentation network hears windows of 10 s that overlap by two, since it hears least well at their edges. It tells
up to three voices apart in a window; every stretch of a voice, divided into pieces of at most three seconds, is made a
vector of its own, since two similar voices may have been taken for one. Windows without speech are skipped. No audio is
kept.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.cancellation import Cancellation
from callscribe.speech.activity import ChannelActivity
from callscribe.speech.audio import AudioWindow
from callscribe.speech.diarization.features import FRAME, SHIFT, log_mel
from callscribe.speech.diarization.model import FRAME_CENTRE, FRAME_STEP, FRAMES, WINDOW
from callscribe.speech.diarization.process import SpeakerProcess
from callscribe.speech.interface import SAMPLE_RATE, Samples, Span

HOP: Final = 8 * SAMPLE_RATE
"""Samples from one window to the next. Half the window doubles the work, and is no more accurate."""

_PAUSE: Final = 12
"""Frames (0.2 s): a shorter pause of a voice does not divide it."""

_LONGEST: Final = 178
"""Frames (3 s) of a piece: long enough to tell a voice by, short enough to seldom have two."""

_SHORTEST: Final = 20
"""Features (10 ms each) below which a voice cannot be told."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch in which one voice speaks, as one window hears it.

    Times are seconds from the start of the recording. `window` is the start of the window, `voice` its number there.
    `seconds` is what `vector`, `(192,)` of length 1, was made from.
    """

    window: float
    voice: int
    start: float
    end: float
    seconds: float
    vector: npt.NDArray[np.float32]

    def to_json(self) -> dict[str, Any]:
        """Plain values; the vector at half precision, which is a hundred times finer than voices differ."""
        vector = base64.b64encode(self.vector.astype("<f2").tobytes()).decode()
        return {
            "window": self.window,
            "voice": self.voice,
            "start": self.start,
            "end": self.end,
            "seconds": self.seconds,
            "vector": vector,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Piece":
        """The inverse of `to_json`, but for the vector's precision."""
        vector = np.frombuffer(base64.b64decode(data["vector"]), "<f2").astype(np.float32)
        return cls(**{**data, "vector": vector})


def pieces(
    audio: Iterable[AudioWindow], activity: ChannelActivity, span: Span, models: SpeakerProcess, cancelled: Cancellation
) -> Iterator[Piece]:
    """What is heard within `span`, which is what `audio` holds.

    Raises:
        Cancelled: `cancelled` says so.
    """
    held = np.zeros(0, np.float32)
    first = round(span.start * SAMPLE_RATE)
    count = 0
    for window in audio:
        held = np.concatenate([held, window.samples[activity.channel] * np.float32(activity.gain)])
        while len(held) >= WINDOW:
            yield from _heard(held[:WINDOW], first + count * HOP, activity, models, cancelled)
            held = held[HOP:]
            count += 1
    if count == 0 or len(held) > WINDOW - HOP:  # else the window before had all of it
        yield from _heard(np.pad(held, (0, WINDOW - len(held))), first + count * HOP, activity, models, cancelled)


def _heard(
    samples: Samples, first: int, activity: ChannelActivity, models: SpeakerProcess, cancelled: Cancellation
) -> Iterator[Piece]:
    """The pieces of one window, whose first sample is the recording's `first`."""
    cancelled.raise_if_cancelled()
    start, end = first / SAMPLE_RATE, (first + WINDOW) / SAMPLE_RATE
    if not any(span.start < end and span.end > start for span in activity.spans):
        return
    samples = np.clip(samples, -1.0, 1.0)
    spoken = models.voices(samples)
    if not spoken.any():
        return
    features = log_mel(samples)
    # The network's frame that the middle of each feature falls into.
    middles = np.arange(len(features)) * SHIFT + FRAME // 2
    frames = np.clip(np.round((middles - FRAME_CENTRE) / FRAME_STEP).astype(np.intp), 0, FRAMES - 1)
    alone = (spoken.sum(axis=1) == 1)[frames]
    for voice, active in enumerate(spoken.T):
        for begin, stop in _stretches(active):
            inside = (frames >= begin) & (frames < stop)
            clean = inside & alone
            chosen = clean if 2 * clean.sum() >= inside.sum() else inside
            if chosen.sum() >= _SHORTEST:
                yield Piece(
                    window=start,
                    voice=voice,
                    start=round(start + _seconds(begin), 3),
                    end=round(start + _seconds(stop), 3),
                    seconds=round(float(chosen.sum()) * SHIFT / SAMPLE_RATE, 3),
                    vector=models.embed(features[chosen]),
                )


def _seconds(frame: int) -> float:
    """From the window's first sample to where a frame begins."""
    return (FRAME_CENTRE + (frame - 0.5) * FRAME_STEP) / SAMPLE_RATE


def _stretches(active: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Ranges of frames in which a voice speaks: short pauses closed, long ranges in even parts."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], active.astype(np.int8), [0]]))).reshape(-1, 2)
    joined: list[tuple[int, int]] = []
    for first, end in edges.tolist():
        if joined and first - joined[-1][1] <= _PAUSE:
            joined[-1] = joined[-1][0], end
        else:
            joined.append((first, end))
    for first, end in joined:
        parts = -(-(end - first) // _LONGEST)
        yield from pairwise(first + round((end - first) * part / parts) for part in range(parts + 1))

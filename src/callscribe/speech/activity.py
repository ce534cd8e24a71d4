"""Voice activity: where somebody speaks on one channel.

Silero VAD v6 (https://github.com/snakers4/silero-vad, MIT; the ONNX file that faster-whisper ships) over frames of
32 ms, with the network's state carried from window to window, so that memory does not grow with the recording but for
three bytes a frame.

Silero misses speech that is recorded very quietly. A channel's level is known only at its end, so two detectors run:
one on the audio as it is and one on the audio amplified; at the end the channel's level says which of them to believe.
One gain for a whole channel, because a moving one lifts what bleeds over from the other party.
"""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from callscribe.speech.interface import SAMPLE_RATE, Samples, Span

FRAME: Final = 512
"""Samples in a frame of Silero VAD at 16 kHz."""

_CONTEXT: Final = 64
"""Samples of the frame before that the network wants to see."""

FRAME_SECONDS: Final = FRAME / SAMPLE_RATE

_LANES: Final = (1.0, 10.0)
"""Amplifications that activity is looked for at: as it is, and 20 dB up."""

_QUIET_DB: Final = -38.0
"""A channel whose speech is below this level (dB of full scale, RMS of its louder frames) is taken as quiet."""

_TARGET_DB: Final = -23.0
"""Level that a channel's speech is brought to for recognition."""

_FLOOR_DB: Final = -75.0
"""Below this is silence on any line; nothing is lifted out of it."""


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
    longest: float = 28.0
    """Longer stretches are divided where speech is least likely, so that a model can take each whole."""


DEFAULTS: Final = ActivityOptions()


@dataclass(frozen=True, slots=True)
class ChannelActivity:
    """Where one channel, counted from 0, speaks. Multiply its samples by `gain` before recognising them."""

    channel: int
    spans: tuple[Span, ...]
    gain: float


class _Lane:
    """One Silero network at one amplification."""

    def __init__(self, gain: float) -> None:
        self._gain = np.float32(gain)
        self._state = np.zeros((2, 1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._scores: list[npt.NDArray[np.uint8]] = []

    def push(self, frames: npt.NDArray[np.float32]) -> None:
        loud = np.clip(frames * self._gain, -1.0, 1.0)
        contexts = np.vstack([self._context, loud[:-1, -_CONTEXT:]])
        probabilities, hidden, cell = _session().run(
            None, {"input": np.hstack([contexts, loud]), "h": self._state[0], "c": self._state[1]}
        )
        self._state = np.stack([hidden, cell])
        self._context = loud[-1, -_CONTEXT:]
        self._scores.append(np.round(probabilities * 255).astype(np.uint8))

    def probabilities(self) -> npt.NDArray[np.float32]:
        return np.concatenate([np.zeros(0, np.uint8), *self._scores]).astype(np.float32) / np.float32(255)


class ActivityDetector:
    """Finds speech on one channel that arrives piece by piece."""

    def __init__(self, channel: int, options: ActivityOptions = DEFAULTS) -> None:
        self._channel = channel
        self._options = options
        self._lanes = [_Lane(gain) for gain in _LANES]
        self._levels: list[npt.NDArray[np.int8]] = []
        self._rest = np.zeros(0, np.float32)
        self._samples = 0

    def push(self, samples: Samples) -> None:
        """Take the next piece of the channel, of any length."""
        self._samples += len(samples)
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) // FRAME * FRAME
        self._rest = audio[whole:]
        if whole:
            self._analyse(audio[:whole].reshape(-1, FRAME))

    def finish(self) -> ChannelActivity:
        """What was found, when the last piece has been pushed."""
        if len(self._rest):
            self._analyse(np.pad(self._rest, (0, FRAME - len(self._rest))).reshape(1, FRAME))
            self._rest = np.zeros(0, np.float32)
        levels = np.concatenate([np.zeros(0, np.int8), *self._levels]).astype(np.float32)
        plain, lifted = (lane.probabilities() for lane in self._lanes)
        level = _speech_level(levels, np.maximum(plain, lifted), self._options)
        probabilities = lifted if level < _QUIET_DB else plain
        probabilities[levels < _FLOOR_DB] = 0.0
        spans = speech_spans(probabilities, self._samples / SAMPLE_RATE, self._options)
        return ChannelActivity(self._channel, spans, _gain(level))

    def _analyse(self, frames: npt.NDArray[np.float32]) -> None:
        power = np.mean(np.square(frames), axis=1)
        self._levels.append(np.maximum(10 * np.log10(power + 1e-12), -120).astype(np.int8))
        for lane in self._lanes:
            lane.push(frames)


def speech_spans(
    probabilities: npt.NDArray[np.float32], duration: float, options: ActivityOptions = DEFAULTS
) -> tuple[Span, ...]:
    """Stretches of speech in a row of frame probabilities, padded, apart from each other and inside `duration`."""
    found: list[tuple[int, int]] = []
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
    found = [part for stretch in found for part in _divided(stretch, probabilities, options)]
    spans = [
        Span(max(0.0, first * FRAME_SECONDS - options.padding), min(duration, end * FRAME_SECONDS + options.padding))
        for first, end in found
        if (end - first) * FRAME_SECONDS >= options.shortest
    ]
    return _apart(spans)


def _divided(
    stretch: tuple[int, int], probabilities: npt.NDArray[np.float32], options: ActivityOptions
) -> list[tuple[int, int]]:
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


def _speech_level(
    levels: npt.NDArray[np.float32], probabilities: npt.NDArray[np.float32], options: ActivityOptions
) -> float:
    """Level of a channel's own party in dB of full scale: that of the louder half of its speech."""
    speech = levels[(probabilities >= options.threshold) & (levels > _FLOOR_DB)]
    return float(np.percentile(speech, 75)) if len(speech) else _TARGET_DB


def _gain(level: float) -> float:
    """The factor that brings a level to the target: not more than 40 dB up, and never down by more than 12 dB."""
    return round(float(10 ** (min(40.0, max(-12.0, _TARGET_DB - level)) / 20)), 4)


@cache
def _session() -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    model = resources.files("faster_whisper").joinpath("assets/silero_vad_v6.onnx")
    return onnxruntime.InferenceSession(model.read_bytes(), options, providers=["CPUExecutionProvider"])

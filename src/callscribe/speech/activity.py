"""Voice activity: where somebody speaks on one channel.

Silero VAD v6 (https://github.com/snakers4/silero-vad, MIT; the ONNX file that faster-whisper ships) over frames of
32 ms, with the network's state carried from window to window, so that memory does not grow with the recording but for
three bytes a frame. It runs on OpenVINO, which needs a third of ONNX Runtime's time for it.

Silero misses speech that is recorded very quietly. A channel's level is known only at its end, so as long as a channel
may turn out to be quiet it is looked at twice, as it is and amplified; at the end its level says which to believe.
One gain for a whole channel, because a moving one lifts what bleeds over from the other party.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE, Samples, Span
from callscribe.speech.runtime import core

FRAME: Final = 512
"""Samples in a frame of Silero VAD at 16 kHz."""

_CONTEXT: Final = 64
"""Samples of the frame before that the network wants to see."""

FRAME_SECONDS: Final = FRAME / SAMPLE_RATE

_GROUP: Final = 64
"""Frames that go through the network at once: 2 s. A group of digital silence does not, and the state begins anew."""

_LIFT: Final = 10.0
"""Amplification at which quiet channels are looked at: 20 dB."""

_QUIET_DB: Final = -38.0
"""A channel whose speech is below this level (dB of full scale, RMS of its louder frames) is taken as quiet."""

_LEVEL_QUANTILE: Final = 0.75
"""The level of a channel's speech is that of its louder frames: the other party's bleed is speech too."""

_STANDS_OUT_DB: Final = 10.0
"""What is louder than the background by so much may be speech that is too quiet for the network."""

_FAINT_DB: Final = 30.0
"""So far below the level of a channel's own speech is nothing that its party says to the other."""

_BESIDE: Final = 31
"""Frames (one second) around a leak."""

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
        self._request = _network().create_infer_request()
        self.forget()

    def forget(self) -> None:
        """Begin anew, as at the start of a recording."""
        self._hidden = self._cell = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def hear(self, frames: npt.NDArray[np.float32]) -> npt.NDArray[np.uint8]:
        """Probability of speech, times 255, in each of the next `_GROUP` frames."""
        loud = np.clip(frames * self._gain, -1.0, 1.0)
        contexts = np.vstack([self._context, loud[:-1, -_CONTEXT:]])
        self._context = loud[-1, -_CONTEXT:]
        answer = self._request.infer({"input": np.hstack([contexts, loud]), "h": self._hidden, "c": self._cell})
        probabilities, hidden, cell = answer.values()
        self._hidden, self._cell = hidden.copy(), cell.copy()  # the request writes over its own next time
        scores: npt.NDArray[np.uint8] = np.round(probabilities * 255).astype(np.uint8)
        return scores


class ActivityDetector:
    """Finds speech on one channel that arrives piece by piece."""

    def __init__(self, channel: int, options: ActivityOptions = DEFAULTS) -> None:
        self._channel = channel
        self._options = options
        self._plain, self._lifted = _Lane(1.0), _Lane(_LIFT)
        self._scores: list[npt.NDArray[np.uint8]] = []
        """`(2, frames)` a group: plain and lifted."""
        self._levels: list[npt.NDArray[np.int8]] = []
        self._rest = np.zeros(0, np.float32)
        self._samples = 0
        self._loud = 0
        self._candidates = 0

    def push(self, samples: Samples) -> None:
        """Take the next piece of the channel, of any length."""
        self._samples += len(samples)
        audio = np.concatenate([self._rest, samples])
        whole = len(audio) // (_GROUP * FRAME) * (_GROUP * FRAME)
        self._rest = audio[whole:]
        for group in audio[:whole].reshape(-1, _GROUP, FRAME):
            self._analyse(group)

    def finish(self, leak: npt.NDArray[np.bool_] | None = None) -> ChannelActivity:
        """What was found, when the last piece has been pushed.

        Frames marked in `leak`, which counts them from the first, are not taken for speech of this channel's party.
        """
        if len(self._rest):
            self._analyse(np.pad(self._rest, (0, _GROUP * FRAME - len(self._rest))).reshape(_GROUP, FRAME))
            self._rest = np.zeros(0, np.float32)
        levels = np.concatenate([np.zeros(0, np.int8), *self._levels]).astype(np.float32)
        scores = np.concatenate([np.zeros((2, 0), np.uint8), *self._scores], axis=1)
        if leak is not None:
            # Amplified, a leak is so loud that the network misses what is quiet after it: either lane is believed.
            scores[1] = scores.max(axis=0)
            scores[:, : len(leak)][:, leak] = 0
        plain, lifted = scores.astype(np.float32) / np.float32(255)
        level = _speech_level(levels, np.maximum(plain, lifted), self._options)
        probabilities = lifted if level < _QUIET_DB else plain
        probabilities[levels < _FLOOR_DB] = 0.0
        if leak is not None:
            # A breath or a rustle under the other party's leak is not this party's speech, as faint as it is.
            beside = np.convolve(leak, np.ones(2 * _BESIDE + 1), mode="full")[_BESIDE : len(levels) + _BESIDE] > 0.5
            probabilities[: len(beside)][beside & (levels[: len(beside)] < level - _FAINT_DB)] = 0.0
        spans = speech_spans(probabilities, self._samples / SAMPLE_RATE, self._options)
        return ChannelActivity(self._channel, spans, _gain(level))

    def _analyse(self, frames: npt.NDArray[np.float32]) -> None:
        power = np.mean(np.square(frames), axis=1)
        levels = np.maximum(10 * np.log10(power + 1e-12), -120).astype(np.int8)
        self._levels.append(levels)
        if levels.max() < _FLOOR_DB:
            self._plain.forget()
            self._lifted.forget()
            self._scores.append(np.zeros((2, _GROUP), np.uint8))
            return
        plain = lifted = self._plain.hear(frames)
        if self._may_be_quiet(levels, plain):
            lifted = self._lifted.hear(frames)
        else:
            self._lifted.forget()
        self._scores.append(np.stack([plain, lifted]))

    def _may_be_quiet(self, levels: npt.NDArray[np.int8], plain: npt.NDArray[np.uint8]) -> bool:
        """Whether, as far as has been heard, the channel could turn out as quiet if all that stands out were speech."""
        speech = plain >= self._options.threshold * 255
        background = np.percentile(levels[levels >= _FLOOR_DB], 10)
        self._loud += int(np.sum(speech & (levels >= _QUIET_DB)))
        self._candidates += int(np.sum(speech | (levels > max(background + _STANDS_OUT_DB, _FLOOR_DB))))
        return self._loud <= (1 - _LEVEL_QUANTILE) * self._candidates


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
    found = _credible(found, probabilities, options)
    found = [part for stretch in found for part in _divided(stretch, probabilities, options)]
    spans = [
        Span(max(0.0, first * FRAME_SECONDS - options.padding), min(duration, end * FRAME_SECONDS + options.padding))
        for first, end in found
        if (end - first) * FRAME_SECONDS >= options.shortest
    ]
    return _apart(spans)


def _credible(
    found: list[tuple[int, int]], probabilities: npt.NDArray[np.float32], options: ActivityOptions
) -> list[tuple[int, int]]:
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
    return float(np.quantile(speech, _LEVEL_QUANTILE)) if len(speech) else _TARGET_DB


def _gain(level: float) -> float:
    """The factor that brings a level to the target: not more than 40 dB up, and never down by more than 12 dB."""
    return round(float(10 ** (min(40.0, max(-12.0, _TARGET_DB - level)) / 20)), 4)


@cache
def _network() -> Any:
    """Silero, compiled once in a process for groups of frames; each lane has a request and a state of its own."""
    package = find_spec("faster_whisper")  # found and not imported: it would bring CTranslate2 along
    assert package is not None
    assert package.origin is not None
    model = core().read_model(Path(package.origin).parent / "assets" / "silero_vad_v6.onnx")
    model.reshape({"input": [_GROUP, _CONTEXT + FRAME], "h": [1, 1, 128], "c": [1, 1, 128]})
    # In single precision also where the processor has a shorter one: probabilities would move by up to a half.
    # A stream, of one thread, for each channel.
    options = {
        "NUM_STREAMS": 2,
        "INFERENCE_NUM_THREADS": 2,
        "ENABLE_CPU_PINNING": False,
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return core().compile_model(model, "CPU", options)

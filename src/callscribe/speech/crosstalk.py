"""Cross-talk: speech of one channel that leaks into the other, so that it is not transcribed twice.

A party's voice comes back on the other party's channel: from a loudspeaker into its microphone, from the hybrid of an
analogue line, through a room with two microphones. It is quieter than on its own channel, later, filtered and
distorted, but the way that it takes stays nearly the same. So the way is learned, and what comes along it is told from
what the channel's own party says:

1. Each channel becomes its levels in a few bands, 62 times a second.
2. A delay is looked for at which one channel's levels follow the other's, half a second at a time. Two people who
   speak at once do not rise and fall together in sixteen bands: without a leak nothing is found, and nothing left out.
3. Where they follow, the loss in each band is measured, and with it how loud the leak can be at any time.
4. A channel's party speaks where more than a few bands are louder than that. Everything else that is heard while the
   other channel speaks is its leak. A party far quieter than the other is kept, where it speaks alone and where it
   speaks at the same time.

Only the decision is made here: recognition hears the audio as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from callscribe.speech.interface import SAMPLE_RATE, Samples
from callscribe.speech.silero import FRAME

HOP: Final = FRAME // 2
"""Samples from one frame to the next: frames are those of voice activity, and those half way between."""

_EDGES_HZ: Final = 700 * np.expm1(np.linspace(np.log1p(200 / 700), np.log1p(3700 / 700), 17))
"""Sixteen bands of equal width on the mel scale, in what telephones pass."""

_HALVED: Final = FRAME // 2
"""Every second sample will do for these bands."""

_HANN: Final = np.hanning(_HALVED).astype(np.float32)
_FREQUENCIES: Final = np.fft.rfftfreq(_HALVED, 2 / SAMPLE_RATE)[:, np.newaxis]
_BINS: Final = ((_EDGES_HZ[:-1] <= _FREQUENCIES) & (_EDGES_HZ[1:] > _FREQUENCIES)).astype(np.float32)
"""Which bins of the spectrum belong to which band, `(bins, bands)`."""

_FULL_SCALE: Final = np.float32(_HALVED**2 * 3 / 32)
"""Power of a full-scale sine under a Hann window, its bins summed (Parseval)."""

_SILENT_DB: Final = -85.0
"""No line is quieter than this in a band."""

_SECTION: Final = 160 * SAMPLE_RATE // HOP
"""Frames after which ways are learned anew: clocks drift, and people pick up another telephone."""

_CONTEXT: Final = 64
"""Frames before a section that are looked at with it: their leak may come as late."""

_DELAYS: Final = range(-4, 25)
"""Delays that a leak may have, in frames: from 64 ms early, since recorders align channels badly, to 384 ms late."""

_IMPOSSIBLE: Final = (-61, -37, 41, 61)
"""Delays that no leak has; what follows the other channel at these does so by chance."""

_BLOCK: Final = 32
_STEP: Final = 8
"""Frames that are compared at once, and from one comparison to the next."""

_FOLLOWS: Final = 0.5
"""Correlation from which on a block follows the other channel. Of unrelated speech, one block in thirty does."""

_ENOUGH: Final = 12
_ENOUGH_KNOWN: Final = 4
"""Blocks that have to follow, about two seconds of speech; fewer for a way that is known from earlier in the call."""

_BEYOND_CHANCE: Final = 5
"""… and so many times as many as follow at an impossible delay."""

_WAYS: Final = 3
"""Ways of one section: a near and a far echo, or those before and after a jump of the delay."""

_LOSS_DB: Final = 3.0
"""A leak is quieter than its source by at least so much."""

_DECAY_DB: Final = 2.4
_REVERBERATION: Final = 12
"""Rooms ring on: each frame by so much less, for so many frames."""

_AUDIBLE_DB: Final = 10.0
"""A band is heard when it is so far above its noise."""

_BARELY_DB: Final = 3.0
"""So far above the noise may be a leak that is compared."""

_MARGIN_DB: Final = 10.0
"""So far above its usual level a leak may swing."""

_AROUND: Final = 21
"""Frames that decide about the one in their middle: a third of a second."""

_OWN: Final = 0.3
_PARTLY_OWN: Final = 0.2
"""Share of what is heard that has to be louder than the leak, for the channel's own party to be speaking; and around
there, for what is soft in its speech."""

_LEAST: Final = 0.1
"""Share of bands and frames that something has to be heard in, for it to be somebody's speech."""

_SOURCE: Final = 0.1
"""Share of bands and frames in which the other channel has to speak, for there to be a leak of it."""

Levels = npt.NDArray[np.float32]
"""`(frames, bands)` in dB of full scale."""

Mask = npt.NDArray[np.bool_]
"""`(frames,)`."""


@dataclass(frozen=True, slots=True)
class Way:
    """How one channel gets into the other: after `delay` frames, with `gains` `(bands,)` in dB."""

    delay: int
    gains: npt.NDArray[np.float32]


class CrosstalkDetector:
    """Finds what leaks between the two channels of a recording that arrives in windows.

    Memory does not grow with the recording but for one byte a frame and channel.
    """

    def __init__(self) -> None:
        self._rest = np.zeros((2, 0), np.float32)
        self._waiting: list[npt.NDArray[np.float32]] = []  # (2, frames, bands); first the context
        self._frames = 0
        self._context = 0
        self._ways: list[Sequence[Way]] = [(), ()]
        self._found: list[npt.NDArray[np.bool_]] = [np.zeros((2, 0), np.bool_)]

    def push(self, samples: npt.NDArray[np.float32]) -> None:
        """Take the next `(channels, n)`; between anything but two channels nothing is looked for."""
        if len(samples) != 2:
            return
        audio = np.hstack([self._rest, samples])
        count = max(0, (audio.shape[1] - FRAME) // HOP + 1)
        self._rest = audio[:, count * HOP :]
        if count:
            self._waiting.append(np.stack([band_levels(channel) for channel in audio]))
            self._frames += count
        while self._frames - self._context >= 2 * _SECTION:
            self._decide(_SECTION)

    def finish(self) -> dict[int, Mask]:
        """By channel, the frames of voice activity in which nothing is heard but the other channel's leak.

        The frames begin with the recording; a last one that is not whole is missing. So is a channel without leak.
        """
        self._decide(self._frames - self._context)
        return {channel: leak for channel, leak in enumerate(np.hstack(self._found)) if leak.any()}

    def _decide(self, frames: int) -> None:
        """Decide about the next `frames` that wait."""
        if not frames:
            return
        levels = np.hstack(self._waiting)
        end = self._context + frames
        section = levels[:, :end]
        masks = []
        for channel in (0, 1):
            source, target = section[1 - channel], section[channel]
            self._ways[channel] = find_ways(source, target, self._ways[channel])
            masks.append(leaks(source, target, self._ways[channel])[self._context :])
        self._found.append(np.stack(masks)[:, :: FRAME // HOP])
        keep = min(_CONTEXT, end)
        self._waiting = [levels[:, end - keep :].copy()]
        self._frames = levels.shape[1] - end + keep
        self._context = keep


def band_levels(samples: Samples) -> Levels:
    """Levels of each whole frame of some audio in each band."""
    pairs = samples[: len(samples) // 2 * 2].reshape(-1, 2)
    halved = (pairs[:, 0] + pairs[:, 1]) / np.float32(2)
    frames = np.lib.stride_tricks.sliding_window_view(halved, _HALVED)[:: HOP // 2]
    spectrum = np.fft.rfft(frames * _HANN)
    power = (np.square(spectrum.real) + np.square(spectrum.imag)) @ _BINS
    levels: Levels = 10 * np.log10(power / _FULL_SCALE + np.float32(1e-12))
    return levels


def find_ways(source: Levels, target: Levels, known: Sequence[Way] = ()) -> tuple[Way, ...]:
    """The ways by which `source` gets into `target`, as far as their levels, frame by frame, show any.

    `known` are ways from earlier in the call. Where no way is found, one of them is taken on less evidence.
    """
    noise = _noise(target) + _BARELY_DB
    unexplained = np.maximum(target, noise)
    ways: list[Way] = []
    for _ in range(_WAYS):
        delay = _likeliest_delay(source, unexplained)
        follows = _follows(source, unexplained, delay)
        if follows.sum() < _ENOUGH or follows.sum() < _BEYOND_CHANCE * _by_chance(source, unexplained):
            break
        ways.append(_way(source, target, delay, follows))
        unexplained = np.where(target <= _loudest(source, ways) + _MARGIN_DB, noise, unexplained)
    if ways:
        return tuple(ways)
    return tuple(way for way in known if _follows(source, unexplained, way.delay).sum() >= _ENOUGH_KNOWN)


def leaks(source: Levels, target: Levels, ways: Sequence[Way]) -> Mask:
    """The frames of `target` in which nothing is heard but what comes from `source` by these ways."""
    if not ways:
        return np.zeros(len(target), np.bool_)
    leak = _loudest(source, ways)
    silence = np.max([way.gains for way in ways], axis=0) + _noise(source)
    heard = target > _noise(target) + _AUDIBLE_DB
    own = _share(heard & (target > leak + _MARGIN_DB)) / np.maximum(_share(heard), _LEAST)
    leak_heard: Mask = _share(leak > silence + _AUDIBLE_DB) >= _SOURCE
    return leak_heard & ~_stretches(own, _PARTLY_OWN, _OWN)


def _likeliest_delay(source: Levels, target: Levels) -> int:
    """The delay at which the swings of two channels' levels correlate most."""
    size = 1 << (len(source) + max(_DELAYS) - min(_DELAYS)).bit_length()
    spectrum = np.zeros(size // 2 + 1, np.complex64)
    for before, after in zip(_heard(source).T, target.T, strict=True):
        # Differences, because who has the word is of no interest here.
        swings = [np.fft.rfft(levels[_STEP:] - levels[:-_STEP], size) for levels in (before, after)]
        spectrum += np.conj(swings[0]) * swings[1]
    correlation = np.fft.irfft(spectrum, size)
    return max(_DELAYS, key=lambda delay: float(correlation[delay]))


def _follows(source: Levels, target: Levels, delay: int) -> Mask:
    """For each block, one every `_STEP` frames, whether the target is quieter and its levels follow the source's."""
    before = _delayed(_heard(source), delay)
    quieter = _blocks(_power(target)) < _blocks(_power(before)) / 10 ** (_LOSS_DB / 10)
    swings, others = _covariances(before, before), _covariances(target, target)
    # Something has to go on in both: 3 dB and nearly 2 dB around the average.
    alive = (swings > 9) & (others > 3)
    follows: Mask = quieter & alive & (_covariances(before, target) > _FOLLOWS * np.sqrt(np.abs(swings * others)))
    return follows


def _by_chance(source: Levels, target: Levels) -> int:
    """Blocks that follow at delays at which nothing leaks, where there are most."""
    return max(int(_follows(source, target, delay).sum()) for delay in _IMPOSSIBLE)


def _covariances(one: Levels, other: Levels) -> npt.NDArray[np.float64]:
    """For each block, how far two channels' levels deviate together from their average in the block's bands."""
    products = _blocks(np.einsum("ij,ij->i", one, other)) / one.shape[1]
    averages = np.einsum("ij,ij->i", _blocks(one), _blocks(other)) / one.shape[1]
    covariances: npt.NDArray[np.float64] = products - averages
    return covariances


def _blocks(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Averages of each block along the first axis."""
    steps = len(values) // _STEP
    if steps < _BLOCK // _STEP:
        return np.zeros((0, *values.shape[1:]))
    sums = values[: steps * _STEP].reshape(steps, _STEP, *values.shape[1:]).sum(axis=1, dtype=np.float64)
    averages: npt.NDArray[np.float64] = (
        np.lib.stride_tricks.sliding_window_view(sums, _BLOCK // _STEP, axis=0).sum(axis=-1) / _BLOCK
    )
    return averages


def _way(source: Levels, target: Levels, delay: int, follows: Mask) -> Way:
    """The way with this delay, by the blocks that follow."""
    frames = np.zeros(len(target), np.bool_)
    for start in np.flatnonzero(follows) * _STEP:
        frames[start : start + _BLOCK] = True
    ringing = _delayed(_ringing(source), delay)[frames]
    # Where the source is loud: elsewhere the target's noise would be taken for its leak.
    loud = ringing >= np.percentile(ringing, 60, axis=0)
    after = np.maximum(target, _noise(target))[frames]
    gains = [np.median((after - ringing)[loud[:, band], band]) for band in range(source.shape[1])]
    return Way(delay, np.array(gains, np.float32))


def _loudest(source: Levels, ways: Sequence[Way]) -> Levels:
    """How loud the leak usually is, frame by frame and band by band."""
    loudest: Levels = np.maximum.reduce([_delayed(_ringing(source), way.delay) + way.gains for way in ways])
    return loudest


def _ringing(levels: Levels) -> Levels:
    """The loudest of each frame, the next, and those before as far as a room lets them ring on."""
    ringing = levels.copy()
    np.maximum(ringing[:-1], levels[1:], out=ringing[:-1])
    for frames in range(1, _REVERBERATION + 1):
        decay = np.float32(_DECAY_DB * (frames - 1))
        np.maximum(ringing[frames:], levels[:-frames] - decay, out=ringing[frames:])
    return ringing


def _power(levels: Levels) -> npt.NDArray[np.float32]:
    """Power of each frame, all bands together."""
    power: npt.NDArray[np.float32] = np.sum(np.power(np.float32(10), levels / 10), axis=1)
    return power


def _delayed(levels: Levels, frames: int) -> Levels:
    """The same number of frames, each so much later; the first or last one stands in where there is none."""
    return levels[np.clip(np.arange(len(levels)) - frames, 0, len(levels) - 1)]


def _heard(levels: Levels) -> Levels:
    """Levels without what is hidden in the noise."""
    heard: Levels = np.maximum(levels, _noise(levels) + _AUDIBLE_DB)
    return heard


def _noise(levels: Levels) -> npt.NDArray[np.float32]:
    """The level of each band while nobody speaks."""
    noise: npt.NDArray[np.float32] = np.maximum(np.percentile(levels[::5], 10, axis=0), _SILENT_DB).astype(np.float32)
    return noise


def _share(of: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
    """The share of the bands and frames around each frame that are set."""
    sums = np.cumsum(np.pad(of.mean(axis=1), (_AROUND // 2 + 1, _AROUND // 2)))
    share: npt.NDArray[np.float64] = (sums[_AROUND:] - sums[:-_AROUND]) / _AROUND
    return share


def _stretches(values: npt.NDArray[np.float64], low: float, high: float) -> Mask:
    """Where values stay above `low` and at least one of those in the same row is above `high`."""
    above = values > low
    rows = np.cumsum(np.diff(above, prepend=False))  # numbers of rows above and not above
    reaches = np.zeros(rows[-1] + 1, np.bool_)
    reaches[rows[values > high]] = True
    stretches: Mask = above & reaches[rows]
    return stretches

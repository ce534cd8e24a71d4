from functools import cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from callscribe.speech.crosstalk import HOP, CrosstalkDetector, band_levels, find_ways
from callscribe.speech.interface import SAMPLE_RATE
from callscribe.speech.silero import FRAME

Audio = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SECONDS = 24
TURN = 4
"""Seconds after which the other party has the word."""


@cache
def voice(seed: int, seconds: int = SECONDS) -> Audio:
    """Noise whose bands come and go like syllables, 20 dB below full scale, over a faint line noise."""
    random = np.random.default_rng(seed)
    length = seconds * SAMPLE_RATE
    time = np.arange(length)
    spectrum = np.fft.rfft(random.normal(size=length))
    frequencies = np.fft.rfftfreq(length, 1 / SAMPLE_RATE)
    edges = np.geomspace(200, 3700, 9)
    speech = np.zeros(length)
    for low, high in pairwise(edges):
        band = np.fft.irfft(np.where((frequencies >= low) & (frequencies < high), spectrum, 0), length)
        syllables = random.normal(-6, 12, size=length // 1600 + 2)  # one level each tenth of a second, in dB
        speech += band * 10 ** (np.interp(time, np.arange(len(syllables)) * 1600, syllables) / 20)
    speech *= 0.1 / np.sqrt(np.mean(np.square(speech)))
    return (speech + random.normal(0, 1e-4, length)).astype(np.float32)


@cache
def silence(seconds: int = SECONDS) -> Audio:
    return np.random.default_rng(99).normal(0, 1e-4, seconds * SAMPLE_RATE).astype(np.float32)


def has_the_word(party: int) -> Mask:
    """Samples in which a party has its turn."""
    return (np.arange(SECONDS * SAMPLE_RATE) // (TURN * SAMPLE_RATE)) % 2 == party


def turns(gain: float = 1.0) -> Audio:
    """Two parties who speak in turn, the second amplified by `gain`."""
    voices = [voice(1), np.float32(gain) * voice(2)]
    return np.stack([np.where(has_the_word(party), voices[party], silence()) for party in (0, 1)])


def echo(samples: Audio, loss: float, delay: float) -> Audio:
    """Quieter, later, band-passed and ringing."""
    late = round(delay * SAMPLE_RATE)
    quiet = np.pad(samples, (late, 0))[: len(samples)] * np.float32(10 ** (-loss / 20))
    spectrum = np.fft.rfft(quiet)
    frequencies = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    passed = np.fft.irfft(np.where((frequencies > 500) & (frequencies < 3000), spectrum, 0), len(samples))
    return np.convolve(passed, [1, 0, 0, 0.5, 0, 0, 0, -0.3])[: len(samples)].astype(np.float32)


def with_echo(samples: Audio, loss: float = 20.0, delay: float = 0.1) -> Audio:
    """The first channel's echo on the second."""
    return np.stack([samples[0], samples[1] + echo(samples[0], loss, delay)])


def detect(samples: Audio, window: int = 5 * SAMPLE_RATE) -> dict[int, Mask]:
    detector = CrosstalkDetector()
    for first in range(0, samples.shape[1], window):
        detector.push(samples[:, first : first + window])
    return detector.finish()


def frames(samples: Mask) -> Mask:
    """Of samples that are marked, the frames that are so as a whole."""
    whole: Mask = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME).all(axis=1)
    return whole


def test_speaking_in_turn_is_no_leak() -> None:
    assert detect(turns()) == {}


def test_speaking_at_once_is_no_leak() -> None:
    assert detect(np.stack([voice(1), voice(2)])) == {}


def test_quiet_one_at_once_is_no_leak() -> None:
    assert detect(np.stack([voice(1), np.float32(0.05) * voice(2)])) == {}


@pytest.mark.parametrize("loss", [10.0, 20.0, 30.0])
@pytest.mark.parametrize("delay", [0.0, 0.1, 0.3])
def test_echo_goes_and_party_stays(loss: float, delay: float) -> None:
    found = detect(with_echo(turns(), loss, delay))
    assert set(found) == {1}
    late = round(delay * SAMPLE_RATE)
    echoed = frames(np.pad(has_the_word(0), (late, 0))[: SECONDS * SAMPLE_RATE] & has_the_word(0))
    assert found[1][echoed].mean() > 0.9
    own = frames(has_the_word(1) & ~np.pad(has_the_word(0), (late, 0))[: SECONDS * SAMPLE_RATE])
    assert found[1][own].mean() < 0.02


def test_party_over_echo_kept() -> None:
    own = turns()[1]
    own[12 * SAMPLE_RATE : 14 * SAMPLE_RATE] = np.float32(0.3) * voice(2)[: 2 * SAMPLE_RATE]
    over = np.zeros(SECONDS * SAMPLE_RATE, np.bool_)
    over[12 * SAMPLE_RATE : 14 * SAMPLE_RATE] = True
    speaker = np.where(has_the_word(0) | over, voice(1), silence())
    found = detect(with_echo(np.stack([speaker, own])))
    assert found[1].any()
    assert not found[1][frames(over)].any()


def test_party_as_quiet_as_echo_kept() -> None:
    found = detect(with_echo(turns(gain=0.05), loss=20.0, delay=0.0))
    assert found[1][frames(has_the_word(0))].mean() > 0.9
    assert found[1][frames(has_the_word(1))].mean() < 0.02


def test_louder_of_two_leaks_kept() -> None:
    samples = turns()
    both = np.stack([samples[party] + echo(samples[1 - party], 12.0, 0.01) for party in (0, 1)])
    found = detect(both)
    for party in (0, 1):
        assert found[party][frames(has_the_word(1 - party))].mean() > 0.8
        assert found[party][frames(has_the_word(party))].mean() < 0.02


def test_delay_and_loss_learned() -> None:
    samples = with_echo(turns(), loss=20.0, delay=8 * HOP / SAMPLE_RATE)
    (way,) = find_ways(*(band_levels(channel) for channel in samples))
    assert way.delay == pytest.approx(8, abs=1)
    assert np.all(np.abs(way.gains[5:9] + 20) < 3)  # well inside what the echo lets through


def test_window_size_is_no_matter() -> None:
    samples = with_echo(turns())
    expected = detect(samples)
    for window in (700, 16_001, samples.shape[1]):
        np.testing.assert_array_equal(detect(samples, window)[1], expected[1])


def test_long_recording_by_sections() -> None:
    samples = np.tile(with_echo(turns()), 20)
    detector = CrosstalkDetector()
    waiting = []
    for first in range(0, samples.shape[1], 5 * SAMPLE_RATE):
        detector.push(samples[:, first : first + 5 * SAMPLE_RATE])
        waiting.append(sum(piece.nbytes for piece in detector._waiting))
    found = detector.finish()[1]
    assert max(waiting) < 3e6
    assert len(found) == samples.shape[1] // FRAME
    assert found[np.tile(frames(has_the_word(0)), 20)].mean() > 0.85
    assert found[np.tile(frames(has_the_word(1)), 20)].mean() < 0.05


def test_late_echo_found() -> None:
    quiet = np.tile(turns(), 14)
    samples = np.hstack([quiet, np.tile(with_echo(turns()), 14)])
    found = detect(samples)[1]
    half = quiet.shape[1] // FRAME
    assert found[:half][np.tile(frames(has_the_word(1)), 14)].mean() < 0.01
    assert found[half:][np.tile(frames(has_the_word(0)), 14)].mean() > 0.8


@pytest.mark.parametrize("samples", [0, 1, HOP, FRAME, 3 * FRAME + 1])
def test_next_to_nothing_stays(samples: int) -> None:
    assert detect(np.ones((2, samples), np.float32)) == {}


def test_one_channel_cannot_leak() -> None:
    assert detect(turns()[:1]) == {}


def test_digital_silence_cannot_leak() -> None:
    assert detect(np.stack([voice(1), np.zeros(SECONDS * SAMPLE_RATE, np.float32)])) == {}

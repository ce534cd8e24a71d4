"""The largest absolute sample of each piece of a recording, in whatever windows it comes and however long it is."""

import numpy as np
import pytest

from callscribe.media.peaks import FULL_SCALE, MOST, PeakMeter, Peaks
from callscribe.speech.interface import SAMPLE_RATE
from media_files import Signal

FINE = SAMPLE_RATE // 50


def measured(samples: Signal, window: int) -> Peaks:
    meter = PeakMeter()
    for start in range(0, samples.shape[1], window):
        meter.push(samples[:, start : start + window])
    return meter.finish()


def noise(count: int) -> Signal:
    return np.random.default_rng(0).uniform(-1, 1, (2, count)).astype(np.float32)


def by_hand(samples: Signal, piece: int) -> Signal:
    starts = range(0, samples.shape[1], piece)
    found = np.stack([np.abs(samples[:, start : start + piece]).max(axis=1) for start in starts], axis=1)
    return np.rint(found * FULL_SCALE)


def test_loudest_sample_of_each_piece() -> None:
    samples = np.zeros((2, 3 * FINE + 7), np.float32)
    samples[0, FINE + 3] = -0.5
    samples[1, -1] = 1.0
    found = measured(samples, 1000)
    assert found.channels.tolist() == [[0, 64, 0, 0], [0, 0, 0, 127]]
    assert (found.piece, found.samples) == (FINE, 3 * FINE + 7)


@pytest.mark.parametrize("window", [1, FINE - 1, FINE, 10_000])
def test_windows_change_nothing(window: int) -> None:
    samples = noise(21 * FINE + 11)
    assert np.array_equal(measured(samples, window).channels, by_hand(samples, FINE))


@pytest.mark.parametrize("pieces", [MOST, MOST + 1, 2 * MOST])
def test_long_recordings_have_longer_pieces(pieces: int) -> None:
    samples = noise(pieces * FINE - 5)
    found = measured(samples, 160_000)
    assert found.piece == (FINE if pieces <= MOST else 2 * FINE)
    assert np.array_equal(found.channels, by_hand(samples, found.piece))


def test_eight_hours_fit() -> None:
    meter = PeakMeter()
    window = np.full((2, 160_000), 0.25, np.float32)
    for _ in range(8 * 360):
        meter.push(window)
    found = meter.finish()
    assert 10_000 <= found.channels.shape[1] <= MOST
    assert found.samples == 8 * 3600 * SAMPLE_RATE
    assert set(found.channels.ravel().tolist()) == {32}


def test_damage_is_full_scale() -> None:
    samples = np.array([[0.0, np.nan, 0.1], [7.0, 0.0, -np.inf]], np.float32)
    assert measured(samples, 3).channels.tolist() == [[FULL_SCALE], [FULL_SCALE]]


def test_no_window_no_channels() -> None:
    assert PeakMeter().finish().channels.tolist() == []

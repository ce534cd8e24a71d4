"""Recordings in which some stretches are not heard."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from callscribe.media.decoding import Decoder
from callscribe.media.forms import Form
from callscribe.media.muting import Muted, merged, mute, muted_flac


def pieces(samples: npt.NDArray[np.int16], size: int = 65_533) -> Iterator[bytes]:
    data = samples.tobytes()
    return (data[place : place + size] for place in range(0, len(data), size))


def decoded(path: Path, channels: int, rate: int) -> npt.NDArray[np.int16]:
    data = b"".join(Decoder().render(path, form=Form.PCM, channels=channels, rate=rate))
    return np.frombuffer(data, "<i2").reshape(-1, channels)


@pytest.mark.parametrize(("channels", "rate", "seconds"), [(1, 8000, 2.5), (2, 8000, 30.0), (2, 44_100, 3.21)])
def test_all_else_is_as_it_was_to_the_sample(tmp_path: Path, channels: int, rate: int, seconds: float) -> None:
    spoken = np.random.default_rng(7).normal(0, 3000, (round(seconds * rate), channels)).astype(np.int16)
    stretches = [Muted(channels - 1, 1.0, 1.75), Muted(0, -0.2, 0.25), Muted(0, seconds - 0.1, seconds + 1)]
    flac = muted_flac(pieces(spoken), channels=channels, rate=rate, seconds=seconds, stretches=stretches, tone=False)
    (tmp_path / "muted.flac").write_bytes(b"".join(flac))
    info = Decoder().inspect(tmp_path / "muted.flac")
    assert (info.container, info.codec, info.channels, info.sample_rate) == ("flac", "flac", channels, rate)
    assert info.duration == pytest.approx(seconds)
    assert info.declared is None  # what the head says is what there is
    heard = decoded(tmp_path / "muted.flac", channels, rate)
    assert heard.shape == spoken.shape
    for each in stretches:
        begin, end = max(0, round(each.start * rate)), min(len(spoken), round(each.end * rate))
        assert not heard[begin:end, each.channel].any()
        spoken[begin : end + 1, each.channel] = heard[begin : end + 1, each.channel]
    assert (heard == spoken).all()


def test_length_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    spoken = np.full((24_003, 1), 500, np.int16)
    for seconds in (3.0, 3.001):
        flac = muted_flac(pieces(spoken), channels=1, rate=8000, seconds=seconds, stretches=[], tone=False)
        (tmp_path / "some.flac").write_bytes(b"".join(flac))
        assert len(decoded(tmp_path / "some.flac", 1, 8000)) == round(seconds * 8000)


def test_tone_goes_on_from_block_to_block(tmp_path: Path) -> None:
    spoken = np.zeros((16_000, 1), np.int16)
    flac = muted_flac(pieces(spoken), channels=1, rate=8000, seconds=2.0, stretches=[Muted(0, 0.5, 1.5)], tone=True)
    (tmp_path / "tone.flac").write_bytes(b"".join(flac))
    heard = decoded(tmp_path / "tone.flac", 1, 8000)[:, 0].astype(np.float64)
    spectrum = np.abs(np.fft.rfft(heard[4000:12_000]))
    assert np.argmax(spectrum) == 1000
    assert spectrum[1000] ** 2 / np.sum(spectrum**2) > 0.999  # nothing jumps
    assert np.abs(heard).max() == pytest.approx(3277, abs=2)
    assert not heard[:4000].any()
    assert not heard[12_002:].any()


def test_windows_are_muted_by_their_times() -> None:
    samples = np.ones((2, 16_000), np.float32)
    mute(samples, 10.0, 16_000, [Muted(1, 10.25, 10.5), Muted(0, 3.0, 4.0)], tone=False)
    assert samples[0].all()
    assert not samples[1, 4000:8000].any()
    assert samples[1, :4000].all()
    assert samples[1, 8001:].all()


def test_stretches_that_touch_are_one() -> None:
    stretches = [Muted(0, 3.0, 4.0), Muted(1, 1.0, 2.0), Muted(0, 1.0, 3.0), Muted(0, 1.5, 2.0), Muted(0, 5.0, 6.0)]
    assert merged(stretches) == [Muted(0, 1.0, 4.0), Muted(0, 5.0, 6.0), Muted(1, 1.0, 2.0)]

"""Recordings in other forms, by the decoder's child process."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from callscribe.errors import JobError
from callscribe.media.decoding import Decoder
from callscribe.media.forms import LONG_BYTES, LONG_RATE, MP3_RATES, Form, form_rate
from media_files import FORMATS, make


@pytest.fixture
def decoder() -> Decoder:
    return Decoder()


@pytest.mark.parametrize("name", ["wav-s16", "wav-mulaw", "mp3-cbr", "flac", "ogg-opus", "m4a"])
def test_pcm_is_same_audio_full_length(decoder: Decoder, tmp_path: Path, name: str) -> None:
    path, samples = make(tmp_path / "call", name, 2.5, 2)
    rate = FORMATS[name].get("rate", 16000)
    data = b"".join(decoder.render(path, form=Form.PCM, channels=2, rate=rate))
    rendered = np.frombuffer(data, "<i2").reshape(-1, 2).T / 32768
    assert abs(rendered.shape[1] - samples.shape[1]) < 0.05 * rate
    both = min(rendered.shape[1], samples.shape[1])
    for channel in range(2):
        assert np.corrcoef(rendered[channel, :both], samples[channel, :both])[0, 1] > 0.9


def test_two_channels_mix_by_half(decoder: Decoder, tmp_path: Path) -> None:
    path, samples = make(tmp_path / "call.wav", "wav-s16", 2.5, 2)
    data = b"".join(decoder.render(path, form=Form.PCM, channels=1, rate=16000))
    rendered = np.frombuffer(data, "<i2") / 32768
    assert np.abs(rendered - samples.mean(axis=0)).max() < 0.001


def test_mp3_comes_piecewise(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call.wav", "wav-s16", 30.0, 2)
    pieces = list(decoder.render(path, form=Form.MP3, channels=2, rate=16000))
    assert len(pieces) > 1
    (tmp_path / "call.mp3").write_bytes(b"".join(pieces))
    info = decoder.inspect(tmp_path / "call.mp3")
    assert (info.container, info.channels, info.sample_rate) == ("mp3", 2, 16000)
    assert info.duration == pytest.approx(30.0, abs=0.2)


def test_damaged_file_refused(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "noise.wav").write_bytes(b"RIFF\0\0\0\0WAVE" + bytes(1000))
    with pytest.raises(JobError):
        list(decoder.render(tmp_path / "noise.wav", form=Form.PCM, channels=1, rate=8000))


def test_rates_are_those_of_form() -> None:
    assert [form_rate(Form.MP3, rate=rate, channels=1, duration=3) for rate in (8000, 9000, 48000, 96000)] == [
        8000,
        11025,
        48000,
        48000,
    ]
    assert all(low < high for low, high in pairwise(MP3_RATES))
    assert form_rate(Form.PCM, rate=44100, channels=2, duration=3600) == 44100
    assert form_rate(Form.PCM, rate=44100, channels=2, duration=8 * 3600) == LONG_RATE
    assert LONG_RATE * 2 * 2 * 8 * 3600 < LONG_BYTES

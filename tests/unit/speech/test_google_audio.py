"""What is sent to Google of a recording: files as they are, pieces, FLAC."""

from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest

import media_files
from callscribe.speech.engines.google.flac import as_flac
from callscribe.speech.engines.google.formats import FLAC, MP3, OPUS, WAV, read_by_google
from callscribe.speech.engines.google.pieces import LONGEST, SEARCHED, pieces
from callscribe.speech.interface import SAMPLE_RATE, Samples


def windows(samples: Samples, size: int = 10 * SAMPLE_RATE) -> list[SimpleNamespace]:
    return [
        SimpleNamespace(start=first / SAMPLE_RATE, samples=samples[:, first : first + size])
        for first in range(0, samples.shape[1], size)
    ]


def noise(seconds: float, channels: int = 2) -> Samples:
    return np.random.default_rng(1).uniform(-0.3, 0.3, (channels, round(seconds * SAMPLE_RATE))).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("wav-s16", WAV),
        ("wav-mulaw", WAV),
        ("wav-alaw", WAV),
        ("wav-u8", None),
        ("wav-s24", None),
        ("wav-f32", None),
        ("flac", FLAC),
        ("mp3-cbr", MP3),
        ("mp3-vbr", MP3),
        ("mp3-bare", MP3),
        ("ogg-opus", OPUS),
        ("ogg-vorbis", None),
        ("m4a", None),
        ("webm-opus", None),
    ],
)
def test_which_files_it_decodes(tmp_path: Path, name: str, kind: str | None) -> None:
    how = {"rate": 16_000, **media_files.FORMATS[name]}
    path = media_files.write(tmp_path / name, media_files.signal(1.0, how["rate"], 2), **how)
    with path.open("rb") as file:
        assert read_by_google(file) == kind


def test_files_that_say_more_than_there_is_are_none(tmp_path: Path) -> None:
    path = media_files.write(
        tmp_path / "a", media_files.signal(1.0, 8000), container="wav", codec="pcm_s16le", rate=8000
    )
    whole = path.read_bytes()
    assert read_by_google(BytesIO(whole)) == WAV
    assert read_by_google(BytesIO(whole[:-1])) is None
    assert read_by_google(BytesIO(whole[:4] + b"\xff\xff\xff\xff" + whole[8:])) is None


@pytest.mark.parametrize("data", [b"", b"RIFF", b"fLaC", b"ID3", b"OggS", b"\xff", b"RIFF" + bytes(4) + b"WAVEfmt "])
def test_what_is_no_file_is_none(data: bytes) -> None:
    assert read_by_google(BytesIO(data)) is None


def test_pieces_are_cut_where_nobody_speaks() -> None:
    samples = noise(130.0)
    quiet = [(48.0, 49.0), (90.0, 91.0)]
    for start, end in quiet:
        samples[:, round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)] = 0.0
    samples[0, 40 * SAMPLE_RATE : 42 * SAMPLE_RATE] = 0.0  # the other one speaks
    cut = list(pieces(windows(samples), 60.0))
    assert np.array_equal(np.concatenate([each.samples for each in cut], axis=1), samples)
    assert cut[0].start == 0.0
    for each, (start, end) in zip(cut[1:], quiet, strict=True):
        assert start < each.start < end


@pytest.mark.parametrize("seconds", [0.01, 59.0, 60.0, 60.01, 75.0, 110.0, 200.0])
@pytest.mark.parametrize("level", [0.0, 1.0])
def test_pieces_have_their_length(seconds: float, level: float) -> None:
    samples = noise(seconds) * np.float32(level)
    cut = list(pieces(windows(samples), 60.0))
    assert sum(each.samples.shape[1] for each in cut) == samples.shape[1]
    assert cut[-1].duration <= 60.0
    assert all(LONGEST - SEARCHED <= each.duration <= LONGEST for each in cut[:-1])
    assert len(cut) == 1 or seconds > 60.0
    # The same again, however it comes.
    assert [each.start for each in pieces(windows(samples, 12_345), 60.0)] == [each.start for each in cut]


def test_nothing_has_no_pieces() -> None:
    assert list(pieces([], 60.0)) == []


@pytest.mark.parametrize("channels", [(0, 1), (1,), (0,)])
def test_flac_has_the_samples(channels: tuple[int, ...]) -> None:
    samples = noise(25.0)
    samples[:, 100] = 1.5  # clipped
    data = b"".join(as_flac(windows(samples), channels))
    with av.open(BytesIO(data)) as container:
        decoded = np.concatenate([frame.to_ndarray() for frame in container.decode(audio=0)], axis=1)
    interleaved = decoded.reshape(-1, len(channels)).T
    expected = np.rint(np.clip(samples[list(channels)], -1, 1) * 32767)
    assert np.array_equal(interleaved, expected)


def test_flac_comes_as_it_is_made() -> None:
    made = as_flac(windows(noise(60.0)), (0, 1))
    parts = list(made)
    assert len(parts) >= 6
    assert max(map(len, parts)) < 15 * SAMPLE_RATE * 4

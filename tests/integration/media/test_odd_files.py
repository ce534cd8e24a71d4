"""Files as they are: what their headers say is not what there is. All of it is read, and the difference is told."""

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import odd_files
from callscribe.errors import Code, JobError
from callscribe.media.decoding import Decoder
from callscribe.media.forms import Form
from callscribe.speech.interface import SAMPLE_RATE
from media_files import Signal, signal, write
from odd_files import MP3S, OTHERS, WAVS, Odd, aiff, au, encoded, gsm, id3, mp3, noise, pcm, wav, xing

FILES = {
    f"{group}: {name}": odd
    for group, kind in (("WAV", WAVS), ("MP3", MP3S), ("", OTHERS))
    for name, odd in kind.items()
}
EXTENDED = [
    "AU",
    "AIFF",
    "AAC",
    "AMR",
    "3GP",
    "GSM in WAV",
    "IMA ADPCM",
    "MS ADPCM",
    "G.722",
    "MP3 in WAV",
    "Wave64",
    "the highest byte first",
]


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "call"


def heard(decoder: Decoder, path: Path) -> Signal:
    return np.concatenate([window.samples for window in decoder.windows(path)], axis=1)


def alike(first: Signal, second: Signal) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


@pytest.mark.parametrize("name", FILES)
def test_all_that_is_there_is_read(name: str, decoder: Decoder, path: Path) -> None:
    odd: Odd = FILES[name]
    path.write_bytes(odd.make(path.parent))
    info = decoder.inspect(path)
    assert (info.container, info.channels, info.sample_rate) == (odd.container, odd.channels, odd.rate)
    assert -0.05 <= info.duration - odd.seconds <= odd.within + 0.01
    assert heard(decoder, path).shape[1] / SAMPLE_RATE == pytest.approx(info.duration, abs=0.05)
    if odd.declared is None:
        assert info.declared is None
    else:
        assert info.declared == pytest.approx(odd.declared, rel=0.04, abs=0.2)


@pytest.mark.parametrize(
    "make",
    [
        lambda _: wav(pcm(3, seed=1)) + wav(pcm(6)),
        lambda _: wav(pcm(3, 16000, seed=1), rate=16000) + wav(pcm(6)),
        lambda _: wav(pcm(3, channels=2, seed=1) + pcm(6, channels=2), channels=2, size=96_000),
        lambda tmp: mp3(tmp, 3, seed=1) + mp3(tmp, 6),
        lambda tmp: mp3(tmp, 3, seed=1) + id3(30_000) + mp3(tmp, 6),
        lambda tmp: mp3(tmp, 3, rate=44100, seed=1) + mp3(tmp, 6),
        lambda tmp: mp3(tmp, 3, seed=1) + mp3(tmp, 6, channels=2),
    ],
)
def test_what_was_joined_behind_is_in_its_place(make: odd_files.Maker, decoder: Decoder, path: Path) -> None:
    path.write_bytes(make(path.parent))
    found = heard(decoder, path)
    expected = signal(6, SAMPLE_RATE, len(found))
    scores = [
        alike(found[:, begin : begin + 4 * SAMPLE_RATE], expected[:, SAMPLE_RATE : 5 * SAMPLE_RATE])
        for begin in range(4 * SAMPLE_RATE, round(4.4 * SAMPLE_RATE), 2)
        if begin + 4 * SAMPLE_RATE <= found.shape[1]
    ]
    assert max(scores) > 0.9


@pytest.mark.parametrize(
    "name", ["MP3: joined, at another rate", "WAV: an announcement in one channel", ": G.722", ": AAC", ": AMR"]
)
def test_a_slice_is_that_part_of_the_whole(name: str, decoder: Decoder, path: Path) -> None:
    path.write_bytes(FILES[name].make(path.parent))
    whole = heard(decoder, path)
    for start in (1.5, 3.5, 4.2):
        part = next(decoder.windows(path, start=start, end=start + 1.5)).samples
        first = round(start * SAMPLE_RATE)
        assert alike(part, whole[:, first : first + part.shape[1]]) > 0.99


@pytest.mark.parametrize("name", EXTENDED)
def test_what_twilio_does_not_take_is_extended(name: str, path: Path) -> None:
    path.write_bytes((OTHERS | WAVS)[name].make(path.parent))
    with pytest.raises(JobError) as failed:
        Decoder(extended=False).inspect(path)
    assert failed.value.code == Code.MEDIA_FORMAT


CUT = {
    "WAV": lambda _: wav(pcm(10), size=1_000_000),
    "WAV of almost no size": lambda _: wav(pcm(10), size=2**30 - 100_000),
    "WAV of 3 GB": lambda _: wav(pcm(10), size=3_000_000_000),
    "IMA ADPCM": lambda tmp: encoded(tmp, "wav", "adpcm_ima_wav", 20)[:-40_000],
    "GSM": lambda _: gsm(500)[:-16_000],
    "AU": lambda _: au(pcm(10), size=1_000_000),
    "AIFF": lambda _: aiff(pcm(10), size=1_000_000),
    "MP3": lambda tmp: mp3(tmp, 30)[:40_001],
    "MP3 without its bytes": lambda tmp: xing(mp3(tmp, 30), 1, 0)[:40_001],
    "FLAC": lambda tmp: encoded(tmp, "flac", "flac", 30)[:-100_000],
    "WebM": lambda tmp: encoded(tmp, "webm", "libopus", 30, rate=48000)[:-100_000],
}


@pytest.mark.parametrize("name", CUT)
def test_a_file_that_was_cut_off_is_refused(name: str, decoder: Decoder, path: Path) -> None:
    path.write_bytes(CUT[name](path.parent))
    with pytest.raises(JobError, match="ends early") as failed:
        decoder.inspect(path)
    assert failed.value.code == Code.MEDIA_UNDECODABLE


@pytest.mark.parametrize("magic", [b"PK\3\4", b"%PDF-1.7", b"\xff\xd8\xff\xe0", b"RIFF\0\0\1\0AVI "])
def test_a_sound_inside_another_file_is_none(magic: bytes, decoder: Decoder, path: Path) -> None:
    path.write_bytes(magic + noise(9000) + mp3(path.parent, 6))
    with pytest.raises(JobError) as failed:
        decoder.inspect(path)
    assert failed.value.code == Code.MEDIA_FORMAT


def test_opposite_channels_are_not_silence(decoder: Decoder, path: Path) -> None:
    samples = odd_files.opposite(6)
    write(path, samples, container="wav", codec="pcm_s16le", rate=8000)
    mixed = np.frombuffer(b"".join(decoder.render(path, form=Form.PCM, channels=1, rate=8000)), "<i2") / 32768
    assert alike(mixed, samples[0]) > 0.99
    assert np.abs(mixed).max() == pytest.approx(np.abs(samples).max(), abs=0.01)


def test_channels_may_turn_opposite_on_the_way(decoder: Decoder, path: Path) -> None:
    first, second = signal(4, 8000, seed=1), signal(4, 8000, seed=2)
    samples = np.concatenate([np.concatenate([first, first]), np.concatenate([second, -second])], axis=1)
    write(path, samples, container="wav", codec="pcm_s16le", rate=8000)
    mixed = np.frombuffer(b"".join(decoder.render(path, form=Form.PCM, channels=1, rate=8000)), "<i2") / 32768
    loudness = [float(np.sqrt((mixed[begin : begin + 4000] ** 2).mean())) for begin in range(0, 64_000, 4000)]
    assert sorted(loudness)[1] > 0.2  # a moment of the change is softer


def test_an_extensible_header_may_contradict_itself(decoder: Decoder, path: Path) -> None:
    guid = struct.pack("<HI", 16, 3) + struct.pack("<H", 1) + bytes.fromhex("000000001000800000aa00389b71")
    fmt = struct.pack("<HHIIHHH", 0xFFFE, 2, 8000, 1, 1, 16, 22) + guid
    data = pcm(5, channels=2)
    body = b"WAVE" + odd_files.chunk(b"fmt ", fmt) + odd_files.chunk(b"data", data)
    path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
    assert decoder.inspect(path).duration == 5
    assert heard(decoder, path).shape == (2, 80_000)

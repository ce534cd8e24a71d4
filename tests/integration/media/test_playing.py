"""Which files browsers play as they came; everything else is rendered for them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from callscribe.media.decoding import Decoder
from callscribe.media.playing import played_as
from media_files import make, signal, write
from odd_files import MP3S, OTHERS, WAVS, Odd, id3, mp3


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


def played(decoder: Decoder, path: Path) -> str | None:
    info = decoder.inspect(path)
    return played_as(info.container, info.codec, regular=info.regular)


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("wav-u8", "audio/wav"),
        ("wav-s16", "audio/wav"),
        ("wav-s24", "audio/wav"),
        ("wav-mulaw", "audio/wav"),
        ("wav-alaw", "audio/wav"),
        ("mp3-vbr", "audio/mpeg"),
        ("mp3-bare", "audio/mpeg"),
        ("flac", "audio/flac"),
        ("ogg-opus", "audio/ogg"),
        ("ogg-vorbis", "audio/ogg"),
        ("m4a", "audio/mp4"),
        ("webm-opus", "audio/webm"),
        ("wav-f64", None),
    ],
)
def test_common_forms_as_they_came(name: str, media_type: str | None, decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", name, 3.0, 2)
    assert played(decoder, path) == media_type


@pytest.mark.parametrize("name", ["an odd chunk with padding", "chunks behind", "a tag behind", "text behind"])
def test_chunks_and_tags_are_no_harm(name: str, decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "call"
    path.write_bytes(WAVS[name].make(tmp_path))
    assert played(decoder, path) == "audio/wav"
    path.write_bytes(id3(3000) + mp3(tmp_path, 6))
    assert played(decoder, path) == "audio/mpeg"


WAV_NAMES = (
    "a size for a third",
    "two files",
    "two data chunks",
    "block align of two channels",
    "no bits",
    "a size of 0",
    "a size of 2147483647",
    "an odd chunk without padding",
    "a chunk that says it is longer than the file",
    "junk in front",
    "a tag in front",
    "the highest byte first",
    "RF64 without its sizes",
    "Wave64",
)
MP3_NAMES = (
    "joined",
    "a Xing header ten times too long",
    "6000 bytes of junk in front",
    "a tag that says it is longer",
)
OTHER_NAMES = (
    "FLAC that says it is longer",
    "FLAC behind junk",
    "AU in mu-law",
    "AIFF",
    "AAC",
    "AMR",
    "Ogg, joined",
    "M4A that says it is shorter",
    "WebM that says it is longer",
    "3GP",
    "GSM in WAV",
    "MS ADPCM",
    "G.722",
    "MP3 in WAV",
)


@pytest.mark.parametrize(
    "odd",
    [kind[name] for kind, names in ((WAVS, WAV_NAMES), (MP3S, MP3_NAMES), (OTHERS, OTHER_NAMES)) for name in names],
    ids=[*WAV_NAMES, *MP3_NAMES, *OTHER_NAMES],
)
def test_odd_files_are_rendered(odd: Odd, decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "call"
    path.write_bytes(odd.make(tmp_path))
    assert played(decoder, path) is None


def test_live_stream_is_rendered(decoder: Decoder, tmp_path: Path) -> None:
    """As recorders in browsers write it: without a length and without places to jump to."""
    sound = signal(6.0, 48000)
    path = write(tmp_path / "call", sound, container="webm", codec="libopus", rate=48000, options={"live": "1"})
    assert played(decoder, path) is None

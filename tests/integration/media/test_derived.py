"""What is made of recordings plays in step with them."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

from callscribe.media.blobs import BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.derived import Derived, Original
from callscribe.media.forms import Form
from callscribe.settings import Settings
from media_files import Signal, signal, write


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    return BlobStore((tmp_path / "blobs").as_uri())


@pytest.fixture
def derived(blobs: BlobStore, tmp_path: Path) -> Iterator[Derived]:
    derived = Derived(blobs, Decoder(), Settings(data_dir=tmp_path))
    yield derived
    derived.close()


def played(data: bytes) -> tuple[Signal, float]:
    """As FFmpeg plays it, as browsers do; and how long it says it is, in seconds."""
    with av.open(BytesIO(data), format="mp3") as file:
        frames = [frame.to_ndarray() for frame in file.decode(audio=0)]
        assert file.duration is not None
        return np.concatenate(frames, axis=1), file.duration / av.time_base


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (8000, 2), (22050, 2), (44100, 1), (48000, 2)])
def test_mp3_is_in_step(blobs: BlobStore, derived: Derived, tmp_path: Path, rate: int, channels: int) -> None:
    sound = signal(10.0, rate, channels)
    path = write(tmp_path / "call.wav", sound, container="wav", codec="pcm_f64le", rate=rate)
    blobs.put_bytes("a/media", path.read_bytes())
    original = Original("a/media", None, path.stat().st_size, rate, 10.0)
    derived.render(original, "a/media.mp3", Form.MP3, channels)
    found, seconds = played(blobs.get_bytes("a/media.mp3"))
    assert seconds == pytest.approx(10.0, abs=0.2)
    middle = slice(3 * rate, 7 * rate)
    lags = range(-1500, 1501)
    alike = [np.dot(found[0, middle.start + lag : middle.stop + lag], sound[0, middle]) for lag in lags]
    assert abs(lags[int(np.argmax(alike))]) <= 1

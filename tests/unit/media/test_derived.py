"""Writing audio in the forms that are asked for."""

import wave
from io import BytesIO

import pytest

from callscribe.errors import Code, JobError
from callscribe.media import derived


def test_samples_become_a_wav_file() -> None:
    file = BytesIO()
    derived._write_wav(file, iter([b"\x01\x00\x02\x00", b"\x03\x00\x04\x00"]), 2, 8000)
    file.seek(0)
    with wave.open(file) as written:
        assert (written.getnchannels(), written.getframerate(), written.getnframes()) == (2, 8000, 2)
        assert written.readframes(2) == b"\x01\x00\x02\x00\x03\x00\x04\x00"


def test_too_long_for_wav_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "_WAV_BYTES", 1000)
    with pytest.raises(JobError) as error:
        derived._write_wav(BytesIO(), iter([bytes(600), bytes(600)]), 1, 8000)
    assert error.value.code == Code.MEDIA_UNDECODABLE

"""Writing audio in the forms that are asked for."""

import wave
from io import BytesIO

import pytest

from callscribe.errors import Code, JobError
from callscribe.media import derived


def test_samples_become_a_wav_file() -> None:
    samples = b"\x01\x00\x02\x00\x03\x00\x04\x00"
    file = BytesIO(derived._wav_header(len(samples), 2, 8000) + samples)
    with wave.open(file) as written:
        assert (written.getnchannels(), written.getframerate(), written.getnframes()) == (2, 8000, 2)
        assert written.readframes(2) == samples
    by_library = BytesIO()
    with wave.open(by_library, "wb") as writer:
        writer.setparams((2, 2, 8000, 2, "NONE", "not compressed"))
        writer.writeframes(samples)
    assert by_library.getvalue() == file.getvalue()


def test_too_long_for_wav_is_at_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(derived, "_WAV_BYTES", 1000)
    with pytest.raises(JobError) as error:
        list(derived._limited(iter([bytes(600), bytes(600)])))
    assert error.value.code == Code.MEDIA_UNDECODABLE

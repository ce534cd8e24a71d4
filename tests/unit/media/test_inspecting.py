import io

import pytest

from callscribe.errors import Code, JobError
from callscribe.media import inspecting
from callscribe.media.inspecting import check_complete, check_duration, check_stream, sniff


@pytest.mark.parametrize(
    ("head", "container"),
    [
        (b"RIFF\0\0\0\0WAVE", inspecting.WAV),
        (b"RF64\0\0\0\0WAVE", inspecting.WAV),
        (b"fLaC", inspecting.FLAC),
        (b"ID3\4\0\0\0\0\0\0fLaC", inspecting.FLAC),
        (b"OggS", inspecting.OGG),
        (b"\0\0\0\x20ftypM4A ", inspecting.MP4),
        (b"\x1aE\xdf\xa3", inspecting.MATROSKA),
        (b"#!AMR\n", inspecting.AMR),
        (b".snd", inspecting.AU),
        (b"FORM\0\0\0\0AIFF", inspecting.AIFF),
        (b"\0\0\0\x20ftyp3gp5", inspecting.MP4),
        (bytes.fromhex("ffe318c0") * 1 + bytes(68) + (bytes.fromhex("ffe318c0") + bytes(68)) * 3, inspecting.MP3),
    ],
)
def test_first_bytes_tell_container(head: bytes, container: inspecting.Container) -> None:
    begin = 10 if head.startswith(b"ID3") else 0
    assert sniff(io.BytesIO(head + bytes(100)), extended=True) == (container, begin)


def test_standard_is_what_twilio_takes() -> None:
    assert {kind.name for kind in inspecting.CONTAINERS if kind.standard} == {"wav", "mp3", "flac"}


@pytest.mark.parametrize(
    ("actual", "declared", "ends_early"),
    [(10, 10, False), (9.1, 10, False), (8.9, 10, True), (991, 1000, False), (989, 1000, True), (12, 10, False)],
)
def test_recording_may_be_a_little_short(actual: float, declared: float, *, ends_early: bool) -> None:
    if ends_early:
        with pytest.raises(JobError, match="ends early"):
            check_complete(actual, declared)
    else:
        check_complete(actual, declared)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(0, Code.MEDIA_EMPTY), (1.99, Code.MEDIA_EMPTY), (2, None), (28800, None), (28801, Code.MEDIA_TOO_LONG)],
)
def test_two_seconds_to_eight_hours(seconds: float, code: Code | None) -> None:
    if code is None:
        check_duration(seconds)
        return
    with pytest.raises(JobError) as failed:
        check_duration(seconds)
    assert failed.value.code == code


@pytest.mark.parametrize(
    ("codec", "channels", "rate", "code"),
    [
        ("pcm_s16le", 2, 8000, None),
        ("adpcm_ms", 1, 8000, Code.MEDIA_FORMAT),
        ("mp2", 1, 8000, Code.MEDIA_FORMAT),
        ("pcm_s16le", 3, 8000, Code.MEDIA_CHANNELS),
        ("pcm_s16le", 1, 7999, Code.MEDIA_SAMPLE_RATE),
        ("pcm_s16le", 1, 10**9, Code.MEDIA_UNDECODABLE),
    ],
)
def test_refused_stream_has_its_code(codec: str, channels: int, rate: int, code: Code | None) -> None:
    if code is None:
        check_stream(inspecting.WAV, codec, channels, rate, extended=False)
        return
    with pytest.raises(JobError) as failed:
        check_stream(inspecting.WAV, codec, channels, rate, extended=False)
    assert failed.value.code == code

import json
import os
import signal as signals
import struct
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import av
import numpy as np
import psutil
import pytest

from callscribe.cancellation import Cancellation
from callscribe.errors import Cancelled, Code, JobError, TransientJobError
from callscribe.media import decoding
from callscribe.media.decoding import DecodedWindow, Decoder
from callscribe.media.forms import Form
from callscribe.media.inspecting import MediaInfo
from callscribe.sealing import HEADER, SealedPath, new_key, object_key, seal
from callscribe.speech.interface import SAMPLE_RATE
from media_files import FORMATS, Signal, make, signal, write

# The codec of an M4A puts noise in at random, so that two decodes are like, not equal.
NOISY = {"m4a"}
# Decoded values of what was encoded are only like it.
LOSSY = {name for name in FORMATS if name.startswith(("mp3", "ogg", "m4a", "webm"))}
# No header says how much of the start is the encoder's delay.
DELAYED = {"mp3-bare"}


@pytest.fixture
def decoder() -> Iterator[Decoder]:
    decoder = Decoder()
    yield decoder
    decoder.close()


def joined(windows: Iterator[DecodedWindow]) -> Signal:
    return np.concatenate([window.samples for window in windows], axis=1)


def reference(path: Path) -> Signal:
    """The whole file at 16 kHz by the library alone, in one go."""
    with av.open(str(path)) as container:
        frames = list(container.decode(audio=0))
    resampler = av.AudioResampler(format="fltp", rate=SAMPLE_RATE)
    blocks = []
    for frame in [*frames, None]:
        if frame is not None:
            frame.pts = None
        blocks += [block.to_ndarray() for block in resampler.resample(frame)]
    return np.concatenate(blocks, axis=1)


def alike(first: Signal, second: Signal) -> float:
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if "decoder_process" in _command(child)]


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""


@pytest.mark.parametrize("name", FORMATS)
def test_a_sealed_file_decodes_as_in_plain(name: str, decoder: Decoder, tmp_path: Path) -> None:
    plain, _ = make(tmp_path / "call", name, 13.7, 2)
    key, file = new_key(), tmp_path / "sealed"
    file.write_bytes(seal(key, plain.read_bytes()))
    sealed = SealedPath.of(file, object_key(key, file.read_bytes()[:HEADER]))
    assert decoder.inspect(sealed) == decoder.inspect(plain)
    windows = decoder.windows(sealed)
    first = next(windows)
    shown = [json.dumps([child.cmdline(), child.environ()]) for child in children()]
    assert shown
    assert not any(secret in each for each in shown for secret in (key.hex(), sealed.object_key.hex()))
    whole, expected = np.concatenate([first.samples, joined(windows)], axis=1), joined(decoder.windows(plain))
    assert whole.shape == expected.shape
    assert name in NOISY or np.array_equal(whole, expected)
    with pytest.raises(JobError):
        decoder.inspect(SealedPath.of(file, new_key()))


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_decodes(name: str, decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", name, 13.7, 2)
    whole = joined(decoder.windows(path))
    expected = reference(path)
    if name in NOISY:
        assert whole.shape == expected.shape
        assert alike(whole, expected) > 0.99
    else:
        np.testing.assert_array_equal(whole, expected)
    if name not in DELAYED:
        original = signal(13.7, FORMATS[name].get("rate", 16000), 2)
        seconds = np.arange(whole.shape[1]) / SAMPLE_RATE
        times = np.arange(original.shape[1]) / FORMATS[name].get("rate", 16000)
        ideal = np.stack([np.interp(seconds, times, channel) for channel in original])
        assert alike(whole[:, 1000:-1000], ideal[:, 1000:-1000]) > 0.98


@pytest.mark.parametrize("name", FORMATS)
def test_slice_equals_part_of_whole(name: str, decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", name, 31.0, 2)
    whole = joined(decoder.windows(path))
    for start, end in [(0.0, 3.0), (7.00007, 19.3), (20.55, 26.0), (29.0, 99.0), (30.5, None)]:
        windows = list(decoder.windows(path, start=start, end=end))
        first = round(start * SAMPLE_RATE)
        part = joined(iter(windows))
        expected = whole[:, first : None if end is None else round(end * SAMPLE_RATE)]
        assert windows[0].start == first / SAMPLE_RATE
        if name in NOISY:
            assert part.shape == expected.shape
            assert alike(part, expected) > 0.99
        else:
            np.testing.assert_array_equal(part, expected)


def test_windows_follow_one_another(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "mp3-vbr", 25)
    following = 0
    for window in decoder.windows(path):
        assert window.start == following / SAMPLE_RATE
        assert window.samples.dtype == np.float32
        assert window.samples.shape[0] == 1
        following += window.samples.shape[1]
    assert following == pytest.approx(25 * SAMPLE_RATE, abs=16)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wav-s16", ("wav", "pcm_s16le", 2, 16000)),
        ("wav-mulaw", ("wav", "pcm_mulaw", 2, 8000)),
        ("mp3-vbr", ("mp3", "mp3", 2, 44100)),
        ("mp3-bare", ("mp3", "mp3", 2, 16000)),
        ("flac", ("flac", "flac", 2, 44100)),
        ("ogg-opus", ("ogg", "opus", 2, 48000)),
        ("ogg-vorbis", ("ogg", "vorbis", 2, 44100)),
        ("m4a", ("mp4", "aac", 2, 44100)),
        ("webm-opus", ("matroska", "opus", 2, 48000)),
    ],
)
def test_content_tells_format(name: str, expected: tuple[str, str, int, int], decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "misleading.txt", name, 5, 2)
    info = decoder.inspect(path)
    assert (info.container, info.codec, info.channels, info.sample_rate) == expected
    assert info.duration == pytest.approx(5, abs=0.2)


def riff(data: bytes, *, declared: int | None = None, rate: int = 16000, channels: int = 1) -> bytes:
    """A 16-bit WAV file, with the length that its header is to name."""
    length = len(data) if declared is None else declared
    fmt = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    size = min(0xFFFFFFFF, 36 + length)
    return b"RIFF" + struct.pack("<I", size) + b"WAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", length) + data


def pcm(seconds: float, rate: int = 16000, channels: int = 1) -> bytes:
    return (signal(seconds, rate, channels).T * 32000).astype("<i2").tobytes()


@pytest.mark.parametrize("declared", [0, 0x7FFFFFFF, 0x7FFFF024, 0x80000000, 0xFFFFFFFF, 0xFFFFFF00])
def test_piped_wav_goes_to_end_of_file(declared: int, decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "piped.wav"
    path.write_bytes(riff(pcm(5), declared=declared))
    assert decoder.inspect(path).duration == 5
    assert joined(decoder.windows(path)).shape == (1, 80000)


def test_wav_beyond_4_gib_read(decoder: Decoder, tmp_path: Path) -> None:
    data = pcm(5)
    plain = riff(data, declared=0xFFFFFFFF)
    sizes = struct.pack("<QQQI", len(data) + 72, len(data), len(data) // 2, 0)
    path = tmp_path / "rf64.wav"
    path.write_bytes(b"RF64\xff\xff\xff\xffWAVEds64" + struct.pack("<I", 28) + sizes + plain[12:])
    assert decoder.inspect(path) == MediaInfo("wav", "pcm_s16le", 1, 16000, 5.0, regular=False)
    assert joined(decoder.windows(path)).shape == (1, 80000)


def png() -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + np.random.default_rng(1).bytes(200_000)


def mp3_of(tmp_path: Path, name: str = "mp3-cbr", seconds: float = 20) -> bytes:
    path, _ = make(tmp_path / "source.mp3", name, seconds)
    return path.read_bytes()


BAD = {
    "nothing": (lambda _: b"", Code.MEDIA_EMPTY),
    "one second": (lambda _: riff(pcm(1)), Code.MEDIA_EMPTY),
    "a header and no sound": (lambda _: riff(b""), Code.MEDIA_EMPTY),
    "one second of MP3": (lambda tmp: mp3_of(tmp, "mp3-bare", 1), Code.MEDIA_EMPTY),
    "nine hours": (lambda _: riff(b"", declared=9 * 3600 * 16000, rate=8000), Code.MEDIA_TOO_LONG),
    "a PNG": (lambda _: png(), Code.MEDIA_FORMAT),
    "text": (lambda _: b"<html>Please sign in</html>" * 100, Code.MEDIA_FORMAT),
    "zeros": (lambda _: bytes(100_000), Code.MEDIA_FORMAT),
    "noise": (lambda _: np.random.default_rng(2).bytes(100_000), Code.MEDIA_FORMAT),
    "an AVI": (lambda _: b"RIFF\0\0\1\0AVI LIST" + bytes(1000), Code.MEDIA_FORMAT),
    "a script for FFmpeg": (lambda _: b"ffconcat version 1.0\nfile /etc/passwd\n", Code.MEDIA_FORMAT),
    "a playlist": (lambda _: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", Code.MEDIA_FORMAT),
    "4 kHz": (lambda _: riff(pcm(5, 4000), rate=4000), Code.MEDIA_SAMPLE_RATE),
    "3 channels": (lambda _: riff(pcm(5, 8000, 3), rate=8000, channels=3), Code.MEDIA_CHANNELS),
    "a WAV that says it is longer": (
        lambda _: riff(pcm(10), declared=100 * 32000),
        Code.MEDIA_UNDECODABLE,
    ),
    "a WAV that breaks off in its header": (lambda _: riff(pcm(10))[:30], Code.MEDIA_UNDECODABLE),
    "tags and no sound": (lambda _: b"ID3\4\0\0\0\0\0\x0a" + bytes(10) + png(), Code.MEDIA_UNDECODABLE),
    "a FLAC head with noise": (
        lambda _: b"fLaC" + np.random.default_rng(3).bytes(100_000),
        Code.MEDIA_UNDECODABLE,
    ),
    "an Ogg head with noise": (
        lambda _: b"OggS" + np.random.default_rng(4).bytes(100_000),
        Code.MEDIA_UNDECODABLE,
    ),
    "an MP4 head with noise": (
        lambda _: b"\0\0\0\x18ftypM4A " + np.random.default_rng(5).bytes(100_000),
        Code.MEDIA_UNDECODABLE,
    ),
    "a Matroska head with noise": (
        lambda _: b"\x1aE\xdf\xa3" + np.random.default_rng(6).bytes(100_000),
        Code.MEDIA_UNDECODABLE,
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_non_recording_has_its_code(what: str, decoder: Decoder, tmp_path: Path) -> None:
    content, code = BAD[what]
    data = content(tmp_path)
    path = tmp_path / "call.wav"
    path.write_bytes(data)
    if what == "nine hours":
        os.truncate(path, len(data) + 9 * 3600 * 16000)  # a hole: no disk is used
    with pytest.raises(JobError) as failed:
        decoder.inspect(path)
    assert failed.value.code == code
    assert not children()


def test_refused_codec_has_its_code(decoder: Decoder, tmp_path: Path) -> None:
    path = write(tmp_path / "call.wav", signal(5, 16000), container="wav", codec="mp2", rate=16000)
    with pytest.raises(JobError) as failed:
        decoder.inspect(path)
    assert failed.value.code == Code.MEDIA_FORMAT


@pytest.mark.parametrize("name", ["ogg-opus", "m4a", "webm-opus"])
def test_extra_formats_can_be_off(name: str, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", name, 5)
    with pytest.raises(JobError) as failed:
        Decoder(extended=False).inspect(path)
    assert failed.value.code == Code.MEDIA_FORMAT


@pytest.mark.parametrize("name", ["mp3-cbr", "mp3-vbr", "flac", "m4a"])
def test_truncated_is_undecodable(name: str, decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", name, 30)
    os.truncate(path, path.stat().st_size // 2)

    def read() -> None:
        decoder.inspect(path)
        joined(decoder.windows(path))

    with pytest.raises(JobError) as failed:
        read()
    assert failed.value.code == Code.MEDIA_UNDECODABLE
    assert not children()


def test_truncated_says_where_it_ends(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "mp3-cbr", 30)
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(JobError, match=r"ends early: 1[45]\.\d s of 30\.\d s"):
        joined(decoder.windows(path))


def test_damaged_frames_become_silence(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "mp3-cbr", 30)
    whole = joined(decoder.windows(path))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = np.random.default_rng(7).bytes(4000)  # a quarter of a second
    path.write_bytes(data)
    damaged = joined(decoder.windows(path))
    assert abs(damaged.shape[1] - whole.shape[1]) < 0.06 * SAMPLE_RATE
    assert alike(damaged[:, :200_000], whole[:, :200_000]) > 0.999
    # A frame more or less is 26 ms: what follows is in its place to within one, and here exactly.
    assert alike(damaged[:, 260_000:470_000], whole[:, 260_000:470_000]) > 0.99
    part = joined(decoder.windows(path, start=20.0, end=25.0))
    np.testing.assert_array_equal(part, damaged[:, 320_000:400_000])


def test_mostly_damaged_is_undecodable(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "mp3-cbr", 30)
    data = bytearray(path.read_bytes())
    data[20_000:-2000] = np.random.default_rng(8).bytes(len(data) - 22_000)
    path.write_bytes(data)
    with pytest.raises(JobError) as failed:
        joined(decoder.windows(path))
    assert failed.value.code == Code.MEDIA_UNDECODABLE


def test_unknown_length_stops_at_8_hours(decoder: Decoder, tmp_path: Path) -> None:
    minute, _ = make(tmp_path / "minute", "mp3-bare", 60)
    path = tmp_path / "long"
    with path.open("wb") as file:
        for _ in range(9 * 60):
            file.write(minute.read_bytes())
    with pytest.raises(JobError) as failed:
        decoder.inspect(path)
    assert failed.value.code == Code.MEDIA_TOO_LONG


def test_the_stdlibs_wav_is_read(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "call.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", "not compressed"))
        file.writeframes(pcm(4, 8000, 2))
    assert decoder.inspect(path) == MediaInfo("wav", "pcm_s16le", 2, 8000, 4.0)


def test_sound_beside_picture_read(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "call.webm"
    with av.open(str(path), "w", format="webm") as output:
        audio = output.add_stream("libopus", rate=48000, layout="mono")
        picture = output.add_stream("libvpx", rate=5)
        picture.width = picture.height = 64
        picture.pix_fmt = "yuv420p"
        samples = signal(5, 48000)
        for second in range(5):
            block = np.ascontiguousarray(samples[:, second * 48000 : (second + 1) * 48000])
            frame = av.AudioFrame.from_ndarray(block, format="flt", layout="mono")
            frame.sample_rate, frame.pts = 48000, second * 48000
            output.mux(audio.encode(frame))
            for tick in range(5):
                image = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), format="rgb24")
                image.pts = second * 5 + tick
                output.mux(picture.encode(image))
        output.mux(audio.encode(None))
        output.mux(picture.encode(None))
    assert decoder.inspect(path).codec == "opus"
    assert joined(decoder.windows(path)).shape[1] == pytest.approx(80000, abs=400)


def test_missing_recording_not_found(decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decoder.inspect(tmp_path / "missing.wav")


def test_closing_iterator_ends_work(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 60, 2)
    windows = decoder.windows(path)
    next(windows)
    assert len(children()) == 1
    windows.close()  # type: ignore[attr-defined]
    assert not children()


def test_closing_decoder_ends_work(tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    decoder = Decoder()
    windows = decoder.windows(path)
    next(windows)
    decoder.close()
    with pytest.raises(TransientJobError):
        joined(windows)
    assert not children()


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_child_confined(monkeypatch: pytest.MonkeyPatch, decoder: Decoder, tmp_path: Path) -> None:
    monkeypatch.setenv("CALLSCRIBE_AUTH_TOKEN", "0123456789abcdef")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    other = (tmp_path / "other").open("wb")
    os.set_inheritable(other.fileno(), True)
    windows = decoder.windows(path)
    next(windows)
    [child] = children()
    assert not any(name.startswith(("CALLSCRIBE", "AWS")) for name in child.environ())
    # The null device as input and error output, the pipe, and the recording, open for reading.
    assert [(Path(file.path), file.mode) for file in child.open_files()] == [(path, "r")]
    assert len(list(Path(f"/proc/{child.pid}/fd").iterdir())) == 4
    assert not child.net_connections()
    assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
    assert child.rlimit(psutil.RLIMIT_AS)[1] <= 1024**3
    assert child.rlimit(psutil.RLIMIT_NOFILE)[1] <= 16
    windows.close()  # type: ignore[attr-defined]
    other.close()


def test_crash_blames_recording(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    windows = decoder.windows(path)
    next(windows)
    children()[0].send_signal(signals.SIGSEGV)
    with pytest.raises(JobError) as failed:
        joined(windows)
    assert failed.value.code == Code.MEDIA_UNDECODABLE


@pytest.fixture
def in_the_foreground() -> Iterator[None]:
    """Children get every signal, also where the tests run behind `nohup` or `&`, which have some ignored."""
    ignored = [each for each in (signals.SIGINT, signals.SIGHUP) if signals.getsignal(each) == signals.SIG_IGN]
    for each in ignored:
        signals.signal(each, signals.SIG_DFL)
    yield
    for each in ignored:
        signals.signal(each, signals.SIG_IGN)


@pytest.mark.usefixtures("in_the_foreground")
@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGINT", "SIGHUP"])
def test_kill_blames_no_recording(name: str, decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    windows = decoder.windows(path)
    next(windows)
    children()[0].send_signal(signals.Signals[name])
    with pytest.raises(TransientJobError):
        joined(windows)


INFO = {"is": "info", "container": "wav", "codec": "pcm_s16le", "channels": 2, "sample_rate": 8000, "duration": 5.0}
BOX = {"is": "box", "landlock": 7, "seccomp": True}
SAMPLES = {"is": "samples", "first": 0, "channels": 2}
Said = list[tuple[dict[str, Any], int]]


@pytest.fixture
def saying(decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Said], None]:
    """Has a recording take over its decoder: that says something else, headers with so many bytes each."""
    path = tmp_path / "call.wav"
    path.write_bytes(riff(pcm(5)))

    def say(asked: str, said: Said) -> None:
        code = (
            "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from callscribe.framing import Channel\n"
            f"channel = Channel(sink=1)\nchannel.send({BOX!r})\nfor header, size in json.loads({json.dumps(said)!r}):\n"
            "    channel.send(header, [bytes(size)])"
        )
        monkeypatch.setattr(decoding, "_BOOTSTRAP", code)
        if asked == "info":
            decoder.inspect(path)
        else:
            list(decoder.windows(path, end=20.0))

    return say


def test_a_decoder_that_says_what_is_asked_is_believed(saying: Callable[[str, Said], None]) -> None:
    saying("info", [({"is": "working"}, 0), (INFO, 0)])
    saying("samples", [(SAMPLES, 8), ({**SAMPLES, "first": 1}, 16), ({"is": "done"}, 0)])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("info", []),
        ("info", [({"is": "done"}, 0)]),
        ("info", [({"is": "other"}, 0)]),
        ("info", [({"is": ["info"]}, 0)]),
        ("info", [(SAMPLES, 8)]),
        ("info", [({"is": "info"}, 0)]),
        ("info", [({**INFO, "container": ["wav"]}, 0)]),
        ("info", [({**INFO, "container": "avi"}, 0)]),
        ("info", [({**INFO, "channels": "2"}, 0)]),
        ("info", [({**INFO, "duration": None}, 0)]),
        ("info", [({**INFO, "declared": float("nan")}, 0)]),
        ("info", [({**INFO, "declared": float("inf")}, 0)]),
        ("info", [({**INFO, "declared": -1.0}, 0)]),
        ("info", [({**INFO, "declared": 5}, 0)]),
        ("info", [({**INFO, "codec": "x" * 100_000}, 0)]),
        ("info", [({**INFO, "channels": 10**1000}, 0)]),
        ("info", [({**INFO, "sample_rate": 10**1000}, 0)]),
        ("info", [(BOX, 0)]),
        ("info", [({"is": "fault", "code": int(Code.MEDIA_HOST), "detail": "not its own"}, 0)]),
        ("info", [({"is": "fault", "code": int(Code.MEDIA_FORMAT), "detail": {}}, 0)]),
        ("samples", [({**SAMPLES, "first": 1}, 8)]),
        ("samples", [({**SAMPLES, "first": 0.0}, 8)]),
        ("samples", [({**SAMPLES, "channels": 0}, 8)]),
        ("samples", [({**SAMPLES, "channels": 3}, 12)]),
        ("samples", [(SAMPLES, 0)]),
        ("samples", [(SAMPLES, 12)]),
        ("samples", [(SAMPLES, 8 * 160_001)]),
        ("samples", [(SAMPLES, 8), ({**SAMPLES, "first": 1, "channels": 1}, 8)]),
        ("samples", [({**SAMPLES, "first": 160_000 * part}, 8 * 160_000) for part in range(3)]),
    ],
)
def test_a_decoder_that_says_what_cannot_be_is_not_believed(
    asked: str, said: Said, saying: Callable[[str, Said], None]
) -> None:
    with pytest.raises(JobError, match="broke down") as failed:
        saying(asked, said)
    assert failed.value.code == Code.MEDIA_UNDECODABLE
    assert not isinstance(failed.value, TransientJobError)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"codec": "opus"}, Code.MEDIA_FORMAT),
        ({"channels": 3}, Code.MEDIA_CHANNELS),
        ({"sample_rate": 0}, Code.MEDIA_SAMPLE_RATE),
        ({"duration": 1e9}, Code.MEDIA_TOO_LONG),
        ({"duration": float("nan")}, Code.MEDIA_EMPTY),
    ],
)
def test_what_is_not_taken_is_not_taken_from_a_decoder(
    wrong: dict[str, Any], code: Code, saying: Callable[[str, Said], None]
) -> None:
    said = [({**INFO, **wrong}, 0)]
    with pytest.raises(JobError) as failed:
        saying("info", said)
    assert failed.value.code == code


def test_nobody_waits_for_a_decoder_that_hangs_up_and_stays(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_BOOTSTRAP", "import os, time; os.close(1); time.sleep(60)")
    monkeypatch.setattr(decoding, "_ENDING_SECONDS", 0.2)
    path = tmp_path / "call.wav"
    path.write_bytes(riff(pcm(5)))
    with pytest.raises(JobError, match="broke down"):
        decoder.inspect(path)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_sample_that_is_no_number_is_silence(number: float, decoder: Decoder, tmp_path: Path) -> None:
    path, expected = make(tmp_path / "call", "wav-f32", 3)
    data = bytearray(path.read_bytes())
    struct.pack_into("<f", data, data.index(b"data") + 8 + 4 * 5000, number)
    path.write_bytes(data)
    found = joined(decoder.windows(path))
    assert found[0, 5000] == 0
    expected[0, 5000] = 0
    np.testing.assert_array_equal(found, expected)


def test_a_decoder_that_only_says_it_works_is_not_waited_for(
    saying: Callable[[str, Said], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_STALE", 0.0)
    monkeypatch.setattr(decoding, "_MOST_IDLE", -1.0)
    with pytest.raises(TransientJobError, match="idled"):
        saying("info", [({"is": "working"}, 0), (INFO, 0)])


def test_a_rendition_is_no_longer_than_a_recording_can_be(
    decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 3)
    monkeypatch.setattr(decoding, "_LAST", 1.0)
    monkeypatch.setattr(decoding, "_HEADERS", 0)
    with pytest.raises(JobError, match="broke down"):
        list(decoder.render(path, form=Form.PCM, channels=1, rate=16000))


def test_what_a_decoder_says_of_a_fault_can_be_shown(saying: Callable[[str, Said], None]) -> None:
    detail = "\0\ud800bad\n" + "x" * 1000
    with pytest.raises(JobError) as failed:
        saying("info", [({"is": "fault", "code": int(Code.MEDIA_FORMAT), "detail": detail}, 0)])
    assert failed.value.code == Code.MEDIA_FORMAT
    assert failed.value.detail.startswith("badx")
    assert len(failed.value.detail) < 500


def test_a_decoder_that_computes_for_ever_is_the_recordings_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_BOOTSTRAP", "while True: pass")
    path = tmp_path / "call.wav"
    path.write_bytes(riff(pcm(5)))
    with pytest.raises(JobError, match="stood still") as failed:
        Decoder(stall_timeout=2.0).inspect(path)
    assert not isinstance(failed.value, TransientJobError)


def test_a_decoder_that_waits_is_tried_again(tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    windows = Decoder(stall_timeout=0.5).windows(path)
    next(windows)
    children()[0].send_signal(signals.SIGSTOP)
    with pytest.raises(TransientJobError, match="stood still") as failed:
        joined(windows)
    assert failed.value.code == Code.MEDIA_UNDECODABLE
    assert not children()


def test_freeze_with_parent_is_no_hang(tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    script = (
        "import os, sys, time; from pathlib import Path; import psutil\n"
        "from callscribe.media.decoding import Decoder\n"
        "windows = Decoder(stall_timeout=2.0).windows(Path(sys.argv[1])); next(windows)\n"
        "[child] = psutil.Process().children(); child.suspend(); print(child.pid, flush=True)\n"
        "print(1 + sum(1 for _ in windows))"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        time.sleep(0.3)  # it reads what is in the pipe, and waits for more
        parent.send_signal(signals.SIGSTOP)
        time.sleep(2.2)
        parent.send_signal(signals.SIGCONT)
        time.sleep(0.3)
        child.resume()
        assert parent.stdout.read() == b"12\n"


def test_child_ends_with_its_parent(tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "wav-s16", 120, 2)
    script = (
        "import sys, time; from pathlib import Path; from callscribe.media.decoding import Decoder\n"
        "windows = Decoder().windows(Path(sys.argv[1])); next(windows)\n"
        "print(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(path)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        [child] = psutil.Process(parent.pid).children()
        parent.kill()
    child.wait(20)


def test_decoding_runs_side_by_side(decoder: Decoder, tmp_path: Path) -> None:
    made = [make(tmp_path / str(number), "wav-f32", 12, seed=number) for number in range(4)]
    with ThreadPoolExecutor(4) as threads:
        for (_, expected), found in zip(
            made, threads.map(lambda pair: joined(decoder.windows(pair[0])), made), strict=True
        ):
            np.testing.assert_array_equal(found, expected)


def peak_memory(decoder: Decoder, path: Path) -> int:
    """Most bytes that the child had in memory, of its own and of libraries."""
    most = 0
    for _ in decoder.windows(path):
        for child in children():
            with suppress(psutil.NoSuchProcess):
                most = max(most, child.memory_info().rss)
    return most


@pytest.mark.parametrize("name", ["mp3-bare", "wav-s16"])
def test_hour_needs_no_more_memory(name: str, decoder: Decoder, tmp_path: Path) -> None:
    minute, _ = make(tmp_path / "minute", name, 60, 2)
    peaks = []
    for minutes in (10, 60):
        path = tmp_path / str(minutes)
        data = minute.read_bytes() if name == "mp3-bare" else pcm(60, 16000, 2)
        with path.open("wb") as file:
            if name == "wav-s16":
                file.write(riff(b"", declared=minutes * len(data), channels=2))
            for _ in range(minutes):
                file.write(data)
        peaks.append(peak_memory(decoder, path))
    assert peaks[1] < 1.1 * peaks[0]


def test_slices_from_several_threads(decoder: Decoder, tmp_path: Path) -> None:
    path, _ = make(tmp_path / "call", "flac", 24)
    whole = joined(decoder.windows(path))
    barrier = threading.Barrier(4)

    def part(number: int) -> Signal:
        barrier.wait()
        return joined(decoder.windows(path, start=number * 6, end=number * 6 + 6))

    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(part, range(4)))
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


@pytest.mark.parametrize("work", ["inspect", "windows"])
def test_a_cancellation_ends_a_decoder_that_hangs(tmp_path: Path, work: str) -> None:
    path, _ = make(tmp_path / "call.wav", "wav-s16", 60.0, 2)
    decoder, cancelled = Decoder(), Cancellation()
    children: list[psutil.Process] = []

    def suspend_and_cancel() -> None:
        while not children:
            with decoder._lock:
                children.extend(psutil.Process(each._process.pid) for each in decoder._children)
        children[0].suspend()
        cancelled.cancel()

    thread = threading.Thread(target=suspend_and_cancel)
    thread.start()
    with pytest.raises(Cancelled):
        decoder.inspect(path, cancelled=cancelled) if work == "inspect" else list(
            decoder.windows(path, cancelled=cancelled)
        )
    thread.join()
    assert not children[0].is_running()
    decoder.close()

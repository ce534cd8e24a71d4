"""Media that cannot be transcribed, through the whole service: the code, the log, and nothing left behind."""

import wave
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import av
import numpy as np
import pytest

import media_files
from callers import Caller, Front
from callscribe.media.spool import OWNER
from harness import eventually
from media_server import Behaviour, MediaServer, body, cut_short, drip, endless, redirect, reset, status

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


@pytest.fixture
def caller(strict: Front) -> Caller:
    return strict.caller()


def _wav(seconds: float = 3.0, rate: int = 8000, channels: int = 1) -> bytes:
    """Silence."""
    file = BytesIO()
    with wave.open(file, "wb") as target:
        target.setnchannels(channels)
        target.setsampwidth(2)
        target.setframerate(rate)
        target.writeframes(bytes(2 * channels * round(seconds * rate)))
    return file.getvalue()


def _encoded(name: str, folder: Path, seconds: float = 6.0) -> bytes:
    path, _ = media_files.make(folder / name, name, seconds)
    return path.read_bytes()


def _lying_wav() -> bytes:
    """Says that it holds ten minutes, and holds three seconds."""
    honest = _wav()
    return honest[:40] + (600 * 8000 * 2).to_bytes(4, "little") + honest[44:]


def _long_webm(folder: Path) -> bytes:
    """A second of sound, and nine hours later another one."""
    path = folder / "long.webm"
    with av.open(str(path), "w", format="webm") as output:
        stream = output.add_stream("libopus", rate=48000, layout="mono")
        for begin in (0, 9 * 3600 * 48000):
            frame = av.AudioFrame.from_ndarray(media_files.signal(1, 48000), format="flt", layout="mono")
            frame.sample_rate, frame.pts = 48000, begin
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path.read_bytes()


def _failed(caller: Caller, url: str, code: int) -> str:
    """Have a job fail with `code`, and see that nothing of its media is left; returns the detail."""
    transcription_id = caller.submit(caller.configure(), url)
    resource = caller.ended(transcription_id)
    assert resource["status"] == "FAILED"
    error = resource["error"]
    assert error["code"] == code, error
    assert error["type"] == f"https://www.twilio.com/docs/api/errors/{code}"
    assert error["title"]
    assert "transcript" not in resource.get("links", {})
    _nothing_left(caller, transcription_id)
    answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}/Transcript")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    detail: str = error["detail"]
    assert detail
    assert "Traceback" not in detail
    return detail


def _nothing_left(caller: Caller, transcription_id: str) -> None:
    """No copy in the spool, and no half of a download in the blob store."""
    spool = caller.server.data / "spool"
    eventually(lambda: not [path for path in spool.rglob("*") if path.is_file() and path.name != OWNER])
    folder = caller.blobs(transcription_id)
    names = {path.name for path in folder.rglob("*") if path.is_file()}
    assert names <= {"media", "callback.json"}


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (status(404), 17552),
        (status(410), 17552),
        (status(401), 17553),
        (status(403), 17553),
        (status(500), 17551),
        (status(503), 17551),
        (status(429), 17551),
        (status(418), 17551),
        (reset(), 17551),
        (reset(after=_wav()), 17551),
        (cut_short(_wav(), 10 * len(_wav())), 17551),
        (drip(1.0), 17551),
        (drip(in_headers=True), 17551),
        (redirect("/anew"), 17551),
        (redirect("http://169.254.169.254/latest/meta-data/"), 17550),
        (redirect("http://127.0.0.1:9/"), 17550),
        (redirect("http://localhost:9/"), 17550),
        (redirect("http://[::1]:9/"), 17550),
        (redirect("http://0x7f000001:9/"), 17550),
        (redirect("file:///etc/passwd"), 17550),
        (body(b""), 17554),
        (body(_wav(1.0)), 17554),
        (body(_wav(0.0)), 17554),
        (body(PNG), 17556),
        (body(b"<!doctype html><title>Sign in</title>"), 17556),
        (body(b"RIFF" + bytes(2000)), 17556),
        (body(_wav(rate=4000)), 17557),
        (body(_lying_wav()), 17558),
        (body(_wav(channels=3)), 17559),
        (body(_wav(channels=6)), 17559),
        (body(bytes(1_000_001)), 17560),
        (endless(), 17560),
    ],
    ids=[
        "404", "410", "401", "403", "500", "503", "429", "418", "reset", "reset half-way", "cut short",
        "a byte a second", "a byte at a time in the headers", "redirects without end", "redirect to metadata",
        "redirect to loopback", "redirect to a name of loopback", "redirect to loopback in IPv6",
        "redirect to loopback in hexadecimal", "redirect to a file", "empty", "one second", "no samples", "PNG", "HTML",
        "RIFF without WAVE", "4 kHz", "lying header", "3 channels", "6 channels", "too large", "too large unannounced",
    ],
)  # fmt: skip
def test_host_that_does_not_deliver(
    caller: Caller, strict_media: MediaServer, request: pytest.FixtureRequest, behaviour: Behaviour, code: int
) -> None:
    path = f"/{abs(hash(request.node.name))}.wav"
    strict_media.paths[path] = strict_media.paths["/anew"] = behaviour
    _failed(caller, strict_media.url(path), code)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda folder: _encoded("mp3-cbr", folder)[:30_000], 17558),
        (lambda folder: _encoded("mp3-vbr", folder)[: len(_encoded("mp3-vbr", folder)) // 2], 17558),
        (lambda folder: _encoded("flac", folder)[:20_000], 17558),
        (_long_webm, 17555),
    ],
    ids=["MP3 cut", "MP3 cut in half", "FLAC cut", "nine hours"],
)
def test_damaged_or_too_long_recording(
    caller: Caller,
    strict_media: MediaServer,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    make: Callable[[Path], bytes],
    code: int,
) -> None:
    path = f"/{abs(hash(request.node.name))}"
    strict_media.paths[path] = body(make(tmp_path), "audio/mpeg")
    _failed(caller, strict_media.url(path), code)


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data/",
        "https://localhost/1.wav",
        "https://127.0.0.1/1.wav",
        "https://[::1]/1.wav",
        "https://10.0.0.1/1.wav",
        "https://no-such-host.invalid/1.wav",
        "s3://not-allowed/1.wav",
    ],
)
def test_17550_for_forbidden_hosts(caller: Caller, url: str) -> None:
    detail = _failed(caller, url, 17550)
    # What a name resolved to is nobody's business.
    assert "127.0.0.1" not in detail or "127.0.0.1" in url


def test_17550_for_http_to_allowed_network(caller: Caller, strict_media: MediaServer) -> None:
    _failed(caller, f"http://localhost:{strict_media.port}/1.wav", 17550)


def test_17551_for_closed_port(caller: Caller) -> None:
    _failed(caller, "http://127.0.0.2:9/1.wav", 17551)


def test_only_passing_faults_retried(caller: Caller, strict_media: MediaServer) -> None:
    for path, code, attempts in (("/passing", 503, 2), ("/lasting", 403, 1)):
        strict_media.paths[path] = status(code)
        _failed(caller, strict_media.url(path), 17551 if code == 503 else 17553)
        assert [seen for seen, _ in strict_media.requests].count(path) == attempts


def test_recovered_host_delivers(caller: Caller, strict_media: MediaServer) -> None:
    answers = iter([status(503), body(_wav())])
    strict_media.paths["/recovers"] = lambda handler, stopping: next(answers)(handler, stopping)  # noqa: PLW0108  each request takes the next
    transcription_id = caller.submit(caller.configure(), strict_media.url("/recovers"))
    assert caller.ended(transcription_id)["status"] == "COMPLETED"


@pytest.mark.parametrize("channels", [1, 2])
def test_silence_has_no_sentences(caller: Caller, strict_media: MediaServer, channels: int) -> None:
    strict_media.paths[f"/silence-{channels}"] = body(_wav(5.0, channels=channels))
    transcription_id = caller.submit(caller.configure(), strict_media.url(f"/silence-{channels}"))
    resource = caller.ended(transcription_id)
    assert (resource["status"], resource["duration"]) == ("COMPLETED", 5)
    path = f"/v3/Transcriptions/{transcription_id}/Transcript"
    assert caller.http.get(path).json()["sentences"] == []
    assert caller.http.get(f"{path}.txt").text == ""
    assert caller.http.get(f"{path}.vtt").text.strip() == "WEBVTT"
    assert caller.http.get(f"{path}.srt").text == ""


def test_noise_has_no_sentences(caller: Caller, strict_media: MediaServer) -> None:
    samples = np.random.default_rng(1).normal(0, 800, 5 * 8000).astype("<i2").tobytes()
    header = _wav(5.0)[:44]
    strict_media.paths["/noise"] = body(header + samples)
    transcription_id = caller.submit(caller.configure(), strict_media.url("/noise"))
    assert caller.ended(transcription_id)["status"] == "COMPLETED"
    document = caller.http.get(f"/v3/Transcriptions/{transcription_id}/Transcript").json()
    assert document["sentences"] == []


def test_name_says_nothing_of_format(caller: Caller, strict_media: MediaServer, tmp_path: Path) -> None:
    strict_media.paths["/flac.mp3"] = body(_encoded("flac-8k", tmp_path, 3), "image/png")
    transcription_id = caller.submit(caller.configure(), strict_media.url("/flac.mp3"))
    assert caller.ended(transcription_id)["status"] == "COMPLETED"


def test_sdk_lists_failed_jobs(caller: Caller, strict_media: MediaServer) -> None:
    transcription_id = caller.submit(caller.configure(), strict_media.url("/nowhere"))
    caller.ended(transcription_id)
    transcriptions = caller.twilio.voice.v3.transcriptions
    assert [each.id for each in transcriptions.list(status="FAILED")] == [transcription_id]
    assert transcriptions.list(status="COMPLETED") == []

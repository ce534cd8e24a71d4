"""What a page needs to play a call: a form that browsers play, and peaks to draw its waveform by."""

import wave
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import httpx2
import numpy as np
import pytest

from callers import Caller, Completed, Front
from harness import eventually
from media_server import MediaServer, body
from odd_files import WAVS


def _get(caller: Caller, transcription_id: str, suffix: str, **headers: str) -> httpx2.Response:
    return caller.http.get(f"/v3/Transcriptions/{transcription_id}{suffix}", headers=headers)


@pytest.fixture
def stale(serve: Front, media: MediaServer, tmp_path: Path) -> tuple[Caller, str]:
    """A caller with the transcription of nine seconds of WAV whose header speaks of three."""
    media.paths["/stale.wav"] = body(WAVS["a size for a third"].make(tmp_path))
    caller = serve.caller()
    transcription_id = caller.submit(caller.configure(), media.url("/stale.wav"))
    assert caller.ended(transcription_id)["status"] == "COMPLETED"
    return caller, transcription_id


def test_peaks_are_of_what_is_heard(completed: Completed, call: bytes) -> None:
    found = _get(completed.caller, completed.id, "/Peaks").json()
    assert found.keys() == {"secondsPerPeak", "durationSeconds", "channels"}
    assert (found["secondsPerPeak"], found["durationSeconds"]) == (0.02, pytest.approx(65.276, abs=0.01))
    with wave.open(BytesIO(call)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2).T / 32768
    piece = rate // 50
    whole = samples.shape[1] // piece
    expected = np.abs(samples[:, : whole * piece]).reshape(2, whole, piece).max(axis=2) * 127
    peaks = np.array(found["channels"])
    assert peaks.shape[1] in {whole, whole + 1}
    # The resampler lets samples swing over a little, and some into the next piece.
    assert np.abs(peaks[:, :whole] - expected).mean() < 1
    assert all(np.corrcoef(peaks[channel, :whole], expected[channel])[0, 1] > 0.99 for channel in (0, 1))


def test_peaks_are_kept_and_asked_for_again(completed: Completed) -> None:
    first = _get(completed.caller, completed.id, "/Peaks")
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = _get(completed.caller, completed.id, "/Peaks", **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_lost_peaks_are_made_again(completed: Completed) -> None:
    path = completed.caller.blobs(completed.id) / "derived" / "peaks.json"
    kept = path.read_bytes()
    path.unlink()
    answers = [_get(completed.caller, completed.id, "/Peaks") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert path.read_bytes() == kept


def test_nothing_to_hear_before_it_is_fetched(caller: Caller) -> None:
    transcription_id = caller.submit(caller.configure())
    for suffix in ("/Peaks", "/Media?playable=true"):
        answer = _get(caller, transcription_id, suffix)
        assert (answer.status_code, answer.json()["code"]) == (404, 20404)
        assert int(answer.headers["Retry-After"]) > 0


def test_nothing_to_hear_of_what_is_no_audio(serve: Front, media: MediaServer) -> None:
    media.paths["/page.wav"] = body(b"<html>Welcome to the hotel</html>")
    caller = serve.caller()
    transcription_id = caller.submit(caller.configure(), media.url("/page.wav"))
    caller.ended(transcription_id)
    for suffix in ("/Peaks", "/Media?playable=true"):
        answer = _get(caller, transcription_id, suffix)
        assert answer.status_code == 404
        assert "Retry-After" not in answer.headers


def test_what_browsers_play_is_played_as_it_came(completed: Completed, call: bytes) -> None:
    answer = _get(completed.caller, completed.id, "/Media?playable=true")
    assert (answer.headers["Content-Type"], answer.content) == ("audio/wav", call)
    known = {"If-None-Match": answer.headers["ETag"]}
    assert _get(completed.caller, completed.id, "/Media", **known).status_code == 304


def test_stale_size_plays_to_the_real_end(stale: tuple[Caller, str]) -> None:
    def fetch(**headers: Any) -> httpx2.Response:
        return _get(*stale, "/Media?playable=true", **headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: fetch(), range(4)))
    assert {answer.status_code for answer in answers} == {200}, answers[0].text
    assert len({answer.content for answer in answers}) == 1
    assert {answer.headers["Content-Type"] for answer in answers} == {"audio/mpeg"}
    whole = answers[0]
    with av.open(BytesIO(whole.content), format="mp3") as file:
        seconds = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
    assert seconds == pytest.approx(9.0, abs=0.2)
    part = fetch(Range="bytes=100-199", **{"If-Range": whole.headers["ETag"]})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["Content-Type"] == "audio/mpeg"
    assert _get(*stale, "/Media").headers["ETag"] != whole.headers["ETag"]


def test_deletion_takes_what_was_made(stale: tuple[Caller, str]) -> None:
    caller, transcription_id = stale
    assert _get(*stale, "/Media?playable=true").status_code == 200
    folder: Path = caller.blobs(transcription_id)
    assert {path.name for path in (folder / "derived").iterdir()} == {"peaks.json", "playable.mp3"}
    assert caller.http.delete(f"/v3/Transcriptions/{transcription_id}").status_code == 204
    for suffix in ("/Peaks", "/Media?playable=true"):
        assert _get(*stale, suffix).status_code == 404
    eventually(lambda: not [path for path in folder.rglob("*") if path.is_file()])

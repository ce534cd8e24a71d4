"""Speakers on real audio: the bundled call with both channels mixed into one."""

import threading
import wave
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from callscribe.cancellation import Cancellation
from callscribe.errors import Cancelled, JobError
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.diarization.diarizer import MODEL, Diarizer
from callscribe.speech.diarization.turns import SpeakerRange, speakers_of
from callscribe.speech.interface import SAMPLE_RATE, Span
from callscribe.speech.pipeline import diarize_file, segment_file
from callscribe.speech.segmentation import segment

pytestmark = pytest.mark.skipif(
    not Catalogue(Path("nowhere")).has(MODEL), reason="needs the package that carries the model, see docs/models.md"
)

Heard = list[dict[str, Any]]


@dataclass
class Window:
    start: float
    samples: npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def diarizer(settings: Settings) -> Diarizer:
    diarizer = Diarizer(settings)
    diarizer.load()
    return diarizer


@pytest.fixture(scope="module")
def mono(call_samples: npt.NDArray[np.float32], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The call as a phone on a table would record it."""
    path = tmp_path_factory.mktemp("mono") / "call.wav"
    with wave.open(str(path), "wb") as target:
        target.setnchannels(1)
        target.setsampwidth(2)
        target.setframerate(SAMPLE_RATE)
        target.writeframes((np.clip(call_samples.sum(axis=0), -1, 1) * 32767).astype("<i2").tobytes())
    return path


def test_both_parties_are_told_apart(
    decoder: Decoder, mono: Path, turns: list[Any], diarizer: Diarizer, wanted: Cancellation
) -> None:
    segmentation = segment_file(decoder, mono, wanted)
    found = diarize_file(decoder, mono, segmentation, diarizer, SpeakerRange(), wanted)
    assert found is not None
    assert len({turn.speaker for turn in found}) == 2
    assert all(one.end <= other.start for one, other in pairwise(found))
    # Every tenth of a second of what was said, by the party that said it.
    times = [(at, at + 0.1) for turn in turns for at in np.arange(turn.start + 0.1, turn.end - 0.1, 0.1).tolist()]
    channels = [turn.channel for turn in turns for _ in np.arange(turn.start + 0.1, turn.end - 0.1, 0.1)]
    speakers = speakers_of(times, found)
    right = sum(speaker == channel for speaker, channel in zip(speakers, channels, strict=True))
    assert max(right, len(times) - right) >= 0.97 * len(times)


def test_same_result_beside_others(decoder: Decoder, mono: Path, diarizer: Diarizer, wanted: Cancellation) -> None:
    segmentation = segment_file(decoder, mono, wanted)
    results: list[Heard] = []

    def listen() -> None:
        results.append(diarizer.listen(decoder, mono, segmentation, Span(10.0, 30.0), wanted))

    threads = [threading.Thread(target=listen) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    listen()
    assert results[0]
    assert results[0] == results[1] == results[2]
    assert all(10.0 <= piece["start"] < piece["end"] <= 30.1 for piece in results[0])


def test_dual_channel_left_alone(decoder: Decoder, call: Path, diarizer: Diarizer, wanted: Cancellation) -> None:
    segmentation = segment_file(decoder, call, wanted)
    assert diarize_file(decoder, call, segmentation, diarizer, SpeakerRange(), wanted) is None


def test_stereo_copies_are_one(
    call_samples: npt.NDArray[np.float32], mono: Path, diarizer: Diarizer, wanted: Cancellation
) -> None:
    mixed = call_samples.sum(axis=0)[: 30 * SAMPLE_RATE]

    class Copies:
        def windows(self, _path: Path, *, start: float = 0.0, **_: Any) -> Any:
            yield Window(start, np.stack([mixed, mixed * np.float32(0.5)]))

    segmentation = segment(Copies().windows(mono))
    assert segmentation.copies
    found = diarize_file(Copies(), mono, segmentation, diarizer, SpeakerRange(2, 2), wanted)
    assert found is not None
    assert {turn.speaker for turn in found} == {0, 1}


def test_silence_has_no_voices(diarizer: Diarizer, wanted: Cancellation) -> None:
    class Silence:
        def windows(self, _path: Path, *, start: float = 0.0, **_: Any) -> Any:
            yield Window(start, np.zeros((1, 5 * SAMPLE_RATE), np.float32))

    segmentation = segment(Silence().windows(Path()))
    assert diarize_file(Silence(), Path(), segmentation, diarizer, SpeakerRange(), wanted) == []


def test_listening_stops_when_unwanted(decoder: Decoder, mono: Path, diarizer: Diarizer) -> None:
    gone = Cancellation()
    segmentation = segment_file(decoder, mono, gone)
    gone.cancel()
    with pytest.raises(Cancelled):
        diarizer.listen(decoder, mono, segmentation, Span(0.0, 65.0), gone)


def test_missing_model_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("callscribe.speech.catalogue.wheel_parts", lambda _: [])
    monkeypatch.setattr("callscribe.speech.model_files.wheel_parts", lambda _: [])
    with pytest.raises(JobError, match=r"17566.*callscribe models pull speakers"):
        Diarizer(Settings(models_dir=tmp_path)).check()

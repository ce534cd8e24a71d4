"""Cross-talk on the bundled call, whose own channels are clean."""

import re
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from jiwer import wer

from callscribe.cancellation import Cancellation
from callscribe.media.decoding import Decoder
from callscribe.speech.activity import ActivityDetector
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions
from callscribe.speech.pipeline import transcribe_file
from callscribe.speech.segmentation import Segmentation, segment

Audio = npt.NDArray[np.float32]

CUSTOMER, AGENT = 0, 1


@dataclass
class Window:
    start: float
    samples: Audio


def in_windows(samples: Audio) -> Iterator[Window]:
    step = 5 * SAMPLE_RATE
    for first in range(0, samples.shape[1], step):
        yield Window(first / SAMPLE_RATE, samples[:, first : first + step])


def line_echo(samples: Audio) -> Audio:
    """The agent on the customer's channel: 30 ms later, 25 dB quieter, tilted towards the high notes."""
    late = round(0.03 * SAMPLE_RATE)
    tilted = np.diff(samples[AGENT], prepend=np.float32(0)) + np.float32(0.1) * samples[AGENT]
    tilted *= np.sqrt(np.mean(np.square(samples[AGENT])) / np.mean(np.square(tilted))) * np.float32(10 ** (-25 / 20))
    result = samples.copy()
    result[CUSTOMER] += np.pad(tilted, (late, 0))[: samples.shape[1]]
    return result


def spoken(segmentation: Segmentation, channel: int) -> npt.NDArray[np.bool_]:
    """Which hundredths of a second are speech of a channel."""
    hundredths = np.zeros(round(segmentation.duration * 100), np.bool_)
    for span in segmentation.channels[channel].spans:
        hundredths[round(span.start * 100) : round(span.end * 100)] = True
    return hundredths


def test_no_leak_changes_nothing(call_samples: Audio) -> None:
    found = segment(in_windows(call_samples)).channels
    for channel, samples in enumerate(call_samples):
        detector = ActivityDetector(channel)
        detector.push(samples)
        assert found[channel] == detector.finish()


def test_other_party_left_out_beforehand(call_samples: Audio) -> None:
    clean, leaky = (segment(in_windows(samples)) for samples in (call_samples, line_echo(call_samples)))
    wanted, found = spoken(clean, CUSTOMER), spoken(leaky, CUSTOMER)
    assert (found & ~wanted).sum() < 200
    assert (wanted & ~found).sum() < 50
    # While a channel with a leak sounds, less of the other is believed at second sight: edges move by frames.
    assert leaky.channels[AGENT].gain == clean.channels[AGENT].gain
    assert (spoken(leaky, AGENT) ^ spoken(clean, AGENT)).sum() < 40


def test_leak_only_is_silent_not_lifted(call_samples: Audio) -> None:
    nobody = call_samples * np.array([[0.0], [1.0]], np.float32)
    found = segment(in_windows(line_echo(nobody))).channels
    assert sum(span.duration for span in found[CUSTOMER].spans) < 2.0
    assert found[CUSTOMER].gain <= 1.0


@pytest.mark.long
def test_agent_is_not_heard_as_customer(
    call_samples: Audio,
    turns: list[Any],
    tmp_path: Path,
    decoder: Decoder,
    warm_engine: WhisperEngine,
    wanted: Cancellation,
) -> None:
    path = tmp_path / "leaky.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(line_echo(call_samples), -1, 1).T * 32767).astype("<i2").tobytes())
    _, segments = transcribe_file(decoder, path, warm_engine, "tiny.en", RecognitionOptions(language="en-US"), wanted)
    for channel in (CUSTOMER, AGENT):
        said = " ".join(turn.text for turn in turns if turn.channel == channel)
        heard = " ".join(segment.text for segment in segments if segment.channel == channel)
        assert wer(_plain(said), _plain(heard)) < 0.2


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


@pytest.mark.parametrize("gain", [0.5, 0.25])
def test_copies_remain_copies(call_samples: Audio, gain: float) -> None:
    mixed = call_samples.sum(axis=0)
    found = segment(in_windows(np.stack([np.float32(gain) * mixed, mixed])))
    assert found.copies
    assert found.speech > 40.0

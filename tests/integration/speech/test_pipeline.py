import re
import wave
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from jiwer import wer

from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import Cancelled
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions, Segment, Span
from callscribe.speech.pipeline import recognize_span, segment_file, transcribe_file
from callscribe.speech.segmentation import Segmentation
from callscribe.transcripts.assembly import assemble

Audio = npt.NDArray[np.float32]
ENGLISH = RecognitionOptions(language="en-US")


def write(path: Path, samples: Audio) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(samples))
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes((np.clip(samples, -1, 1).T * 32767).astype("<i2").tobytes())
    return path


def plain(text: str) -> str:
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


@pytest.fixture(scope="module")
def recognized(call: Path, settings: Settings) -> tuple[Segmentation, list[Segment]]:
    """The bundled call by the model that is served, base."""
    engine, decoder = WhisperEngine(settings), Decoder()
    try:
        return transcribe_file(decoder, call, engine, "base", ENGLISH, NEVER)
    finally:
        engine.close()
        decoder.close()


def test_each_party_says_its_own_words(recognized: tuple[Segmentation, list[Segment]], turns: list[Any]) -> None:
    segmentation, segments = recognized
    transcript = assemble(segments, duration=segmentation.duration, participants={0: 0, 1: 1}, language="en-US")
    for channel in (0, 1):
        said = " ".join(turn.text for turn in turns if turn.channel == channel)
        heard = " ".join(sentence.text for sentence in transcript.sentences if sentence.participant == channel)
        assert wer(plain(said), plain(heard)) < 0.15


def test_sentences_fall_into_own_turns(recognized: tuple[Segmentation, list[Segment]], turns: list[Any]) -> None:
    segmentation, segments = recognized
    for sentence in assemble(segments, duration=segmentation.duration).sentences:
        middle = (sentence.start + sentence.end) / 2
        assert any(turn.channel == sentence.channel and turn.start - 0.5 < middle < turn.end + 0.5 for turn in turns)


def test_word_times_ordered_and_inside(recognized: tuple[Segmentation, list[Segment]]) -> None:
    segmentation, segments = recognized
    for channel in (0, 1):
        words = [word for segment in segments if segment.channel == channel for word in segment.words]
        assert words
        assert all(0 <= word.start < word.end <= segmentation.duration for word in words)
        assert all(before.end <= after.start + 1e-6 for before, after in pairwise(words))
        assert all(0 <= word.confidence <= 1 and word.text == word.text.strip() != "" for word in words)


def test_words_lie_in_their_partys_speech(recognized: tuple[Segmentation, list[Segment]]) -> None:
    segmentation, segments = recognized
    for segment in segments:
        spans = segmentation.channels[segment.channel].spans
        for word in segment.words:
            assert any(span.start - 0.1 <= word.start <= span.end + 0.1 for span in spans)


def test_a_quiet_party_is_heard(
    call_samples: Audio,
    turns: list[Any],
    tmp_path: Path,
    decoder: Decoder,
    warm_engine: WhisperEngine,
    wanted: Cancellation,
) -> None:
    quiet = call_samples * np.array([[0.01], [1.0]], np.float32)
    _, segments = transcribe_file(
        decoder, write(tmp_path / "quiet.wav", quiet), warm_engine, "tiny.en", ENGLISH, wanted
    )
    said = " ".join(turn.text for turn in turns if turn.channel == 0)
    heard = " ".join(segment.text for segment in segments if segment.channel == 0)
    assert wer(plain(said), plain(heard)) < 0.35


def on_a_bad_line(samples: Audio, softer: float) -> Audio:
    """400 to 3000 Hz of a voice, so many decibels softer."""
    spectrum, hertz = np.fft.rfft(samples), np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE)
    band = np.fft.irfft(np.where((hertz > 400) & (hertz < 3000), spectrum, 0), len(samples))
    return (band * 10 ** (-softer / 20)).astype(np.float32)


@pytest.fixture(scope="module")
def softer_party(call_samples: Audio, tmp_path_factory: pytest.TempPathFactory) -> Callable[[float], Path]:
    """Makes the bundled call in one channel, with its customer on a bad line, and so many decibels softer."""

    def make(softer: float) -> Path:
        path = tmp_path_factory.mktemp("one channel") / "call.wav"
        return write(path, (call_samples[1] + on_a_bad_line(call_samples[0], softer))[np.newaxis])

    return make


@pytest.mark.long
def test_soft_party_on_a_bad_line_is_heard(
    softer_party: Callable[[float], Path],
    turns: list[Any],
    decoder: Decoder,
    warm_engine: WhisperEngine,
    wanted: Cancellation,
) -> None:
    _, segments = transcribe_file(decoder, softer_party(15), warm_engine, "base", ENGLISH, wanted)
    words = sorted((word for segment in segments for word in segment.words), key=lambda word: word.start)
    said = plain(" ".join(turn.text for turn in turns))
    assert wer(said, plain(" ".join(word.text for word in words))) < 0.2


def test_party_too_soft_to_hear_is_told(
    softer_party: Callable[[float], Path],
    turns: list[Any],
    decoder: Decoder,
    warm_engine: WhisperEngine,
    wanted: Cancellation,
) -> None:
    segmentation, segments = transcribe_file(decoder, softer_party(38), warm_engine, "tiny.en", ENGLISH, wanted)
    omissions = assemble(segments, duration=segmentation.duration).omissions
    assert omissions
    for omission in omissions:
        middle = (omission.start + omission.end) / 2
        assert any(turn.channel == 0 and turn.start < middle < turn.end for turn in turns)


@pytest.mark.parametrize("kind", ["silence", "noise", "dial tone", "busy tone"])
def test_silence_is_not_recognised(
    kind: str, tmp_path: Path, decoder: Decoder, warm_engine: WhisperEngine, wanted: Cancellation
) -> None:
    time = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    samples = {
        "silence": 0 * time,
        "noise": np.random.default_rng(1).normal(0, 0.05, len(time)),
        "dial tone": 0.2 * np.sin(2 * np.pi * 350 * time) + 0.2 * np.sin(2 * np.pi * 440 * time),
        "busy tone": (0.2 * np.sin(2 * np.pi * 480 * time) + 0.2 * np.sin(2 * np.pi * 620 * time)) * (time % 1 < 0.5),
    }[kind]
    path = write(tmp_path / "nothing.wav", samples.astype(np.float32).reshape(1, -1))
    _, segments = transcribe_file(decoder, path, warm_engine, "tiny.en", ENGLISH, wanted)
    assert segments == []


def test_stereo_copy_recognised_once(
    call_samples: Audio, tmp_path: Path, decoder: Decoder, warm_engine: WhisperEngine, wanted: Cancellation
) -> None:
    mixed = call_samples.sum(axis=0)[: 15 * SAMPLE_RATE]
    path = write(tmp_path / "stereo.wav", np.stack([mixed, -0.5 * mixed]))
    segmentation, segments = transcribe_file(decoder, path, warm_engine, "tiny.en", ENGLISH, wanted)
    assert segmentation.copies
    assert {segment.channel for segment in segments} == {0}


def test_a_language_is_detected(call: Path, decoder: Decoder, warm_engine: WhisperEngine, wanted: Cancellation) -> None:
    segmentation = segment_file(decoder, call, wanted)
    segments = recognize_span(
        decoder, call, segmentation, Span(0.0, 12.0), warm_engine, "base", RecognitionOptions(), wanted
    )
    assert {segment.language for segment in segments} == {"en"}


@pytest.mark.long
def test_chunk_seams_leave_no_trace(
    call: Path, decoder: Decoder, warm_engine: WhisperEngine, wanted: Cancellation
) -> None:
    segmentation = segment_file(decoder, call, wanted)

    def said(spans: list[Span]) -> list[tuple[int, str]]:
        segments = [
            segment
            for span in spans
            for segment in recognize_span(decoder, call, segmentation, span, warm_engine, "tiny.en", ENGLISH, wanted)
        ]
        transcript = assemble(segments, duration=segmentation.duration)
        # Which windows share a batch may decide about a comma.
        return [(sentence.channel, plain(sentence.text)) for sentence in transcript.sentences]

    # Cut anywhere, in the middle of words too.
    cuts = [0.0, 9.7, 21.3, 22.2, 40.9, segmentation.duration]
    assert said([Span(*each) for each in pairwise(cuts)]) == said([Span(0.0, segmentation.duration)])


def test_cancelled_job_stops_listening(call: Path, decoder: Decoder) -> None:
    cancelled = Cancellation()
    cancelled.cancel()
    with pytest.raises(Cancelled):
        segment_file(decoder, call, cancelled)

"""Speech in another language than was asked for: synthesised callers beside the agent of the bundled call."""

import json
import wave
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from jiwer import wer

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import OmissionReason, OnLanguageMismatch, RecognitionOptions, Segment, Span
from callscribe.speech.languages import MULTI
from callscribe.speech.pipeline import recognize_span, segment_file
from callscribe.transcripts.assembly import assemble
from callscribe.transcripts.models import Transcript

Audio = npt.NDArray[np.int16]
Transcribe = Callable[..., Transcript]

SPEECH = Path(__file__).parents[2] / "data" / "speech"
RATE = 8000


def caller(language: str) -> Audio:
    with wave.open(str(SPEECH / f"{language}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def said(language: str) -> str:
    return " ".join(turn["text"] for turn in json.loads((SPEECH / f"{language}.json").read_text())["turns"])


@pytest.fixture(scope="module")
def agent(call: Path) -> Audio:
    """The first 12 s of the bundled call's second channel."""
    with wave.open(str(call)) as file:
        return np.frombuffer(file.readframes(12 * RATE), "<i2").reshape(-1, 2)[:, 1]


@pytest.fixture
def record(tmp_path: Path) -> Callable[..., Path]:
    def write(*channels: Audio) -> Path:
        path = tmp_path / "call.wav"
        samples = np.zeros((max(map(len, channels)), len(channels)), "<i2")
        for index, channel in enumerate(channels):
            samples[: len(channel), index] = channel
        with wave.open(str(path), "wb") as file:
            file.setnchannels(len(channels))
            file.setsampwidth(2)
            file.setframerate(RATE)
            file.writeframes(samples.tobytes())
        return path

    return write


@pytest.fixture
def transcribe(warm_engine: WhisperEngine, decoder: Decoder) -> Transcribe:
    def run(
        path: Path, *borders: float, language: str = "en-US", model: str = "base", wish: str = "follow"
    ) -> Transcript:
        segmentation = segment_file(decoder, path, NEVER)
        options = RecognitionOptions(
            None if language == MULTI else language, on_language_mismatch=OnLanguageMismatch(wish)
        )
        edges = [0.0, *borders, segmentation.duration]
        segments: list[Segment] = []
        for span in (Span(*each) for each in pairwise(edges)):
            segments += recognize_span(decoder, path, segmentation, span, warm_engine, model, options, NEVER)
        return assemble(
            segments, duration=segmentation.duration, language=language, channels=len(segmentation.channels)
        )

    return run


def texts(transcript: Transcript, channel: int) -> str:
    return " ".join(sentence.text for sentence in transcript.sentences if sentence.channel == channel)


def languages(transcript: Transcript, channel: int) -> set[str | None]:
    return {sentence.language for sentence in transcript.sentences if sentence.channel == channel}


def plain(text: str) -> str:
    return " ".join("".join(letter if letter.isalnum() else " " for letter in text.lower()).split())


@pytest.mark.parametrize(
    ("language", "locale"),
    [
        ("fr", "fr-FR"),
        ("es", "es-ES"),
        pytest.param("it", "it-IT", marks=pytest.mark.long),
        pytest.param("pt", "pt-BR", marks=pytest.mark.long),
    ],
)
def test_another_language_is_followed(
    language: str, locale: str, agent: Audio, record: Callable[..., Path], transcribe: Transcribe
) -> None:
    transcript = transcribe(record(caller(language), agent))
    assert languages(transcript, 0) == {locale}
    assert languages(transcript, 1) == {"en-US"}
    assert wer(plain(said(language)), plain(texts(transcript, 0))) < 0.25
    (mismatch,) = transcript.mismatches
    assert (mismatch.channel, mismatch.language) == (0, locale)
    assert 0.5 < mismatch.start < 1.5
    assert mismatch.end > 13
    assert mismatch.probability > 0.7
    assert (transcript.language, transcript.omissions) == ("en-US", ())


def test_another_language_is_left_out(agent: Audio, record: Callable[..., Path], transcribe: Transcribe) -> None:
    transcript = transcribe(record(caller("fr"), agent), wish="omit")
    assert texts(transcript, 0) == ""
    assert "Riverside" in texts(transcript, 1)
    assert {(each.channel, each.reason, each.language) for each in transcript.omissions} == {
        (0, OmissionReason.LANGUAGE_MISMATCH, "fr-FR")
    }
    assert [each.language for each in transcript.mismatches] == ["fr-FR"]


def test_another_language_is_only_told(agent: Audio, record: Callable[..., Path], transcribe: Transcribe) -> None:
    transcript = transcribe(record(caller("fr"), agent), wish="notice")
    assert languages(transcript, 0) == languages(transcript, 1) == {"en-US"}
    assert [(each.channel, each.language) for each in transcript.mismatches] == [(0, "fr-FR")]


@pytest.mark.parametrize("language", ["en-US", MULTI])
def test_unknown_language_gives_no_words(
    language: str, agent: Audio, record: Callable[..., Path], transcribe: Transcribe
) -> None:
    transcript = transcribe(record(caller("hi"), agent), language=language)
    assert texts(transcript, 0) == ""
    assert "Riverside" in texts(transcript, 1)
    assert {(each.channel, each.reason, each.language) for each in transcript.omissions} == {
        (0, OmissionReason.UNSUPPORTED_LANGUAGE, "hi")
    }
    assert [(each.channel, each.language) for each in transcript.mismatches] == [(0, "hi")]


@pytest.mark.long
@pytest.mark.parametrize("language", ["en-GB", MULTI])
def test_no_notice_on_what_was_asked_for(language: str, call: Path, transcribe: Transcribe) -> None:
    transcript = transcribe(call, language=language)
    assert transcript.mismatches == ()
    assert {sentence.language for sentence in transcript.sentences} == {"en-US" if language == MULTI else "en-GB"}


@pytest.mark.parametrize("language", ["en-US", MULTI])
def test_speaker_changes_at_a_pause(
    language: str, agent: Audio, record: Callable[..., Path], transcribe: Transcribe
) -> None:
    # One channel, and pauses too short to end a window.
    french = caller("fr")[: 5 * RATE]
    transcript = transcribe(record(np.concatenate([french, agent[: 7 * RATE], french])), language=language)
    assert [each.language for each in transcript.sentences if "Madame" in each.text] == ["fr-FR", "fr-FR"]
    assert [each.language for each in transcript.sentences if "Riverside" in each.text] == ["en-US"]


@pytest.mark.long
def test_english_model_says_nothing(agent: Audio, record: Callable[..., Path], transcribe: Transcribe) -> None:
    transcript = transcribe(record(caller("fr"), agent), model="tiny.en")
    assert transcript.mismatches == ()
    assert "Riverside" in texts(transcript, 1)


@pytest.mark.long
@pytest.mark.parametrize("language", ["en-US", MULTI])
def test_one_text_however_divided(
    language: str, agent: Audio, record: Callable[..., Path], transcribe: Transcribe
) -> None:
    path = record(np.concatenate([caller("fr"), agent, caller("it")]), caller("pt"))
    whole = transcribe(path, language=language)
    assert {each.language for each in whole.sentences} == {"fr-FR", "en-US", "it-IT", "pt-BR"}
    for borders in ([13.0, 18.0, 31.0], [float(border) for border in range(3, 45, 3)]):
        assert transcribe(path, *borders, language=language) == whole


def test_words_belong_to_one_language(agent: Audio, record: Callable[..., Path], transcribe: Transcribe) -> None:
    transcript = transcribe(record(np.concatenate([caller("es"), agent])))
    spans: Sequence[tuple[str, float]] = [(str(each.language), each.start) for each in transcript.sentences]
    assert {language for language, start in spans if start < 16} == {"es-ES"}
    assert {language for language, start in spans if start > 17} == {"en-US"}

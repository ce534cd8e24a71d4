"""What of a recording is sent, in which pieces, and what is asked of a model."""

import io
import tracemalloc
import wave
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.activity import ChannelActivity
from callscribe.speech.engines.openai.asking import Form, form_of, is_refusal_of_form, parameters, tells_language
from callscribe.speech.engines.openai.pieces import LONGEST, PAUSE, Piece, plan_pieces, sound_of, window_plans
from callscribe.speech.interface import SAMPLE_RATE, RecognitionOptions, Span, SpeechWindow
from callscribe.speech.windows import JOIN, plan_windows

SERVER_LIMIT = 25_000_000


def activity(channel: int, *spans: tuple[float, float]) -> ChannelActivity:
    return ChannelActivity(channel, tuple(Span(start, end) for start, end in spans), 1.0)


@st.composite
def activities(draw: st.DrawFn) -> list[ChannelActivity]:
    found = []
    for channel in range(draw(st.integers(1, 2))):
        at, spans = draw(st.floats(0, 100)), []
        for pause, length in draw(st.lists(st.tuples(st.floats(0, 400), st.floats(0.5, 28)), max_size=60)):
            at += pause
            spans.append((round(at, 3), round(at + length, 3)))
            at += length
        found.append(activity(channel, *spans))
    return found


@given(activities(), st.sampled_from([0.0, LONGEST]))
def test_all_speech_is_sent_once_and_no_long_silence(heard: list[ChannelActivity], longest: float) -> None:
    pieces = plan_pieces(heard, longest=longest, answered={})
    assert [(piece.end, piece.channel) for piece in pieces] == sorted((piece.end, piece.channel) for piece in pieces)
    for one in heard:
        sent = [each.span for piece in pieces if piece.channel == one.channel for each in piece.stretches]
        assert sent == [plan.span for plan in plan_windows(one)]
    for piece in pieces:
        assert piece.seconds <= max(longest, 28.1)
        assert piece.stretches[0].offset == 0
        for before, after in zip(piece.stretches, piece.stretches[1:], strict=False):
            assert 0 <= after.offset - before.end <= PAUSE + 1e-6
        assert longest or len(piece.stretches) == 1


@given(activities(), st.sampled_from([0.0, LONGEST]), st.data())
def test_behind_what_is_answered_all_is_as_it_was(
    heard: list[ChannelActivity], longest: float, data: st.DataObject
) -> None:
    pieces = plan_pieces(heard, longest=longest, answered={})
    done = data.draw(st.integers(0, len(pieces)))
    answered = {piece.channel: piece.end for piece in pieces[:done]}
    assert plan_pieces(heard, longest=longest, answered=answered) == pieces[done:]


def test_edge_that_moved_loses_nothing_and_sends_nothing_twice() -> None:
    one = plan_pieces([activity(0, (1.0, 5.0), (20.0, 30.0))], answered={0: 5.3})
    assert [each.span for each in one[0].stretches] == [Span(20.0, 30.0)]
    one = plan_pieces([activity(0, (1.0, 9.0), (20.0, 30.0))], answered={0: 5.3})
    assert [each.span for each in one[0].stretches] == [Span(5.3, 9.0), Span(20.0, 30.0)]


def test_silent_channel_is_not_sent() -> None:
    assert plan_pieces([activity(0), activity(1)], answered={}) == []


def test_times_there_and_back() -> None:
    (piece,) = plan_pieces([activity(0, (3.0, 5.0), (5.5, 6.0), (60.0, 64.0), (300.0, 301.0))], answered={})
    assert [(each.offset, each.span) for each in piece.stretches] == [
        (0.0, Span(3.0, 6.0)),
        (4.0, Span(60.0, 64.0)),
        (9.0, Span(300.0, 301.0)),
    ]
    assert piece.place(0.5, 1.0)[1] == Span(3.5, 4.0)
    assert piece.place(4.5, 5.0)[1] == Span(60.5, 61.0)
    assert piece.place(9.9, 12.0)[1] == Span(300.9, 301.0)
    assert piece.place(-1.0, 0.2)[1] == Span(3.0, 3.2)


def windows(pieces: list[Piece], level: float = 0.5) -> Iterator[SpeechWindow]:
    for plan in window_plans(pieces):
        samples = np.full(round(plan.span.duration * SAMPLE_RATE), level * (plan.channel + 1), np.float32)
        yield SpeechWindow(plan.channel, plan.span.start, samples, plan.speech)


def samples_of(sound: bytes) -> npt.NDArray[np.int16]:
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, SAMPLE_RATE)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2")


def test_sound_begins_and_ends_with_speech() -> None:
    pieces = plan_pieces([activity(0, (1.0, 2.0), (50.0, 51.0)), activity(1, (1.5, 30.0))], answered={})
    found = list(sound_of(windows(pieces), pieces))
    assert [piece for piece, _ in found] == pieces
    by_channel = {piece.channel: samples_of(sound) for piece, sound in found}
    assert len(by_channel[0]) == 3 * SAMPLE_RATE
    assert by_channel[0].reshape(3, -1).max(axis=1).tolist() == [16384, 0, 16384]
    assert set(by_channel[1]) == {32767}


def test_longest_piece_is_within_what_servers_take() -> None:
    pieces = plan_pieces([activity(0, *((28.0 * n, 28.0 * n + 28.0) for n in range(40)))], answered={})
    sizes = [len(sound) for _, sound in sound_of(windows(pieces), pieces)]
    assert max(sizes) < SERVER_LIMIT / 2


def test_memory_does_not_grow_with_the_recording() -> None:
    """Eight hours in which both talk all the time, as they are decoded."""
    spans = [(n * (28.0 + JOIN), n * (28.0 + JOIN) + 28.0) for n in range(960)]
    pieces = plan_pieces([activity(0, *spans), activity(1, *spans)], answered={})
    silence = np.zeros(28 * SAMPLE_RATE, np.float32)
    those = (SpeechWindow(plan.channel, plan.span.start, silence, plan.speech) for plan in window_plans(pieces))
    tracemalloc.start()
    count = sum(1 for _ in sound_of(those, pieces))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == len(pieces)
    assert peak < 80 * 2**20, "of 1.8 GB"


TERMS = RecognitionOptions("no-NO", keyterms=("Riverside Outdoor", "<b>Emma"))


def test_parameters_by_model() -> None:
    whisper = parameters("whisper-1", Form.WORDS, TERMS)
    assert whisper == {
        "model": "whisper-1",
        "response_format": "verbose_json",
        "timestamp_granularities": ["word", "segment"],
        "language": "no",
        "prompt": "Riverside Outdoor, <b>Emma.",
        "temperature": 0,
    }
    assert parameters("Systran/faster-whisper-base", Form.SEGMENTS, RecognitionOptions()) == {
        "model": "Systran/faster-whisper-base",
        "response_format": "verbose_json",
        "timestamp_granularities": ["segment"],
        "temperature": 0,
    }
    assert parameters("gpt-4o-transcribe", Form.TEXT, TERMS) == {
        "model": "gpt-4o-transcribe",
        "response_format": "json",
        "language": "no",
        "prompt": "Riverside Outdoor, <b>Emma.",
    }
    assert parameters("openai/gpt-transcribe", Form.TEXT, TERMS) == {
        "model": "openai/gpt-transcribe",
        "response_format": "json",
        "languages": ["no"],
        "keywords": ["Riverside Outdoor", "bEmma"],
    }
    assert parameters("gpt-4o-transcribe-diarize", Form.TEXT, TERMS) == {
        "model": "gpt-4o-transcribe-diarize",
        "response_format": "json",
        "language": "no",
        "chunking_strategy": "auto",
    }


def test_forms() -> None:
    names = ("whisper-1", "gpt-transcribe", "openai/gpt-4o-transcribe", "openai/whisper-large-v3", "gpt4all")
    assert [form_of(name) for name in names] == [Form.WORDS, Form.TEXT, Form.TEXT, Form.WORDS, Form.WORDS]
    assert [tells_language(name) for name in names] == [True, True, False, True, True]
    assert [form.less for form in Form] == [Form.SEGMENTS, Form.TEXT, Form.TEXT]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("response_format 'verbose_json' is not compatible with model 'x'. Use 'json' or 'text' instead.", True),
        ("Currently do not support verbose_json for mistral", True),
        ("Word-level timestamps are not supported", True),
        ("The model `x` does not exist", False),
        ("Audio file might be corrupted or unsupported", False),
    ],
)
def test_refusals_of_form(words: str, expected: object) -> None:
    assert is_refusal_of_form(words) is expected


def test_prompt_is_as_long_as_is_read() -> None:
    terms = tuple(f"Number {number} of many names" for number in range(500))
    prompt = parameters("whisper-1", Form.WORDS, RecognitionOptions(keyterms=terms))["prompt"]
    assert prompt.startswith("Number 0 of many names, Number 1 of many names, ")
    assert prompt.endswith(" names.")
    assert 550 < len(prompt) <= 601

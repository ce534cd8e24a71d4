"""From answers, in the shapes of many servers, to segments with words in recording time."""

import json
from itertools import pairwise
from typing import Any

import pytest
from openai.types.audio import Transcription, TranscriptionSegment, TranscriptionVerbose, TranscriptionWord

from callscribe.errors import JobError
from callscribe.speech.engines.openai.aligning import TimedPart, align
from callscribe.speech.engines.openai.kept import packed, unpacked
from callscribe.speech.engines.openai.languages import code_of
from callscribe.speech.engines.openai.pieces import Piece, Stretch
from callscribe.speech.engines.openai.responses import segments_of
from callscribe.speech.interface import Segment, Span

# 4 s from second 10 on, a second of silence where there were 56, and 5 s from second 70 on.
PIECE = Piece(1, (Stretch(Span(10.0, 14.0), 0.0), Stretch(Span(70.0, 75.0), 5.0)))


def answer(**members: Any) -> bytes:
    return json.dumps({"task": "transcribe", "language": "english", "duration": 10.0, **members}).encode()


def sentence(text: str, start: float, end: float, **members: Any) -> dict[str, Any]:
    return {"id": 0, "text": text, "start": start, "end": end, "avg_logprob": -0.1, "tokens": [1], **members}


def word(text: str, start: float, end: float, **members: Any) -> dict[str, Any]:
    return {"word": text, "start": start, "end": end, **members}


def read(given: bytes, piece: Piece = PIECE, language: str | None = "en") -> list[Segment]:
    return list(segments_of(given, piece, language))


def timed(segments: list[Segment]) -> list[tuple[str, float, float]]:
    return [(each.text, each.start, each.end) for segment in segments for each in segment.words]


def test_words_of_openai_have_the_punctuation_of_the_text() -> None:
    given = TranscriptionVerbose(
        duration=10.0,
        language="english",
        text="Hi, it's number 452. Twenty-five dollars?",
        segments=[
            TranscriptionSegment(
                id=number,
                avg_logprob=-0.105,
                compression_ratio=1.0,
                start=start,
                end=end,
                no_speech_prob=0.0,
                seek=0,
                temperature=0.0,
                text=text,
                tokens=[1, 2],
            )
            for number, (text, start, end) in enumerate(
                [(" Hi, it's number 452.", 0.0, 4.0), (" Twenty-five dollars?", 5.0, 8.0)]
            )
        ],
        words=[
            TranscriptionWord(word=text, start=start, end=end)
            for text, start, end in [
                ("Hi", 0.1, 0.4),
                ("it's", 0.6, 0.9),
                ("number", 1.0, 1.5),
                ("452", 1.5, 3.5),
                ("Twenty", 5.2, 5.6),
                ("five", 5.6, 6.0),
                ("dollars", 6.2, 6.9),
            ]
        ],
    )
    first, second = read(given.to_json().encode())
    assert timed([first]) == [
        ("Hi,", 10.1, 10.4),
        ("it's", 10.6, 10.9),
        ("number", 11.0, 11.5),
        ("452.", 11.5, 13.5),
    ]
    assert timed([second]) == [("Twenty-five", 70.2, 71.0), ("dollars?", 71.2, 71.9)]
    assert (first.channel, first.start, first.end, first.language, first.words_timed) == (1, 10.1, 13.5, "en", True)
    assert {each.confidence for each in first.words} == {0.9}


def test_words_of_faster_whisper_within_segments() -> None:
    words = [word(" Well", 0.0, 0.5, probability=0.8), word(", yes.", 0.5, 1.0, probability=0.6)]
    (heard,) = read(answer(text="Well, yes.", segments=[sentence("Well, yes.", 0.0, 1.0, words=words)]))
    assert timed([heard]) == [("Well,", 10.0, 10.5), ("yes.", 10.5, 11.0)]
    assert [each.confidence for each in heard.words] == [0.8, 0.6]


def test_tokens_of_whisper_cpp() -> None:
    """Several to a word, and a segment may end within a word."""
    segments = [
        sentence(" The call", 0.0, 1.0, words=[word(" The", 0.0, 0.4), word(" call", 0.4, 1.0)]),
        sentence(
            "scribe said.", 1.0, 2.0, words=[word("scr", 1.0, 1.2), word("ibe", 1.2, 1.5), word(" said.", 1.5, 2.0)]
        ),
    ]
    heard = read(answer(text=" The call\nscribe said.\n", segments=segments))
    assert timed(heard) == [("The", 10.0, 10.4), ("callscribe", 10.4, 11.5), ("said.", 11.5, 12.0)]


def test_segments_alone() -> None:
    (heard,) = read(answer(text="One three.", segments=[sentence(" One three.", 1.0, 3.0)]))
    assert (heard.start, heard.end, heard.text, heard.words_timed) == (11.0, 13.0, "One three.", False)


def test_segment_across_silence_that_was_cut_out() -> None:
    first, second = read(answer(text="Ab cd.", segments=[sentence("Ab cd.", 2.0, 8.0)]))
    assert timed([first, second]) == [("Ab", 12.0, 14.0), ("cd.", 70.0, 73.0)]


def test_segment_that_ends_with_the_silence_behind_it() -> None:
    said = read(answer(text="Ab cd. Ef", segments=[sentence("Ab cd.", 2.0, 5.1), sentence("Ef", 5.1, 7.0)]))
    assert [(each.text, each.start, each.end) for each in said] == [("Ab cd.", 12.0, 14.0), ("Ef", 70.1, 72.0)]
    within_silence = read(answer(text="Ab", segments=[sentence("Ab", 4.2, 4.3)]))
    assert timed(within_silence) == [("Ab", 14.0, 14.0)]


def test_word_across_silence_that_was_cut_out_stays_on_one_side() -> None:
    (heard,) = read(answer(text="Hm.", words=[word("Hm", 3.5, 5.2)]))
    assert timed([heard]) == [("Hm.", 13.5, 14.0)]


def test_first_word_behind_silence_is_not_left_before_it() -> None:
    words = [word("Tuesday", 2.0, 3.0), word("I", 3.2, 4.1), word("understand", 5.4, 6.0)]
    segments = [sentence("On Tuesday.", 1.0, 3.2), sentence("I understand.", 3.2, 6.0)]
    first, second = read(answer(text="On Tuesday. I understand.", segments=segments, words=words))
    assert timed([second]) == [("I", 70.0, 70.4), ("understand.", 70.4, 71.0)]
    assert first.end == 13.0


def test_text_alone_has_the_time_of_the_piece() -> None:
    short = Piece(0, (Stretch(Span(3.0, 5.0), 0.0),))
    (heard,) = read(Transcription(text="Good day.").to_json().encode(), short)
    assert (heard.start, heard.end, heard.words_timed, heard.channel) == (3.0, 5.0, False, 0)
    assert {each.confidence for each in heard.words} == {1.0}


@pytest.mark.parametrize("text", ["", "  ", "…", " ♪ ♪ "])
def test_nothing_said(text: str) -> None:
    assert read(answer(text=text, segments=[])) == []
    assert read(answer(text=text, segments=[sentence(text, 0.0, 1.0)], words=[])) == []
    assert read(json.dumps({"text": text}).encode()) == []


def test_times_that_cannot_be_are_made_to_fit() -> None:
    given = answer(
        text="A b. C d.",
        segments=[sentence("C d.", 8.0, 30.0), sentence("A b.", -1.0, 4.0)],
        words=[word("d", 9.5, 31.0), word("c", 9.9, 9.0), word("b", 2.0, 1.0), word("A", -0.5, 0.5)],
    )
    heard = read(given)
    said = timed(heard)
    assert [text for text, _, _ in said] == ["A", "b.", "C", "d."]
    assert [start for _, start, _ in said] == sorted(start for _, start, _ in said)
    assert all(10.0 <= start <= end <= 75.0 for _, start, end in said)


def test_words_missing_from_the_times_share_what_is_left() -> None:
    parts = [TimedPart("one", 0.0, 1.0), TimedPart("two", 1.0, 2.0), TimedPart("five", 6.0, 7.0)]
    spans = [each.span for each in align(["One", "two,", "(three", "four)", "five."], parts, 10.0)]
    assert spans[:2] == [Span(0.0, 1.0), Span(1.0, 2.0)]
    assert spans[4] == Span(6.0, 7.0)
    assert (spans[2].start, spans[3].end, spans[2].end) == (2.0, 6.0, spans[3].start)


def test_times_of_words_that_the_text_has_not() -> None:
    parts = [TimedPart("uh", 0.0, 1.0), TimedPart("hello", 1.0, 2.0), TimedPart("their", 2.0, 3.0)]
    assert [each.span for each in align(["Hello", "there."], parts, 3.0)] == [Span(1.0, 2.0), Span(2.0, 3.0)]
    assert align([], parts, 3.0) == []


def test_language_asked_or_told() -> None:
    one = [sentence("Oui.", 0.0, 1.0)]
    assert read(answer(text="Oui.", segments=one, language="french"), language=None)[0].language == "fr"
    assert read(answer(text="Oui.", segments=one, language="english"), language="fr")[0].language == "fr"
    assert read(answer(text="Oui.", segments=one, language="unknown"), language=None)[0].language == "und"
    transcribed = {"text": "Oui.", "languages": [{"code": "fr"}, {"code": "en"}]}
    assert read(json.dumps(transcribed).encode(), language=None)[0].language == "fr"
    assert read(json.dumps({"text": "Oui.", "languages": []}).encode(), language=None)[0].language == "und"


def test_languages_by_name_and_code() -> None:
    names = ("English", "norwegian", "haitian creole", "en-US", "pt_BR", "NO", "klingon", "")
    assert [code_of(name) for name in names] == ["en", "no", "ht", "en", "pt", "no", None, None]


@pytest.mark.parametrize(
    "given",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"{}",
        b'{"text": null}',
        b'{"text": "secret", "words": [{"start": 0.5}]}',
        b'{"text": "secret", "segments": [{"text": "secret", "start": "soon", "end": 1}]}',
        b'{"text": "secret", "segments": [{"text": "secret", "start": NaN, "end": 1}]}',
        b'{"text": "sec',
        b"\xff\xfe",
    ],
)
def test_unreadable_and_nothing_of_it_is_told(given: bytes) -> None:
    with pytest.raises(JobError, match="cannot be read") as unreadable:
        read(given)
    assert "secret" not in str(unreadable.value)


def test_what_is_null_or_no_number_is_not_missed() -> None:
    given = b"""{"text": "Yes.", "words": null, "language": null, "duration": null, "segments":
        [{"text": "Yes.", "start": 0, "end": 1, "avg_logprob": NaN, "words": null, "no_speech_prob": null}]}"""
    assert [each.confidence for each in read(given)[0].words] == [1.0]


def test_half_an_hour() -> None:
    long = Piece(0, tuple(Stretch(Span(30.0 * n, 30.0 * n + 20), 21.0 * n) for n in range(60)))
    words = [word(f" w{n}", 0.5 * n, 0.5 * n + 0.4) for n in range(2500)]
    segments = [
        sentence("".join(each["word"] for each in words[n : n + 10]), 0.5 * n, 0.5 * n + 5) for n in range(0, 2500, 10)
    ]
    heard = read(answer(text="".join(each["word"] for each in words), segments=segments, words=words), long)
    said = timed(heard)
    assert [text for text, _, _ in said] == [f"w{n}" for n in range(2500)]
    assert all(before[1] <= after[1] for before, after in pairwise(said))
    assert said[-1][2] <= long.end


def test_kept_with_its_piece() -> None:
    given = answer(text="Wörter\nund mehr")
    assert unpacked(packed(PIECE, given)) == (PIECE, given)
    assert unpacked(packed(PIECE, b"\n\xff\n")) == (PIECE, b"\n\xff\n")

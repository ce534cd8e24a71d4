"""Deepgram's answers, in which nearly everything may be missing, as segments."""

import json
from typing import Any

import pytest

from callscribe.errors import Code, JobError
from callscribe.speech.engines.deepgram.responses import segments
from callscribe.speech.interface import Segment, Word


def word(text: str, start: float | None = 0.0, end: float | None = 1.0, **others: Any) -> dict[str, Any]:
    return {"word": text.lower(), "punctuated_word": text, "start": start, "end": end, "confidence": 0.9} | others


def utterance(*words: dict[str, Any], channel: int | None = 0, **others: Any) -> dict[str, Any]:
    return {"channel": channel, "start": 0.0, "end": 5.0, "confidence": 0.5, "words": list(words)} | others


def read(
    *utterances: dict[str, Any],
    channels: tuple[int, ...] = (0, 1),
    locale: str | None = "en-US",
    multichannel: bool = True,
    of_channels: tuple[dict[str, Any], ...] = ({}, {}),
) -> list[Segment]:
    answer = json.dumps({"results": {"channels": of_channels, "utterances": utterances}}).encode()
    return list(segments(answer, channels, 10.0, locale, multichannel=multichannel))


def unreadable(answer: object) -> str:
    with pytest.raises(JobError) as failed:
        list(segments(json.dumps(answer).encode(), (0,), 10.0, "en-US", multichannel=False))
    assert failed.value.code is Code.PROVIDER_REFUSED
    return failed.value.detail


def test_utterance_is_a_segment() -> None:
    (segment,) = read(utterance(word("Hello", 1.5, 2.0), word("there.", 2.0, 2.75), channel=1))
    assert segment == Segment(1, 1.5, 2.75, (Word("Hello", 1.5, 2.0, 0.9), Word("there.", 2.0, 2.75, 0.9)), "en")


def test_without_multichannel_what_was_heard_is_the_channel_asked_for() -> None:
    (segment,) = read(utterance(word("Hello.")), channels=(1,), multichannel=False, of_channels=({},))
    assert segment.channel == 1


def test_channel_that_was_not_asked_for_is_left_out() -> None:
    found = read(utterance(word("Hello.")), utterance(word("Hello."), channel=1), channels=(0,))
    assert [each.channel for each in found] == [0]


def test_words_are_sorted_and_brought_inside() -> None:
    (segment,) = read(utterance(word("b", 4, 3), word("c", 9.5, 12), word("a", -1, 0.5), word("d", 11, 12)))
    assert [(each.text, each.start, each.end) for each in segment.words] == [
        ("a", 0.0, 0.5),
        ("b", 4, 4),
        ("c", 9.5, 10.0),
        ("d", 10.0, 10.0),
    ]
    assert (segment.start, segment.end) == (0.0, 10.0)


def test_formatting_that_made_one_word_of_several() -> None:
    (segment,) = read(utterance(word("(555) 010-1234", 1.0, 4.0), word(" ", 4.0, 4.5)))
    assert segment.words == (Word("(555)", 1.0, 4.0, 0.9), Word("010-1234", 1.0, 4.0, 0.9))


def test_word_without_punctuation_is_taken_as_it_is() -> None:
    (segment,) = read(utterance({"word": "hello", "start": 1, "end": 2}))
    assert segment.words == (Word("hello", 1.0, 2.0, 0.5),), "with the confidence of its utterance"


@pytest.mark.parametrize(("given", "taken"), [(-0.1, 0.0), (1.2, 1.0), (0.25, 0.25), (None, 0.5)])
def test_confidence_is_between_0_and_1(given: float | None, taken: float) -> None:
    (segment,) = read(utterance(word("Hello.", confidence=given)))
    assert segment.words[0].confidence == taken


def test_no_confidence_at_all_is_none() -> None:
    (segment,) = read(utterance(word("Hello.", confidence=None), confidence=None))
    assert segment.words[0].confidence == 0.0


def test_words_without_times_have_those_of_the_utterance() -> None:
    (segment,) = read(utterance(word("Hello", 1, 2), word("there.", None, None), start=1.0, end=30.0))
    assert not segment.words_timed
    assert segment.words == (Word("Hello", 1.0, 10.0, 0.9), Word("there.", 1.0, 10.0, 0.9))
    assert (segment.start, segment.end) == (1.0, 10.0)


def test_text_alone_has_the_time_of_the_utterance() -> None:
    (segment,) = read(utterance(transcript="Hello  there.", words=None, start=1.0))
    assert not segment.words_timed
    assert segment.words == (Word("Hello", 1.0, 5.0, 0.5), Word("there.", 1.0, 5.0, 0.5))


def test_nothing_in_an_utterance_is_nothing() -> None:
    assert read(utterance(), utterance(words=None), utterance(word("")), utterance(transcript=" ")) == []


# Languages.


def test_language_of_most_words() -> None:
    (segment,) = read(
        utterance(word("Hola", language="es"), word("my", language="en"), word("friend", language="en-US")), locale=None
    )
    assert segment.language == "es"
    (segment,) = read(
        utterance(word("Hola", language="es"), word("my", language="en"), word("friend", language="en")), locale="multi"
    )
    assert segment.language == "en"


def test_language_where_words_do_not_say() -> None:
    unsaid = utterance(word("Hallo."))
    assert read(unsaid | {"languages": ["nl-BE", "en"]}, locale=None)[0].language == "nl"
    detected = ({"detected_language": "da"}, {})
    assert read(unsaid, locale=None, of_channels=detected)[0].language == "da"
    assert read(unsaid | {"channel": 1}, locale=None, of_channels=detected)[0].language == "da"
    alternatives = ({"alternatives": [{"transcript": "Hallo.", "languages": ["de", "en"]}]}, {})
    assert read(unsaid, locale=None, of_channels=alternatives)[0].language == "de"
    said = utterance(word("Hej.", language="sv"), channel=1)
    assert [each.language for each in read(unsaid, said, locale=None)] == ["sv", "sv"]


def test_no_language_at_all_is_not_guessed() -> None:
    with pytest.raises(JobError, match="does not say in which language"):
        read(utterance(word("Hello.")), locale=None)


def test_language_asked_for_is_not_asked_again() -> None:
    assert read(utterance(word("Hello.", language="fr")), locale="en-GB")[0].language == "en"


# What cannot be read.


def test_channels_missing() -> None:
    with pytest.raises(JobError, match="it has 1 of 2 channels"):
        read(utterance(word("Hello.")), of_channels=({},))
    with pytest.raises(JobError, match="it has 0 of 1 channels"):
        read(channels=(0,), multichannel=False, of_channels=())


@pytest.mark.parametrize("channel", [None, 2, -1])
def test_utterance_of_no_channel(channel: int | None) -> None:
    with pytest.raises(JobError, match="an utterance is of no channel"):
        read(utterance(word("Hello."), channel=channel))


def test_words_without_any_time() -> None:
    with pytest.raises(JobError, match="words without times"):
        read(utterance(word("Hello.", None), start=None))


def test_text_without_utterances() -> None:
    said = {"results": {"channels": [{"alternatives": [{"transcript": "Hello."}]}]}}
    assert "channel 1 has text and no utterances" in unreadable(said)
    silent = json.dumps({"results": {"channels": [{"alternatives": [{"transcript": ""}]}]}}).encode()
    assert list(segments(silent, (0,), 10.0, "en-US", multichannel=False)) == []


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        "text",
        {},
        {"results": None},
        {"results": {"channels": {}}},
        {"results": {"channels": [{}], "utterances": [{"start": "soon"}]}},
        {"results": {"channels": [{}], "utterances": [{"channel": 0, "words": [{"start": [0.5]}]}]}},
    ],
)
def test_another_form(answer: object) -> None:
    detail = unreadable(answer)
    assert detail.startswith("the answer of Deepgram cannot be read: ")
    assert "soon" not in detail, "what was said stays out of it"

"""What is made of Google's results, also of those that are not as they should be."""

from datetime import timedelta
from typing import Any

import pytest
from google.cloud.speech_v2.types import cloud_speech
from hypothesis import given
from hypothesis import strategies as st

from callscribe.errors import Code, JobError, ProviderUnavailable
from callscribe.speech.engines.google import results
from callscribe.speech.interface import Segment

WORD = tuple[str, float | None, float | None]


def result(*words: WORD, text: str | None = None, tag: int = 1, end: float = 0.0, **members: Any) -> Any:
    infos = []
    for word, start, until in words:
        info = cloud_speech.WordInfo(word=word, confidence=members.pop("confidence", 0.5))
        if start is not None:
            info.start_offset = timedelta(seconds=start)
        if until is not None:
            info.end_offset = timedelta(seconds=until)
        infos.append(info)
    transcript = " ".join(word for word, _, _ in words) if text is None else text
    heard = cloud_speech.SpeechRecognitionAlternative(transcript=transcript, words=infos, confidence=0.8)
    return cloud_speech.SpeechRecognitionResult(
        alternatives=[heard], channel_tag=tag, result_end_offset=timedelta(seconds=end), **members
    )


def segments(*found: Any, channels: tuple[int, ...] = (0, 1), **changed: Any) -> list[Segment]:
    how = {"start": 0.0, "duration": 60.0, "language": "en", **changed}
    return list(results.segments(found, channels=channels, **how))


def times(segment: Segment) -> list[tuple[str, float, float]]:
    return [(word.text, word.start, word.end) for word in segment.words]


def test_times_are_those_of_the_recording() -> None:
    (segment,) = segments(result(("Hello", 1.0, 1.5), ("there.", 1.5, 2.0), tag=2), start=100.0)
    assert (segment.channel, segment.start, segment.end) == (1, 101.0, 102.0)
    assert times(segment) == [("Hello", 101.0, 101.5), ("there.", 101.5, 102.0)]
    assert segment.words_timed


def test_words_in_order_and_inside() -> None:
    (segment,) = segments(result(("two", 5.0, 6.0), ("one", -1.0, 2.0), ("end", 59.0, 75.0), ("back", 9.0, 8.0)))
    assert times(segment) == [("one", 0.0, 2.0), ("two", 5.0, 6.0), ("back", 9.0, 9.0), ("end", 59.0, 60.0)]


def test_a_start_that_lacks_is_nought_or_where_the_word_before_ended() -> None:
    first, second = segments(
        result(("Hello", None, 0.5), ("there.", None, 0.9), end=1.0), result(("Yes.", None, 3.0), end=3.0)
    )
    assert times(first) == [("Hello", 0.0, 0.5), ("there.", 0.5, 0.9)]
    assert times(second) == [("Yes.", 1.0, 3.0)]


def test_punctuation_of_the_text() -> None:
    (segment,) = segments(result(("hello", 1.0, 2.0), ("you", 2.0, 3.0), text="Hello, you."))
    assert segment.text == "Hello, you."
    # Where words and text do not go together, words are what is timed.
    (segment,) = segments(result(("hello", 1.0, 2.0), ("you", 2.0, 3.0), text="Hello."))
    assert segment.text == "hello you"


def test_words_without_times_are_said_to_have_none() -> None:
    first, second = segments(result(text="Hello there.", end=4.0), result(("Yes.", None, None), end=6.0))
    assert not first.words_timed
    assert times(first) == [("Hello", 0.0, 4.0), ("there.", 0.0, 4.0)]
    assert (second.start, second.end, second.words_timed) == (4.0, 6.0, False)


@pytest.mark.parametrize(
    ("code", "expected"), [("en-us", "en"), ("cmn-Hans-CN", "zh"), ("no-NO", "no"), ("", "en"), ("fr", "fr")]
)
def test_language(code: str, expected: str) -> None:
    (segment,) = segments(result(("A.", 0.0, 1.0), language_code=code))
    assert segment.language == expected


@pytest.mark.parametrize(("told", "expected"), [(0.25, 0.25), (0.0, 0.8), (7.0, 1.0), (-1.0, 0.0), (float("nan"), 0.0)])
def test_confidence(told: float, expected: float) -> None:
    (segment,) = segments(result(("A.", 0.0, 1.0), confidence=told))
    assert segment.words[0].confidence == pytest.approx(expected)


def test_one_channel_has_no_tag() -> None:
    (segment,) = segments(result(("A.", 0.0, 1.0), tag=0), channels=(1,))
    assert segment.channel == 1


@pytest.mark.parametrize("tag", [0, 3, -1])
def test_a_channel_that_was_not_sent(tag: int) -> None:
    with pytest.raises(JobError, match="channel") as refused:
        segments(result(("A.", 0.0, 1.0), tag=tag))
    assert refused.value.code is Code.PROVIDER_REFUSED


def test_nothing_is_nothing() -> None:
    assert segments() == []
    assert segments(cloud_speech.SpeechRecognitionResult(channel_tag=1), result(tag=2), result(text=" ")) == []


@given(
    st.lists(st.tuples(st.text(max_size=5), st.none() | st.floats(-5, 90), st.none() | st.floats(-5, 90)), max_size=6),
    st.text(max_size=20),
    st.floats(0, 90),
)
def test_whatever_comes(words: list[WORD], text: str, end: float) -> None:
    for segment in segments(result(*words, text=text, end=end), start=10.0, duration=60.0):
        assert segment.words
        assert 10.0 <= segment.start <= segment.end <= 70.0
        starts = [word.start for word in segment.words]
        assert starts == sorted(starts)
        for word in segment.words:
            assert word.text.strip() == word.text != ""
            assert segment.start <= word.start <= word.end <= segment.end


@pytest.mark.parametrize("body", [b"", b"[]", b"7", b'{"results": {}}', b'{"results": [{"alternatives": 1}]}', b"\xff"])
def test_answers_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(JobError, match="cannot be read"):
        results.answered(body)


def test_members_that_came_later_are_passed_over() -> None:
    assert len(results.answered(b'{"results": [{"channelTag": 1, "newer": {"a": 1}}], "metadata": {}}')) == 1


@pytest.mark.parametrize(
    "operation",
    [{}, {"response": 1}, {"response": {"results": {}}}, {"response": {"results": {"a": 1}}}, {"error": "no"}],
)
def test_operations_that_cannot_be_read(operation: dict[str, Any]) -> None:
    with pytest.raises(JobError, match="cannot be read"):
        results.of_operation(operation)


def test_a_transcript_of_nothing_may_lack() -> None:
    assert results.of_operation({"response": {"results": {"gs://a/b": {"inlineResult": {}}}}}) == []
    old = {"response": {"results": {"gs://a/b": {"transcript": {"results": [{"channelTag": 2}]}}}}}
    assert [each.channel_tag for each in results.of_operation(old)] == [2]


@pytest.mark.parametrize(("code", "later"), [(3, False), (9, False), (11, False), (8, True), (13, True), (14, True)])
def test_operations_that_failed(code: int, later: bool) -> None:  # noqa: FBT001
    with pytest.raises(JobError, match="words of theirs") as failed:
        results.of_operation({"error": {"code": code, "message": "words of theirs"}})
    assert isinstance(failed.value, ProviderUnavailable) == later

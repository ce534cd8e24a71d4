"""What the finder promises of every text: places inside of it, in order, apart; a cost in proportion to its words."""

import sys
from collections.abc import Callable
from itertools import pairwise
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asking import LOOKALIKES, QUESTIONS
from callscribe.redaction.entities import ALL, Entity
from callscribe.redaction.finding import Said, find
from callscribe.redaction.languages import language_of
from callscribe.redaction.numerals import numeral
from callscribe.redaction.tokens import stream_of
from redacting import call, marked
from speaking import CODES, below_hundred

TEXT = """one two oh double fifty-one 4111 no, sorry password is my name Pat at gmail dot com . ? , - @ born May third
street 12 Baker card number PIN expires 04/27 plus A B c zwei vierzig ß İ ’ 😀 account order IBAN GB29"""
WORDS = st.sampled_from(TEXT.split())


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.lists(WORDS, max_size=12) | st.just([]), st.sampled_from((*CODES, None, "xx"))),
        max_size=8,
    )
)
def test_places_are_sorted_apart_and_inside(lines: list[tuple[int, list[str], str | None]]) -> None:
    said = [Said(" ".join(words), code, party, 2.0 * n, 2.0 * n + 1) for n, (party, words, code) in enumerate(lines)]
    found = find(said, ALL)
    places = [(each.sentence, each.first, each.behind) for each in found]
    assert places == sorted(places)
    for each in found:
        assert 0 <= each.first < each.behind <= len(said[each.sentence].text)
    for (sentence, _, behind), (other, first, _) in pairwise(places):
        assert other > sentence or first >= behind


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(CODES), st.text(max_size=80))
def test_any_text_is_read(code: str, text: str) -> None:
    find(call([(0, text), (1, text)], code), ALL, [text[:10]])


def test_no_sentences() -> None:
    assert find([], ALL) == []
    assert find(call([(0, ""), (1, " ")], "en"), ALL) == []


@pytest.mark.parametrize("code", CODES)
def test_every_number_below_100_is_read_as_one(code: str) -> None:
    for value in range(100):
        stream = stream_of(call([(0, below_hundred(value, code))], code))
        read = numeral(stream.tokens, 0, len(stream.tokens), language_of(code))
        assert read is not None
        assert (read.digits, read.tokens) == (str(value), len(stream.tokens)), below_hundred(value, code)


@pytest.mark.parametrize("code", CODES)
def test_chatter_is_left_alone(code: str) -> None:
    lines = [(n % 2, text) for n, text in enumerate(LOOKALIKES[code])]
    assert marked(call(lines, code)) == [text for _, text in lines]


@pytest.mark.parametrize("code", CODES)
def test_questions_alone_have_nothing(code: str) -> None:
    lines = [(0, text) for text in QUESTIONS[code].values()]
    assert marked(call(lines, code)) == [text for _, text in lines]


REPEATED = (
    "1 ",
    "one ",
    "a dot ",
    "at dot ",
    "@ . ",
    "Pat ",
    "card number ",
    "my name is ",
    "12 street ",
    "double ",
    "one no ",
    "born may third ",
    "password is ",
    "password? ",
    "1",
    "a",
    "A B C ",
    "4111 1111 1111 1111 no ",
    "password x7 ",
    "a b at c d dot com ",
    "what is your name ",
    "address? ",
    "rue ",
    "quatre vingt ",
    "NW1 6XE ",
    "j. at gmail dot com ",
    "expires 2028 ",
    "12 Oak Street. ",
    "license plate KR ",
    "3.5.2027 ",
    "my email is j. ",
)


def calls_of(work: Callable[[], Any]) -> int:
    """How many calls of functions some work takes; unlike seconds it is the same every time."""
    count = 0

    def profile(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count


@pytest.mark.parametrize("text", REPEATED)
@pytest.mark.parametrize("sentences", [False, True], ids=["one sentence", "sentences"])
def test_cost_grows_with_the_words(text: str, sentences: bool) -> None:  # noqa: FBT001
    def said(times: int) -> list[Said]:
        return call([(n % 2, text * 4) for n in range(times // 4)] if sentences else [(0, text * times)], "en")

    find(said(200), ALL)  # what is read once for all texts
    once, four_times = (calls_of(lambda times=times: find(said(times), ALL)) for times in (200, 800))
    assert four_times < 5 * once + 8000  # the rest is what is kept of words


def test_entities_have_the_names_of_the_labels() -> None:
    assert [entity.value for entity in Entity] == [entity.name for entity in Entity]
    assert frozenset(Entity) == ALL

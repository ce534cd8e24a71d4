"""A card number is found in every language and way of saying it, announced or not; what only looks like one stays."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asking import LOOKALIKES
from callscribe.redaction.entities import ALL, Entity
from callscribe.redaction.finding import find
from redacting import call, marked, spoken, uncovered
from speaking import ANNOUNCED, CODES, WAYS, card_number, over_sentences

each_language = pytest.mark.parametrize("code", CODES)


@each_language
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "not announced"])
def test_card_number_in_every_way(code: str, way: str, announced: bool) -> None:  # noqa: FBT001
    chance = random.Random(f"{code} {way}")
    for length in (16, 15, 19, 13):
        secret = WAYS[way](card_number(chance, length), code, chance)
        question, before = ANNOUNCED[code] if announced else ("Hm.", "")
        said = call([(0, question), (1, f"{before}{secret}.")], code)
        found = find(said, ALL)
        assert uncovered(said, found, 1, secret) == "", said
        if announced:
            assert {each.entity for each in found} == {Entity.CARD_NUMBER}


@settings(max_examples=80, deadline=None)
@given(
    code=st.sampled_from(CODES),
    way=st.sampled_from(sorted(WAYS)),
    length=st.integers(13, 19),
    chance=st.randoms(use_true_random=False),
)
def test_any_card_number_is_found(code: str, way: str, length: int, chance: random.Random) -> None:
    secret = WAYS[way](card_number(chance, length), code, chance)
    said = call([(1, f"{secret}.")], code)
    assert uncovered(said, find(said, ALL), 0, secret) == "", said


@each_language
def test_card_number_over_sentences_and_parties(code: str) -> None:
    chance = random.Random(code)
    lines = over_sentences(card_number(chance), code, chance)
    said = call(lines, code)
    found = find(said, ALL)
    for index, (_, text) in enumerate(lines):
        if index % 3 < 2:  # the third is `Yes.`
            assert uncovered(said, found, index, text) == ""


def test_heard_wrong_and_announced_is_a_card_number() -> None:
    assert marked(spoken("Your card number?", "4111 1111 1111 1112.")) == [
        "Your card number?",
        "[CARD_NUMBER: 4111 1111 1111 1112].",
    ]


def test_part_of_an_announced_number_is_found() -> None:
    assert marked(spoken("The card ends in 4242.")) == ["The card ends in [CARD_NUMBER: 4242]."]


@pytest.mark.parametrize("text", ["Your order number is 4111 1111 1111 1111.", "Tracking number 4111111111111111."])
def test_what_is_said_to_be_something_else_stays(text: str) -> None:
    assert marked(spoken(text)) == [text]


def test_an_order_that_is_paid_does_not_hide_a_card() -> None:
    assert marked(spoken("I want to pay my order with 4111 1111 1111 1111.")) == [
        "I want to pay my order with [CARD_NUMBER: 4111 1111 1111 1111]."
    ]


def test_sixteen_digits_that_nothing_explains_are_a_card_number() -> None:
    assert marked(spoken("4821 3391 0042 7718")) == ["[CARD_NUMBER: 4821 3391 0042 7718]"]


def test_said_again_it_is_found_again() -> None:
    said = spoken(
        "Card number?",
        "five one oh five, one oh five one",
        "Uh huh.",
        "oh five one oh, five one oh oh",
        "Let me repeat that: 5105 1051 0510 5100?",
        "Correct.",
        "So it ends with five one oh oh.",
    )
    assert marked(said) == [
        "Card number?",
        "[CARD_NUMBER: five one oh five, one oh five one]",
        "Uh huh.",
        "[CARD_NUMBER: oh five one oh, five one oh oh]",
        "Let me repeat that: [CARD_NUMBER: 5105 1051 0510 5100]?",
        "Correct.",
        "So it ends with [CARD_NUMBER: five one oh oh].",
    ]


def test_interrupted_number_is_found_to_its_end() -> None:
    said = spoken(
        "Can you read me the sixteen digits?",
        "Forty-one eleven.",
        "Mm-hm.",
        "Eleven eleven, hang on, the kids are screaming.",
        "And the last group?",
        "Eleven eleven.",
    )
    assert marked(said)[5] == "[CARD_NUMBER: Eleven eleven]."


def test_only_what_is_wanted_is_found() -> None:
    said = spoken("My card number is 4111 1111 1111 1111, my PIN is 1234.")
    assert marked(said, {Entity.PIN}) == ["My card number is 4111 1111 1111 1111, my PIN is [PIN: 1234]."]
    assert find(said, ()) == []


@each_language
def test_lookalikes_stay(code: str) -> None:
    for text in LOOKALIKES[code]:
        assert marked(call([(0, text)], code)) == [text]


@each_language
def test_lookalikes_side_by_side(code: str) -> None:
    """Whatever was announced before them and came to nothing: of hundreds, hardly one is taken for a secret."""
    chance = random.Random(code)
    taken = total = 0
    for _ in range(40):
        texts = chance.sample(LOOKALIKES[code], 8)
        said = call([(chance.randint(0, 1), text) for text in texts], code)
        total += len(texts)
        taken += sum(plain != found for plain, found in zip(texts, marked(said), strict=True))
    assert taken <= total / 100

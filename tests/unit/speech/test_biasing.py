"""What terms are worth in a search, on tokens that are numbers: 0 to 19 begin a word, 20 to 29 go on with one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.engines.whisper.biasing import START, Bias, tokenize

BEGINS = np.arange(30) < 20
END, TIMESTAMP = 30, 40


def bias(*terms: tuple[int, ...]) -> Bias:
    return Bias(terms, boost=1.0, begins_word=BEGINS)


def worth(bias: Bias, *text: int) -> list[float]:
    """Of each token of a text."""
    gains, state = [], START
    for token in text:
        gains.append(bias.gain(state, token))
        state = bias.advance(state, token)
    return gains


def test_a_whole_term_keeps_its_bonus() -> None:
    assert worth(bias((1, 2, 3)), 9, 1, 2, 3, 9, END) == [0, 1, 1, 1, 0, 0]


def test_a_beginning_is_given_back() -> None:
    assert worth(bias((1, 2, 3)), 1, 2, 9) == [1, 1, -2]
    assert worth(bias((1, 2, 3)), 1, 2, END) == [1, 1, -2]


def test_a_beginning_may_be_followed_by_another() -> None:
    assert worth(bias((1, 2, 3)), 1, 2, 1, 2, 3, END) == [1, 1, -1, 1, 1, 0]
    assert worth(bias((1, 2, 3), (4,)), 1, 2, 4, END) == [1, 1, -1, 0]


def test_a_term_may_begin_with_another() -> None:
    assert worth(bias((1, 2), (1, 2, 3, 4)), 1, 2, 3, 9) == [1, 1, 1, -1]


def test_a_term_inside_of_a_longer_one_is_kept_when_that_fails() -> None:
    assert worth(bias((1, 2, 3), (2,)), 1, 2, 9, END) == [1, 1, -1, 0]


def test_terms_that_overlap_count_each_token_once() -> None:
    assert worth(bias((1, 2), (2, 3)), 1, 2, 3, END) == [1, 1, 1, 0]


def test_a_term_ends_where_a_word_ends() -> None:
    assert worth(bias((1,)), 1, 25, END) == [1, -1, 0]
    assert worth(bias((1, 25)), 1, 25, END) == [1, 1, 0]


def test_timestamps_do_not_break_a_term() -> None:
    assert worth(bias((1, 2)), 1, TIMESTAMP, 2, TIMESTAMP, END) == [1, 0, 1, 0, 0]


def test_gains_of_many_rows_are_those_of_each_token() -> None:
    terms = bias((1, 2, 3), (2,), (4, 25))
    states = [START, terms.advance(START, 1), terms.advance(terms.advance(START, 1), 2)]
    tokens = np.array([[1, 2, 3, 25, END, TIMESTAMP]] * 3, np.int32)
    gains = terms.gains(states, tokens)
    assert gains.dtype == np.float32
    assert gains.tolist() == [[terms.gain(state, token) for token in tokens[0].tolist()] for state in states]


def test_without_terms_nothing_is_worth_anything() -> None:
    assert worth(bias(), 1, 2, END) == [0, 0, 0]


def test_the_boost_is_the_worth_of_a_token() -> None:
    assert worth(Bias([(1, 2)], boost=2.5, begins_word=BEGINS), 1, 9) == [2.5, -2.5]


def test_a_term_is_spelled_behind_a_blank_and_at_the_beginning_of_a_sentence() -> None:
    spelled: list[str] = []

    def encode(text: str) -> list[int]:
        spelled.append(text)
        return [len(spelled)]

    assert tokenize(["rain fly", "Emma", "iPhone"], encode) == [(1,), (2,), (3,), (4,), (5,)]
    assert spelled == [" rain fly", " Rain fly", " Emma", " iPhone", " IPhone"]


words = st.integers(0, 3) | st.integers(20, 21)


@given(st.lists(st.lists(words, min_size=1, max_size=4).map(tuple), max_size=6), st.lists(words, max_size=20))
def test_a_text_is_worth_its_tokens_that_belong_to_whole_terms(terms: list[tuple[int, ...]], text: list[int]) -> None:
    belonging = set()
    for term in terms:
        for start in range(len(text) - len(term) + 1):
            end = start + len(term)
            if tuple(text[start:end]) == term and (end == len(text) or BEGINS[text[end]]):
                belonging |= set(range(start, end))
    gains = worth(bias(*terms), *text, END)
    assert sum(gains) == len(belonging)
    assert all(sum(gains[:count]) >= 0 for count in range(len(gains)))


@pytest.mark.parametrize("count", [1, 500])
def test_nodes_are_no_more_than_tokens(count: int) -> None:
    terms = [(index // 10 % 20, index % 30, index % 7) for index in range(count)]
    assert len(bias(*terms)._next) <= 1 + sum(map(len, terms))

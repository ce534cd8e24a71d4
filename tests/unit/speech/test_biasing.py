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


def test_whole_term_keeps_bonus() -> None:
    assert worth(bias((1, 2, 3)), 9, 1, 2, 3, 9, END) == [0, 1, 1, 1, 0, 0]


def test_a_beginning_is_given_back() -> None:
    assert worth(bias((1, 2, 3)), 1, 2, 9) == [1, 1, -2]
    assert worth(bias((1, 2, 3)), 1, 2, END) == [1, 1, -2]


def test_beginning_may_follow_beginning() -> None:
    assert worth(bias((1, 2, 3)), 1, 2, 1, 2, 3, END) == [1, 1, -1, 1, 1, 0]
    assert worth(bias((1, 2, 3), (4,)), 1, 2, 4, END) == [1, 1, -1, 0]


def test_term_may_begin_with_another() -> None:
    assert worth(bias((1, 2), (1, 2, 3, 4)), 1, 2, 3, 9) == [1, 1, 1, -1]


def test_inner_term_kept_if_longer_fails() -> None:
    assert worth(bias((1, 2, 3), (2,)), 1, 2, 9, END) == [1, 1, -1, 0]


def test_overlap_counts_tokens_once() -> None:
    assert worth(bias((1, 2), (2, 3)), 1, 2, 3, END) == [1, 1, 1, 0]


def test_term_ends_where_word_ends() -> None:
    assert worth(bias((1,)), 1, 25, END) == [1, -1, 0]
    assert worth(bias((1, 25)), 1, 25, END) == [1, 1, 0]


def test_timestamps_do_not_break_term() -> None:
    assert worth(bias((1, 2)), 1, TIMESTAMP, 2, TIMESTAMP, END) == [1, 0, 1, 0, 0]


def test_row_gains_are_token_gains() -> None:
    terms = bias((1, 2, 3), (2,), (4, 25))
    states = [START, terms.advance(START, 1), terms.advance(terms.advance(START, 1), 2)]
    tokens = np.array([[1, 2, 3, 25, END, TIMESTAMP]] * 3, np.int32)
    gains = terms.gains(states, tokens)
    assert gains.dtype == np.float32
    assert gains.tolist() == [[terms.gain(state, token) for token in tokens[0].tolist()] for state in states]


def test_no_terms_no_worth() -> None:
    assert worth(bias(), 1, 2, END) == [0, 0, 0]


def test_boost_is_worth_of_token() -> None:
    assert worth(Bias([(1, 2)], boost=2.5, begins_word=BEGINS), 1, 9) == [2.5, -2.5]


def test_term_after_blank_or_at_start() -> None:
    spelled: list[str] = []

    def encode(text: str) -> list[int]:
        spelled.append(text)
        return [len(spelled)]

    assert tokenize(["rain fly", "Emma", "iPhone"], encode) == [(1,), (2,), (3,), (4,), (5,)]
    assert spelled == [" rain fly", " Rain fly", " Emma", " iPhone", " IPhone"]


words = st.integers(0, 3) | st.integers(20, 21)


@given(st.lists(st.lists(words, min_size=1, max_size=4).map(tuple), max_size=6), st.lists(words, max_size=20))
def test_text_worth_is_whole_terms_tokens(terms: list[tuple[int, ...]], text: list[int]) -> None:
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
def test_nodes_at_most_tokens(count: int) -> None:
    terms = [(index // 10 % 20, index % 30, index % 7) for index in range(count)]
    assert len(bias(*terms)._next) <= 1 + sum(map(len, terms))

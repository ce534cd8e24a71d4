import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.keyterms import LONGEST_KEYTERM, MOST_KEYTERMS, keyterm, vocabulary


def test_blanks_are_made_single_and_each_term_stands_once() -> None:
    assert vocabulary([" rain  fly ", "Emma", "rain fly", "emma"]) == ("rain fly", "Emma", "emma")


@pytest.mark.parametrize("value", ["", " \t", "x" * (LONGEST_KEYTERM + 1), "a\x00b", "a\u202eb"])
def test_what_is_no_term_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="must have"):
        keyterm(value)


def test_there_is_a_most() -> None:
    terms = [f"term {index}" for index in range(MOST_KEYTERMS)]
    assert len(vocabulary(terms)) == MOST_KEYTERMS
    with pytest.raises(ValueError, match="at most 500"):
        vocabulary([*terms, "one more"])


@given(st.text())
def test_a_term_is_left_as_it_is_when_it_is_read_again(value: str) -> None:
    try:
        term = keyterm(value)
    except ValueError:
        return
    assert keyterm(term) == term

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.keyterms import LONGEST_KEYTERM, MOST_KEYTERMS, keyterm, vocabulary


def test_terms_cleaned_and_kept_once() -> None:
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
def test_reading_again_changes_nothing(value: str) -> None:
    try:
        term = keyterm(value)
    except ValueError:
        return
    assert keyterm(term) == term

"""Any text is a query; what it means, and where in a sentence that is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.search.queries import Looking, Query
from callscribe.search.words import words


def clauses(text: str) -> list[str]:
    """Each clause as a line, with `*` behind a beginning."""
    return [" ".join(word.plain + "*" * word.is_prefix for word in clause) for clause in Query.parse(text).clauses]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("refund Invoice", ["refund", "invoice"]),
        ('"your order number"', ["your order number"]),
        ('late "order number', ["late", "order number"]),
        ("can*", ["can*"]),
        ("ca* *cel c*l", ["ca", "cel", "c l"]),
        ("don't 4711-B*", ["don t", "4711 b"]),
        ("refund REFUND", ["refund"]),
        ("AND OR NOT NEAR(a b)", ["and", "or", "not", "near a", "b"]),
        ("& | ! <-> :* ' \" ( ) ^ = ; -- \\", []),
        ("", []),
    ],
)
def test_text_is_read_as_meant(text: str, expected: list[str]) -> None:
    assert clauses(text) == expected


@given(st.text())
def test_any_text_is_a_query(text: str) -> None:
    looking = Looking(Query.parse(text))
    looking.ranges(text, looking.meant(words(text), "en"))


def marked(query: str, text: str, language: str = "en") -> list[str]:
    looking = Looking(Query.parse(query))
    meant = looking.meant(words(text), language)
    ranges = looking.ranges(text, meant)
    assert bool(looking.clauses(text, meant)) == bool(ranges)
    return [text[start:end] for start, end in ranges]


def test_forms_marked_as_they_stand() -> None:
    assert marked("refund", "The Refunds were refunded. Refunding takes long.") == ["Refunds", "refunded", "Refunding"]


def test_other_languages_keep_their_words() -> None:
    assert marked("dying", "Die Rechnung", "de") == []
    assert marked("dying", "He died", "en") == ["died"]


def test_phrase_side_by_side_only() -> None:
    assert marked('"order number"', "A number, an order; your order numbers.") == ["order", "numbers"]


def test_phrase_longer_than_sentence() -> None:
    assert marked(f'"{"no " * 6}"', "No, no, no, no, no.") == []


def test_beginnings_marked_whole() -> None:
    assert marked("cancel*", "Cancellation or can, cancelled") == ["Cancellation", "cancelled"]


def test_offsets_count_characters() -> None:
    text = "😀 cafe\u0301!"
    looking = Looking(Query.parse("cafe"))
    assert looking.ranges(text, looking.meant(words(text), "fr")) == [(2, 7)]

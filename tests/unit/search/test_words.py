"""Words are the same whatever their case, accents and forms; in any script, from any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.search.words import LONGEST, folded, spans, stems, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't know.", ["I", "don", "t", "know"]),
        ("Nº 4711-B, 10.30!", ["Nº", "4711", "B", "10", "30"]),
        ("Grüße, cafe\u0301 über", ["Grüße", "cafe\u0301", "über"]),
        ("Привет мир", ["Привет", "мир"]),
        ("snake_case", ["snake", "case"]),
        ("… — !", []),
    ],
)
def test_words_of_a_text(text: str, expected: list[str]) -> None:
    assert words(text) == expected
    assert [text[start:end] for _, start, end in spans(text)] == expected


@pytest.mark.parametrize(
    ("one", "other"), [("Café", "CAFE\u0301"), ("STRASSE", "straße"), ("Øre", "ore"), ("Łódź", "lodz"), ("⑴", "1")]
)
def test_case_and_accents_do_not_matter(one: str, other: str) -> None:
    assert folded(one) == folded(other)


@pytest.mark.parametrize(
    ("language", "one", "other"),
    [
        ("en", "refunds", "refunded"),
        ("de", "Verträge", "Vertrag"),
        ("fr", "réservée", "reserve"),
        ("es", "reclamaciones", "reclamación"),
        ("it", "prenotazioni", "prenotazione"),
        ("nl", "rekeningen", "rekening"),
        ("pl", "faktury", "faktura"),
        ("pt", "reclamações", "reclamacoes"),
        ("sv", "räkningar", "räkning"),
    ],
)
def test_forms_share_a_stem(language: str, one: str, other: str) -> None:
    assert stems(one, language) & stems(other, language)


def test_numbers_have_no_stems() -> None:
    assert stems("4711s", "en") == frozenset()


@given(st.text())
def test_any_text_folds_to_letters_and_digits(text: str) -> None:
    for word in words(text):
        plain = folded(word)
        assert plain
        assert plain.isalnum()
        assert len(plain) <= LONGEST
        assert folded(plain) == plain

"""Check digits are no stricter than python-stdnum's, which knows these numbers by other code."""

import random
from importlib import import_module

import pytest

from callscribe.redaction import checks

RANDOM = [
    ("luhn", "luhn", 16),
    ("nhs", "gb.nhs", 10),
    ("utr", "gb.utr", 10),
    ("tfn", "au.tfn", 9),
    ("abn", "au.abn", 11),
    ("steuer_id", "de.idnr", 11),
    ("siret", "fr.siren", 9),
    ("partita_iva", "it.iva", 11),
    ("nif_pt", "pt.nif", 9),
    ("cpf", "br.cpf", 11),
    ("cnpj", "br.cnpj", 14),
    ("bsn", "nl.bsn", 9),
    ("rijksregister", "be.nn", 11),
    ("fodselsnummer", "no.fodselsnummer", 11),
    ("orgnr_no", "no.orgnr", 9),
    ("konto_no", "no.kontonr", 11),
    ("pesel", "pl.pesel", 11),
    ("nip", "pl.nip", 10),
    ("regon", "pl.regon", 9),
    ("personnummer", "se.personnummer", 10),
    ("cvr", "dk.cvr", 8),
]
"""Ours, theirs, and how many digits: numbers are drawn by chance, so that both kinds come up."""

KNOWN = [
    ("codice_fiscale", "it.codicefiscale", "RCCMNL83S18D969H"),
    ("curp", "mx.curp", "BOXW310820HNERXN09"),
    ("dni", "es.dni", "54362315K"),
    ("cif", "es.cif", "A13585625"),
    ("nir", "fr.nir", "295109912611193"),
    ("ahv", "ch.ssn", "7569217076985"),
    ("uid", "ch.uid", "CHE100155212"),
    ("iban", "iban", "GB29NWBK60161331926819"),
    ("aba", "us.rtn", "111000025"),
    ("svnr", "at.vnr", "1237010180"),
    ("clabe", None, "032180000118359719"),
    ("kvnr", None, "A123456780"),
    ("rvnr", None, "15070649C103"),
    ("personalausweis", None, "T220001293"),
    ("dowod", None, "ABA300000"),
    ("medicare", None, "2123456701"),
]
"""Published examples; without a second opinion where python-stdnum does not know them."""


@pytest.mark.parametrize(("name", "other", "length"), RANDOM, ids=[each[0] for each in RANDOM])
def test_no_stricter_than_a_second_opinion(name: str, other: str, length: int) -> None:
    chance = random.Random(name)
    ours, theirs = getattr(checks, name), import_module(f"stdnum.{other}").is_valid
    agreed = 0
    for _ in range(6000):
        digits = "".join(chance.choice("0123456789") for _ in range(length))
        if theirs(digits) and len(set(digits)) > 1:
            assert ours(digits), digits
            agreed += 1
    assert agreed or name in {"cnpj", "steuer_id", "rijksregister"}  # rare among numbers that are drawn by chance


@pytest.mark.parametrize(("name", "other", "number"), KNOWN, ids=[each[0] for each in KNOWN])
def test_published_examples(name: str, other: str | None, number: str) -> None:
    check = getattr(checks, name)
    assert check(number)
    if other is not None:
        assert import_module(f"stdnum.{other}").is_valid(number)
    wrong = [number[:place] + digit + number[place + 1 :] for place in range(len(number)) for digit in "0123456789"]
    changed = [each for each in wrong if each != number and check(each)]
    assert len(changed) < len(wrong) / 4


def test_what_is_no_number_passes_nothing() -> None:
    for check in {each for table in (checks.NATIONAL, checks.TAX, checks.HEALTH, checks.BANK) for many in table.values() for each in many}:  # fmt: skip  # noqa: E501
        for text in ("", "A", "1", "0" * 11, "ABCDEFGHI", "ÄÖÜ123456", "١٢٣٤٥٦٧٨٩٠"):
            assert not check(text), (check.__name__, text)

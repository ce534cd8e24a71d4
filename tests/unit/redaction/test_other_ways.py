"""Secrets told in ways that are not those of the other tests: another form, another place, another mark."""

import pytest

from redacting import marked, plain, spoken


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "When does the card expire?", "August twenty seven"),
        ("de", "Wann läuft die Karte ab?", "August 27"),
        ("de", "Gültig bis?", "acht siebenundzwanzig"),
        ("fr", "Elle expire quand ?", "août vingt-sept"),
        ("it", "Quando scade?", "Agosto ventisette"),
        ("nl", "Tot wanneer is de kaart geldig?", "Augustus zevenentwintig"),
        ("pl", "Data ważności?", "sierpień dwadzieścia siedem"),
        ("pt", "Qual a validade?", "agosto de vinte e sete"),
        ("sv", "När går kortet ut?", "Augusti tjugosju"),
        ("da", "Hvornår udløber kortet?", "August syvogtyve"),
        ("no", "Når utløper kortet?", "August tjuesju"),
    ],
)
def test_expiry_is_a_month_and_a_year_of_two_digits(language: str, question: str, answer: str) -> None:
    assert marked(spoken(question, f"{answer}.", language=language))[1] == f"[CARD_EXPIRY: {answer}]."


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("en", ["When does the offer end?", "On the twenty-seventh of August."]),
        ("de", ["Wann läuft der Vertrag ab?", "Am 27. August."]),
        ("en", ["The offer expires August 31 for all members in town."]),
        ("es", ["¿Cuándo vence la oferta?", "El 27 de agosto."]),
    ],
)
def test_a_day_is_no_expiry(language: str, texts: list[str]) -> None:
    assert marked(spoken(*texts, language=language)) == texts


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("da", "Ring på [PHONE_NUMBER: 20 30 40 50, eller +45 31 22 44 55]."),
        ("da", "Det er [PHONE_NUMBER: 20 30 40 50], eller +[PHONE_NUMBER: 45 31 22 44 55]."),
        ("fr", "Depuis la Belgique, c'est le +[PHONE_NUMBER: 32 470 12 34 56]."),
        ("it", "Mi può chiamare al [PHONE_NUMBER: 347 510 1151]."),
        ("pt", "Conta [BANK_ACCOUNT: 56789 dígito 0]."),
        (
            "es",
            "Mi DNI es [NATIONAL_ID: doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho, zeta].",
        ),
        ("es", "Mándelo a [EMAIL_ADDRESS: jramirez, arroba, gmail punto com], todo junto."),
        ("en", "It's [EMAIL_ADDRESS: jramirez, at gmail dot com]."),
        ("fr", "C'est [EMAIL_ADDRESS: durand, arobase, gmail, point, com]."),
        ("en", "It's for [NAME: Moore], [NAME: M O O R E]."),
        ("de", "Es geht um [NAME: Schmidtke], [NAME: S C H M I D T K E]."),
    ],
)
def test_told_in_other_ways(language: str, text: str) -> None:
    assert marked(spoken(plain(text), language=language)) == [text]


def test_letters_of_a_name_with_an_o() -> None:
    assert marked(spoken("Your name?", "Siobhan O'Rourke, that's S-I-O-B-H-A-N.")) == [
        "Your name?",
        "[NAME: Siobhan O'Rourke], that's [NAME: S-I-O-B-H-A-N].",
    ]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Look at it, at acme dot com."),
        ("es", "Son doce millones trescientos mil pesos."),
        ("en", "We sold twelve million of them."),
    ],
)
def test_what_only_looks_alike(language: str, text: str) -> None:
    assert marked(spoken(text, language=language)) == [text]

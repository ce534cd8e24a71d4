"""Every entity is found in every language, asked for or told, however it is said."""

import random

import pytest

from asking import ADDRESSES, BIRTHS, EMAILS, EXPIRIES, NAMES, QUESTIONS, TOLD
from callscribe.redaction.entities import ALL, Entity
from callscribe.redaction.finding import find
from redacting import call, marked, plain, spoken, uncovered
from speaking import CODES, WAYS, YES

each_language = pytest.mark.parametrize("code", CODES)

LENGTHS = {
    Entity.CARD_CVV: (3,),
    Entity.PIN: (4, 6),
    Entity.BANK_ACCOUNT: (8, 10),
    Entity.NATIONAL_ID: (9,),
    Entity.TAX_ID: (10,),
    Entity.PHONE_NUMBER: (9, 10),
    Entity.HEALTH_NUMBER: (10,),
}


def assert_found(code: str, entity: Entity, lines: list[tuple[int, str]], secret: str) -> None:
    said = call(lines, code)
    found = find(said, ALL)
    assert uncovered(said, found, 1, secret) == "", (said[1].text, found)
    assert entity in {each.entity for each in found}


@each_language
@pytest.mark.parametrize("entity", LENGTHS)
@pytest.mark.parametrize("way", [way for way in WAYS if way not in {"mixed", "in fours"}])
def test_number_asked_for_or_told(code: str, entity: Entity, way: str) -> None:
    chance = random.Random(f"{code} {entity} {way}")
    for length in LENGTHS[entity]:
        digits = "".join(chance.choice("0123456789") for _ in range(length))
        secret = digits if way == "written" else WAYS[way](digits, code, chance)
        assert_found(code, entity, [(0, QUESTIONS[code][entity]), (1, f"{secret}.")], secret)
        if entity in TOLD[code]:
            assert_found(code, entity, [(0, "Hm."), (1, TOLD[code][entity].format(secret))], secret)


@each_language
def test_date_of_birth(code: str) -> None:
    for date in BIRTHS[code]:
        secret = date.removeprefix("the ").removesuffix(" roku").removesuffix(" roku")
        assert_found(code, Entity.DATE_OF_BIRTH, [(0, QUESTIONS[code]["DATE_OF_BIRTH"]), (1, f"{date}.")], secret)
        assert_found(code, Entity.DATE_OF_BIRTH, [(0, "Hm."), (1, TOLD[code]["DATE_OF_BIRTH"].format(date))], secret)


@each_language
def test_card_expiry(code: str) -> None:
    for date in EXPIRIES[code]:
        assert_found(code, Entity.CARD_EXPIRY, [(0, QUESTIONS[code]["CARD_EXPIRY"]), (1, f"{date}.")], date)


@each_language
def test_email_address(code: str) -> None:
    for address in EMAILS[code]:
        for before in (QUESTIONS[code]["EMAIL_ADDRESS"], "Hm."):
            assert_found(code, Entity.EMAIL_ADDRESS, [(0, before), (1, f"{YES[code]} {address}.")], address)


@each_language
def test_address(code: str) -> None:
    for address in ADDRESSES[code]:
        for before in (QUESTIONS[code]["ADDRESS"], "Hm."):
            assert_found(code, Entity.ADDRESS, [(0, before), (1, f"{YES[code]} {address}.")], address)


@each_language
def test_name_credentials_and_plate_that_were_asked_for(code: str) -> None:
    for entity, secret in (
        (Entity.NAME, NAMES[code]),
        (Entity.USERNAME, "bluebird77"),
        (Entity.PASSWORD, "Sonnenblume"),
        (Entity.PASSWORD, "x 7 k 9 q"),
        (Entity.VEHICLE_PLATE, "A B 1 2 3 4"),
        (Entity.VEHICLE_PLATE, "B-XY 4711"),
    ):
        assert_found(code, entity, [(0, QUESTIONS[code][entity]), (1, f"{secret}.")], secret)


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        (
            "en-GB",
            ["My [BANK_ACCOUNT: G B two nine, N W B K, 6016, one three three one, nine two six eight one nine]."],
        ),
        ("de", ["[BANK_ACCOUNT: DE89 3704 0044 0532 0130 00], bitte."]),
        ("en-US", ["My social is [NATIONAL_ID: 123-45-6789]."]),
        ("en-GB", ["The NHS number is [HEALTH_NUMBER: 943 476 5919]."]),
        ("it", ["Il mio codice è [TAX_ID: R C C M N L 8 3 S 1 8 D 9 6 9 H]."]),
        ("it", ["Il mio codice fiscale è [NATIONAL_ID: RSSMRA80A01H501U]."]),
        ("pt", ["Meu CPF é [TAX_ID: 390.533.447-05]."]),
        ("es", ["Mi DNI es [NATIONAL_ID: 54362315K]."]),
        ("sv", ["Det är [NATIONAL_ID: 811228-9874]."]),
        ("en", ["It's [VEHICLE_PLATE: Alpha Bravo one two Charlie Delta Echo]."]),
        ("en", ["Write to [EMAIL_ADDRESS: p.brown@example.co.uk]. Look at our website at acme dot com."]),
        ("en", ["Is your ZIP code still [ADDRESS: 94107]?"]),
        ("en", ["The [CARD_CVV: 987]. "]),
    ],
)
def test_by_check_digits_or_form(language: str, texts: list[str]) -> None:
    told = [plain(text) for text in texts]
    if "CVV" in texts[0]:
        told.insert(0, "And the CVV?")
        texts = ["And the CVV?", *texts]
    marked_up = marked(call([(n % 2, text) for n, text in enumerate(told)], language))
    assert [_without_name(text) for text in marked_up] == [_without_name(text) for text in texts]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The expiry's [CARD_EXPIRY: March twenty-seven] and the security number is [CARD_CVV: nine one three]."),
        ("en", "My birthday’s [DATE_OF_BIRTH: the twelfth of March eighty two]."),
        ("en", "The account number's [BANK_ACCOUNT: 55779911] and the sort code's [BANK_ACCOUNT: 20 00 00]."),
        (
            "es",
            "Mi DNI es [NATIONAL_ID: doce millones trescientos cuarenta y cinco mil seiscientos setenta y ocho, zeta].",
        ),
        ("es", "El piso costó doce millones trescientos cuarenta y cinco mil pesetas."),
        ("es", "Somos doce millones de clientes."),
        ("it", "Il mio codice fiscale è [TAX_ID: DNT-GDC-91H58-B744N]."),
        ("it", "Arrivo alle 9h30, alle 10H15."),
        ("nl", "Het nummer is [PHONE_NUMBER: nul zes, twaalf, vierendertig, zesenvijftig, achtenzeventig]."),
        ("nl", "Mijn kaartnummer is [CARD_NUMBER: vier drie zeven negen nul een vijf acht een drie zes zes] moment."),
        ("sv", "Mitt nummer är [PHONE_NUMBER: noll sju noll, ett två tre, fyra fem, sex sju]."),
        ("no", "Koden bak er [CARD_CVV: sju fire to]."),
    ],
)
def test_told_in_one_sentence(language: str, text: str) -> None:
    assert list(map(_without_name, marked(call([(0, plain(text))], language)))) == [_without_name(text)]


def _without_name(text: str) -> str:
    """An Italian tax code is a national id as well, and which of both it is called does not matter."""
    return text.replace("NATIONAL_ID", "TAX_ID")


def test_a_password_that_is_not_said_is_none() -> None:
    texts = ["My password is not working.", "I forgot my password.", "Your password was reset.", "OK, done."]
    assert marked(spoken(*texts)) == texts


def test_user_name_and_password_told() -> None:
    assert marked(spoken("My username is pbrown42, and the password is capital B l u e 7.")) == [
        "My username is [USERNAME: pbrown42], and the password is [PASSWORD: capital B l u e 7]."
    ]


def test_expiry_of_something_else_stays() -> None:
    text = "The offer expires on 31 December."
    assert marked(spoken(text)) == [text]


def test_year_of_birth_asked_for_afterwards() -> None:
    assert marked(spoken("When were you born?", "On the third of May.", "And the year?", "Eighty.")) == [
        "When were you born?",
        "On [DATE_OF_BIRTH: the third of May].",
        "And the year?",
        "[DATE_OF_BIRTH: Eighty].",
    ]


def test_languages_by_sentence_and_none() -> None:
    said = [
        *call([(0, "Wie lautet Ihre Kartennummer?")], "de-DE"),
        *call([(1, "zweiundvierzig siebzehn")], None),
        *call([(1, "quatre-vingt-dix-neuf")], "fr-FR"),
    ]
    found = find(said, ALL)
    assert {each.sentence for each in found} == {1, 2}

"""Secrets as people tell them on the telephone: in pieces, with what is no secret around them, and said back."""

import pytest

from callscribe.redaction.entities import ALL
from callscribe.redaction.finding import find
from redacting import call, marked, uncovered

Lines = list[tuple[int, str]]


def bracketed(language: str, *lines: tuple[int, str]) -> list[str]:
    """Every sentence with `[...]` around what is found, whatever it is taken for."""
    said = call(list(lines), language)
    texts = [sentence.text for sentence in said]
    for found in reversed(find(said, ALL)):
        text = texts[found.sentence]
        texts[found.sentence] = f"{text[: found.first]}[{text[found.first : found.behind]}]{text[found.behind :]}"
    return texts


@pytest.mark.parametrize(
    ("language", "lines", "pieces"),
    [
        ("en", [(1, "I live at 12 Beech Road."), (1, "And then it's 90210 Ashby.")], {1: "90210 Ashby"}),
        (
            "en",
            [(0, "Your address?"), (1, "9 Fern Avenue."), (0, "9 Fern Avenue?"), (1, "Ashby, 90210.")],
            {3: "90210"},
        ),
        (
            "de",
            [(1, "Ich wohne Lindenweg 4."), (0, "Lindenweg 4?"), (1, "Genau."), (1, "04109 Halle.")],
            {3: "04109 Halle"},
        ),
        ("sv", [(1, "Jag bor på Skolgatan 3."), (1, "Och sen 753 12 Visby.")], {1: "753 12 Visby"}),
        ("pt", [(1, "Moro na Rua do Sol."), (1, "14, 4000-123 Braga.")], {1: "14, 4000-123 Braga"}),
        (
            "en",
            [(0, "Your email?"), (1, "It's jsample."), (0, "Jsample?"), (1, "At gmail dot com.")],
            {1: "jsample", 2: "Jsample"},
        ),
        (
            "fr",
            [(0, "Votre adresse e-mail ?"), (1, "C'est durandl."), (1, "Puis arobase gmail point com.")],
            {1: "durandl"},
        ),
        (
            "nl",
            [(1, "Mijn e-mail is j streepje smit."), (1, "Dan apenstaartje gmail punt com.")],
            {0: "j streepje smit"},
        ),
        ("pl", [(0, "Jaka jest rejestracja?"), (1, "WX."), (0, "WX?"), (1, "48213.")], {1: "WX", 2: "WX", 3: "48213"}),
        ("en", [(0, "What's the license plate?"), (1, "KHB."), (1, "Then 482.")], {1: "KHB", 2: "482"}),
        ("da", [(0, "Hvad er din fødselsdato?"), (1, "Den 15."), (1, "Juni 1976.")], {1: "15", 2: "Juni 1976"}),
        (
            "en",
            [(0, "And the PIN?"), (1, "Four eight."), (1, "Next comes seven one.")],
            {1: "Four eight", 2: "seven one"},
        ),
    ],
)
def test_told_in_pieces(language: str, lines: Lines, pieces: dict[int, str]) -> None:
    said = call(lines, language)
    found = find(said, ALL)
    assert {sentence: uncovered(said, found, sentence, piece) for sentence, piece in pieces.items()} == dict.fromkeys(
        pieces, ""
    )


@pytest.mark.parametrize(
    ("language", "question", "fillers"),
    [
        ("en", "And the PIN?", ["One moment.", "Just a second.", "Sure."]),
        ("de", "Wie lautet Ihre PIN?", ["Einen Augenblick.", "Gern.", "Moment bitte."]),
        ("fr", "Votre code PIN ?", ["Un instant.", "Une seconde.", "Bien sûr."]),
        ("it", "Il PIN?", ["Un attimo.", "Grazie mille.", "Certo."]),
        ("es", "¿Su PIN?", ["Un momento.", "Vale.", "Claro."]),
        ("pt", "O seu PIN?", ["Um momento.", "Só um minuto.", "Claro."]),
        ("nl", "Uw pincode?", ["Een ogenblik.", "Seconde.", "Natuurlijk."]),
        ("no", "Hva er PIN-koden?", ["Et øyeblikk.", "Tusen takk.", "Sekund."]),
        ("sv", "Din pinkod?", ["Ett ögonblick.", "Tusen tack.", "Sekund."]),
        ("da", "Hvad er din pinkode?", ["Et øjeblik.", "Tusind tak.", "Sekund."]),
        ("pl", "Jaki jest PIN?", ["Jedną chwilę.", "Sekundę.", "Oczywiście."]),
    ],
)
def test_filler_before_an_answer_is_none(language: str, question: str, fillers: list[str]) -> None:
    for filler in fillers:
        found = bracketed(language, (0, question), (1, filler), (1, "4821."))
        assert found == [question, filler, "[4821]."]


@pytest.mark.parametrize(
    ("language", "after"),
    [
        ("en", ["The delivery comes on April 17th 2027.", "It's the model from 2016.", "Version 2.8.18, I think."]),
        ("de", ["Ich bin bis zum 17. April 2027 verreist.", "Ich bin Kunde seit 2016.", "2.8.18, glaube ich."]),
        ("es", ["La entrega está prevista para el 17 de abril 2027.", "Soy cliente desde 2016."]),
        ("it", ["Sono via fino al 17 aprile 2027.", "Sono cliente dal 2016.", "Siamo sulla buona strada."]),
        ("pt", ["Estou fora até 17 de abril 2027.", "É a 2.8.18, acho eu."]),
        ("da", ["Tiden er den 17. april 2027.", "Det er modellen fra 2016."]),
    ],
)
@pytest.mark.parametrize("entity", ["card", "account", "pin", "address"])
def test_date_year_and_version_behind_an_answer_stay(language: str, after: list[str], entity: str) -> None:
    questions = {
        "card": ("en", "Card number?", "4111 1111 1111 1111."),
        "account": ("en", "What's your account number?", "48213977."),
        "pin": ("en", "And your PIN?", "4821."),
        "address": ("en", "What's your address?", "12 Beech Road, Ashby, 90210."),
    }
    asked_in, question, answer = questions[entity]
    for text in after:
        asked = call([(0, question), (1, answer)], asked_in)
        told = call([(0, "."), (0, "."), (1, text)], language)[2:]
        assert marked([*asked, *told])[2] == text


@pytest.mark.parametrize(
    ("question", "answer", "later"),
    [
        ("And your PIN?", "4821.", "There are thirty of us, and eleven are small."),
        ("What number are you calling from?", "0207 946 0018.", "One, two, three, four, five."),
        ("Your tax number?", "98072 73176.", "I was there from 15.10 to 16.20."),
        ("And the security code?", "482.", "We have 120 in the cellar."),
    ],
)
def test_question_that_was_answered_asks_no_more(question: str, answer: str, later: str) -> None:
    assert bracketed("en", (0, question), (1, answer), (0, "Was there a light on it?"), (1, later))[3] == later


def test_question_is_for_what_it_names_first() -> None:
    assert bracketed("en", (0, "And your tax number, for the invoice?"), (1, "36 0169665."))[1] == "[36 0169665]."
    assert bracketed("fr", (1, "C'est pour la commande numéro 799 897 323.")) == [
        "C'est pour la commande numéro 799 897 323."
    ]


def test_password_has_the_word_in_front_and_its_capital() -> None:
    told = bracketed("en", (0, "What's the password?"), (1, "Right, capital M, a, p, l, e, 4, 1."))
    assert told[1].endswith("[capital M, a, p, l, e, 4, 1].")
    assert bracketed("fr", (1, "Mon mot de passe est M majuscule, o, i, s, 4, 1."))[0].endswith(
        "[M majuscule, o, i, s, 4, 1]."
    )
    assert bracketed("en", (0, "Which username is that under?"), (1, "Right, maplej four one."))[1] == (
        "Right, [maplej four one]."
    )


def test_username_is_found_where_it_is_said_again() -> None:
    texts = bracketed("en", (0, "Your user name?"), (1, "maplej41."), (0, "I've got maplej41."), (1, "Right."))
    assert texts[1:3] == ["[maplej41].", "I've got [maplej41]."]
    assert bracketed("en", (0, "What password are you putting in?")) == ["What password are you putting in?"]


def test_security_code_by_where_it_stands() -> None:
    for language, text in (
        ("en", "And if you turn it over, the last three?"),
        ("de", "Hinten drauf steht"),
        ("es", "El código de atrás es"),
        ("pl", "Z tyłu jest"),
        ("pt", "Atrás está"),
    ):
        lines = [(0, text), (1, "482.")] if text.endswith("?") else [(1, f"{text} 482.")]
        assert bracketed(language, *lines)[-1].endswith("[482].")


def test_company_is_no_person_and_a_person_no_company() -> None:
    company = "I'm calling on behalf of Walker Insurance."
    assert bracketed("en", (1, company)) == [company]
    assert bracketed("en", (1, "Hello, Mr. Power.")) == ["Hello, Mr. [Power]."]
    assert bracketed("en", (1, "My name is Thomas Power.")) == ["My name is [Thomas Power]."]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "My name is [Xanthe Power]."),
        ("en", "My surname is [Energy]."),
        ("en", "Thanks, Mrs. [Anthea Bank]."),
        ("en", "You're speaking with [Thomas Power]."),
        ("en", "This is [Robert Miller] from Power Direct."),
        ("en", "It's in the name of Walker Insurance."),
        ("en", "It's registered to Brown and Sons."),
        ("de", "Mein Name ist [Xaver Bank]."),
        ("de", "Das läuft auf den Namen Weber Versicherung."),
        ("fr", "Je m'appelle [Zoéline Marché]."),
        ("es", "Me llamo [Ximo Mercado]."),
        ("it", "Mi chiamo [Ezzelino Banca]."),
        ("it", "È intestato a Rossi Assicurazioni."),
        ("pl", "Nazywam się [Zbylut Woda]."),
    ],
)
def test_word_of_companies_hides_nobody_who_is_introduced(language: str, text: str) -> None:
    assert bracketed(language, (1, text.replace("[", "").replace("]", ""))) == [text]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "And the password?", "[M, a, p, l, e, 4, 1, exclamation mark]."),
        ("en", "And the password?", "[capital M, a, p, l, e, four, one, and then a dollar sign]."),
        ("de", "Wie lautet Ihr Passwort?", "[M, o, n, d, 4, 1, Ausrufezeichen]."),
        ("fr", "Votre mot de passe ?", "[m, o, i, s, 4, 1, point d'exclamation]."),
        ("it", "La password?", "[l, u, n, a, 4, 1, cancelletto]."),
        ("es", "¿Su contraseña?", "[l, u, n, a, 4, 1, almohadilla]."),
        ("pt", "A senha?", "[l, u, a, s, 4, 1, jogo da velha]."),
        ("nl", "Uw wachtwoord?", "[m, a, a, n, 4, 1, uitroepteken]."),
        ("no", "Hva er passordet?", "[m, o, l, n, 4, 1, utropstegn]."),
        ("sv", "Vad är lösenordet?", "[m, o, l, n, 4, 1, dollartecken]."),
        ("da", "Hvad er din adgangskode?", "[m, o, l, n, 4, 1, havelåge]."),
        ("pl", "Jakie jest hasło?", "[m, o, s, t, 4, 1, wykrzyknik]."),
    ],
)
def test_password_has_the_signs_behind_it(language: str, question: str, answer: str) -> None:
    plain = answer.replace("[", "").replace("]", "")
    assert bracketed(language, (0, question), (1, plain)) == [question, answer]


def test_signs_of_a_password_in_a_sentence_of_their_own() -> None:
    told = [
        (1, "My password is maple forty one."),
        (0, "Okay."),
        (1, "And a hash, two."),
        (0, "A dollar sign is missing."),
    ]
    assert bracketed("en", *told) == [
        "My password is [maple forty one].",
        "Okay.",
        "[And a hash, two].",
        "A dollar sign is missing.",
    ]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "And the security code?", "It's $[6.31]."),
        ("en", "What's the PIN?", "Sure, [6:31]."),
        ("en", "Your account number.", "$[48.213.977]."),
        ("de", "Wie lautet Ihre PIN?", "Das ist [6,31] €."),
        ("es", "¿El código de seguridad?", "Es [6,31] €."),
        ("fr", "Le code de sécurité ?", "C'est [6h31]."),
    ],
)
def test_code_that_was_written_as_an_amount_or_a_time(language: str, question: str, answer: str) -> None:
    plain = answer.replace("[", "").replace("]", "")
    assert bracketed(language, (0, question), (1, plain)) == [question, answer]


def test_piece_of_a_number_that_was_written_as_a_version_or_an_amount() -> None:
    told = [
        (0, "What's the PIN on the card?"),
        (1, "4.9.2."),
        (0, "4.9.2?"),
        (1, "8.7.1."),
        (0, "$8.71?"),
        (1, "Right."),
    ]
    assert bracketed("en", *told)[1:5] == ["[4.9.2].", "[4.9.2]?", "[8.7.1].", "$[8.71]?"]
    number = [(1, "My phone number is 0491."), (1, "And $5.70."), (1, "Then 156."), (0, "Good, you owe us $8.20 then.")]
    assert bracketed("en", *number)[1:] == ["And $[5.70].", "Then [156].", "Good, you owe us $8.20 then."]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("How much did you pay with your credit card?", "It's $6.31."),
        ("I'll take your card number later.", "The bill was $6.31."),
        ("And the PIN?", "I called at 6:31."),
        ("And your phone number?", "Is it free before 6:31?"),
        ("When shall we call the number on file?", "6:31."),
    ],
)
def test_amount_and_time_stay(question: str, answer: str) -> None:
    assert bracketed("en", (0, question), (1, answer))[1] == answer


@pytest.mark.parametrize(
    ("language", "before", "text"),
    [
        ("en", "What's the pen on the thing?", "Right, it's [nine two oh six]."),
        ("en", "I see, it has left the harbour. And the pee in?", "[92064]."),
        ("de", "Wie lautet der Spind?", "Ja, [neun zwei null sechs]."),
        ("es", "¿Me da el pino?", "Sí, [nueve dos cero seis]."),
        ("fr", "Et votre pain ?", "Oui, [neuf deux zéro six]."),
    ],
)
def test_number_that_is_all_that_is_said_is_a_secret_where_nothing_tells_what_it_is(
    language: str, before: str, text: str
) -> None:
    assert bracketed(language, (0, before), (1, text.replace("[", "").replace("]", "")))[1] == text


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ("How was it?", "12,500."),
        ("How was it?", "Fifteen hundred."),
        ("How was it?", "4500."),
        ("How was it?", "1984."),
        ("How was it?", "12.11, I think."),
        ("How was it?", "One, two, three, four."),
        ("What's the order number?", "40 17 22."),
        ("The order is here.", "40 17 22."),
        ("How was it?", "There were 40 17 22 of it."),
    ],
)
def test_number_that_is_all_that_is_said_stays_where_it_is_explained_or_an_amount(before: str, text: str) -> None:
    assert bracketed("en", (0, before), (1, text))[1] == text


def test_number_of_an_order_explains_no_later_number() -> None:
    order = [
        (0, "What's the order number?"),
        (1, "40 17 22."),
        (0, "Good, I have found that in our list. And the pee in?"),
    ]
    assert bracketed("en", *order, (1, "95 30 61."))[1:] == ["40 17 22.", order[2][1], "[95 30 61]."]
    assert bracketed("en", *order[:2], (0, "40 17 22?"), (1, "95 30 61."))[1:] == [
        "40 17 22.",
        "40 17 22?",
        "95 30 61.",
    ]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "And your tax number, for the invoice.", "[36 0169665]."),
        ("en", "And which account shall the refund go to.", "It's [929 870 321]."),
        ("de", "Auf welches Konto soll die Rückzahlung gehen.", "[929 870 321]."),
        ("fr", "Quel est le numéro de compte pour la facture.", "[929 870 321]."),
        ("es", "Cuál es la cuenta para el reembolso.", "[929 870 321]."),
    ],
)
def test_question_whose_mark_was_not_heard_is_for_what_it_names_first(
    language: str, question: str, answer: str
) -> None:
    assert bracketed(language, (0, question), (1, answer.replace("[", "").replace("]", ""))) == [question, answer]


def test_account_that_is_talked_about_has_no_number_of_an_order() -> None:
    for text in ("It's for my account, the order is 40 17 22.", "Please look at my account, order number 40 17 22."):
        assert bracketed("en", (1, text)) == [text]


@pytest.mark.parametrize(
    ("language", "question", "answer"),
    [
        ("en", "What's the licence plate?", "Okay, so [KHB, sorry, make that KHD 793 072]."),
        ("de", "Ihr Kennzeichen?", "[KHB, nein, KHD 793 072]."),
        ("fr", "Votre immatriculation ?", "[KH, excusez-moi, KD 245 HN]."),
        ("da", "Hvad er kontonummeret?", "[Delta Kilo fire syv Kilo fire otte fire syv]."),
        ("de", "Ihre Personalausweisnummer?", "[Romeo Juliett Golf drei Kilo Charlie sieben zwei]."),
    ],
)
def test_letters_of_a_number(language: str, question: str, answer: str) -> None:
    assert bracketed(language, (0, question), (1, answer.replace("[", "").replace("]", "")))[1] == answer


def test_amounts_beside_what_was_asked_for() -> None:
    for language, question, text in (
        ("de", "Und die Kontonummer?", "Versuchen Sie es drei, vier Mal."),
        ("de", "Und die Kontonummer?", "Es sind drei Kilo."),
        ("en", "And your address?", "We moved in 2019, send it to somebody else."),
    ):
        assert bracketed(language, (0, question), (0, text))[1] == text


def test_account_by_its_check_digits_whatever_is_paid_with_it() -> None:
    assert bracketed("de", (1, "Der Betrag kommt von DE89 3704 0044 0532 0130 00.")) == [
        "Der Betrag kommt von [DE89 3704 0044 0532 0130 00]."
    ]


def test_date_of_birth_is_what_answers_and_not_what_stands_before_the_question() -> None:
    told = [(0, "The newest is 17.10.18, and when were you born?"), (1, "March 4th."), (0, "March 4th?"), (1, "1973.")]
    assert bracketed("en", *told) == [told[0][1], "[March 4th].", "[March 4th]?", "[1973]."]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "My pen is [470 913]."),
        ("de", "Meine Pinne lautet [4 7 0 9 1 3]."),
        ("fr", "Mon pain est le [47 09 13]."),
        ("es", "Mi pino es [470913]."),
        ("it", "Il mio pino è [470913]."),
        ("nl", "Mijn pen is [470913]."),
        ("pl", "Mój pień to [470913]."),
    ],
)
def test_number_that_is_said_to_be_ones_own(language: str, text: str) -> None:
    assert bracketed(language, (1, text.replace("[", "").replace("]", ""))) == [text]


def test_amount_year_and_order_of_ones_own_stay() -> None:
    for text in (
        "My order is 470913.",
        "My total was 4,709.",
        "My car is from 1984.",
        "My house is 4500.",
        "My sister and her husband own 470913.",
    ):
        assert bracketed("en", (1, text)) == [text]


def test_answer_begins_with_what_was_asked_for_whatever_follows_it() -> None:
    assert bracketed(
        "en", (0, "And the three digits on the back."), (1, "Okay, eight three two it is the blue model.")
    )[1].startswith("Okay, [eight three two]")
    later = "It is the blue model of eight three two pieces."
    assert bracketed("en", (0, "And the three digits on the back."), (1, later))[1] == later


def test_question_without_a_mark_has_no_password_in_it() -> None:
    told = [(0, "What password are you putting in."), (1, "Mistral.")]
    assert bracketed("en", *told) == ["What password are you putting in.", "[Mistral]."]


def test_letters_that_are_no_word_are_a_piece_of_a_number() -> None:
    told = [(0, "¿Su CURP?"), (1, "RIQN."), (1, "Luego 411118."), (1, "Luego HPLPVT."), (1, "Luego 03.")]
    assert bracketed("es", *told)[1:] == ["[RIQN].", "Luego [411118].", "Luego [HPLPVT].", "Luego [03]."]
    assert bracketed("es", told[0], told[1], (1, "GRACIAS."))[2] == "GRACIAS."


def test_words_that_have_a_number_are_none_before_further_digits() -> None:
    told = [(0, "Your PIN?"), (1, "Four eight."), (1, "And after that one zero two."), (0, "Just that one, please.")]
    assert bracketed("en", *told)[1:] == ["[Four eight].", "And after that [one zero two].", "Just that one, please."]

"""Names: those that the request gave, those that are introduced, those that are known; other capitals are none."""

import pytest

from redacting import call, marked, spoken


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hi, my name is [Pat Brown]."),
        ("en", "Thank you for calling Acme, this is [Robert Miller] speaking."),
        ("en", "You're speaking with [Whitaker]."),
        ("en", "Thanks, Mr. [Brown]."),
        ("en", "Good afternoon, [Tracy's] here."),
        ("en", "my name is [peter]"),
        ("de", "Sie sprechen mit Frau [Becker]."),
        ("de", "Mein Name ist [Anna Schmidt], die Rechnung fehlt."),
        ("fr", "Bonjour, [Marie Lambert] à l'appareil."),
        ("fr", "Je m'appelle [Jean Dupont]."),
        ("it", "Mi chiamo [Giulia Rossi]."),
        ("es", "Me llamo [Juan García López]."),
        ("pt", "Meu nome é [João Silva]."),
        ("nl", "Goedemorgen, met [Pieter van den Berg]."),
        ("pl", "Dzień dobry, przy telefonie [Katarzyna Nowak]."),
        ("sv", "Hej, jag heter [Karl Johansson]."),
        ("da", "Jeg hedder [Lars Jensen]."),
        ("no", "Jeg heter [Ola Nordmann]."),
    ],
)
def test_introduced(language: str, text: str) -> None:
    plain = text.replace("[", "").replace("]", "")
    assert marked(call([(0, plain)], language)) == [text.replace("[", "[NAME: ")]


@pytest.mark.parametrize(
    "text",
    [
        "This is great.",
        "Apple Pay and Google Pay work in Chrome and Firefox.",
        "Will you mark the bill in May?",
        "I'm calling about my order.",
        "Thank God it's Friday.",
    ],
)
def test_other_words_with_capitals_stay(text: str) -> None:
    assert marked(spoken(text)) == [text]


def test_given_names_anywhere_and_in_part() -> None:
    said = spoken("So the order of brown-eyed Susan", "was sent to Obi Wan Kenobi.", "Kenobi's parcel.")
    assert marked(said, names=["Obi Wan Kenobi"])[1:] == [
        "was sent to [NAME: Obi Wan Kenobi].",
        "[NAME: Kenobi's] parcel.",
    ]


def test_spelled() -> None:
    assert marked(spoken("What's your last name?", "Brown.", "How do you spell that?", "B-R-O-W-N.")) == [
        "What's your last name?",
        "[NAME: Brown].",
        "How do you spell that?",
        "[NAME: B-R-O-W-N].",
    ]


def test_found_once_found_again() -> None:
    assert marked(spoken("My name is Zorblatt.", "Thank you.", "The bill of Zorblatt is paid."))[2] == (
        "The bill of [NAME: Zorblatt] is paid."
    )

from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.interface import OmissionReason, Segment, SpokenLanguage, Word
from callscribe.transcripts.assembly import LONGEST_WORDS, assemble, sentences_of
from callscribe.transcripts.models import LanguageMismatch, Omission


def spoken(text: str, start: float = 0.0, *, pace: float = 0.3, channel: int = 0, language: str = "en") -> Segment:
    words = tuple(
        Word(each, round(start + index * pace, 3), round(start + (index + 0.9) * pace, 3), 0.8)
        for index, each in enumerate(text.split())
    )
    return Segment(channel, words[0].start, words[-1].end, words, language)


def texts(*segments: Segment) -> list[str]:
    transcript = assemble(segments, duration=100.0)
    return [sentence.text for sentence in transcript.sentences]


def test_punctuation_ends_sentence() -> None:
    assert texts(spoken('I see. "Really?" Yes! And then we left')) == [
        "I see.",
        '"Really?"',
        "Yes!",
        "And then we left",
    ]


def test_titles_and_decimals_end_nothing() -> None:
    text = "Mr. Smith and Dr. J. R. Jones paid 3.50 dollars, e.g. for tea."
    assert texts(spoken(text)) == [text]


def test_stop_before_small_letter_goes_on() -> None:
    assert texts(spoken("We have apples, pears etc. and so on.")) == ["We have apples, pears etc. and so on."]


def test_ordinals_end_nothing() -> None:
    for text, language in (
        ("It came on the 13. March by post.", "en"),
        ("Wir kommen am 13. März in den 3. Stock.", "de"),
    ):
        assert texts(spoken(text, language=language)) == [text]
    assert texts(spoken("We have 13. That is all.")) == ["We have 13.", "That is all."]
    assert texts(spoken("Wir haben 13.", language="de"), spoken("Danke.", 2.5, language="de")) == [
        "Wir haben 13.",
        "Danke.",
    ]


def test_no_is_a_sentence() -> None:
    assert texts(spoken("No. That is wrong.")) == ["No.", "That is wrong."]


def test_sentence_crosses_segments() -> None:
    assert texts(spoken("I would like to"), spoken("order a tent.", 1.5)) == ["I would like to order a tent."]


def test_long_pause_ends_sentence() -> None:
    assert texts(spoken("let me see"), spoken("it is here", 5.0)) == ["let me see", "it is here"]


def test_short_pause_before_capital_ends() -> None:
    assert texts(spoken("let me see"), spoken("It is here", 2.0)) == ["let me see", "It is here"]
    assert texts(spoken("let me see,"), spoken("Anna", 2.0)) == ["let me see, Anna"]


def test_grouped_number_is_not_broken() -> None:
    assert texts(spoken("My number is"), spoken("555", 1.7), spoken("0142.", 2.8)) == ["My number is 555 0142."]
    assert texts(spoken("That is all."), spoken("20 of them.", 2.0)) == ["That is all.", "20 of them."]


def test_pause_before_german_noun_goes_on() -> None:
    halves = ("Ich brauche eine", "Rechnung."), ("ja genau", "Eine Rechnung.")
    for first, second in halves:
        assert texts(spoken(first, language="de"), spoken(second, 2.0, language="de")) == [f"{first} {second}"]


def test_endless_one_split_at_comma() -> None:
    sentences = texts(spoken(" ".join(["word"] * 24) + " comma, " + " ".join(["word"] * 25)))
    assert len(sentences) == 2
    assert sentences[0].endswith("comma,")


def test_parties_merge_by_time() -> None:
    transcript = assemble(
        [
            spoken("How are you doing today?", 0.0, channel=1),
            spoken("Hello?", 0.5),
            spoken("Fine.", 3.0),
        ],
        duration=5.0,
        participants={0: 1, 1: 0},
    )
    assert [(each.channel, each.participant, each.start) for each in transcript.sentences] == [
        (1, 0, 0.0),
        (0, 1, 0.5),
        (0, 1, 3.0),
    ]


def test_channel_without_participant() -> None:
    (sentence,) = assemble([spoken("Hello.")], duration=1.0).sentences
    assert sentence.participant is None


def test_language_asked_for_or_heard_most() -> None:
    segments = [spoken("Guten Tag zusammen.", language="de"), spoken("Hello.", 5.0, language="en")]
    assert assemble(segments, duration=9.0, language="en-GB").language == "en-GB"
    assert assemble(segments, duration=9.0, language="multi").language == "de-DE"
    assert assemble(segments, duration=9.0).language == "de-DE"
    assert assemble([], duration=9.0).language is None


def test_silence_is_empty() -> None:
    assert assemble([], duration=9.0, language="en-US").sentences == ()


def test_textless_speech_is_omission() -> None:
    transcript = assemble(
        [Segment(1, 7.5, 9.0, (), "fr"), spoken("Hello."), Segment(0, 4.0, 6.0, (), "fr")], duration=10.0, channels=2
    )
    assert [sentence.text for sentence in transcript.sentences] == ["Hello."]
    assert transcript.omissions == (Omission(0, 4.0, 6.0), Omission(1, 7.5, 9.0))
    assert transcript.language == "en-US"


def test_no_text_has_no_language() -> None:
    assert assemble([Segment(0, 4.0, 6.0, (), "fr")], duration=10.0).language is None


def test_sentences_say_their_language() -> None:
    transcript = assemble(
        [
            spoken("well I", language="en"),
            spoken("je ne sais pas.", 1.5, language="fr"),
            spoken("مرحبا", 9.0, language="ar"),
        ],
        duration=12.0,
        language="en-GB",
    )
    assert [(each.language, each.text) for each in transcript.sentences] == [
        ("en-GB", "well I"),
        ("fr-FR", "je ne sais pas."),
        ("ar", "مرحبا"),
    ]


def test_omission_says_why() -> None:
    arabic = SpokenLanguage("ar", 0.99)
    segments = [
        Segment(0, 0.0, 2.0, (), "ar", arabic, OmissionReason.UNSUPPORTED_LANGUAGE),
        Segment(0, 3.0, 4.0, (), "en"),
    ]
    assert assemble(segments, duration=5.0).omissions == (
        Omission(0, 0.0, 2.0, OmissionReason.UNSUPPORTED_LANGUAGE, "ar"),
        Omission(0, 3.0, 4.0),
    )


def test_mismatches_merge_by_channel_and_language() -> None:
    def segment(channel: int, start: float, end: float, code: str, probability: float) -> Segment:
        return Segment(channel, start, end, (Word("Oui.", start, end, 0.9),), code, SpokenLanguage(code, probability))

    transcript = assemble(
        [
            segment(0, 10.0, 13.0, "fr", 1.0),
            segment(0, 2.0, 3.0, "fr", 0.8),
            segment(0, 5.0, 6.0, "de", 0.9),
            segment(1, 1.0, 2.0, "fr", 0.9),
            spoken("Hello.", 20.0),
        ],
        duration=30.0,
        language="en-US",
        channels=2,
    )
    assert transcript.mismatches == (
        LanguageMismatch(1, 1.0, 2.0, "fr-FR", 0.9),
        LanguageMismatch(0, 2.0, 13.0, "fr-FR", 0.95),
        LanguageMismatch(0, 5.0, 6.0, "de-DE", 0.9),
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "B", "c.", "D?", "e,", "Mr.", "f…"]), st.floats(0.0, 3.0), st.floats(0.01, 2.0)
        ),
        max_size=150,
    )
)
def test_every_word_in_one_sentence(steps: list[tuple[str, float, float]]) -> None:
    words, now = [], 0.0
    for text, pause, length in steps:
        start, end = round(now + pause, 3), round(now + pause + length, 3)
        words.append(Word(text, start, end, 0.5))
        now = end
    sentences = list(sentences_of(words))
    assert [word for sentence in sentences for word in sentence] == words
    assert all(0 < len(sentence) <= LONGEST_WORDS for sentence in sentences)

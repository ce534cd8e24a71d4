"""Transcripts with labels in the place of what was found in them."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.redaction.entities import LABEL, Entity
from callscribe.redaction.finding import Found
from callscribe.redaction.masking import masked, masked_text
from callscribe.redaction.policy import Mask
from callscribe.speech.interface import Word
from callscribe.transcripts.formats import Format
from callscribe.transcripts.models import Sentence, Transcript


def sentence(text: str, start: float = 1.0, channel: int = 0) -> Sentence:
    said = enumerate(text.split())
    words = tuple(Word(each, start + place, start + place + 0.8, 0.5 + place / 100) for place, each in said)
    return Sentence(channel, channel, start, words[-1].end, text, 0.5, words)


def call(*texts: str) -> Transcript:
    sentences = tuple(sentence(text, 20.0 * place + 1.0, place % 2) for place, text in enumerate(texts))
    return Transcript(20.0 * len(texts), "en-US", sentences, channels=2)


def found(transcript: Transcript, index: int, part: str, entity: Entity = Entity.CARD_NUMBER) -> Found:
    first = transcript.sentences[index].text.index(part)
    return Found(entity, index, first, first + len(part))


def test_label_takes_the_place_of_words_and_their_time() -> None:
    spoken = call("It is 4111 1111 1111 1111, yes.", "Thank you.")
    result = masked(spoken, [found(spoken, 0, "4111 1111 1111 1111")], Mask.ENTITY_TYPE)
    first, second = result.transcript.sentences
    assert first.text == "It is [CARD_NUMBER], yes."
    assert first.words == (
        Word("It", 1.0, 1.8, 0.5),
        Word("is", 2.0, 2.8, 0.51),
        Word("[CARD_NUMBER],", 3.0, 6.8, 0.535),
        Word("yes.", 7.0, 7.8, 0.56),
    )
    assert (first.start, first.end) == (spoken.sentences[0].start, spoken.sentences[0].end)
    assert second == spoken.sentences[1]
    (spot,) = result.spots
    assert (spot.sentence, spot.channel, spot.start, spot.end, spot.whole) == (0, 0, 3.0, 6.8, (1.0, 7.8))
    assert spot.words == ("4111", "1111", "1111", "1111,")


@pytest.mark.parametrize(
    ("text", "parts", "expected"),
    [
        ("(4111)", ["4111"], "([CARD_NUMBER])"),
        ("No4111.", ["4111"], "[CARD_NUMBER]."),  # letters beside it go with it
        ("Pat's here", ["Pat"], "[CARD_NUMBER] here"),
        ("12/27,123 it is", ["12/27", "123"], "[CARD_NUMBER] it is"),  # two in one word
        ("four one, four two", ["four one", "four two"], "[CARD_NUMBER], [CARD_NUMBER]"),
        ("call +44 20", ["44 20"], "call +[CARD_NUMBER]"),
    ],
)
def test_whole_words_go(text: str, parts: list[str], expected: str) -> None:
    spoken = call(text)
    result = masked(spoken, [found(spoken, 0, part) for part in parts], Mask.ENTITY_TYPE)
    assert result.transcript.sentences[0].text == expected
    assert masked_text(text, [found(spoken, 0, part) for part in parts], Mask.ENTITY_TYPE) == expected


def test_mask_may_hide_what_it_was() -> None:
    spoken = call("I am Pat Brown.")
    result = masked(spoken, [found(spoken, 0, "Pat Brown", Entity.NAME)], Mask.PII)
    assert result.transcript.sentences[0].text == "I am [PII]."


@pytest.mark.parametrize(
    "broken",
    [
        replace(sentence("It is 4111."), words=()),
        replace(sentence("It is 4111."), text="It is a 4111."),  # more than its words
        replace(sentence("It is 4111."), words=sentence("It is 5111.").words),
    ],
)
def test_whole_sentence_goes_where_words_cannot_be_placed(broken: Sentence) -> None:
    spoken = Transcript(20.0, "en-US", (broken,))
    result = masked(spoken, [found(spoken, 0, "4111")], Mask.ENTITY_TYPE)
    (only,) = result.transcript.sentences
    assert only.text == "[CARD_NUMBER]"
    assert only.words == (Word("[CARD_NUMBER]", broken.start, broken.end, broken.confidence),)
    assert [(spot.start, spot.end) for spot in result.spots] == [(broken.start, broken.end)]


def test_whole_segment_goes_where_words_have_no_times() -> None:
    of_one = [
        replace(sentence("One.", 1.0), end=2.0),
        replace(sentence("4111.", 2.0), end=3.0),
        replace(sentence("Three.", 3.02), end=4.0),
        replace(sentence("Other.", 2.5, channel=1), end=6.0),
        replace(sentence("Later.", 5.0), end=6.0),
    ]
    spoken = Transcript(20.0, "en-US", tuple(of_one))
    result = masked(spoken, [found(spoken, 1, "4111")], Mask.ENTITY_TYPE, timed=False)
    assert [each.text for each in result.transcript.sentences] == [
        "One.",
        "[CARD_NUMBER]",
        "Three.",
        "Other.",
        "Later.",
    ]
    assert [(spot.start, spot.end) for spot in result.spots] == [(1.0, 4.0)]


_TOKENS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Nd", "Po"]), min_size=1, max_size=6)
_TEXTS = st.lists(_TOKENS, min_size=1, max_size=12).map(" ".join)


@given(_TEXTS, st.data())
def test_no_character_that_was_found_is_left(text: str, data: st.DataObject) -> None:
    # Every found character is a private one, so that none of what stays can be taken for it.
    places = [place for place, each in enumerate(text) if not each.isspace()]
    first = data.draw(st.sampled_from(places))
    behind = data.draw(st.sampled_from([place + 1 for place in places if place >= first]))
    secret = re.sub(r"\S", "\ue000", text[first:behind])
    spoken = call(text[:first] + secret + text[behind:], "Yes.")
    each = Found(data.draw(st.sampled_from(list(Entity))), 0, first, behind)
    result = masked(spoken, [each], data.draw(st.sampled_from(list(Mask))))
    sentence_ = result.transcript.sentences[0]
    assert len(LABEL.findall(sentence_.text)) >= 1
    assert sentence_.text == " ".join(word.text for word in sentence_.words)
    for format_ in Format:
        if format_.is_text:
            assert "\ue000" not in format_.render(result.transcript).decode()
    original = spoken.sentences[0].words
    muted = [word for word in original if "\ue000" in word.text]
    (spot,) = result.spots
    assert spot.start <= muted[0].start
    assert spot.end >= muted[-1].end
    times = [time for word in sentence_.words for time in (word.start, word.end)]
    assert times == sorted(times)

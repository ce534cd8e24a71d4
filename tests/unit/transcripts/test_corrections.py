"""What becomes of a transcript when somebody puts a sentence right."""

from datetime import UTC, datetime

import pytest

from callscribe.speech.interface import Word
from callscribe.transcripts.corrections import CERTAIN, Corrected, Edit, corrected, spread, terms
from callscribe.transcripts.models import Diarization, Sentence, Transcript
from callscribe.transcripts.statistics import statistics

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TIMED = (("I", 1.0, 1.2), ("ordered", 1.3, 1.7), ("a", 1.7, 1.8), ("tenth.", 2.2, 2.6))
SENTENCE = Sentence(
    0, 0, 1.0, 2.6, " ".join(text for text, *_ in TIMED), 0.5, tuple(Word(*word, 0.5) for word in TIMED)
)


def edit(text: str, participant: int | None = 0, version: int = 1) -> Edit:
    return Edit(text, participant, version, AT, "AC" + "0" * 32)


def call(*texts: str) -> Transcript:
    said = []
    for place, text in enumerate(texts):
        starts = enumerate(text.split(), start=10 * place)
        words = tuple(Word(each, float(start), start + 0.8, 0.9) for start, each in starts)
        said.append(Sentence(place % 2, place % 2, words[0].start, words[-1].end, text, 0.9, words))
    return Transcript(10.0 * len(texts), "en-US", tuple(said), channels=2)


@pytest.mark.parametrize(
    ("text", "expected", "other"),
    [
        ("I ordered a tent.", [*TIMED[:3], ("tent.", 2.2, 2.6)], {3}),  # one for one
        ("I Ordered, a tenth", [TIMED[0], ("Ordered,", 1.3, 1.7), TIMED[2], ("tenth", 2.2, 2.6)], {1, 3}),
        ("I ordered tenth.", [TIMED[0], TIMED[1], TIMED[3]], set()),  # one less
        ("I ordered a big tenth.", [*TIMED[:3], ("big", 1.8, 2.2), TIMED[3]], {3}),  # in the pause
        ("I have ordered a tenth.", [TIMED[0], ("have", 1.2, 1.3), *TIMED[1:]], {1}),
        ("Yes, I ordered a tenth.", [("Yes,", 1.0, 1.0), *TIMED], {0}),  # where there is no pause
        ("I ordered a ten ft.", [*TIMED[:3], ("ten", 2.2, 2.4), ("ft.", 2.4, 2.6)], {3, 4}),  # by their lengths
        ("Nothing at all", [("Nothing", 1.0, 1.933), ("at", 1.933, 2.2), ("all", 2.2, 2.6)], {0, 1, 2}),
    ],
)
def test_words_share_the_old_times(text: str, expected: list[tuple[str, float, float]], other: set[int]) -> None:
    words, found = spread(SENTENCE, text)
    assert [word[:3] for word in words] == expected
    assert found == other
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    for place, word in enumerate(words):
        of_old = word.text.strip(".,").casefold() in {"i", "ordered", "a", "tenth"}
        assert word.confidence == (0.5 if of_old else CERTAIN), place


def test_sentence_without_words_gets_them() -> None:
    words, other = spread(Sentence(0, 0, 1.0, 2.0, "Hm", 0.5, ()), "ab cd")
    assert [word[:3] for word in words] == [("ab", 1.0, 1.5), ("cd", 1.5, 2.0)]
    assert other == {0, 1}


def test_sentence_keeps_its_place_and_is_marked() -> None:
    original = call("one two three", "four", "five six")
    found = corrected(original, {0: edit("two three"), 1: edit("four", 1)}, 1)
    sentence = found.transcript.sentences[0]
    assert (sentence.text, sentence.start, sentence.end) == ("two three", 0.0, 2.8)
    assert found.corrections.keys() == {0}
    assert found.corrections[0].original == original.sentences[0]
    assert found.transcript.sentences[1:] == original.sentences[1:]


def test_putting_back_leaves_no_trace() -> None:
    original = call("one two three", "four")
    assert corrected(original, {0: edit("one two three", 0, version=2)}, 2) == Corrected(original, 2)


def test_who_said_it_counts_for_figures() -> None:
    original = call("one two three", "four five", "six seven")
    found = corrected(original, {2: edit("six seven", 1)}, 1).transcript
    figures = statistics(found, {0: 0, 1: 1})
    assert [(each.party.channel, each.party.participant, each.words) for each in figures.parties] == [
        (0, 0, 3),
        (1, 1, 4),
    ]
    before = statistics(original, {0: 0, 1: 1})
    assert (figures.speech, figures.silence) == (before.speech, before.silence)


def test_who_said_it_is_the_speaker() -> None:
    one, other = Sentence(0, 1, 0.0, 1.0, "a", 1.0, (), 0), Sentence(0, 0, 1.0, 2.0, "b", 1.0, (), 1)
    original = Transcript(2.0, "en-US", (one, other), diarization=Diarization(applied=True, participants=(1, 0)))
    found = corrected(original, {0: edit("a", 0), 1: edit("b", None)}, 1)
    assert [(each.participant, each.speaker) for each in found.transcript.sentences] == [(0, 1), (None, 1)]


def test_terms_are_what_was_not_known() -> None:
    original = call("thank you for calling river side out door", "i ordered a tenth", "the tent is small", "riverside")
    found = corrected(
        original,
        {
            0: edit("Thank you for calling Riverside Outdoor."),
            1: edit("I ordered a tent from Riverside Outdoor, 42"),
            2: edit("The yurt is small"),
        },
        1,
    )
    # "Riverside" stands elsewhere, and so does "tent"; digits are nobody's name.
    assert terms(found) == {"Outdoor": 1, "from Riverside Outdoor": 1, "yurt": 1}
    assert terms(Corrected(original)) == {}

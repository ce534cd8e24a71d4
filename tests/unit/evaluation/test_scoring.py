"""How texts are compared, and which words are told as often wrong."""

import subprocess
import sys

import jiwer
from hypothesis import given
from hypothesis import strategies as st

from callscribe.evaluation.scoring import Comparison, Counts, WrongWord, compare, most_wrong, normalise, spellings

TEXTS = st.lists(st.sampled_from("abcdefg"), max_size=12).map(" ".join)


def test_english_is_compared_as_whispers_authors_do() -> None:
    assert normalise("I don't know — Mr. Colour, uh, twenty-one!", "en") == "i do not know mister color 2 1"
    assert normalise("One oh five, 1455", "en") == normalise("105, fourteen fifty-five", "en")


def test_other_languages_keep_their_words() -> None:
    assert normalise("I don't know, Übung 21!", "de") == "i don t know übung 2 1"
    assert normalise("Colour", "") == "colour"


def test_counts_by_what_became_of_words() -> None:
    found = compare("the tent from riverside arrived", "the tent of river side")
    assert found.counts == Counts(hits=2, substitutions=3, deletions=0, insertions=0)
    assert found.counts.wer == 3 / 5
    assert compare("a b c", "a c").counts == Counts(2, 0, 1, 0)
    assert compare("a c", "a b c").counts == Counts(2, 0, 0, 1)


def test_silence_on_either_side() -> None:
    assert compare("", "thank you").counts == Counts(0, 0, 0, 2)
    left_out = compare("thank you thank", "")
    assert left_out.counts == Counts(0, 0, 3, 0)
    assert (left_out.words["thank"].said, left_out.words["thank"].wrong) == (2, 2)
    assert compare("", "").counts == Counts()


@given(TEXTS, TEXTS)
def test_words_add_up(said: str, heard: str) -> None:
    found = compare(said, heard)
    assert found.counts.words == len(said.split())
    assert found.counts.hits + found.counts.substitutions + found.counts.insertions == len(heard.split())
    assert sum(each.said for each in found.words.values()) == len(said.split())
    wrong = sum(each.wrong for each in found.words.values())
    assert wrong == found.counts.substitutions + found.counts.deletions
    if said and heard:
        assert found.counts.wer == jiwer.wer(said, heard)


def test_names_are_told_and_small_words_are_not() -> None:
    total = Comparison()
    for heard in ("the river of the inn", "the rivers of a inn", "the riverside of the inn"):
        total.add(compare("the riverside of the inn", heard))
    written = spellings([("The Riverside of the Inn. Riverside!", "en")])
    (word,) = most_wrong(total.words, written, 10)  # not "the", which is mostly right
    assert word == WrongWord("Riverside", 3, 2, ("river", "rivers"))
    assert most_wrong(total.words, written, 0) == []


def test_numbers_and_letters_are_no_terms() -> None:
    found = compare(normalise("Press 1455 for Q, Kepler", "en"), "press for")
    assert [each.word for each in most_wrong(found.words, {}, 10)] == ["kepler"]


def test_spelling_is_that_of_most() -> None:
    written = spellings([("IVR ivr IVR. O'Neill don't 12", "en"), ("Straße", "de")])
    assert written["ivr"] == "IVR"
    assert written["straße"] == "Straße"
    assert "12" not in written


def test_without_the_extra_it_says_what_to_install() -> None:
    code = """
import sys
sys.modules["jiwer"] = None
from callscribe.errors import SetupError
from callscribe.evaluation.scoring import check_installed
try:
    check_installed()
except SetupError as error:
    print(error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "jiwer is not installed" in ended.stdout
    assert "pip install 'callscribe[evaluate]'" in ended.stdout

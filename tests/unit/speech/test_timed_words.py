from collections.abc import Sequence
from itertools import pairwise
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pytest
from faster_whisper.tokenizer import Tokenizer
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.engines.whisper.alignment import TimedWord, settle, timed_words, uncovered
from callscribe.speech.engines.whisper.network import TokenTimes
from callscribe.speech.engines.whisper.pauses import STEP
from callscribe.speech.interface import Span


class WholeWords:
    """A vocabulary in which every word and every mark is one token."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self._pieces = pieces
        self.eot = len(pieces)

    def split_to_word_tokens(self, tokens: Sequence[int]) -> tuple[list[str], list[list[int]]]:
        return [*(self._pieces[token] for token in tokens[:-1]), "<end>"], [[token] for token in tokens]


def timed(pieces: Sequence[str], silent: npt.NDArray[np.bool_], **times: Any) -> list[TimedWord]:
    tokenizer = cast(Tokenizer, WholeWords(pieces))
    return timed_words(tokenizer, range(len(pieces)), TokenTimes(np.full(len(pieces), 0.9), **times), silent)


def attended(steps: int, *starts: int) -> npt.NDArray[np.float32]:
    """Shares of attention that go from token to token at the given steps, and to the end of the text at the last."""
    shares = np.full((len(starts), steps), 0.02, np.float32)
    for row, (start, end) in enumerate(pairwise([*starts, steps])):
        shares[row, start:end] = 0.9
    return shares


def quiet(steps: int, *stretches: tuple[int, int]) -> npt.NDArray[np.bool_]:
    silent = np.zeros(steps, bool)
    for start, end in stretches:
        silent[start:end] = True
    return silent


def test_word_after_pause_begins_after() -> None:
    silent = quiet(100, (30, 60))
    by_shares = timed([" yes", ",", " please", "."], silent, shares=attended(100, 0, 20, 28, 85, 90))
    by_turns = timed([" yes", ",", " please", "."], silent, starts=np.array([0, 20, 28, 85, 90]) * STEP)
    for words in (by_shares, by_turns):
        assert [word.text for word in words] == ["yes,", "please."]
        assert words[0].end <= 0.6
        assert words[1].start == pytest.approx(1.2)


def test_longer_word_later_boundary() -> None:
    starts = np.array([0, 30, 60, 90]) * STEP
    short = timed([" a", " word", " follows"], quiet(90), starts=starts)
    long = timed([" something", " word", " follows"], quiet(90), starts=starts)
    assert long[1].start > short[1].start > 0.6
    assert long[0].end == long[1].start


def test_marks_join_words_without_sound() -> None:
    words = timed([' "', "hello", "!", '"'], quiet(60, (40, 60)), shares=attended(60, 0, 5, 35, 45, 50))
    assert [word.text for word in words] == ['"hello!"']
    assert sum(word.tokens for word in words) == 4


def test_number_keeps_inner_pauses() -> None:
    text = [" call", " 212", "-", "555", "-", "0142", "."]
    speech = [Span(0.0, 0.6), Span(1.2, 2.2), Span(3.8, 4.8), Span(6.2, 7.4)]
    silent = quiet(420, (30, 60), (110, 190), (240, 310), (370, 420))
    by_shares = timed(text, silent, shares=attended(420, 0, 28, 108, 150, 238, 280, 368, 400))
    by_turns = timed(text, silent, starts=np.array([0, 28, 108, 150, 238, 280, 368, 400]) * STEP)
    for words in (by_shares, by_turns):
        call, number = settle(words, speech, 8.4)
        assert (call.text, number.text) == ("call", "212-555-0142.")
        assert call.end <= 0.7
        assert number.start == pytest.approx(1.2, abs=0.05)
        assert number.end == pytest.approx(7.4, abs=0.05)
        # What it is said with is not taken for speech that was missed, and its digits are not heard twice.
        assert uncovered([call, number], speech, 0.5) == []


def test_no_tokens_make_no_words() -> None:
    assert timed([], quiet(10), starts=np.zeros(1)) == []


pieces = st.lists(st.sampled_from([" word", " 1455", " a", ",", " flour", "-fattened", " “", "?", " ..."]), min_size=1)


@given(text=pieces, steps=st.integers(1, 400), seed=st.integers(0, 2**32 - 1), knows_shares=st.booleans())
def test_any_attention_gives_ordered_times(*, text: list[str], steps: int, seed: int, knows_shares: bool) -> None:
    chance = np.random.default_rng(seed)
    silent = np.repeat(chance.random(steps // 8 + 1) < chance.random(), 8)[:steps]
    shares = chance.random((len(text) + 1, steps), np.float32) ** 4
    starts = np.sort(chance.random(len(text) + 1)) * steps * STEP
    words = timed(text, silent, **({"shares": shares} if knows_shares else {"starts": starts}))
    settled = settle(words, [Span(0.0, steps * STEP / 2)], steps * STEP)
    assert "".join(word.text for word in settled).replace(" ", "") == "".join(word.text for word in words)
    assert all(word.start < word.end for word in settled)
    assert all(before.end <= after.start + 1e-9 for before, after in pairwise(settled))
    assert all(word.start >= -1e-9 and word.end <= steps * STEP + 1e-9 for word in settled)

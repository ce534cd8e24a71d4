from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from callscribe.cancellation import NEVER
from callscribe.media.decoding import Decoder
from callscribe.settings import Settings
from callscribe.speech.engines.whisper.engine import WhisperEngine
from callscribe.speech.interface import RecognitionOptions, Word
from callscribe.speech.pipeline import transcribe_file


@pytest.fixture(scope="module", params=["tiny.en", "base"])
def words(request: pytest.FixtureRequest, call: Path, settings: Settings) -> list[list[Word]]:
    """The words of each channel of the bundled call. The two models' networks are computed by different libraries."""
    engine, decoder = WhisperEngine(settings), Decoder()
    try:
        options = RecognitionOptions(language="en-US")
        _, segments = transcribe_file(decoder, call, engine, request.param, options, NEVER)
    finally:
        engine.close()
        decoder.close()
    return [
        [word for segment in segments if segment.channel == channel for word in segment.words] for channel in (0, 1)
    ]


def of(turn: Any, words: Sequence[Sequence[Word]]) -> list[Word]:
    return [word for word in words[turn.channel] if turn.start < (word.start + word.end) / 2 < turn.end]


def test_first_word_begins_its_turn(words: list[list[Word]], turns: list[Any]) -> None:
    late = [of(turn, words)[0].start - turn.start for turn in turns]
    assert all(abs(each) < 0.25 for each in late), late
    assert sum(abs(each) < 0.15 for each in late) >= 0.8 * len(late), late


def test_last_word_ends_its_turn(words: list[list[Word]], turns: list[Any]) -> None:
    late = [of(turn, words)[-1].end - turn.end for turn in turns]
    assert all(abs(each) < 0.35 for each in late), late


def test_party_words_follow_each_other(words: list[list[Word]]) -> None:
    for channel in words:
        assert all(before.end <= after.start + 1e-6 for before, after in pairwise(channel))
        assert all(0.03 <= word.end - word.start < 1.5 for word in channel)


def test_pauses_lie_between_words(words: list[list[Word]]) -> None:
    # The agent is silent for 2.2 s while he looks an order up.
    before = [word for word in words[1] if word.end < 26.5]
    after = [word for word in words[1] if word.start > 26.5]
    assert len(before) + len(after) == len(words[1])
    assert before[-1].end == pytest.approx(25.43, abs=0.3)
    assert after[0].start == pytest.approx(27.63, abs=0.2)


def test_number_has_time(words: list[list[Word]], turns: list[Any]) -> None:
    turn = next(turn for turn in turns if "452" in turn.text)
    number = [word for word in of(turn, words) if any(mark.isdigit() for mark in word.text)]
    if number:  # a small model may write it in letters
        assert number[0].start > turn.start + 1.0
        assert number[-1].end == pytest.approx(turn.end, abs=0.35)

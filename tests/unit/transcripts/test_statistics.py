"""Figures for calls that are small enough to count by hand, and what holds for every call."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscribe.speech.interface import Word
from callscribe.transcripts.models import Sentence, Transcript
from callscribe.transcripts.statistics import Party, PartyStatistics, Statistics, statistics

A, B = Party(0, 0), Party(1, 1)


def said(party: Party, start: float, end: float, text: str = "Well, that is so.") -> Sentence:
    """Words one behind the other, without a pause."""
    texts = text.split()
    step = (end - start) / len(texts)
    words = tuple(
        Word(each, round(start + index * step, 3), round(start + (index + 1) * step, 3), 0.9)
        for index, each in enumerate(texts)
    )
    return Sentence(party.channel, party.participant, start, end, text, 0.9, words)


def call(duration: float, *sentences: Sentence) -> Statistics:
    return statistics(Transcript(duration, "en-US", sentences, channels=2), {0: 0, 1: 1})


def of(figures: Statistics, party: Party) -> PartyStatistics:
    (found,) = (each for each in figures.parties if each.party == party)
    return found


def test_speech_silence_overlap_count_once() -> None:
    figures = call(20.0, said(A, 1.0, 5.0), said(B, 4.0, 9.0), said(A, 12.0, 14.0))
    assert (figures.duration, figures.speech, figures.silence, figures.overlap) == (20.0, 10.0, 10.0, 1.0)
    assert (of(figures, A).talk_time, of(figures, B).talk_time) == (6.0, 5.0)
    assert (of(figures, A).talk_share, of(figures, B).talk_share) == (0.545, 0.455)


def test_short_pause_is_speaking() -> None:
    short = call(10.0, said(A, 1.0, 2.0), said(A, 2.4, 3.0))
    longer = call(10.0, said(A, 1.0, 2.0), said(A, 2.5, 3.0))
    assert (of(short, A).talk_time, of(longer, A).talk_time) == (2.0, 1.5)


def test_words_a_minute_of_talk_time() -> None:
    figures = of(call(60.0, said(A, 10.0, 14.0, " ".join(["word"] * 10))), A)
    assert (figures.words, figures.words_per_minute) == (10, 150.0)


def test_turn_lasts_until_floor_taken() -> None:
    figures = call(
        30.0, said(A, 0.0, 3.0), said(A, 4.0, 6.0), said(B, 7.0, 8.0), said(A, 8.5, 9.5), said(B, 12.0, 16.0)
    )
    assert (of(figures, A).turns, of(figures, A).longest_turn) == (2, 5.0)
    assert (of(figures, B).turns, of(figures, B).longest_turn) == (2, 4.0)


def test_assent_takes_no_floor() -> None:
    figures = call(12.0, said(A, 0.0, 8.0), said(B, 3.0, 3.6, "Mhm."), said(A, 8.6, 10.0))
    assert (of(figures, A).turns, of(figures, B).turns) == (1, 0)
    assert of(figures, A).longest_turn == 9.4
    assert (of(figures, A).interruptions, of(figures, B).interruptions) == (0, 0)


def test_cutting_off_interrupts() -> None:
    figures = call(12.0, said(A, 0.0, 5.0), said(B, 4.0, 8.0))
    assert (of(figures, A).interruptions, of(figures, B).interruptions) == (0, 1)


@pytest.mark.parametrize(
    ("begins", "text", "count"),
    [
        (4.7, "It will be there tomorrow.", 0),  # an answer that comes a little early
        (4.7, "It will be there by the", 1),  # the other breaks off
        (4.9, "It will be there by the", 0),  # less than word times are good for
        (4.4, "It will be there tomorrow.", 1),
    ],
)
def test_early_answer_interrupts_unfinished(begins: float, text: str, count: int) -> None:
    assert of(call(12.0, said(A, 0.0, 5.0, text), said(B, begins, 8.0)), B).interruptions == count


def test_giving_way_is_no_interruption() -> None:
    figures = call(12.0, said(A, 0.0, 8.0), said(B, 4.0, 8.3))
    assert of(figures, B).interruptions == 0


def test_joint_beginning_interrupts_none() -> None:
    figures = call(12.0, said(A, 0.0, 2.0, "I was"), said(B, 0.2, 5.0))
    assert of(figures, B).interruptions == 0


def test_response_time_is_median() -> None:
    figures = call(
        40.0,
        said(A, 0.0, 2.0),
        said(B, 2.3, 4.0),
        said(A, 4.6, 6.0),
        said(B, 7.0, 8.0),
        said(A, 9.0, 10.0),
        said(B, 9.9, 12.0),
    )
    assert of(figures, B).response_time == 0.3
    assert of(figures, A).response_time == 0.8


def test_silent_party_has_figures() -> None:
    figures = call(12.0, said(A, 0.0, 4.0))
    assert of(figures, B) == PartyStatistics(B, 0.0, 0.0, 0, None, 0, 0.0, 0, None)
    assert of(figures, A).talk_share == 1.0
    assert of(figures, A).response_time is None


def test_wordless_call_is_silence() -> None:
    figures = statistics(Transcript(9.25, None, ()))
    assert (figures.speech, figures.silence, figures.overlap) == (0.0, 9.25, 0.0)
    assert [each.party for each in figures.parties] == [Party(0)]


def test_words_cut_at_end() -> None:
    figures = call(5.0, said(A, 4.0, 6.0))
    assert (figures.speech, figures.silence, of(figures, A).talk_time) == (1.0, 4.0, 1.0)


def test_three_at_once_overlap_once() -> None:
    c = Party(2)
    figures = statistics(
        Transcript(10.0, None, (said(A, 0.0, 6.0), said(B, 2.0, 6.0), said(c, 4.0, 6.0)), channels=3), {0: 0, 1: 1}
    )
    assert (figures.speech, figures.overlap) == (6.0, 4.0)


@st.composite
def calls(draw: st.DrawFn) -> Transcript:
    """Two parties, each with words in order, some with more than one sentence, beyond the end at times."""
    sentences = []
    for party in (A, B):
        times = sorted(draw(st.lists(st.integers(0, 4000), max_size=40)))
        words = [
            Word(draw(st.sampled_from(["so", "yes.", "no"])), start / 100, end / 100, 0.5)
            for start, end in pairwise(times)
            if draw(st.booleans())
        ]
        half = len(words) // 2
        sentences += [
            Sentence(party.channel, party.participant, part[0].start, part[-1].end, "", 0.5, tuple(part))
            for part in (words[:half], words[half:])
            if part
        ]
    duration = draw(st.integers(0, 4500)) / 100
    return Transcript(duration, None, tuple(sorted(sentences, key=lambda each: each.start)), channels=2)


@given(calls())
def test_times_add_up(transcript: Transcript) -> None:
    figures = statistics(transcript)
    talk = [each.talk_time for each in figures.parties]
    assert figures.duration == transcript.duration
    assert figures.speech + figures.silence == pytest.approx(figures.duration)
    assert sum(talk) - figures.overlap == pytest.approx(figures.speech)
    assert 0 <= figures.overlap <= min(talk)
    assert max(talk) <= figures.speech <= figures.duration
    assert sum(each.talk_share for each in figures.parties) == pytest.approx(1.0 if sum(talk) else 0.0, abs=0.002)


@given(calls())
def test_figures_stay_within_each_other(transcript: Transcript) -> None:
    figures = statistics(transcript)
    for each in figures.parties:
        assert 0 <= each.longest_turn <= each.talk_time
        assert each.interruptions <= each.words
        assert each.turns <= each.words
        assert (each.words_per_minute is None) == (each.talk_time == 0)
        assert (each.response_time is None) or each.turns


@given(calls())
def test_channel_order_is_no_matter(transcript: Transcript) -> None:
    swapped = Transcript(
        transcript.duration,
        None,
        tuple(
            Sentence(1 - each.channel, 1 - (each.participant or 0), each.start, each.end, "", 0.5, each.words)
            for each in transcript.sentences
        ),
        channels=2,
    )
    one, two = statistics(transcript, {0: 0, 1: 1}), statistics(swapped, {0: 0, 1: 1})
    assert (one.speech, one.silence, one.overlap) == (two.speech, two.silence, two.overlap)
    for ours, theirs in zip(one.parties, two.parties[::-1], strict=True):
        assert ours == replace(theirs, party=ours.party)


@given(calls())
def test_sentence_order_is_no_matter(transcript: Transcript) -> None:
    turned = replace(transcript, sentences=transcript.sentences[::-1])
    assert statistics(turned) == statistics(transcript)

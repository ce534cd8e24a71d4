import pytest

from callscribe.speech.engines.loops import repeats
from callscribe.speech.engines.whisper.decoding import Hypothesis, TimedTokens, split_at_timestamps

BEGIN = 50_364


def stamp(seconds: float) -> int:
    return BEGIN + round(seconds / 0.02)


def hypothesis(text: str, *, log_probability: float = -0.2, no_speech: float = 0.0) -> Hypothesis:
    return Hypothesis((), text, log_probability, no_speech)


def test_timestamps_split_text() -> None:
    tokens = [stamp(0.0), 1, 2, stamp(2.5), stamp(3.0), 3, stamp(4.0)]
    assert split_at_timestamps(tokens, BEGIN) == [TimedTokens(0.0, 2.5, (1, 2)), TimedTokens(3.0, 4.0, (3,))]


def test_text_without_end_kept() -> None:
    assert split_at_timestamps([stamp(1.0), 1, 2], BEGIN) == [TimedTokens(1.0, None, (1, 2))]
    assert split_at_timestamps([1], BEGIN) == [TimedTokens(0.0, None, (1,))]
    assert split_at_timestamps([stamp(0.0), stamp(5.0)], BEGIN) == []


@pytest.mark.parametrize(
    "text",
    ["thank you " * 6, "no " * 10, "and then we go to the shop " * 5, "well then " + "so what do you say " * 6],
)
def test_a_loop_is_noticed(text: str) -> None:
    assert repeats(text.split())
    assert hypothesis(text).is_loop
    assert not hypothesis(text).is_sound


@pytest.mark.parametrize("text", ["B-B-B-B-B-B!", "Ooooooooo", "A-A-A-A-A-A-A-A", "la-la-la-la-la-la-la"])
def test_loop_in_one_word_noticed(text: str) -> None:
    assert hypothesis(text).is_loop


@pytest.mark.parametrize("text", ["1,000,000,000", "555-5555", "Mmm. Hmm.", "Mississippi", "ha ha ha"])
def test_apparent_loop_is_none(text: str) -> None:
    assert not hypothesis(text).is_loop


@pytest.mark.parametrize(
    "text",
    [
        "no no no no no I did not say that",
        "has joined the conference has left the conference to increase the audio volume to decrease the audio volume",
        "one zero zero zero one nine",
        "",
    ],
)
def test_human_repetition_is_no_loop(text: str) -> None:
    assert not repeats(text.split())


def test_guess_about_silence_is_silence() -> None:
    assert hypothesis("Thank you.", log_probability=-1.4, no_speech=0.9).is_silence
    assert not hypothesis("Thank you.", log_probability=-0.2, no_speech=0.9).is_silence
    assert not hypothesis("Mumble.", log_probability=-1.4).is_sound


def test_guess_at_second_decoding_is_silence() -> None:
    crowd = hypothesis("We're going to go back.", log_probability=-0.89, no_speech=0.45)
    assert crowd.is_silence_again
    assert not crowd.is_silence
    assert not hypothesis("And within easy reach", log_probability=-0.89, no_speech=0.1).is_silence_again
    assert not hypothesis("L-E-T.", log_probability=-0.72, no_speech=0.44).is_silence_again

"""Which language a window is in: odds as `base` gave them for recordings."""

import pytest

from callscribe.speech.engines.whisper.spoken import (
    Hearing,
    alone,
    first_language,
    folded,
    together,
    wanted_language,
)
from callscribe.speech.interface import OnLanguageMismatch


def hearing(spoken: float, **odds: float) -> Hearing:
    return Hearing(spoken, folded(odds))


FRENCH = hearing(2.8, fr=0.979, nn=0.005, en=0.004, br=0.003)
OUI = hearing(0.6, fr=0.45, en=0.40, pt=0.05)
ENGLISH = hearing(6.0, en=0.993, cy=0.001)
NAME = hearing(1.2, en=0.55, es=0.20, it=0.15)


def found(heard: Hearing, expected: str | None) -> str | None:
    language = alone(heard, expected)
    return None if language is None else language.language


def test_a_sentence_tells_its_language() -> None:
    assert found(FRENCH, "en") == "fr"
    assert found(FRENCH, "fr") == "fr"
    assert found(FRENCH, None) == "fr"


def test_what_was_asked_for_needs_no_proof() -> None:
    assert found(hearing(0.3, en=0.81, zh=0.1), "en") == "en"


@pytest.mark.parametrize(
    "doubtful",
    [
        OUI,
        NAME,
        hearing(1.4, fr=0.99, en=0.001),  # a word
        hearing(4.0, pt=0.876, en=0.056, nl=0.014),  # a Dutch clip
        hearing(5.5, en=0.506, zh=0.295, vi=0.059),  # digits through a telephone
        hearing(3.9, en=0.272, hi=0.094, jw=0.089),  # a bad line
        hearing(24.1, la=0.99, nl=0.01),  # never believed
        Hearing(0.0, {}),
    ],
)
def test_doubt_is_no_mismatch(doubtful: Hearing) -> None:
    assert found(doubtful, "en") in {None, "en"}
    assert found(doubtful, "nl") is None


def test_close_languages_need_more() -> None:
    short, long = hearing(5.0, es=0.98, pt=0.005), hearing(7.0, es=0.98, pt=0.005)
    assert found(short, "en") == found(long, "en") == "es"
    assert found(short, "pt") is None
    assert found(long, "pt") == "es"


def test_relatives_are_the_locales_own() -> None:
    assert found(hearing(4.0, nn=0.60, no=0.35), "no") == "no"
    assert found(hearing(9.0, nn=0.60, no=0.38), "en") == "no"
    assert found(hearing(9.0, gl=0.55, es=0.43), "en") == "es"


def test_unsupported_needs_more_and_counts_together() -> None:
    assert found(hearing(5.0, ar=0.99), "en") is None
    assert found(hearing(7.0, ar=0.99), "en") == found(hearing(7.0, ar=0.99), None) == "ar"
    assert found(hearing(7.0, uk=0.52, ru=0.47), "en") == "uk"
    noise = hearing(7.0, gu=0.30, bn=0.25, fa=0.20, mr=0.13, hu=0.12)
    assert found(noise, "en") is None


def test_neighbours_decide_a_doubtful_window() -> None:
    assert together([OUI], [FRENCH, FRENCH], "en").language == "fr"
    assert together([OUI], [ENGLISH, ENGLISH], "en").language == "en"
    assert together([NAME], [ENGLISH], "en").language == "en"
    assert together([OUI], [FRENCH, FRENCH], None).language == "fr"


def test_alone_in_doubt_is_as_asked() -> None:
    assert together([OUI], [], "en").language == "en"
    assert together([OUI], [], "de").language == "de"
    assert together([OUI], [], None).language == "fr"
    assert together([Hearing(0.0, {})], [], "it").language == "it"


def test_guesses_do_not_add_up_to_certainty() -> None:
    guesses = [hearing(2.0, en=0.30, de=0.15, pt=0.12, nl=0.01)] * 8
    assert together(guesses[:1], guesses, "nl").language == "nl"


def test_mean_is_the_probability() -> None:
    told = together([hearing(1.0, fr=0.5)], [hearing(3.0, fr=0.9), hearing(4.0, fr=1.0)], "en")
    assert (told.language, told.probability) == ("fr", pytest.approx((0.5 + 2.7 + 4.0) / 8, abs=1e-3))


@pytest.mark.parametrize(
    ("spoken", "expected", "wish", "decoded"),
    [
        ("fr", "en", "follow", "fr"),
        ("fr", "en", "notice", "en"),
        ("fr", "en", "omit", None),
        ("en", "en", "omit", "en"),
        ("fr", None, "omit", "fr"),
        ("ar", "en", "notice", None),
        ("ar", None, "follow", None),
    ],
)
def test_what_a_language_is_decoded_in(spoken: str, expected: str | None, wish: str, decoded: str | None) -> None:
    assert wanted_language(spoken, expected, OnLanguageMismatch(wish)) == decoded
    sure = hearing(9.0, **{spoken: 0.99})
    assert first_language(sure, expected, OnLanguageMismatch(wish)) == decoded

import pytest

from callscribe.speech.engines.whisper.fillers import FILLERS, are_all, in_text, of
from callscribe.speech.languages import LANGUAGE_CODES


@pytest.mark.parametrize("language", LANGUAGE_CODES)
def test_every_language_hesitates(language: str) -> None:
    assert len(of(language)) > 1
    assert len(set(of(language))) == len(of(language))


def test_no_language_else_has_fillers() -> None:
    assert set(FILLERS) == set(LANGUAGE_CODES)
    assert of("ja") == ()


def test_only_fillers_are_told_from_words() -> None:
    for text in ("Um.", "Uh-huh, uh-huh. Mm-hmm!", "um um um", "- Uh… um"):
        assert are_all(text, of("en"))
    for text in ("", "…", "Um, yes.", "Umbrella", "Äh."):
        assert not are_all(text, of("en"))


def test_filler_stands_between_commas() -> None:
    assert in_text(("um", "äh")) == [", um,", " Um,", ", äh,", " Äh,"]

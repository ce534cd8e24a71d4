"""Fillers of each language: the sounds with which people think, and those with which they show that they listen.

Whisper knows them, and leaves them out, since most of the texts that it has learned from do. They are written here as
such texts write them. Words that also mean something (Spanish "este", Portuguese "é", French "ben") are none of them,
so that nothing else is heard as one.

Sources: Clark and Fox Tree 2002, "Using uh and um in spontaneous speaking" (English); de Leeuw 2007, "Hesitation
markers in English, German, and Dutch"; the lists by language of https://en.wikipedia.org/wiki/Filler_(linguistics).
"""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Final

FILLERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "en": ("um", "uh", "mm-hmm", "uh-huh", "hmm"),
        "de": ("äh", "ähm", "hm", "mhm"),
        "fr": ("euh", "hum", "hmm"),
        "it": ("ehm", "eh", "uhm", "mh"),
        "es": ("eh", "em", "mmm"),
        "pt": ("hum", "ahn", "hã", "eh"),
        "nl": ("eh", "ehm", "uh", "uhm", "hm"),
        "no": ("eh", "øh", "ehm", "hm"),
        "pl": ("yyy", "eee", "mhm", "hmm"),
        "sv": ("eh", "öh", "äh", "mm", "hm"),
        "da": ("øh", "øhm", "eh", "mm", "hm"),
    }
)
"""By ISO 639-1 code."""

_MARKS: Final = ".,;:!?…-–—"


def of(language: str) -> tuple[str, ...]:
    """Those of a language, by its code; none where they are not known."""
    return FILLERS.get(language, ())


def are_all(text: str, fillers: Collection[str]) -> bool:
    """Whether a text has words, and all of them are fillers."""
    words = {word.strip(_MARKS).lower() for word in text.split()} - {""}
    return bool(words) and words <= set(fillers)


def in_text(fillers: tuple[str, ...]) -> list[str]:
    """How fillers stand in a text: between commas, or at the beginning of a clause with a capital.

    With the commas, since a bare "uh" leads Whisper to texts without marks and capitals.
    """
    return [spelling for filler in fillers for spelling in (f", {filler},", f" {filler.capitalize()},")]

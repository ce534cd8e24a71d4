"""Words as search sees them: where they are in a text, and in which forms they are the same word.

Case and accents do not matter, and neither does how a word is inflected, as far as its language has a stemmer of
Snowball's (https://snowballstem.org). All of that is done here rather than by the database, so that SQLite and
PostgreSQL find the same, and what is marked is what was found.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import Final

import Stemmer

from callscribe.redaction.entities import LABEL

LONGEST: Final = 64
"""Characters of a word that count; databases take no index entries of any length."""

_WORD: Final = re.compile(r"[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*")
"""Letters and digits of every script, with accents that are characters of their own."""

_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i"})
"""Letters that Unicode does not take apart, as they are typed where a keyboard lacks them."""

_STEMMERS: Final = {
    "da": "danish",
    "de": "german",
    "en": "english",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "pl": "polish",
    "pt": "portuguese",
    "sv": "swedish",
}
"""Snowball's by ISO 639-1 code. A language without one has its words as they are."""

LANGUAGES: Final = tuple(_STEMMERS)

_ONE_AT_A_TIME: Final = threading.Lock()
"""A stemmer is for one thread."""


def words(text: str) -> list[str]:
    """The words of a text, as they stand there. What stands for a secret is none."""
    return _WORD.findall(_without_labels(text))


def spans(text: str) -> Iterator[tuple[str, int, int]]:
    """The same, each with the offsets in characters at which it begins and at which it has ended."""
    for found in _WORD.finditer(_without_labels(text)):
        yield found[0], *found.span()


def _without_labels(text: str) -> str:
    """The same with blanks for labels, so that all else stays where it is."""
    return LABEL.sub(lambda label: " " * len(label[0]), text) if "[" in text else text


@lru_cache(maxsize=1 << 16)
def folded(word: str) -> str:
    """Without case and accents: letters and digits alone."""
    # Twice: there are letters that have a case only once they are taken apart.
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", word).casefold())
    return "".join(each for each in apart if each.isalnum()).translate(_LETTERS)[:LONGEST]


@lru_cache(maxsize=1 << 16)
def stems(word: str, language: str) -> frozenset[str]:
    """What is left of a word where it is inflected, folded; nothing in a language without a stemmer.

    There are two where accents make a difference to the stemmer. One of them is what somebody who types without
    accents looks for.
    """
    plain = folded(word)
    if language not in _STEMMERS or not plain.isalpha():
        return frozenset()
    with _ONE_AT_A_TIME:
        stem = _stemmer(language).stemWord
        return frozenset({stem(plain), folded(stem(word.lower()))})


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    return Stemmer.Stemmer(_STEMMERS[language], 0)  # what it knows already is kept above

"""What somebody looks for: words, "a phrase", the beginning of a word*. Any text is a query.

A call is found when it has each of them, said by whomever, anywhere in the call; the words of a phrase stand side by
side in one sentence.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from callscribe.search.words import folded, spans, stems, words

SHORTEST_PREFIX: Final = 3
"""Letters before a `*`. Behind fewer it says nothing: nearly every sentence has such a word."""

_PART: Final = re.compile(r'"([^"]*)"?|([^\s"]+)')
"""Something in quotes, be they closed or not, or anything else up to the next blank."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any of its forms; with `is_prefix`, every word that begins like it. `text` has lower case."""

    text: str
    is_prefix: bool = False

    @property
    def plain(self) -> str:
        """Without case and accents."""
        return folded(self.text)

    def stems(self, language: str) -> frozenset[str]:
        """As a word of this language; nothing where that has no stemmer, or forms do not count."""
        return frozenset() if self.is_prefix else stems(self.text, language)


Clause = tuple[Word, ...]
"""Words side by side; most often one."""


@dataclass(frozen=True)
class Query:
    """The clauses that a call must have, all of them."""

    clauses: tuple[Clause, ...]

    @classmethod
    def parse(cls, text: str) -> "Query":
        """Read a query. What has no word in it, such as a full stop, is passed over.

        Several words without a blank between them, such as `don't` and `4711-B`, are a phrase.
        """
        clauses: dict[Clause, None] = {}
        for quoted, bare in _PART.findall(text):
            found = words((quoted or bare).lower())
            if found:
                starred = bare.endswith("*") and len(folded(found[-1])) >= SHORTEST_PREFIX
                last = Word(found[-1], is_prefix=starred)
                clauses[(*map(Word, found[:-1]), last)] = None
        return cls(tuple(clauses))

    @cached_property
    def wanted(self) -> tuple[Word, ...]:
        """Every word of every clause, once."""
        return tuple(dict.fromkeys(word for clause in self.clauses for word in clause))


Range = tuple[int, int]
"""Offsets in characters, the second excluded."""


class Looking:
    """Looks for a query in one sentence after another, thousands of them, and remembers which words are meant.

    Sets of clauses and of the query's words are numbers, with a bit for each.
    """

    def __init__(self, query: Query) -> None:
        bits = {word: 1 << place for place, word in enumerate(query.wanted)}
        self._bits = bits
        self._words = _any((word.plain, bit) for word, bit in bits.items() if not word.is_prefix)
        self._prefixes = _any((word.plain, bit) for word, bit in bits.items() if word.is_prefix)
        self._stems: dict[str, dict[str, int]] = {}
        self._clauses = [[bits[word] for word in clause] for clause in query.clauses]
        self._known: dict[str, dict[str, int]] = {}

    def meant(self, said: Sequence[str], language: str) -> dict[str, int]:
        """Which of these words, of a language by its ISO 639-1 code, are meant, and what by them."""
        known = self._known.setdefault(language, {})
        meant = {}
        for word in said:
            bits = known.get(word)
            if bits is None:
                bits = known[word] = self._what_is_meant(word, language)
            if bits:
                meant[word] = bits
        return meant

    def clauses(self, text: str, meant: Mapping[str, int]) -> int:
        """The clauses that a sentence has, of a call in which no other words are meant."""
        there = 0
        for word, bits in meant.items():
            if word in text:  # or within another word, which is seen below: most sentences have none
                there |= bits
        if not there:
            return 0
        possible = [each for each in enumerate(self._clauses) if all(bit & there for bit in each[1])]
        if not possible:
            return 0
        places = [meant.get(word, 0) for word in words(text)]
        return sum(1 << number for number, clause in possible if _beginnings(clause, places))

    def ranges(self, text: str, meant: Mapping[str, int]) -> list[Range]:
        """Where in a sentence the words are that were looked for."""
        said = list(spans(text))
        places = [meant.get(word, 0) for word, _, _ in said]
        marked = {
            at
            for clause in self._clauses
            for first in _beginnings(clause, places)
            for at in range(first, first + len(clause))
        }
        return [said[at][1:] for at in sorted(marked)]

    def _what_is_meant(self, word: str, language: str) -> int:
        plain = folded(word)
        bits = self._words.get(plain, 0)
        for prefix, bit in self._prefixes.items():
            if plain.startswith(prefix):
                bits |= bit
        if known := self._stems_in(language):
            for stem in stems(word, language):
                bits |= known.get(stem, 0)
        return bits

    def _stems_in(self, language: str) -> dict[str, int]:
        if language not in self._stems:
            self._stems[language] = _any(
                (stem, bit) for word, bit in self._bits.items() for stem in word.stems(language)
            )
        return self._stems[language]


def _any(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for text, bit in pairs:
        found[text] = found.get(text, 0) | bit
    return found


def _beginnings(clause: Sequence[int], places: Sequence[int]) -> list[int]:
    """At which of a sentence's words a clause begins; `places` says what is meant by each of them."""
    head, *tail = clause
    return [
        at
        for at, bits in enumerate(places[: max(0, len(places) - len(tail))])
        if bits & head and all(bit & places[at + offset] for offset, bit in enumerate(tail, 1))
    ]

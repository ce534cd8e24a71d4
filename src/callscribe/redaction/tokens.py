"""A call as one stream of tokens: words, groups of digits and marks, each with where it stands."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from callscribe.redaction.languages import Language, folded, language_of
from callscribe.redaction.said import Said

_TOKEN: Final = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[^\s]")
"""Letters with apostrophes inside, digits, or one mark. Nothing in it can be tried in two ways, so it is linear."""

_CLAUSE: Final = 40
"""Words of a clause that are looked at, to either side."""

_MARKS: Final = "'’"


@dataclass(frozen=True, slots=True)
class Token:
    """A word, digits or a mark: its text as it stands and folded, the sentence, and the characters there.

    `glued` is that nothing stands between it and the token before, not even a space.
    """

    raw: str
    text: str
    sentence: int
    first: int
    behind: int
    glued: bool

    @property
    def word(self) -> bool:
        """Whether it has letters."""
        return self.raw[0].isalpha()

    @property
    def mark(self) -> bool:
        """Whether it is punctuation or a sign."""
        return not self.raw[0].isalnum()

    @property
    def capital(self) -> bool:
        """Whether it begins with a capital letter, also behind an article that has lost its vowel (`d'Artagnan`)."""
        return self.raw[0].isupper() or any(each.isupper() for before, each in pairwise(self.raw) if before in _MARKS)


@dataclass(frozen=True, slots=True)
class Stream:
    """All tokens of a call. The tokens of sentence `n` are `tokens[begins[n]:begins[n + 1]]`."""

    said: Sequence[Said]
    tokens: Sequence[Token]
    begins: Sequence[int]
    languages: Sequence[Language]
    regions: Sequence[tuple[str, ...]] = field(default=())

    def bounds(self, sentence: int) -> tuple[int, int]:
        """The first token of a sentence, and the one behind its last."""
        return self.begins[sentence], self.begins[sentence + 1]

    def language(self, token: int) -> Language:
        """The language of the sentence that a token is in."""
        return self.languages[self.tokens[token].sentence]

    def party(self, token: int) -> int:
        """Who says a token."""
        return self.said[self.tokens[token].sentence].party

    def pieces(self, first: int, behind: int) -> list[tuple[int, int]]:
        """A range of tokens, cut where sentences end."""
        cut = []
        while first < behind:
            end = min(behind, self.begins[self.tokens[first].sentence + 1])
            cut.append((first, end))
            first = end
        return cut


def stream_of(sentences: Sequence[Said]) -> Stream:
    """The tokens of a call. A sentence whose language is not known is read in the call's most frequent one."""
    known = Counter(sentence.language for sentence in sentences if sentence.language)
    usual = known.most_common(1)[0][0] if known else "en"
    tokens: list[Token] = []
    begins = [0]
    languages, regions = [], []
    for index, sentence in enumerate(sentences):
        locale = sentence.language or usual
        language = language_of(locale)
        languages.append(language)
        regions.append(language.regions_of(locale))
        behind = -1
        for match in _TOKEN.finditer(sentence.text):
            raw = match[0]
            tokens.append(Token(raw, _read(raw, language), index, *match.span(), glued=match.start() == behind))
            behind = match.end()
        begins.append(len(tokens))
    return Stream(sentences, tokens, begins, languages, regions)


def _read(raw: str, language: Language) -> str:
    """A token folded, without an article that has lost its vowel where the language has such (`l'adresse`)."""
    if language.elision and len(raw) > 2:
        place = max(raw.rfind(mark) for mark in _MARKS)
        if 0 < place <= 5:
            return folded(raw[place + 1 :])
    return folded(raw)


def clause(tokens: Sequence[Token], place: int, begin: int, end: int) -> tuple[int, int]:
    """The words around a place up to full stops, question and exclamation marks, within a range of tokens."""
    first = last = place
    while first > begin and tokens[first - 1].raw not in ".?!;" and place - first < _CLAUSE:
        first -= 1
    while last < end and tokens[last].raw not in "?!;" and last - place < _CLAUSE:
        if tokens[last].raw == "." and not (last + 1 < end and tokens[last + 1].glued):
            break
        last += 1
    return first, last

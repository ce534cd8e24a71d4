"""What a text says, whichever way it is written: letters, digits and signs one by one, with where each stands.

"Double four", "forty-four", "44" and "4-4" are the same; so are "at" and "@", "B. R. O. W. N." and "Brown".
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import Final, NamedTuple

from redaction_calls import language

_LONGEST: Final = 12
"""Words of a number, and hyphens between them, that are looked for together."""
_YEARS: Final = range(1900, 2040)
_WORDS: Final = re.compile(r"[^\W_]+|[@_]|(?<=[^\W\d])\.(?=[^\W\d])|(?<=\w)-(?=\w)")
"""Words and signs; a full stop between digits is how some recognisers write that they are dictated."""


class Atom(NamedTuple):
    """A letter, a digit or a sign, and the characters of the text that say it, from the first to behind the last."""

    char: str
    first: int
    behind: int


@dataclass(frozen=True, slots=True)
class _Word:
    text: str
    first: int
    behind: int


def folded(text: str) -> str:
    """In small letters without accents."""
    apart = unicodedata.normalize(
        "NFD", text.lower().replace("ø", "o").replace("ł", "l").replace("æ", "ae").replace("ß", "ss")
    )
    return "".join(char for char in apart if not unicodedata.combining(char))


@cache
def _spoken(code: str) -> dict[str, str]:
    """Folded words of a language, and what they say in digits and signs."""
    known, said = language(code), {}
    for value in (*range(100, 1000, 100), *_YEARS):
        said[known.number(value)] = str(value)
        said[known.year(value)] = str(value)
    for value in range(100):
        said[known.number(value)] = str(value)
    for digit, word in enumerate(known.digits):
        said[known.script["double"].format(word)] = str(digit) * 2
        said[known.script["triple"].format(word)] = str(digit) * 3
    for name, digits in (("zero", "0"), ("two", "2"), ("six", "6")):
        said.update(dict.fromkeys(known.script.get(name, ()), digits))
    for sign, name in (
        ("@", "at"),
        (".", "dot"),
        ("", "dash"),
        ("_", "underscore"),
    ):  # recognisers write hyphens at will
        said[known.script[name]] = sign
    return {_key(words): digits for words, digits in said.items() if not words.isdigit()}


def _key(words: str) -> str:
    return " ".join(re.findall(r"\w+", folded(words)))


def atoms(text: str, code: str) -> list[Atom]:
    """What a text in a language says."""
    known = _spoken(code)
    words = [_Word(each[0], each.start(), each.end()) for each in _WORDS.finditer(text)]
    found: list[Atom] = []
    at = 0
    while at < len(words):
        for count in range(min(_LONGEST, len(words) - at), 0, -1):
            some = words[at : at + count]
            meaning = known.get(" ".join(folded(word.text) for word in some if word.text not in "-."))
            if meaning is not None and (count == 1 or (some[0].text not in "-." and some[-1].text not in "-.")):
                found += [Atom(char, some[0].first, some[-1].behind) for char in meaning]
                break
        else:
            count, word = 1, words[at]
            if word.text not in "-." or word.text == ".":
                plain = folded(word.text)
                straight = len(plain) == len(word.text)
                found += [
                    Atom(char, word.first + index, word.first + index + 1)
                    if straight
                    else Atom(char, word.first, word.behind)
                    for index, char in enumerate(plain)
                ]
        at += count
    return found

"""Numbers that are said as words: from tokens to digits, as long as they make one number.

`forty-one` is 41, `forty-one hundred` 4100, `vierhundertzwölf` 412, `quatre-vingt-dix-neuf` 99. That `forty-one eleven`
is dictated as 4111 is for those who put items side by side (`items.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from callscribe.redaction.languages import Language, language_of
from callscribe.redaction.tokens import Token

_LONGEST: Final = 5
"""Words of the longest number below 100 that is said in several: `quatre vingt dix sept`, and one to spare."""

_HUNDREDS: Final = 3
"""Digits of a number below 1,000."""

_LONGEST_WORD: Final = 64
"""Letters of a word that may be a number above 99 in one."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number: its digits, the same with each word by itself (`20 7` for 27), and how many tokens it takes."""

    digits: str
    apart: str
    tokens: int


def numeral(tokens: Sequence[Token], first: int, behind: int, language: Language) -> Numeral | None:
    """The number that begins with a token and ends before another, None where none begins."""
    number = _below_million(tokens, first, behind, language)
    place = behind if number is None else first + number.tokens
    if number is None or place >= behind or tokens[place].text not in language.million:
        return number
    if len(number.digits) > _HUNDREDS or not _joined(tokens, place, first):
        return number
    rest = _below_million(tokens, place + 1, behind, language)
    if rest is None or not _HUNDREDS < len(rest.digits) <= 2 * _HUNDREDS:
        return number  # `twelve million` is how much there is of something
    digits = str(1_000_000 * int(number.digits) + int(rest.digits))
    return Numeral(digits, number.apart + rest.apart, number.tokens + 1 + rest.tokens)


def _below_million(tokens: Sequence[Token], first: int, behind: int, language: Language) -> Numeral | None:
    below, place, apart = _below_thousand(tokens, first, behind, language)
    if place < behind and tokens[place].text in language.thousand and _joined(tokens, place, first):
        value = 1000 * (below if below is not None else 1)
        apart += "1000" if below is None else "000"
        place += 1
        rest, after, more = _rest(tokens, place, behind, language)
        if rest is not None:
            return Numeral(str(value + rest), apart + more, after - first)
        return Numeral(str(value), apart, place - first)
    if below is None:
        return None
    return Numeral(str(below), apart, place - first)


def _joined(tokens: Sequence[Token], place: int, first: int) -> bool:
    """Whether nothing but a hyphen stands before a token that goes on with a number."""
    return place == first or not tokens[place - 1].mark or tokens[place - 1].raw in "-‐‑"


def _rest(tokens: Sequence[Token], place: int, behind: int, language: Language) -> tuple[int | None, int, str]:
    """What follows a thousand, with or without `and`."""
    if place < behind and tokens[place].text in language.joint:
        value, after, apart = _below_thousand(tokens, place + 1, behind, language)
        if value is not None:
            return value, after, apart
    value, after, apart = _below_thousand(tokens, place, behind, language)
    # `one thousand two` is a number, `eight thousand, one ...` as dictated is read the same: both are all its digits.
    return value, after, apart


def _below_thousand(
    tokens: Sequence[Token], first: int, behind: int, language: Language
) -> tuple[int | None, int, str]:
    """The value, the token behind it, and its words apart."""
    if first >= behind or not tokens[first].word:
        return None, first, ""
    word = tokens[first].text
    value = _glued(word, language.code) if language.glued else None
    if value is not None:
        return value, first + 1, str(value)
    hundreds = language.hundreds.get(word, 100 if word in language.hundred else None)
    if hundreds is not None:
        return _with_rest(hundreds, tokens, first + 1, behind, language)
    small, place, apart = _small(tokens, first, behind, language)
    if small and place < behind and tokens[place].text in language.hundred and _joined(tokens, place, first):
        value, after, more = _with_rest(small * 100, tokens, place + 1, behind, language)
        return value, after, apart + more
    return small, place, apart


def _with_rest(
    value: int, tokens: Sequence[Token], place: int, behind: int, language: Language
) -> tuple[int, int, str]:
    """Hundreds, and what follows below 100."""
    start = place
    if place < behind and tokens[place].text in language.joint:
        start = place + 1
    rest, after, apart = _small(tokens, start, behind, language)
    if rest:
        return value + rest, after, str(value) + apart
    return value, place, str(value)


def _small(tokens: Sequence[Token], first: int, behind: int, language: Language) -> tuple[int | None, int, str]:
    """The longest number below 100 that begins with a token."""
    words: list[str] = []
    best: tuple[int | None, int, str] = (None, first, "")
    singly = ""
    place = first
    while place < behind and len(words) < _LONGEST:
        token = tokens[place]
        if token.mark:
            if not words or token.raw not in "-‐‑":
                break
            place += 1
            continue
        words.append(token.text)
        value = language.small.get(tuple(words))
        alone = language.small.get((token.text,))
        singly += "" if alone is None else str(alone)
        place += 1
        if value is not None:
            best = (value, place, singly or str(value))
        elif not language.starts(tuple(words)):
            break
    return best


@lru_cache(maxsize=1 << 14)
def _glued(word: str, code: str) -> int | None:
    """A number from 100 that is one word, such as `dreihundertzwölf` or `millenovecentottanta`, None for another."""
    if len(word) > _LONGEST_WORD:
        return None
    language = language_of(code)
    year = _year(word, language)
    if year is not None:
        return year
    for names, factor in ((language.thousand, 1000), (language.hundred, 100)):
        for name in names:
            before, found, after = word.partition(name)
            if not found or not (before or after):
                continue
            count = 1 if not before else _part(before, language)
            rest = 0 if not after else _rest_of_word(after, language)
            if count is not None and rest is not None and rest < factor:
                return count * factor + rest
    return None


def _year(word: str, language: Language) -> int | None:
    """A year without its hundreds in one word: `negentientachtig`."""
    for length in range(4, 13):
        century, year = (language.small.get((part,)) for part in (word[:length], word[length:]))
        if century is not None and year is not None and 16 <= century <= 20 and year >= 10:
            return century * 100 + year
    return None


def _rest_of_word(word: str, language: Language) -> int | None:
    for joint in ("", *sorted(language.joint)):
        if word.startswith(joint):
            value = _part(word.removeprefix(joint), language)
            if value is not None:
                return value
    return None


def _part(word: str, language: Language) -> int | None:
    value = language.small.get((word,))
    if value is None:
        value = 100 if word in language.hundred else _glued(word, language.code)
    return value

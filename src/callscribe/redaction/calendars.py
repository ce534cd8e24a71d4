"""Numbers that tell a day or a version, by what stands beside them: `17 de abril 2027`, `3.5.2027`, `2.8.18`."""

from collections.abc import Sequence
from typing import Final

from callscribe.redaction.languages import Language
from callscribe.redaction.phrases import listed
from callscribe.redaction.tokens import Token

_NEAR: Final = 3
"""Tokens between a month and its day or year: `17 de abril de 2027`."""

_DIGITS: Final = 4
"""Digits of a day or a year; more of them beside a month are another number."""

_DAYS, _MONTHS, _HOURS, _MINUTES = 31, 12, 24, 60


def month_near(tokens: Sequence[Token], first: int, behind: int, bounds: tuple[int, int], language: Language) -> bool:
    """Whether a month stands beside tokens, with nothing but `of`, `the` and commas between."""
    months, between = listed(language, "month"), language.single("dates")
    begin, end = bounds
    for place in range(behind, min(end, behind + _NEAR)):
        if months.longest(tokens, place, end) is not None and tokens[place].raw != "may":
            return True
        if tokens[place].text not in between and tokens[place].raw not in ".,":
            break
    for place in range(first - 1, max(begin, first - _NEAR) - 1, -1):
        if months.longest(tokens, place, end) is not None and tokens[place].raw != "may":
            return True
        if tokens[place].text not in between and tokens[place].raw not in ".,":
            break
    return False


def is_date(groups: Sequence[str], mark: str) -> bool:
    """Whether groups of digits with a mark between are a day with its year: `3.5.2027`, `12/24/2027`."""
    if len(groups) != 3 or mark not in "./" or not all(group.isdigit() for group in groups):
        return False
    one, other, year = map(int, groups)
    if len(groups[2]) != _DIGITS or not 1900 <= year < 2100 or len(groups[0]) > 2 or len(groups[1]) > 2:
        return False
    return 0 < min(one, other) <= _MONTHS and max(one, other) <= _DAYS


def is_version(groups: Sequence[str], mark: str) -> bool:
    """Whether groups of digits with stops between are a version, which has short ones: `2.8.18`, `15.15`."""
    if mark != "." or not 2 <= len(groups) <= 4 or not all(group.isdigit() for group in groups):
        return False
    short = all(len(group) <= 2 for group in groups)
    return short and (len(groups) == 3 or any(len(group) == 1 for group in groups))


def is_time(groups: Sequence[str], mark: str) -> bool:
    """Whether two groups of digits are an hour and minutes that are no month and year of a card: `14.30`."""
    if mark != "." or len(groups) != 2 or len(groups[1]) != 2 or len(groups[0]) > 2:
        return False
    return _MONTHS < int(groups[0]) < _HOURS and int(groups[1]) < _MINUTES

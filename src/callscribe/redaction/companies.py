"""Companies, which are called as people are: `Brown and Sons`, `Energia Clara`."""

from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.known_names import is_first_name, is_name
from callscribe.redaction.phrases import listed

_PAIR: Final = 2
"""A first name and a surname."""

_INTRODUCTION: Final = 6
"""Tokens that an introduction has at most: `in the name of`."""


def is_company(context: Context, span: tuple[int, int], *, introduced: bool) -> bool:
    """Whether words with capitals are a company rather than a person, by a word that companies have in their names.

    Who says `my name is`, or has a title, is a person, whatever the surname means (`My name is Xanthe Power`): a word
    that companies have hides none of those. What stands `in the name of` somebody may be a company's. A first name and
    a surname that are both known are a person's.
    """
    stream = context.stream
    tokens = stream.tokens
    first, behind = span
    begin, end = stream.bounds(tokens[first].sentence)
    language = stream.language(first)
    known = is_first_name(tokens[first].text, language.code)
    if introduced and (known or not _of_either(context, begin, first)):
        return False
    if known and _is_pair(context, span):
        return False
    words = language.single("company")
    alone = introduced and behind - first == 1
    places = range(max(begin, first - 1), behind)
    if any(tokens[place].capital and tokens[place].text in words for place in places if not (alone and place == first)):
        return True
    # `Brown and Sons` goes on with a company's word, `Brown from Insurance` names the person's.
    after = behind + 1
    joined = after < end and (tokens[behind].raw in "&-" or tokens[behind].text in language.single("joining"))
    return joined and tokens[after].capital and tokens[after].text in words


def _is_pair(context: Context, span: tuple[int, int]) -> bool:
    """Whether a name is a first name and a known surname, and nothing else with a capital but behind a particle."""
    first, behind = span
    tokens = context.stream.tokens
    if behind - first < _PAIR or not is_name(tokens[first + 1].text, context.stream.language(first).code):
        return False
    return behind - first == _PAIR or not (tokens[first + _PAIR].capital or tokens[first + _PAIR].mark)


def _of_either(context: Context, begin: int, first: int) -> bool:
    """Whether what introduces a name does so for companies, too: `registered to`."""
    tokens = context.stream.tokens
    phrases = listed(context.stream.language(first), "intro_either")
    return any(
        (match := phrases.longest(tokens, place, first)) is not None and match[0] == first
        for place in range(max(begin, first - _INTRODUCTION), first)
    )

"""Postal addresses: streets with house numbers by the forms of each language, and what answers the question for one."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Final

from callscribe.redaction.address_pieces import further_pieces
from callscribe.redaction.context import Context
from callscribe.redaction.cues import Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import ANNOUNCED, CERTAIN, LIKELY, Hit
from callscribe.redaction.items import Item
from callscribe.redaction.languages import Language
from callscribe.redaction.phrases import listed
from callscribe.redaction.words import answers, asks, empty, says, skipped, without_capitals

_NAME: Final = 5
"""Words of a street's name."""

_FURTHER: Final = 14
"""Tokens of floor, postcode and town behind a street."""

_ANSWER: Final = 40
_POSTCODES: Final = re.compile(
    r"\b(?:[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}|\d{4} [A-Z]{2}(?= [A-Z][a-z]|[,.]|$)"
    r"|\d{2}-\d{3}(?= [A-ZŁŚŻŹĆ])|\d{5}-\d{3})\b"
)
"""Those that nothing else looks like: British, Dutch, Polish before a town, Brazilian. Of fixed lengths."""

_NUMBER_FIRST: Final = frozenset({"en", "fr"})
"""Where the number stands before the street."""


def addresses(context: Context) -> Iterator[Hit]:
    """Every address, or the part of one that is said by itself, and what goes on with it."""
    for hit in _in_sentences(context):
        yield hit
        yield from further_pieces(context, hit)


def _in_sentences(context: Context) -> Iterator[Hit]:
    for sentence, said in enumerate(context.stream.said):
        begin, end = context.stream.bounds(sentence)
        place = begin
        while place < end:
            span = _street(context, place, begin, end)
            if span is None:
                place += 1
                continue
            yield Hit((Entity.ADDRESS,), (span,), CERTAIN)
            place = max(span[1], place + 1)
        for match in _POSTCODES.finditer(said.text):
            span = _tokens(context, begin, end, *match.span())
            if span is not None and not _against(context, span[0]):
                yield Hit((Entity.ADDRESS,), ((span[0], _further(context, span[1], end)),), LIKELY)
    for cue in context.cues:
        if Entity.ADDRESS in cue.kinds:
            yield from _told(context, cue)
            yield from _asked(context, cue)


def _tokens(context: Context, begin: int, end: int, first: int, behind: int) -> tuple[int, int] | None:
    tokens = context.stream.tokens
    start = bisect_left(tokens, first, begin, end, key=lambda token: token.first)
    stop = bisect_right(tokens, behind, begin, end, key=lambda token: token.behind)
    return (start, stop) if start < stop else None


def _against(context: Context, place: int) -> bool:
    nearest = next(iter(context.before(place)), None)
    return nearest is not None and nearest[1].against and nearest[0] <= 8


def _street(context: Context, place: int, begin: int, end: int) -> tuple[int, int] | None:
    """The address whose street has its telling word at a token: `Street`, `rue`, `Hauptstraße`."""
    tokens = context.stream.tokens
    language = context.stream.language(place)
    token = tokens[place]
    sentence = token.sentence
    if not token.word:
        return None
    if token.text in language.single("street") and (token.capital or without_capitals(context, sentence)):
        first = _named_before(context, place, begin, language)
        number = _number_before(context, first, begin)
        if first < place and number is not None:
            return number.first, _further(context, place + 1, end)
    if _ends_as_street(token.text, language) and (token.capital or without_capitals(context, sentence)):
        return _with_number_behind(context, place, place + 1, begin, end)
    match = listed(language, "street_first").longest(tokens, place, end)
    if match is not None:
        return _named_behind(context, place, match[0], begin, end, language)
    return None


def _ends_as_street(word: str, language: Language) -> bool:
    return any(len(word) > len(ending) + 1 and word.endswith(ending) for ending in language.single("street_end"))


def _named_before(context: Context, place: int, begin: int, language: Language) -> int:
    """The first word of the name that stands before `Street`."""
    tokens = context.stream.tokens
    first = place
    while first > begin and place - first < _NAME:
        token = tokens[first - 1]
        if token.mark and token.raw not in "'’.-":
            break
        if not token.word or context.item_at(first - 1) is not None:
            break
        if not token.capital and token.text in language.single("stop"):
            break
        first -= 1
    return first


def _number_before(context: Context, place: int, begin: int) -> Item | None:
    """The house number before a token, its letter and a comma between."""
    tokens = context.stream.tokens
    found = None
    while place > begin:
        if tokens[place - 1].raw == ",":
            place -= 1
            continue
        item = context.item_at(place - 1)
        if item is None or item.first < begin or (item.quantity and found is None and len(item.text) > 5):
            break
        found, place = item, item.first
    return found if (found is not None and found.digits) or (found is not None and len(found.text) < 6) else None


def _with_number_behind(context: Context, first: int, behind: int, begin: int, end: int) -> tuple[int, int] | None:
    """A street with the number behind it: `Lange Straße 12a`."""
    tokens = context.stream.tokens
    numbers = context.items_within(behind, min(end, behind + 4))
    if not numbers or not any(item.digits for item in numbers):
        return None
    if any(
        tokens[place].word
        and context.item_at(place) is None
        and not context.softness.soft[place]
        and tokens[place].text not in context.stream.language(place).single("flat")
        for place in range(behind, numbers[0].first)
    ):
        return None
    while (
        first > begin
        and tokens[first - 1].word
        and tokens[first - 1].capital
        and first - 1 > begin
        and (context.item_at(first - 1) is None)
    ):
        first -= 1
    return first, _further(context, numbers[0].behind, end)


def _named_behind(
    context: Context, place: int, behind: int, begin: int, end: int, language: Language
) -> tuple[int, int] | None:
    """A street whose kind stands first: `rue de la Paix`, `calle Mayor 12`."""
    tokens = context.stream.tokens
    sentence = tokens[place].sentence
    last = behind
    words = 0
    while last < end and words <= _NAME + 2:
        token = tokens[last]
        if token.mark and token.raw not in "'’.-":
            break
        item = context.item_at(last)
        if token.raw.isdigit() or (item is not None and item.digits and not token.capital):
            break
        if (
            not token.capital
            and token.text not in language.single("particle")
            and token.text
            not in {
                "los",
                "las",
                "des",
                "l",
                "della",
                "dei",
                "delle",
                "degli",
                "dell",
                "sur",
                "sous",
                "saint",
                "sw",
                "sainte",
            }
            and not without_capitals(context, sentence)
        ):
            break
        words += not token.mark
        last += 1
    if last == behind or words == 0 or _is_day(context, last, end):
        return None
    number = _number_before(context, place, begin)
    if language.code in _NUMBER_FIRST and number is not None and len(number.text) <= 5:
        return number.first, _further(context, last, end)
    after = [item for item in context.items_within(last, min(end, last + 4)) if item.digits and not item.quantity]
    if after and _is_time_or_room(context, place, last, after[0]):
        return None
    if after and all(
        tokens[each].mark or context.softness.soft[each] or tokens[each].text in language.single("flat")
        for each in range(last, after[0].first)
    ):
        return place, _further(context, after[0].behind, end)
    cued = any(Entity.ADDRESS in cue.kinds and distance <= 30 for distance, cue in context.before(place))
    return (place, last) if cued else None


def _is_day(context: Context, place: int, end: int) -> bool:
    """Whether a number near a token is a day or a year, or has a unit."""
    return any(item.quantity for item in context.items_within(place, min(end, place + 4)))


def _is_time_or_room(context: Context, first: int, behind: int, number: Item) -> bool:
    """Whether what has the form of a street is `im Jahr 2020`, `im Zimmer 204`."""
    tokens = context.stream.tokens
    language = context.stream.language(first)
    if any(cue.against for cue in context.cues_between(first, behind)):
        return True
    words = {token.text for token in tokens[first:behind]}
    return not words.isdisjoint(
        language.single("units") | language.single("dates") - {"in", "am", "der", "de", "di"}
    ) and (len(number.text) == 4)


def _further(context: Context, place: int, end: int) -> int:
    """The token behind what goes on with an address: floor, postcode, town."""
    stream = context.stream
    tokens = stream.tokens
    language = stream.language(min(place, len(tokens) - 1))
    last = place
    limit = min(end, place + _FURTHER)
    sense = language.code != "de"
    while place < limit:
        token = tokens[place]
        item = context.item_at(place)
        if token.mark:
            if token.raw not in ",-./" or (
                token.raw == "." and not (place + 1 < limit and tokens[place + 1].raw.isdigit())
            ):
                break
            place += 1
        elif item is not None and not (
            item.quantity
            and item.behind < end
            and not tokens[item.behind].mark
            and (item.behind == end or tokens[item.behind].text not in language.single("flat"))
        ):
            place = last = max(item.behind, place + 1)
        elif token.text in language.single("flat") or (
            token.capital
            and token.word
            and token.text not in language.single("not_name")
            and (
                sense
                or context.item_at(place - 1) is not None
                or tokens[place - 1].text in language.single("town")
                or tokens[place - 1].raw == "-"
            )
        ):
            place = last = place + 1
        elif token.text in language.single("town") or (
            context.softness.soft[place] and token.text in {"and", "in", "und", "et", "y", "e", "en", "i", "och", "og"}
        ):
            place += 1
        else:
            break
    return min(last, end)


def _told(context: Context, cue: Cue) -> Iterator[Hit]:
    """What follows an announcement in its sentence: from its first number or name to its last."""
    stream = context.stream
    end = stream.bounds(stream.tokens[cue.first].sentence)[1]
    following = context.cues_between(cue.behind, min(end, cue.behind + _ANSWER))
    limit = min([end, cue.behind + _ANSWER, *(each.first for each in following if Entity.ADDRESS not in each.kinds)])
    if asks(context, stream.tokens[cue.first].sentence):
        return
    first = skipped(context, cue.behind, limit, "soft", "copula", "town")
    items = [item for item in context.items_within(first, limit) if item.digits and not item.quantity]
    if items and (items[0].first - first <= 4 or len(items) > 1):
        behind = _further(context, items[-1].behind, limit)
        start = min(first, items[0].first)
        if any(len(item.text) >= 3 for item in items) or len(items) > 1 or first == items[0].first:
            yield Hit((Entity.ADDRESS,), ((start, behind),), LIKELY)


def _asked(context: Context, cue: Cue) -> Iterator[Hit]:
    """The answer to a question for an address, as a whole, where it has numbers or names."""
    stream = context.stream
    sentence = stream.tokens[cue.first].sentence
    if not asks(context, sentence):
        return
    end = stream.bounds(sentence)[1]
    if any(
        Entity.ADDRESS not in each.kinds and not each.against
        for each in context.cues_between(cue.behind, min(end, cue.behind + _ANSWER))
    ):
        return
    for other in answers(context, sentence):
        if empty(context, other):
            continue
        if says(context, other, "unknown"):
            return
        yield from _answer(context, other)
        return


def _answer(context: Context, other: int) -> Iterator[Hit]:
    stream = context.stream
    begin, behind = stream.bounds(other)
    first = skipped(context, begin, behind, "soft", "copula", "town")
    items = [item for item in context.items_within(first, behind) if not item.quantity or len(item.text) >= 3]
    if first >= behind or behind - first > _ANSWER or asks(context, other):
        return
    if any(
        not each.against and Entity.ADDRESS not in each.kinds
        for each in context.cues_between(first, min(behind, first + _ANSWER))
    ):
        return
    place_name = any(
        stream.tokens[place].capital and len(stream.tokens[place].raw) > 1 for place in range(first + 1, behind)
    )
    if items or (place_name and behind - first <= 8):
        last = behind
        while last > first and stream.tokens[last - 1].mark:
            last -= 1
        yield Hit((Entity.ADDRESS,), ((first, last),), ANNOUNCED)

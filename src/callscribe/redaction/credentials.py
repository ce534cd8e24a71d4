"""User names and passwords: what is said to be one, or answers the question for one, spelled or not."""

from collections.abc import Iterator
from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.cues import Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import ANNOUNCED, LIKELY, Hit
from callscribe.redaction.phrases import listed
from callscribe.redaction.symbols import with_symbols
from callscribe.redaction.words import answers, asks, empty, says, skipped

_KINDS: Final = (Entity.PASSWORD, Entity.USERNAME)
_COPULA: Final = 7
"""Tokens between `password` and `is`."""

_LONGEST: Final = 14
"""Tokens of what is one word or a few, not spelled."""


def credentials(context: Context) -> Iterator[Hit]:
    """Every user name and password that is said, and said again."""
    found = [*_announced(context)]
    yield from found
    tokens = context.stream.tokens
    known = {
        _code(context, place): hit.entities
        for hit in found
        for span in hit.spans
        for place in range(*span)
        if _coded(context, place, len(tokens))
    }
    for place in range(len(tokens) if known else 0):
        if _coded(context, place, len(tokens)) and (entities := known.get(_code(context, place))):
            yield Hit(entities, ((place, place + 2),), ANNOUNCED)


def _code(context: Context, place: int) -> str:
    tokens = context.stream.tokens
    return f"{tokens[place].text}{tokens[place + 1].text}"


def _announced(context: Context) -> Iterator[Hit]:
    for cue in context.cues:
        entity = next((kind for kind in _KINDS if kind in cue.kinds), None)
        if entity is None:
            continue
        sentence = context.stream.tokens[cue.first].sentence
        if says(context, sentence, "unknown"):
            continue
        told = _told(context, cue)
        if told is not None:
            if told[0] < told[1]:
                yield with_symbols(context, Hit((entity,), (told,), ANNOUNCED))
        elif asks(context, sentence) or cue.behind + 3 >= context.stream.bounds(sentence)[1]:
            yield from _answered(context, sentence, entity)


def _told(context: Context, cue: Cue) -> tuple[int, int] | None:
    """What follows `is` behind a cue: no tokens where it is something else (`is wrong`), None without an `is`."""
    stream = context.stream
    tokens = stream.tokens
    end = stream.bounds(tokens[cue.first].sentence)[1]
    language = stream.language(cue.first)
    if cue.behind < end and _coded(context, cue.behind, end):
        return cue.behind, _value_end(context, cue.behind, end)
    for place in range(cue.behind, min(end, cue.behind + _COPULA)):
        if tokens[place].raw in "?!;.":
            return None
        match = listed(language, "copula").longest(tokens, place, end)
        after = place + 1 if tokens[place].raw in ":=" else None if match is None else match[0]
        if after is None:
            continue
        while after < end and tokens[after].mark and tokens[after].raw not in "#*@":
            after += 1
        if after >= end:
            return None
        if _value(context, after, end):
            asked = tokens[end - 1].raw == "?" or _is_which(context, cue)  # `What ... are you putting in?`
            return None if asked and not _certain(context, after, end) else (after, _value_end(context, after, end))
        return after, after
    return None


def _is_which(context: Context, cue: Cue) -> bool:
    """Whether a word that asks stands right before a cue: `What password`, of a question whose mark was not heard."""
    tokens = context.stream.tokens
    begin = context.stream.bounds(tokens[cue.first].sentence)[0]
    phrases = listed(context.stream.language(cue.first), "ask")
    return cue.first > begin and phrases.longest(tokens, cue.first - 1, cue.first) is not None


def _coded(context: Context, place: int, end: int) -> bool:
    """Whether letters and digits in one begin with a token, such as `bluebird17`, which nothing else has."""
    tokens = context.stream.tokens
    return place + 1 < end and tokens[place].word and tokens[place + 1].glued and tokens[place + 1].raw.isdigit()


def _certain(context: Context, place: int, end: int) -> bool:
    """Whether a token begins what no other word of a question is: digits, letters, or a capital."""
    token = context.stream.tokens[place]
    return context.item_at(place) is not None or _coded(context, place, end) or token.capital


def _value(context: Context, place: int, end: int) -> bool:
    if context.item_at(place) is not None or _coded(context, place, end):
        return True
    language = context.stream.language(place)
    if listed(language, "spelling").longest(context.stream.tokens, place, end) is not None:
        return True
    return listed(language, "none").longest(context.stream.tokens, place, end) is None


def _value_end(context: Context, place: int, end: int) -> int:
    """Where it ends: with the clause, or before the next thing that is announced."""
    tokens = context.stream.tokens
    last = place
    limit = min(end, place + _LONGEST)
    for cue in context.cues_between(place + 1, min(end, place + 2 * _LONGEST)):
        end = min(end, cue.first)
        break
    limit = min(limit, end)
    while last < limit:
        token = tokens[last]
        inside = last + 1 < end and (tokens[last + 1].glued or context.item_at(last + 1) is not None)
        if token.raw in ";?" or (token.raw in ".,!" and not inside):
            break
        last += 1
        if last == limit and context.item_at(last - 1) is not None and limit < end:
            limit += 1
    while (
        last > place + 1
        and tokens[last - 1].word
        and context.softness.soft[last - 1]
        and context.item_at(last - 1) is None
    ):
        last -= 1
    return last


def _answered(context: Context, sentence: int, entity: Entity) -> Iterator[Hit]:
    """The answer to a question, as a whole: what of it is the secret cannot be told."""
    for other in answers(context, sentence):
        if empty(context, other):
            continue
        if says(context, other, "unknown"):
            return
        begin, end = context.stream.bounds(other)
        if any(set(cue.kinds) & set(_KINDS) for cue in context.cues_between(begin, min(end, begin + 4 * _LONGEST))):
            return
        first = skipped(context, begin, end, "soft", "copula")
        if first < end and end - first <= _LONGEST + 2 and not asks(context, other):
            behind = _value_end(context, first, end)
            yield with_symbols(context, Hit((entity,), ((first, behind),), LIKELY))
        return

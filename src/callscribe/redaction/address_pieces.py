"""Addresses that are told in pieces: the town after the street, and what the other party says again in between."""

from collections.abc import Iterator
from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import Hit
from callscribe.redaction.words import asks, empty

_SENTENCES: Final = 4
_LONGEST: Final = 16
"""Tokens of a piece; whoever says more says something else."""

_LEADING: Final = 3
"""Words before the first number or name of it: `And the town is 4474 Stavanger`."""

_POSTCODE: Final = 4
"""Digits from which on a number in an address is its postcode, behind which the address ends."""


def further_pieces(context: Context, hit: Hit) -> Iterator[Hit]:
    """What goes on with an address in the sentences behind it, where it ends one without a postcode."""
    stream = context.stream
    first, behind = hit.spans[-1]
    sentence = stream.tokens[first].sentence
    if not _ends(context, behind, stream.bounds(sentence)[1]) or _has_postcode(context, first, behind):
        return
    known = {stream.tokens[place].text for place in range(first, behind)}
    party = stream.said[sentence].party
    for other in range(sentence + 1, min(len(stream.said), sentence + 1 + _SENTENCES)):
        if empty(context, other):
            continue
        begin, end = stream.bounds(other)
        if end - begin > _LONGEST or any(Entity.ADDRESS not in cue.kinds for cue in context.cues_between(begin, end)):
            return
        said = [place for place in range(begin, end) if not context.softness.soft[place]]
        if all(stream.tokens[place].text in known for place in said):
            yield Hit(hit.entities, ((said[0], said[-1] + 1),), hit.weight)
        elif stream.said[other].party == party:
            if asks(context, other) or not _goes_on(context, said, end):
                return
            yield Hit(hit.entities, ((said[0], said[-1] + 1),), hit.weight)
            if _has_postcode(context, begin, end):
                return


def _ends(context: Context, behind: int, end: int) -> bool:
    return all(context.softness.soft[place] for place in range(behind, end))


def _has_postcode(context: Context, first: int, behind: int) -> bool:
    return any(len(item.text) >= _POSTCODE for item in context.items_within(first, behind))


def _goes_on(context: Context, said: list[int], end: int) -> bool:
    """Whether words are numbers and names with a capital, and begin so soon."""
    tokens = context.stream.tokens
    items = context.items_within(said[0], end)
    if not any(item.digits and not item.quantity for item in items):
        return False
    inside = {place for item in items for place in range(item.first, item.behind)}
    language = context.stream.language(said[0])
    joining = language.single("town") | language.single("particle") | language.single("flat")
    small = [
        place
        for place in said
        if place not in inside
        and tokens[place].word
        and not tokens[place].capital
        and tokens[place].text not in joining
    ]
    return len(small) <= _LEADING and all(place < items[0].first for place in small)

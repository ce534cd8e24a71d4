"""Signs of a password that are said behind it: `..., four, one, exclamation mark`, `with a hash at the end`."""

from dataclasses import replace
from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.hits import Hit
from callscribe.redaction.phrases import listed
from callscribe.redaction.words import empty

_LEADING: Final = 3
"""Words that lead to a sign: `and then an exclamation mark`."""

_SENTENCES: Final = 3
"""Sentences behind a password in which its signs are looked for, those that say nothing included."""


def with_symbols(context: Context, hit: Hit) -> Hit:
    """A user name or password with the signs behind it, in its sentence and in those that say nothing else."""
    stream = context.stream
    *others, (first, last) = hit.spans
    sentence = stream.tokens[first].sentence
    behind = _behind_symbols(context, last, stream.bounds(sentence)[1])
    spans = [*others, (first, behind)]
    for other in range(sentence + 1, min(len(stream.said), sentence + 1 + _SENTENCES)):
        begin, end = stream.bounds(other)
        same = stream.said[other].party == stream.said[sentence].party
        after = _behind_symbols(context, begin, end) if same else begin
        if after > begin and all(context.softness.soft[place] for place in range(after, end)):
            spans.append((begin, after))
        elif not empty(context, other):
            break
    return replace(hit, spans=tuple(spans))


def _behind_symbols(context: Context, behind: int, end: int) -> int:
    """The token behind the last sign and what goes on with it; `behind` itself where no sign follows."""
    tokens = context.stream.tokens
    place, words, found = behind, 0, False
    while place < end and words <= _LEADING:
        if tokens[place].mark:
            if tokens[place].raw not in ",-":
                break
            place += 1
            continue
        match = listed(context.stream.language(place), "symbol").longest(tokens, place, end)
        item = context.item_at(place) if found and not words else None
        if match is not None or item is not None:
            behind = place = max(match[0] if match else 0, item.behind if item else 0)
            words, found = 0, True
        elif context.softness.cue[place] and not context.softness.soft[place]:
            break
        else:
            words += 1
            place += 1
    return behind

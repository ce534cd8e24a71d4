"""Codes that a recogniser wrote as an amount or a time.

The digits of a code are written as what they are more often: `eight nine five` as `$8.95`, `four ten` as `4:10`.
Where a code was asked for or announced, and nothing else is said, it is the code.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Final

from callscribe.redaction.cues import CARD_WEAK, Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.items import CURRENCY, Item
from callscribe.redaction.phrases import listed
from callscribe.redaction.softness import Softness
from callscribe.redaction.tokens import Stream

_LEAST: Final = 3
"""Digits of the shortest code."""

_CODES: Final = frozenset({Entity.CARD_CVV, Entity.PIN})
_NUMBERS: Final = _CODES | {
    Entity.CARD_NUMBER,
    Entity.BANK_ACCOUNT,
    Entity.NATIONAL_ID,
    Entity.TAX_ID,
    Entity.HEALTH_NUMBER,
    Entity.PHONE_NUMBER,
    Entity.VEHICLE_PLATE,
}
"""What one asks for and gets a number. Dates may be written as amounts or times, too, but `dates.py` reads those."""


_LEADING: Final = ("copula", "idle")
_ITEMS: Final = 40
"""Items before a sentence that may belong to the same number."""

_SENTENCES: Final = 8
"""Sentences in which digits go on, from their announcement."""


def with_codes(stream: Stream, cues: Sequence[Cue], items: Sequence[Item], softness: Softness) -> list[Item]:
    """The items of a call, those that are codes and no quantities marked as such."""
    telling = [cue for cue in cues if cue.kinds != (CARD_WEAK,)]
    nearest: list[Cue] = []
    """The cues up to the sentence, the nearest last."""
    found: list[Item] = []
    for sentence, said in groupby(items, key=lambda item: stream.tokens[item.first].sentence):
        together = list(said)
        end = stream.bounds(sentence)[1]
        while len(nearest) < len(telling) and telling[len(nearest)].first < end:
            nearest.append(telling[len(nearest)])
        if any(item.quantity for item in together) and nearest:
            before = [item for item in together if item.first < nearest[-1].behind]
            behind = together[len(before) :]
            if _is_code(stream, nearest, [*found[-_ITEMS:], *behind], sentence, softness):
                together = before + [replace(item, quantity=False) for item in behind]
        found += together
    return found


def _is_code(stream: Stream, cues: Sequence[Cue], items: Sequence[Item], sentence: int, softness: Softness) -> bool:
    """Whether digits are all that is said behind the last cue, or in answer to the question that it belongs to."""
    cue = cues[-1]
    asked_in = stream.tokens[cue.first].sentence
    digits = sum(len(item.text) for item in items if item.digits and stream.tokens[item.first].sentence == sentence)
    if cue.against or digits < _LEAST or sentence - asked_in > _SENTENCES or _is_priced(stream, cues, asked_in):
        return False
    kinds = _CODES if asked_in == sentence else _NUMBERS
    begin, end = cue.behind, stream.bounds(asked_in)[1]
    told = [item for item in items if begin <= item.first < stream.bounds(sentence)[0]]
    if asked_in != sentence and not told and stream.said[asked_in].party == stream.said[sentence].party:
        return False
    if not any(begin <= item.first < end for item in items):
        begin = end
    return not kinds.isdisjoint(cue.kinds) and _is_all(stream, items, (begin, sentence), softness)


def _is_priced(stream: Stream, cues: Sequence[Cue], sentence: int) -> bool:
    """Whether a sentence has a cue of what is no secret: `How much did you pay with your credit card?`."""
    for cue in reversed(cues):
        if stream.tokens[cue.first].sentence != sentence:
            return False
        if cue.against:
            return True
    return False


def _is_all(stream: Stream, items: Sequence[Item], bounds: tuple[int, int], softness: Softness) -> bool:
    """Whether nothing but items is said from a token to the end of a sentence, beside words that mean nothing."""
    said = {place for item in items for place in range(item.first, item.behind)}
    place, sentence = bounds
    end = stream.bounds(sentence)[1]
    while place < end:
        language = stream.language(place)
        match = next(
            (each for name in _LEADING if (each := listed(language, name).longest(stream.tokens, place, end))), None
        )
        if match is not None:
            place = match[0]
        elif place in said or softness.soft[place] or stream.tokens[place].raw in CURRENCY:
            place += 1
        else:
            return False
    return True

"""Dates that are secrets: of birth, and until when a card is valid. Others are left; a date needs its announcement."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.cues import AGAINST, AGAINST_WEAK, CARD_WEAK, Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import ANNOUNCED, Hit
from callscribe.redaction.phrases import listed

_REACH: Final = 70
"""Tokens behind an announcement in which its date is looked for."""

_FURTHER: Final = 30
"""Tokens between a date and the one that says it again."""

_EXPIRY: Final = (3, 4, 6, 8)
"""Digits of an expiry without a word for the month."""

_FIRST: Final = 40
"""Tokens between an announcement and the beginning of its date."""

_SENTENCES: Final = 7
_CARD_NEAR: Final = 200
"""Tokens around an expiry in which a card has to be talked about."""

_YEAR: Final = re.compile(r"(?:19|20)\d\d$")
"""What a year is at the end of a date, also where `years` or the like follows, as in Polish."""

_NUMERIC: Final = 6
"""Digits of a date that is written without its century: `03.05.80`."""

_CARD: Final = frozenset({Entity.CARD_NUMBER, Entity.CARD_CVV, CARD_WEAK})


@dataclass(frozen=True, slots=True)
class _Date:
    """Words side by side that make a date: its tokens, its digits, whether there is a month and begins it."""

    first: int
    behind: int
    digits: str
    month: bool
    opens: bool
    ordinal: bool
    quantity: bool

    @property
    def complete(self) -> bool:
        """Whether it is more than a number."""
        if self.quantity and not self.month and not _YEAR.search(self.digits) and len(self.digits) != _NUMERIC:
            return False
        return (
            (self.month and (bool(self.digits) or self.ordinal))
            or len(self.digits) >= 3
            or (self.ordinal and bool(self.digits))
        )


def dates(context: Context) -> Iterator[Hit]:
    """Dates of birth and of expiry."""
    for cue in context.cues:
        if Entity.DATE_OF_BIRTH in cue.kinds:
            found = _ahead(context, cue) or _behind(context, cue, Entity.DATE_OF_BIRTH)
            yield from (_hit(context, date, (Entity.DATE_OF_BIRTH,)) for date in found)
        elif Entity.CARD_EXPIRY in cue.kinds:
            found = _behind(context, cue, Entity.CARD_EXPIRY)
            if found and _card_near(context, cue, found):
                also = (Entity.CARD_EXPIRY, Entity.CARD_CVV)
                yield from (_hit(context, date, also) for date in found if len(date.digits) <= 12)


def _hit(context: Context, date: _Date, entities: tuple[Entity, ...]) -> Hit:
    """A date with the article before it: `the fifth of May`."""
    tokens = context.stream.tokens
    first = date.first
    if first > 0 and tokens[first - 1].sentence == tokens[first].sentence:
        first -= tokens[first - 1].text in context.stream.language(first).single("dates")
    return Hit(entities, tuple(context.stream.pieces(first, date.behind)), ANNOUNCED)


def _card_near(context: Context, cue: Cue, found: Sequence[_Date]) -> bool:
    cues = context.cues_between(cue.first - _CARD_NEAR, cue.behind + _CARD_NEAR)
    if any(_CARD & set(each.kinds) for each in cues):
        return True
    date = found[0]
    digits = date.digits
    if date.month and len(digits) == 4 and digits.startswith("20"):  # a month and its year, without a day
        return True
    if _bare(context, date) and not date.ordinal and int(digits[-2:] or 0) > 20:
        if date.month and date.opens and len(digits) == 2:  # `août vingt-sept`: a day has another form or place
            return True
        if not date.month and len(digits) == 3 and digits[0] != "0":  # `acht siebenundzwanzig`
            return True
    return len(digits) == 4 and 1 <= int(digits[:2]) <= 12 and int(digits[2:]) > 20


def _behind(context: Context, cue: Cue, entity: Entity) -> list[_Date]:
    """The date behind an announcement, with what is said again of it and what was missing at first."""
    found: list[_Date] = []
    stream = context.stream
    sentence = stream.tokens[cue.first].sentence
    last = min(len(stream.tokens), cue.behind + _REACH, stream.begins[min(len(stream.said), sentence + _SENTENCES)])
    for other in context.cues_between(cue.behind, last):
        together = stream.tokens[other.first].sentence == sentence
        if entity not in other.kinds and not _passes(other, entity, together=together):
            last = other.first
            break
    for date in _dates(context, cue.behind, last):
        if not found:
            if date.first - cue.behind > _FIRST:
                break
            if date.complete and (_plausible(date, entity) or _bare(context, date)):
                found.append(date)
        elif date.complete or (_lacks_year(found[0]) and len(date.digits) in (2, 4) and not date.quantity):
            if _too_far(context, found, date):
                break
            if _same(context, found, date):
                found.append(date)
    return found


def _too_far(context: Context, found: Sequence[_Date], date: _Date) -> bool:
    """Whether a further date stands behind something else that was announced, or too far away."""
    if any(Entity.CARD_CVV in each.kinds for each in context.cues_between(found[-1].behind, date.first)):
        return True
    return date.first - found[-1].behind > _FURTHER or (len(found) > 1 and not date.complete)


def _plausible(date: _Date, entity: Entity) -> bool:
    """Whether a date is one of its kind whatever stands around it: no year alone; no month above twelve."""
    if date.month:
        return True
    if _YEAR.fullmatch(date.digits):
        return False
    if entity is Entity.CARD_EXPIRY:
        digits = date.digits
        month = digits[:1] if len(digits) == 3 else digits[:2]
        return len(digits) in _EXPIRY and 1 <= int(month) <= 12
    return True


def _bare(context: Context, date: _Date) -> bool:
    """Whether next to nothing else is said in the sentence of a date."""
    begin, end = context.stream.bounds(context.stream.tokens[date.first].sentence)
    since = context.stream.language(date.first).single("since")
    words = {context.stream.tokens[place].text for place in range(max(begin, date.first - 1), date.first + 1)}
    if _YEAR.fullmatch(date.digits) and not date.month and not since.isdisjoint(words):
        return False
    before = range(max(begin, date.first - _FIRST), date.first)
    others = [*before, *range(min(date.behind, end), min(end, date.behind + _FIRST))]
    return sum(not context.softness.soft[place] for place in others) <= 1


def _same(context: Context, found: Sequence[_Date], date: _Date) -> bool:
    """Whether a further date is the one that was found: said again, put right, or said by itself."""
    if any(date.digits in each.digits or each.digits in date.digits for each in found):
        return True
    if any(context.softness.corrects[place] for place in range(found[-1].behind, date.first)):
        return True
    return _bare(context, date)


def _lacks_year(date: _Date) -> bool:
    """Whether a date has day and month alone, so that the year may be asked for."""
    return len(date.digits) <= (2 if date.month else 4)


def _passes(cue: Cue, entity: Entity, *, together: bool) -> bool:
    """Whether a cue may stand between an announcement and its date: `and the security code?`, `in the year`."""
    if entity is Entity.CARD_EXPIRY and _CARD & set(cue.kinds):
        return True
    if AGAINST in cue.kinds:
        return False
    return (AGAINST_WEAK in cue.kinds and (together or entity is Entity.DATE_OF_BIRTH)) or Entity.NAME in cue.kinds


def _ahead(context: Context, cue: Cue) -> list[_Date]:
    """The date before an announcement in its sentence: `3.5.1980 geboren`."""
    begin = max(context.stream.bounds(context.stream.tokens[cue.first].sentence)[0], cue.first - _FIRST)
    found = [date for date in _dates(context, begin, cue.first) if date.complete and cue.first - date.behind <= 2]
    tokens = context.stream.tokens
    between = "".join(tokens[place].raw for place in range(found[-1].behind, cue.first)) if found else ""
    if any(mark in between for mark in ".;?!") or (between.startswith(",") and between != ","):
        return []  # `The last one is 17.10.18, and when were you born?`
    return found[-1:]


def _dates(context: Context, first: int, behind: int) -> Iterator[_Date]:
    """Words side by side that may be dates, within a range of tokens."""
    tokens = context.stream.tokens
    place = first
    while place < behind:
        date = None
        if not tokens[place].mark:
            date = _date(context, place, behind)
        if date is None:
            place += 1
        else:
            yield date
            place = date.behind


def _date(context: Context, first: int, behind: int) -> _Date | None:
    stream = context.stream
    place = last = first
    digits, month, opens, ordinal, quantity = "", False, False, False, False
    skipped = 0
    while place < behind and skipped <= 6:
        language = stream.language(place)
        if stream.tokens[place].sentence != stream.tokens[last].sentence and place != last:
            goes_on = listed(language, "month").longest(stream.tokens, place, behind) is not None
            if month or ordinal or len(digits) > 2 or not goes_on:
                break  # `15. / Juni 1976` goes on, which a recogniser took for the end of a sentence
        item = context.item_at(place)
        if item is not None and item.digits:
            digits, quantity = digits + item.text, quantity or item.quantity
            place = last = max(item.behind, place + 1)
            skipped = 0
            continue
        match = listed(language, "month").longest(stream.tokens, place, behind)
        if match is not None and not (match[0] - place == 1 and stream.tokens[place].raw == "may"):
            opens = opens or not (digits or ordinal)
            month, place, last, skipped = True, match[0], match[0], 0
            continue
        match = listed(language, "ordinal").longest(stream.tokens, place, behind)
        if match is not None:
            ordinal, place, last, skipped = True, match[0], match[0], 0
            continue
        if last == first:
            return None
        match = listed(language, "dates").longest(stream.tokens, place, behind)
        if match is None and not context.softness.soft[place]:
            break
        place = place + 1 if match is None else match[0]
        skipped += 1
    if last == first:
        return None
    return _Date(first, last, digits, month, opens, ordinal, quantity)

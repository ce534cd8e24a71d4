"""Digits and letters that are said one by one or in groups, as items with the tokens that say them."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise, takewhile
from typing import Final

from callscribe.redaction.calendars import is_date, is_time, is_version, month_near
from callscribe.redaction.cues import CARD_WEAK, Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.languages import Language, language_of
from callscribe.redaction.numerals import numeral
from callscribe.redaction.phrases import Phrases, listed
from callscribe.redaction.softness import Softness
from callscribe.redaction.tokens import Stream, Token, clause

CURRENCY: Final = frozenset("$€£¥%‰°")
"""Signs that make a quantity of what stands beside them."""

_QUANTITY: Final = 7
"""Digits that a quantity has at most. What stands before a unit and has more is no quantity."""

_DAY: Final = 8
"""Digits of a date that is written."""

_LETTERED: Final = frozenset(
    {Entity.VEHICLE_PLATE, Entity.NATIONAL_ID, Entity.BANK_ACCOUNT, Entity.TAX_ID, Entity.HEALTH_NUMBER}
)
"""What has letters that are said by themselves."""

_PIECE: Final = 8
_VOWELS: Final = frozenset("aeiouy")

_EXPECTED: Final = 60
_LETTERS: Final = 2
_BESIDE: Final = 2
"""Tokens from an announcement to a piece of letters, how many there are, and words beside it that mean something."""

_BETWEEN: Final = frozenset("-‐‑–.,/+_()#")
"""Marks that may stand inside a number or between letters."""

_SUFFIXES: Final = frozenset(
    {"st", "nd", "rd", "th", "er", "re", "e", "eme", "a", "o", "am", "pm", "h", "ste", "x", "km", "s", "uhr", "kg"}
)
"""What is written behind digits and is no letter that was spelled."""


@dataclass(frozen=True, slots=True)
class Item:
    """Digits or letters: the tokens that say them, and what is read when every word counts by itself (`apart`).

    `weak` is what is also another word (`oh`, `a`, `mike`). A `quantity` has a unit, or is counted otherwise.
    """

    first: int
    behind: int
    text: str
    apart: str
    weak: bool = False
    quantity: bool = False
    natural: bool = False

    @property
    def digits(self) -> bool:
        """Whether it is digits, not letters."""
        return self.text.isdigit()


@cache
def _times(code: str) -> Phrases[int]:
    return Phrases(language_of(code).times.items())


@cache
def _letters(code: str) -> Phrases[str]:
    return Phrases(language_of(code).letters.items())


@cache
def _like(code: str) -> Phrases[bool]:
    return Phrases((phrase, True) for phrase in language_of(code).like)


def items_in(stream: Stream, cues: Sequence[Cue], softness: Softness) -> list[Item]:
    """Every item of a call, in order; those that are no more than other words beside nothing are left out.

    What belongs to a cue is none: the `three` of `the three digits on the back`, the letters of `IBAN`.
    """
    taken = {place for cue in cues for place in range(cue.first, cue.behind)}
    found: list[Item] = []
    announcing = [cue for cue in cues if not cue.against and cue.kinds != (CARD_WEAK,)]
    for sentence in range(len(stream.said)):
        place, behind = stream.bounds(sentence)
        read: list[Item] = []
        while place < behind:
            idle = _idle(stream, place, behind)
            if idle is not None:  # `one moment`
                place = idle
                continue
            item = None if place in taken else _item(stream.tokens, place, behind, stream.languages[sentence])
            if item is None:
                place += 1
                continue
            read.append(item)
            unit = None if _spells(stream, read, item.behind, behind) else _unit(stream, item.behind, behind)
            place = item.behind if unit is None else unit  # no number is read in `por ciento`
        for chain in _chains(stream.tokens, read):
            kept = _believed(stream.tokens, chain)
            if not kept and found and _goes_on(stream, found[-1], chain, softness):
                kept = chain
            if not kept and _expected(stream, announcing, chain, softness):
                kept = chain
            found += _marked(stream, kept, sentence)
    return found


def _idle(stream: Stream, place: int, behind: int) -> int | None:
    """The token behind words that have a number and mean none; `and after that one zero two` goes on with digits."""
    tokens, language = stream.tokens, stream.language(place)
    match = listed(language, "idle").longest(tokens, place, behind)
    if match is None:
        return None
    first, last = (tokens[each].text for each in (match[0] - 1, min(match[0], behind - 1)))
    goes_on = match[0] < behind and match[0] - place > 1 and all((each,) in language.small for each in (first, last))
    return None if goes_on else match[0]


def _unit(stream: Stream, place: int, behind: int) -> int | None:
    """The token behind a unit that begins with a token."""
    if place >= behind:
        return None
    match = listed(stream.language(place), "units").longest(stream.tokens, place, behind)
    return None if match is None else match[0]


def _spells(stream: Stream, read: Sequence[Item], place: int, behind: int) -> bool:
    """Whether a letter's name goes on with letters that are said so: `Delta, four, Kilo`."""
    if place >= behind or _letters(stream.language(place).code).longest(stream.tokens, place, behind) is None:
        return False
    return any(not item.digits and len(stream.tokens[item.first].raw) > _LETTERS for item in read)


def _goes_on(stream: Stream, before: Item, chain: Sequence[Item], softness: Softness) -> bool:
    """Whether what may be other words goes on with digits: `..., sorry, one` in a language where that is `a`."""
    first = chain[0].first
    if not all(item.digits for item in chain) or not before.digits:
        return False
    sentence = stream.tokens[first].sentence
    last = stream.tokens[before.first].sentence
    start, end = stream.bounds(sentence)
    if last == sentence:
        start, end = before.behind, first
    elif sentence - last > 2:
        return False
    inside = range(chain[0].first, chain[-1].behind)
    return end - start <= 12 and all(softness.soft[place] or place in inside for place in range(start, end))


def _expected(stream: Stream, cues: Sequence[Cue], chain: Sequence[Item], softness: Softness) -> bool:
    """Whether capitals that may be a word are a piece of a plate or the like, asked for or told just before (`KR`)."""
    first, behind = chain[0].first, chain[-1].behind
    said = [place for place in range(first, behind) if stream.tokens[place].word]
    letters = sum(len(stream.tokens[place].raw) for place in said)
    if letters < _LETTERS or any(not stream.tokens[place].raw.isupper() for place in said):
        return False
    at = bisect_left(cues, first, key=lambda cue: cue.first) - 1
    if at < 0 or _LETTERED.isdisjoint(cues[at].kinds) or first - cues[at].behind > _EXPECTED:
        return False
    begin, end = clause(stream.tokens, first, *stream.bounds(stream.tokens[first].sentence))
    begin = max(begin, cues[at].behind)
    inside = range(first, behind)
    others = sum(
        not softness.soft[place] and place not in inside and not _coded(stream.tokens[place])
        for place in range(begin, end)
    )
    return others <= _BESIDE


def _coded(token: Token) -> bool:
    """Whether a token is rather a piece of a number than a word: `XHD, sorry, XHQ 793`."""
    return token.raw.isdigit() or (token.raw.isupper() and len(token.raw) > 1)


def adjacent(tokens: Sequence[Token], first: Item, second: Item) -> bool:
    """Whether nothing but marks stands between two items of a sentence."""
    return all(tokens[place].raw in _BETWEEN for place in range(first.behind, second.first))


def _item(tokens: Sequence[Token], place: int, behind: int, language: Language) -> Item | None:
    token = tokens[place]
    if token.mark:
        return None
    if token.raw.isdigit():
        return Item(place, place + 1, token.text, token.text)
    repeated = _times(language.code).longest(tokens, place, behind)
    if repeated is not None and repeated[0] < behind:
        after, (count, *_) = repeated
        once = _single(tokens, after, behind, language)
        if once is not None and len(once.text) <= 2:
            return Item(place, once.behind, once.text * count, once.text * count)
    return _single(tokens, place, behind, language)


def _single(tokens: Sequence[Token], place: int, behind: int, language: Language) -> Item | None:
    """A number or a letter that is said once."""
    token = tokens[place]
    if token.raw.isdigit():
        return Item(place, place + 1, token.text, token.text)
    number = numeral(tokens, place, behind, language)
    if number is not None:
        weak = number.tokens == 1 and token.text in language.weak_digits
        natural = len(number.digits) > 1
        return Item(place, place + number.tokens, number.digits, number.apart, weak=weak, natural=natural)
    return _letter(tokens, place, behind, language)


def _letter(tokens: Sequence[Token], place: int, behind: int, language: Language) -> Item | None:
    """A letter by its name or itself, with the word that explains it; or letters that stand as one."""
    token = tokens[place]
    named = _letters(language.code).longest(tokens, place, behind)
    item = None
    if named is not None and (named[0] - place > 1 or len(token.raw) > 1):
        item = Item(place, named[0], named[1][0], named[1][0], weak=True)
    elif len(token.raw) == 1 and token.word:
        letter = token.raw.upper()
        item = Item(place, place + 1, letter, letter, weak=token.text in language.weak_letters)
    if item is not None:
        return _explained(tokens, item, behind, language)
    return _written(tokens, place, behind)


def _written(tokens: Sequence[Token], place: int, behind: int) -> Item | None:
    """Letters side by side that are no word: beside digits, or capitals all of them."""
    token = tokens[place]
    after = token.glued and tokens[place - 1].raw.isdigit()
    before = place + 1 < behind and tokens[place + 1].glued and tokens[place + 1].raw.isdigit()
    suffix = after and not before and token.text in _SUFFIXES
    if (after or before) and len(token.raw) <= 10 and not suffix:
        return Item(place, place + 1, token.raw.upper(), token.raw.upper())
    if token.raw.isupper() and token.raw.isalpha() and (len(token.raw) <= 5 or _unspoken(token)):
        return Item(place, place + 1, token.raw, token.raw, weak=True)
    return None


def _unspoken(token: Token) -> bool:
    """Whether more letters than an abbreviation has are no word, as they cannot be said as one: `HPLPLT`."""
    return len(token.raw) <= _PIECE and sum(char in _VOWELS for char in token.text) <= 1


def _explained(tokens: Sequence[Token], item: Item, behind: int, language: Language) -> Item:
    """A letter with the word that it is said by, where one follows: `B as in Bravo`."""
    start = item.behind + (item.behind < behind and tokens[item.behind].raw in ",-")
    like = _like(language.code).longest(tokens, start, behind) if start < behind else None
    if like is None or like[0] >= behind:
        return item
    word = tokens[like[0]]
    if word.word and len(word.text) > 1 and word.text[0] == item.text[0].lower():
        return replace(item, behind=like[0] + 1, weak=False)
    return item


def _chains(tokens: Sequence[Token], read: Sequence[Item]) -> Iterable[list[Item]]:
    """Items side by side, with nothing but marks between."""
    chain: list[Item] = []
    for item in read:
        if chain and not adjacent(tokens, chain[-1], item):
            yield chain
            chain = []
        chain.append(item)
    if chain:
        yield chain


def _believed(tokens: Sequence[Token], chain: list[Item]) -> list[Item]:
    """What is left of items side by side: where none of them is surely one, three make each other sure."""
    letters = [item for item in chain if not item.digits]
    if all(item.weak and len(tokens[item.first].raw) == 1 and tokens[item.first].raw.islower() for item in letters):
        chain = [item for item in chain if item.digits]  # `de nueve a cinco`
    if any(not item.weak for item in chain) or len(chain) >= 3:
        return chain
    return []


def _marked(stream: Stream, chain: list[Item], sentence: int) -> list[Item]:
    """Items side by side, those that are quantities marked so."""
    if not chain:
        return chain
    tokens = stream.tokens
    begin, end = stream.bounds(sentence)
    language = stream.languages[sentence]
    chain = _days(tokens, _times_of_day(tokens, chain, end), (begin, end), language)
    tail = _tail(tokens, chain)
    length = sum(len(item.text) for item in tail)
    counted = _has_unit(tokens, chain[-1].behind, end, language)
    if counted and tokens[chain[-1].behind].text in language.single("idle"):
        counted = tail[-1].text == "1" and len(tail) == 1  # a moment, and not `three six six moment`
    first = chain[0].first
    if tail == chain and first > begin and tokens[first - 1].raw in CURRENCY:
        counted = True
    if tail == chain and length <= 2 and chain[0].digits and _listed_before(tokens, first, begin, language):
        counted = True
    if not counted:
        return chain
    if length <= _QUANTITY:
        return [replace(item, quantity=True) if item.digits and item in tail else item for item in chain]
    return [*chain[:-1], replace(chain[-1], quantity=chain[-1].digits and len(chain) > 1)]


def _tail(tokens: Sequence[Token], chain: list[Item]) -> list[Item]:
    """The last of items side by side, from the last comma or stop on that is none inside of a number (`4,111`)."""
    for place in range(len(chain) - 1, 0, -1):
        between = range(chain[place - 1].behind, chain[place].first)
        if any(tokens[each].raw in ",." for each in between) and not tokens[chain[place].first].glued:
            return chain[place:]
    return chain


def _has_unit(tokens: Sequence[Token], place: int, end: int, language: Language) -> bool:
    if place >= end:
        return False
    if tokens[place].raw in CURRENCY:
        return True
    unit = listed(language, "units").longest(tokens, place, end)
    if unit is None:
        return False
    # `A01H501U` has no hours in it.
    goes_on = unit[0] < end and tokens[unit[0]].glued and not tokens[unit[0]].mark
    return not goes_on


def _listed_before(tokens: Sequence[Token], first: int, begin: int, language: Language) -> bool:
    """Whether a word that counts stands before: `the last four`."""
    phrases = listed(language, "ordering")
    return any(
        (match := phrases.longest(tokens, place, first)) is not None and match[0] == first
        for place in range(max(begin, first - 2), first)
    )


def _days(tokens: Sequence[Token], chain: list[Item], bounds: tuple[int, int], language: Language) -> list[Item]:
    """Items of which one is a day, a year beside a month, or a part of a version, marked as quantities."""
    letters = [*takewhile(lambda item: not item.digits, chain)]  # `a 2.8.18`
    if letters and len(letters) < len(chain):
        rest = _days(tokens, chain[len(letters) :], bounds, language)
        words = all(item.weak for item in letters) and all(item.quantity for item in rest)
        return rest if words else [*letters, *rest]
    length = sum(len(item.text) for item in chain)
    if all(item.digits for item in chain) and length <= _DAY:
        marks = {tokens[place].raw for one, other in pairwise(chain) for place in range(one.behind, other.first)}
        written = all(other.first - one.behind == 1 and tokens[other.first].glued for one, other in pairwise(chain))
        groups = [item.text for item in chain]
        if len(marks) == 1 and written and any(is_one(groups, *marks) for is_one in (is_date, is_version, is_time)):
            return [replace(item, quantity=True) for item in chain]
    if length <= _DAY and month_near(tokens, chain[0].first, chain[-1].behind, bounds, language):
        return [replace(item, quantity=True) if item.digits else item for item in chain]
    return chain


def _times_of_day(tokens: Sequence[Token], chain: list[Item], end: int) -> list[Item]:
    """Items of which one is the hour or the minutes of a time, as it is written, marked so."""
    marked = []
    coded = any(not item.digits and item.text != "H" and tokens[item.first].raw.isupper() for item in chain)
    for item in chain:
        hour = not (coded or _in_letters(tokens, item)) and any(
            place < end and tokens[place].glued and tokens[place].text == "h" for place in (item.first - 1, item.behind)
        )  # `10h30`, and not the `01H` of `A01H501U`, nor `GDC-91H58`
        colon = (
            hour
            or (item.behind < end and tokens[item.behind].raw == ":" and tokens[item.behind].glued)
            or (tokens[item.first].glued and tokens[item.first - 1].raw == ":")
        )
        marked.append(replace(item, quantity=True) if colon and len(item.text) <= 2 else item)
    return marked


def _in_letters(tokens: Sequence[Token], item: Item) -> bool:
    """Whether digits stand right behind a letter that belongs to no time: they are a piece of what has both."""
    before = tokens[item.first - 1] if tokens[item.first].glued else None
    return before is not None and before.word and before.text != "h"

"""Numbers: which entity a run of digits and letters is, by what announced it, by its check digits, or by its form.

The rules, in their order:

1. What was announced is what it was announced as, where its length allows it, whether its check digits are right or
   not: a recogniser may have heard one of them wrong.
2. What passes a card's check is a card number, unless it was said to be an order number or the like.
3. What was said to be an order number, a ticket, a price and the like is nothing.
4. What passes a check that few numbers pass, or can be dialled, is what passes.
5. Twelve digits and more that nothing explains are a card number: it fails closed.
6. So is a shorter number something that is all that somebody says, and that nothing explains (`bare.py`).
"""

import re
from collections import deque
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Final

from callscribe.redaction import checks
from callscribe.redaction.bare import bare
from callscribe.redaction.context import Context
from callscribe.redaction.cues import AGAINST, AGAINST_WEAK, CARD_WEAK, Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import ANNOUNCED, CERTAIN, GUESSED, LIKELY, Hit
from callscribe.redaction.phones import is_international, is_phone_number
from callscribe.redaction.phrases import listed
from callscribe.redaction.plates import is_plate
from callscribe.redaction.runs import Run
from callscribe.redaction.symbols import with_symbols
from callscribe.redaction.tokens import clause
from callscribe.redaction.words import asks

_LENGTHS: Final = {
    Entity.CARD_NUMBER: (4, 60),
    Entity.CARD_CVV: (3, 4),
    Entity.PIN: (3, 8),
    Entity.BANK_ACCOUNT: (4, 60),
    Entity.NATIONAL_ID: (4, 24),
    Entity.TAX_ID: (5, 20),
    Entity.PHONE_NUMBER: (5, 44),
    Entity.HEALTH_NUMBER: (5, 20),
    Entity.VEHICLE_PLATE: (3, 9),
    Entity.ADDRESS: (3, 9),
    Entity.USERNAME: (2, 40),
    Entity.PASSWORD: (2, 40),
    Entity.DATE_OF_BIRTH: (4, 8),
    Entity.NAME: (3, 30),
    Entity.EMAIL_ADDRESS: (3, 60),
}
"""Characters that an announced entity may have, in any reading of it."""

_REACH: Final = {
    Entity.CARD_CVV: 45,
    Entity.PIN: 30,
    Entity.ADDRESS: 25,
    Entity.VEHICLE_PLATE: 35,
    Entity.USERNAME: 25,
    Entity.PASSWORD: 25,
    Entity.DATE_OF_BIRTH: 30,
    Entity.NAME: 30,
    Entity.EMAIL_ADDRESS: 40,
}
"""Tokens between a cue and what it announces, where fewer than for others."""

_DIGITS_ONLY: Final = frozenset(
    {Entity.CARD_NUMBER, Entity.CARD_CVV, Entity.PIN, Entity.PHONE_NUMBER, Entity.DATE_OF_BIRTH}
)
_YEAR: Final = re.compile(r"(?:(?:19|20)\d\d){1,2}")
_NO_YEARS: Final = frozenset(
    {
        Entity.CARD_NUMBER,
        Entity.BANK_ACCOUNT,
        Entity.NATIONAL_ID,
        Entity.TAX_ID,
        Entity.HEALTH_NUMBER,
        Entity.PHONE_NUMBER,
    }
)
"""What is not the year in which an account was opened."""

_AGAINST_REACH: Final = 30
_AGAINST_WEAK_REACH: Final = 8
_SHORT: Final = 6
"""Digits up to which a number may be anything, so that it has to belong to what announces it."""

_OTHERS: Final = 2
"""Words beside a short number that is said by itself."""

_GOING_ON: Final = 4
"""Sentences between an answer and what goes on with it or says it again."""

_COUNT: Final = 3
_COUNTED: Final = frozenset({Entity.PIN, Entity.PASSWORD, Entity.USERNAME})
"""What may be `one, two, three, four`."""

_WHOLE_CARD: Final = 12

_ALONE: Final = 3
"""Digits from which on they are a user name or password without a word in front."""

_WORDED: Final = frozenset({Entity.USERNAME, Entity.PASSWORD})
"""What may begin with a word and go on with digits."""

_EXPIRY_REACH: Final = 15
_PART_OF_A_CARD: Final = 40
"""Tokens between the announcement of a card number and less than twelve digits of it."""

_POSTCODE: Final = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?\d[A-Z]{2}")
"""The United Kingdom's, without its space."""

_ECHO_SECONDS: Final = 180.0
_ECHO_HITS: Final = 12
"""How many of the last numbers that were found are looked for again."""


def numbers(context: Context) -> Iterator[Hit]:
    """Every number of a call, and what is said again of one, before it too."""
    recent: deque[tuple[Hit, Run]] = deque(maxlen=_ECHO_HITS)
    waiting: deque[Run] = deque(maxlen=_ECHO_HITS)
    answered: dict[Cue, Run] = {}
    for run in context.runs:
        hit = _classified(context, run, answered) or _echo(context, run, recent)
        if hit is None:
            yield from _in_parts(context, run)
            waiting.append(run)
            continue
        recent.append((hit, run))
        yield hit
        start = context.stream.said[run.pieces[0].sentence].start
        for earlier in [*waiting]:
            near = start - context.stream.said[earlier.pieces[0].sentence].start < _ECHO_SECONDS
            if (
                near
                and len(earlier.text) >= 4
                and earlier.text in run.text
                and not _against(context, earlier, weak=True)
            ):
                waiting.remove(earlier)
                yield _hit(earlier, hit.entities, hit.weight)


def _in_parts(context: Context, run: Run) -> Iterator[Hit]:
    """What the parts of a run are that a word stands between, where all of it is nothing: `..., or 0161 ...`."""
    parts = run.parts() if not run.fluent else ()
    for part in parts:
        readings = part.readings()
        digits = tuple(dict.fromkeys("".join(filter(str.isdigit, reading)) for reading in readings))
        regions = context.stream.regions[part.pieces[0].sentence]
        if not _against(context, part, weak=True) and _is_phone(context, part, digits, regions):
            yield _hit(part, (Entity.PHONE_NUMBER,), LIKELY)


def _once(digits: str) -> str:
    """Digits that are said twice, once."""
    half, odd = divmod(len(digits), 2)
    return digits[:half] if half > 4 and not odd and digits[:half] == digits[half:] else digits


def _hit(run: Run, entities: Sequence[Entity], weight: int) -> Hit:
    return Hit(tuple(dict.fromkeys(entities)), tuple(run.spans()), weight)


def _classified(context: Context, run: Run, answered: dict[Cue, Run]) -> Hit | None:
    readings = run.readings()
    digits = tuple(dict.fromkeys(_once("".join(filter(str.isdigit, reading))) for reading in readings))
    regions = context.stream.regions[run.pieces[0].sentence]
    passed = [*_checked(readings, digits, regions, telling=False)]
    card = _is_card(digits)
    if card and not _against(context, run, weak=False):
        announced = _announced(context, run, readings, digits, answered)
        return _hit(run, (*((announced,) if announced in _LONG else ()), Entity.CARD_NUMBER, *passed), CERTAIN)
    announced = _announced(context, run, readings, digits, answered)
    if announced is not None:
        also = [each for each in passed if each is not announced]
        hit = _hit(run, (announced, *also), CERTAIN if announced in passed else ANNOUNCED)
        if announced not in _WORDED:
            return hit
        with_word = _with_word(context, hit)
        if len(run.text) < _ALONE and with_word == hit:
            return None
        return with_symbols(context, with_word)
    return _unannounced(context, run, readings, digits, passed)


def _with_word(context: Context, hit: Hit) -> Hit:
    """A user name or password with the word that it begins with: `Velvet five zero`, `capital V, e, l, v, e, t`."""
    (first, behind), *others = hit.spans
    stream = context.stream
    tokens = stream.tokens
    begin = stream.bounds(tokens[first].sentence)[0]
    language = stream.language(first)
    place = first - 1
    while place >= begin and tokens[place].raw in ",-":
        place -= 1
    start = _spelling_before(context, place, begin)
    if start is not None:
        return Hit(hit.entities, ((start, behind), *others), hit.weight)
    plain = place == first - 1 and place >= begin and tokens[place].word
    if plain and not context.softness.soft[place] and not context.softness.cue[place]:
        word = tokens[place].text
        if not any(word in language.single(name) for name in ("stop", "copula")):
            return Hit(hit.entities, ((place, behind), *others), hit.weight)
    return hit


def _spelling_before(context: Context, place: int, begin: int) -> int | None:
    """The first token of `capital` where it ends with a token, of `T majuscule` with its letter."""
    stream = context.stream
    tokens = stream.tokens
    for start in range(max(begin, place - 2), place + 1):
        language = stream.language(place)
        matches = [listed(language, name).longest(tokens, start, place + 1) for name in ("spelling", "symbol")]
        if any(match is not None and match[0] == place + 1 for match in matches):
            letter = start > begin and tokens[start - 1].word and len(tokens[start - 1].raw) == 1
            return start - letter
    return None


def _unannounced(
    context: Context, run: Run, readings: Sequence[str], digits: Sequence[str], passed: Sequence[Entity]
) -> Hit | None:
    """What nothing announced. No price and no quantity passes a check that few numbers pass."""
    regions = context.stream.regions[run.pieces[0].sentence]
    telling = [*_checked(readings, digits, regions, telling=True)]
    if telling and not _against(context, run, weak=False):
        return _hit(run, (*telling, *passed), CERTAIN)
    if _is_with_plus(context, run, digits) and not _against(context, run, weak=False):
        return _hit(run, (Entity.PHONE_NUMBER,), LIKELY)
    hit = None if _against(context, run, weak=True) else _by_form(context, run, readings, digits)
    entities = () if hit or _is_years(run) or _is_counting(run) else bare(context, run)
    return _hit(run, entities, GUESSED) if entities else hit


def _by_form(context: Context, run: Run, readings: Sequence[str], digits: Sequence[str]) -> Hit | None:
    """What has the form of something, where nothing speaks against it."""
    regions = context.stream.regions[run.pieces[0].sentence]
    if _is_phone(context, run, digits, regions):
        return _hit(run, (Entity.PHONE_NUMBER,), LIKELY)
    for entity, fits in (
        (Entity.ADDRESS, any(_POSTCODE.fullmatch(reading) for reading in readings)),
        (Entity.VEHICLE_PLATE, any(is_plate(reading, regions) for reading in readings)),
        (Entity.NATIONAL_ID, _written_as_ssn(run, regions)),
    ):
        if fits:
            return _hit(run, (entity,), LIKELY)
    if sum(map(str.isdigit, run.text)) >= 12 and run.fluent:
        return _hit(run, (Entity.CARD_NUMBER,), GUESSED)
    return None


_LONG: Final = frozenset(
    {Entity.BANK_ACCOUNT, Entity.NATIONAL_ID, Entity.TAX_ID, Entity.HEALTH_NUMBER, Entity.PHONE_NUMBER}
)
"""What may be as long as a card number, and pass its check by chance."""


def _is_card(digits: Sequence[str]) -> bool:
    return any(checks.card(reading) for reading in digits)


def _against(context: Context, run: Run, *, weak: bool) -> bool:
    """Whether the nearest cue says that a number is none of those that are looked for."""
    nearest = next(iter(context.before(run.first)), None)
    if nearest is not None:
        distance, cue = nearest
        if AGAINST in cue.kinds and distance <= _AGAINST_REACH:
            return True
        if weak and AGAINST_WEAK in cue.kinds and distance <= _AGAINST_WEAK_REACH:
            return True
    behind = context.after(run.behind)
    return behind is not None and AGAINST in behind[1].kinds and (nearest is None or nearest[0] > 10)


def _announced(
    context: Context, run: Run, readings: Sequence[str], digits: Sequence[str], answered: dict[Cue, Run]
) -> Entity | None:
    """The entity that the nearest cue announces whose length fits; none behind one that speaks against.

    A cue that was answered announces no more than what goes on with the answer.
    """
    behind = None if _is_since(context, run) else context.after(run.behind)
    for distance, cue in context.before(run.first):
        if behind is not None and distance > behind[0] + 12:
            break
        if AGAINST in cue.kinds and distance <= _AGAINST_REACH:
            return None
        if AGAINST_WEAK in cue.kinds and distance <= _AGAINST_WEAK_REACH:
            return None
        if Entity.CARD_EXPIRY in cue.kinds and distance <= _EXPIRY_REACH and max(map(len, digits), default=0) <= 6:
            return None  # `dates.py` has those
        entity = _fitting(cue, distance, run, readings, digits)
        if entity is None or (len(run.text) <= _SHORT and not _belongs(context, cue, run)):
            continue
        if cue in answered and not _still(context, answered[cue], run):
            continue
        if _is_counting(run) and entity not in _COUNTED:
            return None
        if entity is not Entity.CARD_NUMBER or len(run.text) >= _WHOLE_CARD or cue in answered:
            answered[cue] = run
        return entity
    return None if behind is None else _fitting(behind[1], behind[0], run, readings, digits)


def _still(context: Context, last: Run, run: Run) -> bool:
    """Whether a number goes on with an answer: in one sentence with it, or soon, and long or said by itself."""
    sentence = run.pieces[0].sentence
    between = sentence - last.pieces[-1].sentence
    soon = between <= _GOING_ON and (len(run.text) > _SHORT or _others(context, run) <= 1)
    return between == 0 or soon


def _others(context: Context, run: Run) -> int:
    """How many words that mean something are said beside a number in its clause."""
    stream = context.stream
    begin, end = clause(stream.tokens, run.first, *stream.bounds(run.pieces[0].sentence))
    said = {place for piece in run.pieces for place in range(piece.item.first, piece.item.behind)}
    return sum(place not in said and not context.softness.soft[place] for place in range(begin, end))


def _is_counting(run: Run) -> bool:
    """Whether somebody counts: `one, two, three, four`."""
    return len(run.pieces) >= _COUNT and run.text == "".join(map(str, range(1, len(run.pieces) + 1)))


def _belongs(context: Context, cue: Cue, run: Run) -> bool:
    """Whether a short number is what a cue announces: asked for, in one clause with it, or said by itself.

    `My PIN does not work. See you at ten thirty.` has none.
    """
    stream = context.stream
    if _is_since(context, run):
        return False
    if asks(context, stream.tokens[cue.first].sentence):
        return True
    begin, _ = clause(stream.tokens, run.first, *stream.bounds(run.pieces[0].sentence))
    if cue.first >= begin:
        return True
    if len(run.pieces) <= 2 and _is_years(run):
        return False
    return _others(context, run) <= _OTHERS or _begins_answer(context, cue, run)


def _begins_answer(context: Context, cue: Cue, run: Run) -> bool:
    """Whether a number is what the other party says first behind a sentence that ends with what it names."""
    stream, sentence = context.stream, run.pieces[0].sentence
    asked_in = stream.tokens[cue.first].sentence
    end = stream.bounds(asked_in)[1]
    soft = context.softness.soft
    return (
        stream.said[asked_in].party != stream.said[sentence].party
        and all(soft[place] for place in range(cue.behind, end))
        and all(soft[place] for place in range(end, run.first))
    )


def _is_since(context: Context, run: Run) -> bool:
    """Whether a run is the year since which something is so: `in 2019`."""
    stream = context.stream
    begin = stream.bounds(run.pieces[0].sentence)[0]
    before = stream.tokens[run.first - 1].text if run.first > begin else ""
    return _is_years(run) and before in stream.language(run.first).single("since")


def _fitting(cue: Cue, distance: int, run: Run, readings: Sequence[str], digits: Sequence[str]) -> Entity | None:
    for kind in cue.kinds:
        if kind == CARD_WEAK:
            if any(12 <= len(reading) <= 60 for reading in digits):
                return Entity.CARD_NUMBER
            continue
        if kind not in Entity.__members__:
            continue
        entity = Entity(kind)
        if (
            entity in _LENGTHS
            and distance <= _REACH.get(entity, 1000)
            and _fits(entity, distance, run, readings, digits)
        ):
            return entity
    return None


def _fits(entity: Entity, distance: int, run: Run, readings: Sequence[str], digits: Sequence[str]) -> bool:
    least, most = _LENGTHS[entity]
    read = digits if entity in _DIGITS_ONLY else readings
    if not any(least <= len(reading) <= most for reading in read) or (entity in _NO_YEARS and _is_years(run)):
        return False
    match entity:
        case Entity.CARD_NUMBER:
            return max(map(len, digits)) >= 12 or distance <= _PART_OF_A_CARD
        case Entity.NAME:
            return any(reading.isalpha() for reading in readings)
        case Entity.EMAIL_ADDRESS:
            return sum(map(str.isalpha, run.text)) >= 3
        case Entity.VEHICLE_PLATE:
            return len(run.text) <= 20 and (any(map(str.isalpha, run.text)) or distance <= 12)
        case _:
            return entity in {Entity.USERNAME, Entity.PASSWORD} or any(map(str.isdigit, run.text))


def _is_years(run: Run) -> bool:
    """Whether a run is one year, or says from when to when."""
    return _YEAR.fullmatch(run.text) is not None and (len(run.text) == 4 or not run.fluent)


def _checked(
    readings: Sequence[str], digits: Sequence[str], regions: Sequence[str], *, telling: bool
) -> Iterator[Entity]:
    """The entities whose checks a reading passes, in the countries of the language; `telling`: few numbers pass."""
    candidates = (*readings, *(each for each in digits if each not in readings))
    if any(checks.iban(reading) for reading in candidates):
        yield Entity.BANK_ACCOUNT
    for entity, by_country in (
        (Entity.NATIONAL_ID, checks.NATIONAL),
        (Entity.HEALTH_NUMBER, checks.HEALTH),
        (Entity.TAX_ID, checks.TAX),
        (Entity.BANK_ACCOUNT, checks.BANK),
    ):
        for country in regions:
            for check in by_country.get(country, ()):
                if (not telling or check in checks.TELLING) and any(check(reading) for reading in candidates):
                    yield entity


def _is_phone(context: Context, run: Run, digits: Sequence[str], regions: Sequence[str]) -> bool:
    if _is_with_plus(context, run, digits):
        return True
    enough = 9 if len(run.pieces) < 3 else 8
    return run.text.isdigit() and any(
        len(reading) >= enough and is_phone_number(reading, tuple(regions)) for reading in digits
    )


def _is_with_plus(context: Context, run: Run, digits: Sequence[str]) -> bool:
    """Whether a run is a telephone number with a country's code: `+32 470 12 34 56`, `plus thirty-two ...`."""
    before = context.stream.tokens[run.first - 1] if run.first > 0 else None
    signs = context.stream.language(run.first).single("plus")
    plus = before is not None and (before.raw == "+" or before.text == "plus" or before.text in signs)
    return plus and any(is_international(reading) for reading in digits)


def _written_as_ssn(run: Run, regions: Sequence[str]) -> bool:
    lengths = [len(piece.item.text) for piece in run.pieces]
    return "US" in regions and lengths == [3, 2, 4] and checks.ssn(run.text)


def _echo(context: Context, run: Run, recent: Sequence[tuple[Hit, Run]]) -> Hit | None:
    """A number that says again a part of one that was found, or corrects it."""
    stream = context.stream
    start = stream.said[run.pieces[0].sentence].start
    for hit, other in reversed(recent):
        if start - stream.said[other.pieces[-1].sentence].end > _ECHO_SECONDS:
            break
        if len(run.text) >= 4 and (run.text in other.text or other.text in run.text):
            return _hit(run, hit.entities, hit.weight)
        if len(run.text) == 3 and run.text == other.text:
            return _hit(run, hit.entities, hit.weight)
    return _going_on(context, run, recent) if recent else None


def _going_on(context: Context, run: Run, recent: Sequence[tuple[Hit, Run]]) -> Hit | None:
    """The next group of a card number that was interrupted, or a correction of the last number."""
    hit, other = recent[-1]
    if context.cues_between(other.behind, run.first):
        return None
    distance = run.first - other.behind
    if hit.entities[0] is Entity.CARD_NUMBER and distance <= _PART_OF_A_CARD and run.text.isdigit():
        parts = takewhile(lambda each: each[0].entities[0] is Entity.CARD_NUMBER, reversed(recent))
        if len(run.text) >= 3 and sum(len(part.text) for _, part in parts) < 12:
            return _hit(run, hit.entities, GUESSED)
    near = distance <= 40 and run.pieces[0].sentence - other.pieces[-1].sentence <= 3
    return _hit(run, hit.entities, GUESSED) if near and _only(context, run) else None


def _only(context: Context, run: Run) -> bool:
    """Whether the sentences of a run have nothing but it, and begin with a correction."""
    if len(run.text) < 2:
        return False
    begin = context.stream.bounds(run.pieces[0].sentence)[0]
    if not any(context.softness.corrects[place] for place in range(begin, run.first)):
        return False
    for sentence in dict.fromkeys(piece.sentence for piece in run.pieces):
        begin, end = context.stream.bounds(sentence)
        said = {
            place
            for piece in run.pieces
            if piece.sentence == sentence
            for place in range(piece.item.first, piece.item.behind)
        }
        if not all(place in said or context.softness.soft[place] for place in range(begin, end)):
            return False
    return True

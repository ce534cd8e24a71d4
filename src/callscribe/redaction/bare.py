"""Numbers that are all that somebody says, or said to be theirs, where nothing tells what they are.

A recogniser that hears digits right often hears the few syllables wrong by which they were asked for or announced (`My
pen is 4821`), and then nothing announces them. Who says nothing but a number answers a question, and what people are
asked for on the telephone is a number of theirs more often than not. So such a number is covered where nothing speaks
against it: it fails closed.
"""

from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.cues import Cue
from callscribe.redaction.entities import Entity
from callscribe.redaction.runs import Run

_LEAST: Final = 4
"""Digits from which on a number is none that somebody counts, unless it is round or a year."""

_GROUP: Final = 3
"""Digits between two commas of an amount."""

_AGAINST_REACH: Final = 40
"""Tokens behind the name of something that is no secret in which a number may be its."""

_NAMED: Final = 2
"""Words that say what one's own number is."""

_COPULA: Final = 2
"""Tokens before a number of which one is `is`."""

_TALK: Final = 3
"""Words that mean something in a sentence that is more than what was said, said back."""

_IDENTITIES: Final = (Entity.NATIONAL_ID, Entity.TAX_ID, Entity.HEALTH_NUMBER)
_LONG: Final = (Entity.BANK_ACCOUNT, Entity.PHONE_NUMBER, *_IDENTITIES, Entity.CARD_NUMBER)
_SHORT: Final = (Entity.PIN, *_LONG)
_LETTERED: Final = (*_IDENTITIES, Entity.VEHICLE_PLATE, Entity.BANK_ACCOUNT)
_PIN: Final = 8
"""Digits of a PIN at most."""


def bare(context: Context, run: Run) -> tuple[Entity, ...]:
    """What a number may be that somebody said and nothing else; nothing where it is rather a quantity, or explained."""
    digits = sum(map(str.isdigit, run.text))
    if digits < _LEAST or not _dictated(context, run) or not _alone(context, run) or _explained(context, run):
        return ()
    if digits < len(run.text):
        return _LETTERED
    return _SHORT if digits <= _PIN else _LONG


def _dictated(context: Context, run: Run) -> bool:
    """Whether it is told digit by digit or in groups, as no amount (`1,500`, `fifteen hundred`) and no version is."""
    items = [piece.item for piece in run.pieces]
    while items[-1].weak and not items[-1].digits:
        items.pop()  # `12.11, I think`
    if len(items) == 1:
        return not items[0].natural and not items[0].text.endswith("00")
    tokens = context.stream.tokens
    first, *rest = items
    marks = {tokens[item.first - 1].raw if tokens[item.first].glued else " " for item in rest}
    amount = len(first.text) <= _GROUP and all(len(item.text) == _GROUP for item in rest) and marks <= {",", "."}
    version = marks == {"."} and any(len(item.text) > 1 for item in (first, *rest))
    return not (amount or version)


def _alone(context: Context, run: Run) -> bool:
    """Whether its sentences say nothing else, or that it is one's own: `My ... is 4821`."""
    soft, tokens = context.softness.soft, context.stream.tokens
    said = {place for piece in run.pieces for place in range(piece.item.first, piece.item.behind)}
    sentences = dict.fromkeys(piece.sentence for piece in run.pieces)
    places = [place for sentence in sentences for place in range(*context.stream.bounds(sentence))]
    others = [place for place in places if place not in said and not soft[place]]
    if not others:
        return True
    language = context.stream.language(run.first)
    own, copula = language.single("mine"), language.single("copula")
    named = [place for place in others if tokens[place].text not in own | copula]
    return (
        others[-1] < run.first
        and len(named) <= _NAMED
        and any(tokens[place].text in own for place in others)
        and any(tokens[place].text in copula for place in range(max(places[0], run.first - _COPULA), run.first))
    )


def _explained(context: Context, run: Run) -> bool:
    """Whether something that is no secret was talked about just before, and its number was not told yet."""
    return any(
        cue.against and not _told(context, cue, run)
        for distance, cue in context.before(run.first)
        if distance <= _AGAINST_REACH
    )


def _told(context: Context, cue: Cue, run: Run) -> bool:
    """Whether the number that a cue names was told, and the other party has talked of something else since."""
    stream = context.stream
    told = context.items_within(cue.behind, run.first)
    if not told:
        return False
    first = stream.tokens[told[0].first].sentence
    party = stream.said[run.pieces[0].sentence].party
    return any(
        stream.said[sentence].party != party and _words(context, sentence) >= _TALK
        for sentence in range(first + 1, run.pieces[0].sentence)
    )


def _words(context: Context, sentence: int) -> int:
    """How many words of a sentence mean something and are no digits."""
    begin, end = context.stream.bounds(sentence)
    return sum(not context.softness.soft[place] and context.item_at(place) is None for place in range(begin, end))

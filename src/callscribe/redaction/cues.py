"""What announces an entity, and what announces none: `card number`, `order number`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from callscribe.redaction.languages import language_of
from callscribe.redaction.phrases import Phrases, listed
from callscribe.redaction.tokens import Stream

AGAINST: Final = "AGAINST"
"""What is numbered and no secret, said so: an order number."""

AGAINST_WEAK: Final = "AGAINST_WEAK"
"""What such numbers go with: an order, a price."""

CARD_WEAK: Final = "CARD_WEAK"
"""A card, and nothing of its number."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that announces something: the kinds of it, and its tokens."""

    kinds: tuple[str, ...]
    first: int
    behind: int

    @property
    def against(self) -> bool:
        """Whether it announces nothing that is looked for."""
        return AGAINST in self.kinds or AGAINST_WEAK in self.kinds


@cache
def _phrases(code: str) -> Phrases[str]:
    cues = language_of(code).cues
    return Phrases((phrase, kind) for kind, listed in cues.items() for phrase in listed)


def _further(stream: Stream, phrases: Phrases[str], first: int, last: int, behind: int) -> int | None:
    """Where a phrase begins inside of another and goes beyond it: `numéro fiscal` in `votre numéro fiscal`."""
    for place in range(first + 1, last):
        match = None if stream.tokens[place].mark else phrases.longest(stream.tokens, place, behind)
        if match is not None and match[0] > last:
            return place
    return None


def cues_in(stream: Stream) -> list[Cue]:
    """Every cue of a call, in order; where two share words, the one that ends later, and then the longer."""
    found = []
    for sentence in range(len(stream.said)):
        place, behind = stream.bounds(sentence)
        phrases = _phrases(stream.languages[sentence].code)
        while place < behind:
            match = None if stream.tokens[place].mark else phrases.longest(stream.tokens, place, behind)
            if match is None:
                place += 1
                continue
            further = _further(stream, phrases, place, match[0], behind)
            if further is not None:
                place = further
                continue
            if not _coded(stream, place, match[0], behind):
                found.append(Cue(match[1], place, match[0]))
            place = match[0]
    return list(_settled(stream, found))


def _coded(stream: Stream, first: int, last: int, behind: int) -> bool:
    """Whether what looks like a cue is a part of a number: `CB-639-GH`."""
    tokens = stream.tokens
    if last - first > 1 or last + 1 >= behind or not tokens[first].raw.isupper():
        return False
    return tokens[last].raw == "-" and tokens[last].glued and tokens[last + 1].glued and tokens[last + 1].raw.isdigit()


def _settled(stream: Stream, cues: Sequence[Cue]) -> Iterator[Cue]:
    """Cues without those that another one settles.

    A number of an order is no number of a telephone (`commande numéro`), and what a question asks for is what it names
    first (`Your tax number, for the invoice?`).
    """
    before: Cue | None = None
    for cue in cues:
        if before is not None:
            together = stream.tokens[before.first].sentence == stream.tokens[cue.first].sentence
            if together and before.against and before.behind == cue.first and cue.behind - cue.first == 1:
                continue
            named_first = together and cue.against and not before.against and before.kinds != (CARD_WEAK,)
            if named_first and _is_asked_for(stream, before, cue):
                continue
        yield cue
        before = cue


def _is_asked_for(stream: Stream, cue: Cue, other: Cue) -> bool:
    """Whether a sentence asks for what a cue names, whatever else it names, and has no number for the other.

    Recognisers often leave the mark of a question out. It is one by words that ask, too, or as there is nothing before
    what it names (`And your tax number, for the invoice.`).
    """
    begin, end = stream.bounds(stream.tokens[cue.first].sentence)
    tokens, language = stream.tokens, stream.language(cue.first)
    if tokens[end - 1].raw == "?":
        return True
    if any(
        tokens[place].raw.isdigit() or (tokens[place].text,) in language.small for place in range(other.behind, end)
    ):
        return False
    asking = listed(language, "ask")
    if any(asking.longest(tokens, place, cue.first + 1) for place in range(begin, cue.first)):
        return True
    idle = [listed(language, name) for name in ("soft", "stop")]
    place = begin
    while place < cue.first:
        behind = max((match[0] for each in idle if (match := each.longest(tokens, place, cue.first))), default=0)
        if not behind and not tokens[place].mark:
            return False
        place = behind or place + 1
    return True

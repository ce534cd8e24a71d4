"""Runs: digits and letters that were dictated in one go, over sentences and parties, and the ways to read them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from callscribe.redaction.items import Item
from callscribe.redaction.phrases import listed
from callscribe.redaction.softness import Softness
from callscribe.redaction.tokens import Stream

_WORDS_BETWEEN: Final = 16
"""Words without a meaning that may stand between two items of a run."""

_UNKNOWN_BETWEEN: Final = 2
"""Words of no list that may stand there, up to a full stop."""

_UNKNOWN_LEADING: Final = 3
"""Such words at the beginning of a sentence that goes on with digits and has nothing else."""

_SENTENCES_BETWEEN: Final = 4
_WORDS_OF_A_REMARK: Final = 10
"""A sentence that is no part of a dictation, and does not end it either: `Go on, I am listening.`"""

_SECONDS_BETWEEN: Final = 45.0
_APART: Final = 4
_SHORT: Final = 6
"""Items from which on, and digits up to which, each word may have been meant by itself; others are rather years."""

_LONGEST: Final = 120
"""Items of a run; what goes on beyond is another one. Readings are made of all, so it has to be bounded."""


@dataclass(frozen=True, slots=True)
class Piece:
    """An item of a run: who says it, in which sentence, and whether a word of correction stands before it.

    `chunk` counts what is said without a comma, a full stop or another party in between.
    """

    item: Item
    party: int
    sentence: int
    corrects: bool
    chunk: int
    fluent: bool
    """Whether nothing but words without a meaning stands between it and the one before."""


@dataclass(frozen=True, slots=True)
class Run:
    """What was dictated in one go."""

    pieces: tuple[Piece, ...]

    @property
    def first(self) -> int:
        """The first token of it."""
        return self.pieces[0].item.first

    @property
    def behind(self) -> int:
        """The token behind the last."""
        return self.pieces[-1].item.behind

    @property
    def text(self) -> str:
        """All of it as it stands."""
        return "".join(piece.item.text for piece in self.pieces)

    @property
    def fluent(self) -> bool:
        """Whether no word stands in between that may mean something."""
        return all(piece.fluent for piece in self.pieces[1:])

    def spans(self) -> list[tuple[int, int]]:
        """The tokens of it in each sentence, from its first item there to its last."""
        found: list[tuple[int, int]] = []
        sentence = -1
        for piece in self.pieces:
            if piece.sentence == sentence:
                found[-1] = (found[-1][0], piece.item.behind)
            else:
                found.append((piece.item.first, piece.item.behind))
            sentence = piece.sentence
        return found

    def parts(self) -> tuple["Run", ...]:
        """What stands between its words that may mean something."""
        begins = [0, *(n for n, piece in enumerate(self.pieces) if n and not piece.fluent), len(self.pieces)]
        return tuple(Run(self.pieces[first:behind]) for first, behind in pairwise(begins))

    def readings(self) -> tuple[str, ...]:
        """What may have been meant: with and without what was repeated back, and what was corrected."""
        return _readings(self.pieces)


def runs_in(stream: Stream, items: Sequence[Item], softness: Softness) -> list[Run]:
    """The runs of a call. Quantities are in none, and end one."""
    runs: list[Run] = []
    pieces: list[Piece] = []
    dictated = _dictated(stream, items, softness)
    for item in items:
        if item.quantity:
            if pieces and stream.tokens[item.first].sentence == pieces[-1].sentence:
                runs.append(_run(stream, pieces))
                pieces = []
            continue
        if pieces and (len(pieces) >= _LONGEST or not _joined(stream, softness, pieces[-1].item, item, dictated)):
            runs.append(_run(stream, pieces))
            pieces = []
        pieces.append(_piece(stream, item, pieces[-1] if pieces else None, softness))
    if pieces:
        runs.append(_run(stream, pieces))
    return runs


def _run(stream: Stream, pieces: Sequence[Piece]) -> Run:
    """A run without what is rather a word at its ends: `è 390`, `54362315K, y`."""
    first, behind = 0, len(pieces)
    while behind - first > 1 and _is_word(stream, pieces[first]) and _unlike(stream, pieces[first + 1]):
        first += 1
    while behind - first > 1 and _is_word(stream, pieces[behind - 1]):
        behind -= 1
    return Run(tuple(pieces[first:behind]))


def _unlike(stream: Stream, piece: Piece) -> bool:
    """Whether an item is no small letter, as those would be that are spelled together with one."""
    return piece.item.digits or stream.tokens[piece.item.first].raw.isupper()


def _is_word(stream: Stream, piece: Piece) -> bool:
    raw = stream.tokens[piece.item.first].raw
    alone = piece.item.behind - piece.item.first == 1
    return piece.item.weak and alone and len(raw) == 1 and raw.islower() and not piece.item.digits


def _dictated(stream: Stream, items: Sequence[Item], softness: Softness) -> frozenset[int]:
    """Sentences that have nothing but digits from their first one on, whatever leads to it (`Next one: 4, 2`).

    `The model from 2016` is none of them.
    """
    left = bytearray(softness.soft)
    firsts: dict[int, int] = {}
    counted: set[int] = set()
    for item in items:
        sentence = stream.tokens[item.first].sentence
        firsts.setdefault(sentence, item.first)
        left[item.first : item.behind] = b"\1" * (item.behind - item.first)
        if item.quantity:
            counted.add(sentence)
    return frozenset(
        sentence
        for sentence, first in firsts.items()
        if sentence not in counted and 0 not in left[first : stream.bounds(sentence)[1]] and not _since(stream, first)
    )


def _since(stream: Stream, place: int) -> bool:
    return place > 0 and stream.tokens[place - 1].text in stream.language(place).single("since")


def _joined(stream: Stream, softness: Softness, before: Item, after: Item, dictated: Collection[int]) -> bool:
    """Whether two items belong to one dictation."""
    first, second = stream.tokens[before.first].sentence, stream.tokens[after.first].sentence
    leading = _UNKNOWN_LEADING if second in dictated else 0
    if second == first:
        return _bridged(stream, softness, before.behind, after.first, _UNKNOWN_BETWEEN, behind_a_stop=leading)
    if second - first > _SENTENCES_BETWEEN:
        return False
    if stream.said[second].start - stream.said[first].end > _SECONDS_BETWEEN:
        return False
    return (
        _bridged(stream, softness, before.behind, stream.bounds(first)[1], 0)
        and _bridged(stream, softness, stream.bounds(second)[0], after.first, leading, behind_a_stop=leading)
        and all(_remark(stream, softness, sentence) for sentence in range(first + 1, second))
    )


def _bridged(
    stream: Stream, softness: Softness, first: int, behind: int, unknown: int, *, behind_a_stop: int = 0
) -> bool:
    """Whether no more than so many words stand between that may mean something, and no announcement."""
    if behind - first > 2 * _WORDS_BETWEEN:
        return False
    words = 0
    if any(stream.tokens[place].raw in ".?!" for place in range(first, behind)):
        unknown = behind_a_stop
    for place in range(first, behind):
        if softness.cue[place] and not softness.soft[place]:
            return False
        if not softness.soft[place]:
            unknown -= 1
        words += not stream.tokens[place].mark
    return unknown >= 0 and words <= _WORDS_BETWEEN


def _remark(stream: Stream, softness: Softness, sentence: int) -> bool:
    begin, end = stream.bounds(sentence)
    if any(softness.cue[place] and not softness.soft[place] for place in range(begin, min(end, begin + 40))):
        return False
    if end - begin <= 2 * _WORDS_BETWEEN and all(softness.soft[place] for place in range(begin, end)):
        return True
    if end - begin > _WORDS_OF_A_REMARK:
        return False
    if stream.tokens[end - 1].raw != "?":
        return True
    ordering = listed(stream.languages[sentence], "ordering")  # `And the next four?` goes on, another question does not
    return any(ordering.longest(stream.tokens, place, end) is not None for place in range(begin, end))


def _piece(stream: Stream, item: Item, before: Piece | None, softness: Softness) -> Piece:
    sentence = stream.tokens[item.first].sentence
    party = stream.said[sentence].party
    if before is None:
        return Piece(item, party, sentence, corrects=False, chunk=0, fluent=True)
    gap = range(before.item.behind, item.first)
    corrects = any(softness.corrects[place] for place in gap)
    parted = sentence != before.sentence or any(stream.tokens[place].raw in ",.;?!-–" for place in gap)
    fluent = sentence != before.sentence or all(softness.soft[place] for place in gap)
    return Piece(item, party, sentence, corrects, before.chunk + (parted or corrects), fluent)


def _readings(pieces: Sequence[Piece]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for chosen in _choices(pieces):
        for corrected in _corrected(chosen):
            text = "".join(piece.item.text for piece in corrected)
            found[text] = None
            half, odd = divmod(len(text), 2)
            if not odd and text[:half] == text[half:]:
                found[text[:half]] = None
        apart = "".join(piece.item.apart for piece in chosen)
        if len(chosen) >= _APART or len(apart) <= _SHORT:
            found[apart] = None
        for text in _by_digits(chosen):
            found[text] = None
    found.pop("", None)
    return tuple(found)


def _choices(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """All of it, without what was repeated back, and what each party says."""
    yield pieces
    parties = dict.fromkeys(piece.party for piece in pieces)
    kept = _without_echoes(pieces)
    if len(kept) < len(pieces):
        yield kept
    if len(parties) > 1:
        for party in parties:
            yield [piece for piece in pieces if piece.party == party]
    corrections = [place for place, piece in enumerate(pieces) if piece.corrects]
    if corrections:
        yield pieces[corrections[-1] :]


def _without_echoes(pieces: Sequence[Piece]) -> list[Piece]:
    """Without sentences that say again what was said before them, by whomever."""
    kept: list[Piece] = []
    said = ""
    place = 0
    while place < len(pieces):
        end = place
        while end < len(pieces) and pieces[end].sentence == pieces[place].sentence:
            end += 1
        text = "".join(piece.item.text for piece in pieces[place:end])
        other = bool(kept) and kept[-1].party != pieces[place].party
        if not (other and said.endswith(text)) and not (len(text) >= 5 and text in said):
            kept += pieces[place:end]
            said += text
        place = end
    return kept


def _corrected(pieces: Sequence[Piece]) -> Iterator[Sequence[Piece]]:
    """As it stands; and where it was corrected, without the item before, the group before, or all before."""
    yield pieces
    if not any(piece.corrects for piece in pieces):
        return
    for by in ("item", "chunk", "sentence"):
        kept: list[Piece] = []
        for piece in pieces:
            if piece.corrects and kept:
                last = kept[-1]
                if by == "item":
                    kept.pop()
                else:
                    while kept and _same(kept[-1], last, by):
                        kept.pop()
            kept.append(piece)
        yield kept


def _same(one: Piece, other: Piece, by: str) -> bool:
    return one.chunk == other.chunk if by == "chunk" else one.sentence == other.sentence


def _by_digits(pieces: Sequence[Piece]) -> Iterator[str]:
    """Where it was corrected: without one digit before, and without as many as the correction has."""
    if not any(piece.corrects for piece in pieces):
        return
    for one in (True, False):
        text = ""
        for place, piece in enumerate(pieces):
            if piece.corrects:
                count = 1
                if not one:
                    count = sum(len(each.item.text) for each in pieces[place:] if each.chunk == piece.chunk)
                text = text[:-count] if count < len(text) else ""
            text += piece.item.text
        yield text

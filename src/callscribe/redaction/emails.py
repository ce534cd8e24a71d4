"""E-mail addresses, as they are written and as they are said: `pat dot brown at gmail dot com`, `p-a-t arroba ...`."""

from collections.abc import Iterator
from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import CERTAIN, LIKELY, Hit
from callscribe.redaction.known_names import is_common
from callscribe.redaction.languages import Language
from callscribe.redaction.phrases import listed

_RIGHT: Final = 30
_LEFT: Final = 40
"""Tokens of a domain, and of what stands before it, when they are spelled."""

_PLAIN: Final = 3
"""Words side by side without a dot between that may be the name of a mailbox: `pat brown at`."""

_PIECES: Final = 7
_LEADING: Final = 3
"""Sentences back to where a mailbox is told, and words before the at sign of the next piece: `and then at ...`."""

_CORRECTION: Final = 7
"""Tokens from an address to another ending of it."""

_SOON: Final = 30
"""Tokens from the announcement of an address to the end of its first piece."""

_CUE: Final = 60
Span = tuple[int, int]

_INSIDE: Final = frozenset("._-+'’%")
_SEPARATORS: Final = ("dot", "underscore", "hyphen", "plus")
_AMBIGUOUS: Final = frozenset({"at", "et", "affe", "ett", "snabel"})
_PLACES: Final = frozenset(
    [
        "website",
        "site",
        "page",
        "look",
        "visit",
        "portal",
        "web",
        "webseite",
        "homepage",
        "seite",
        "sito",
        "pagina",
        "site",
        "internet",
        "online",
        "us",
        "look",
        "shop",
        "arrive",
    ]
)
"""What may stand before `at` and an address that nobody is written at: `our website at acme dot com`."""


def emails(context: Context) -> Iterator[Hit]:
    """Every address of a call."""
    tokens = context.stream.tokens
    taken = -1
    for sentence in range(len(context.stream.said)):
        begin, end = context.stream.bounds(sentence)
        language = context.stream.languages[sentence]
        at_signs = listed(language, "at")
        for place in range(begin, end):
            if place < taken:
                continue
            if tokens[place].raw == "@":
                match: int | None = place + 1
            else:
                found = at_signs.longest(tokens, place, end)
                match = None if found is None else found[0]
            if match is None:
                continue
            behind = _domain(context, place, match, end, language)
            if behind is None:
                continue
            first = _mailbox(context, place, begin, language)
            near = begin < taken <= place <= taken + _CORRECTION  # `..., no, at acme dot com`
            corrects = near and any(context.softness.corrects[each] for each in range(taken, place))
            if first == place and not corrects and (not _cued(context, place) or _at_place(context, place, begin)):
                continue
            alone = first == place or _plain(context, first, place)
            earlier = sorted(_earlier(context, first, sentence, language)) if alone else []
            spans = [*earlier, (first, behind)]
            yield Hit((Entity.EMAIL_ADDRESS,), tuple(spans), CERTAIN)
            taken = behind
        yield from _without_sign(context, begin, end, language)


def _plain(context: Context, first: int, behind: int) -> bool:
    """Whether what stands before an at sign may be no mailbox but words that lead to it, or letters of one."""
    return behind - first <= _PLAIN or _only_items(context, first, behind)


def _at_place(context: Context, sign: int, begin: int) -> bool:
    return sign > begin and context.stream.tokens[sign - 1].text in _PLACES


def _cued(context: Context, place: int) -> bool:
    return any(distance <= _CUE and Entity.EMAIL_ADDRESS in cue.kinds for distance, cue in context.before(place))


def _separator(context: Context, place: int, end: int, language: Language) -> int | None:
    """The token behind a dot, hyphen, underscore or plus, said or written; None where none is."""
    tokens = context.stream.tokens
    if tokens[place].raw in _INSIDE:
        return place + 1
    for name in _SEPARATORS:
        match = listed(language, name).longest(tokens, place, end)
        if match is not None:
            return match[0]
    return None


def _dot(context: Context, place: int, end: int, language: Language) -> int | None:
    tokens = context.stream.tokens
    if tokens[place].raw == ".":
        return place + 1
    match = listed(language, "dot").longest(tokens, place, end)
    return None if match is None else match[0]


def _domain(context: Context, sign: int, first: int, end: int, language: Language) -> int | None:
    """The token behind the domain that follows an at sign, None where none follows."""
    tokens = context.stream.tokens
    clear = tokens[sign].raw == "@" or tokens[sign].text not in _AMBIGUOUS
    place, last, plain = first, None, 0
    limit = min(end, first + _RIGHT)
    while place < limit and plain <= _PLAIN:
        label = _label(context, place, limit, language, clear=clear) if place > first else None
        if label is not None:
            place = last = label
            continue
        after = _separator(context, place, limit, language) if place > first and tokens[place].raw != "." else None
        item = context.item_at(place)
        if after is None and item is None and (last is not None or tokens[place].raw in ".;:?!"):
            break
        if item is not None:
            after = max(item.behind, place + 1)
        plain = 0 if after is not None else plain + 1
        place = place + 1 if after is None else after
    return _unfinished(context, sign, first, end, language) if last is None else last


def _label(context: Context, place: int, limit: int, language: Language, *, clear: bool) -> int | None:
    """The token behind a dot and what belongs to it: `dot com`, `.uk`; None where no domain goes on."""
    tokens = context.stream.tokens
    after = _dot(context, place, limit, language)
    if after is not None and after + 1 < limit and tokens[after].raw == "," and clear and tokens[place].word:
        after += 1  # `arobase, gmail, point, com`
    if after is None or after >= limit or tokens[after].mark:
        return None
    item = context.item_at(after)
    if item is not None:
        return item.behind if clear or not item.digits else None
    glued = tokens[place].glued and tokens[after].glued
    said = clear and tokens[place].raw != "."
    return after + 1 if tokens[after].text in language.single("domain") or glued or said else None


def _unfinished(context: Context, sign: int, first: int, end: int, language: Language) -> int | None:
    """The token behind a domain of which the end was not said: `at gmail`."""
    if first >= end:
        return None
    tokens = context.stream.tokens
    match = listed(language, "provider").longest(tokens, first, end)
    if match is not None:
        return match[0]
    if tokens[sign].raw == "@" or (tokens[sign].text not in _AMBIGUOUS and _cued(context, sign)):
        item = context.item_at(first)
        return first + 1 if item is None else item.behind
    return None


def _mailbox(context: Context, sign: int, begin: int, language: Language) -> int:
    """The first token of what stands before an at sign: as far as it can be the name of a mailbox."""
    tokens = context.stream.tokens
    place, plain, separated = sign, 0, False
    if place - 1 > begin and tokens[place - 1].raw == ",":  # `jramirez, arroba, gmail punto com`
        part = _part_before(context, place - 1, begin, language)
        word = tokens[place - 2]
        spelled = part is not None and context.item_at(part) is not None
        told = _cued(context, sign) or tokens[sign].text not in _AMBIGUOUS
        told = told or not (word.capital or is_common(word.text))
        if spelled or (told and not word.mark and not context.softness.soft[place - 2]):
            place -= 1
    while place > max(begin, sign - _LEFT):
        start = _part_before(context, place, begin, language)
        if start is not None:
            separated = context.item_at(start) is None
            place, plain = start, 0
            continue
        if not _is_mailbox_word(context, place, sign, begin, language, separated=separated):
            break
        plain = 1 if separated else plain + 1
        if plain > _PLAIN:
            break
        place, separated = place - 1, False
    while place < sign and (tokens[place].mark or _is_listed(context, place, sign, language)):
        place += 1
    return place


def _part_before(context: Context, place: int, begin: int, language: Language) -> int | None:
    """The first token of a separator or of something spelled that ends before a token, None for any other word."""
    tokens = context.stream.tokens
    token = tokens[place - 1]
    if token.mark:
        inside = token.raw in _INSIDE and (token.raw != "." or tokens[place].glued)
        between = token.raw in ",-–" and context.item_at(place) is not None
        return place - 1 if inside or between else None
    start = _separator_before(context, place - 1, begin, language)
    if start is not None:
        return start
    item = context.item_at(place - 1)
    return None if item is None else max(item.first, begin)


def _is_mailbox_word(
    context: Context, place: int, sign: int, begin: int, language: Language, *, separated: bool
) -> bool:
    """Whether the word before a token may be a part of a mailbox's name: none of those that sentences are made of."""
    tokens = context.stream.tokens
    token = tokens[place - 1]
    if token.mark or (token.text in _PLACES and place == sign):
        return False
    behind_separator = place - 1 > begin and _separator_before(context, place - 2, begin, language) is not None
    return separated or behind_separator or token.text not in language.single("stop")


def _is_listed(context: Context, place: int, end: int, language: Language) -> bool:
    """Whether an address would begin with a separator, which it does not."""
    return any(
        listed(language, name).longest(context.stream.tokens, place, end) is not None for name in _SEPARATORS[:3]
    )


def _separator_before(context: Context, place: int, begin: int, language: Language) -> int | None:
    """The first token of a separator that ends with a token."""
    for name in (*_SEPARATORS, "spelling"):
        phrases = listed(language, name)
        for start in range(max(begin, place - 2), place + 1):
            match = phrases.longest(context.stream.tokens, start, place + 1)
            if match is not None and match[0] == place + 1:
                return start
    return None


def _earlier(context: Context, first: int, sentence: int, language: Language) -> Iterator[Span]:
    """What was said of the mailbox in sentences before, and what the other party said again of it."""
    stream = context.stream
    again: list[Span] = []
    for start, end, other in _sentences_before(context, first, sentence):
        place = _mailbox(context, end, start, language)
        if place >= end or not (_soon(context, end - 1) or _only_items(context, place, end)):
            return
        if stream.said[other].party != stream.said[sentence].party:
            again.append((place, end))
        elif stream.tokens[end].raw == "?":
            return
        elif end - start > 1 or not stream.tokens[start].capital or context.item_at(start) is not None:
            yield place, end
            known = {stream.tokens[each].text for each in range(place, end)}
            for span in again:
                if all(stream.tokens[each].text in known or stream.tokens[each].mark for each in range(*span)):
                    yield span
            again = []
            if not _only_items(context, start, end):
                return


def _sentences_before(context: Context, first: int, sentence: int) -> Iterator[tuple[int, int, int]]:
    """The sentences that an address may have begun in, the last first, without the marks at their ends.

    There are none where more than a few words lead to the at sign. A full stop before it may be that of `j.`, which a
    recogniser takes for no end of a sentence.
    """
    stream = context.stream
    begin = max(stream.bounds(sentence)[0], first - _LEFT)
    stop = next((place for place in range(first - 1, begin, -1) if stream.tokens[place].raw == "."), begin)
    leading = [place for place in range(stop, first) if not context.softness.soft[place]]
    if len(leading) > _LEADING or any(context.softness.cue[place] for place in leading):
        return
    before = [(begin, stop, sentence)] if stop > begin else []
    before += [(*stream.bounds(other), other) for other in range(sentence - 1, max(-1, sentence - _PIECES), -1)]
    for start, behind, other in before:
        start, end = max(start, behind - _LEFT), behind  # noqa: PLW2901 - no more of a long sentence is looked at
        while end > start and stream.tokens[end - 1].mark:
            end -= 1
        if not all(context.softness.soft[place] for place in range(start, end)):
            yield start, end, other


def _soon(context: Context, place: int) -> bool:
    """Whether a place stands right behind the announcement of an address."""
    return any(distance <= _SOON and Entity.EMAIL_ADDRESS in cue.kinds for distance, cue in context.before(place))


def _only_items(context: Context, first: int, behind: int) -> bool:
    """Whether nothing but letters and digits is said, and words between that mean nothing."""
    items = context.items_within(first, behind)
    said = {place for item in items for place in range(item.first, item.behind)}
    return bool(items) and all(place in said or context.softness.soft[place] for place in range(first, behind))


def _without_sign(context: Context, begin: int, end: int, language: Language) -> Iterator[Hit]:
    """What was announced as an address and ends like one, though its at sign was not said or not heard."""
    tokens = context.stream.tokens
    domains = language.single("domain")
    for place in range(begin + 1, end - 1):
        after = _dot(context, place, end, language)
        if after is None or after >= end or tokens[after].text not in domains or tokens[after].mark:
            continue
        if tokens[place].raw == "." and not tokens[after].glued:
            continue
        if _cued(context, place):
            first = _mailbox(context, place, begin, language)
            if first < place and tokens[first].text not in {"www", "http", "https"}:
                yield Hit((Entity.EMAIL_ADDRESS,), ((first, after + 1),), LIKELY)

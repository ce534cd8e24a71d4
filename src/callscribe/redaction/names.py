"""Names of people: those that the request gave, those that are introduced or asked for, and first names that are known.

No model is asked. What is found of a name is looked for in the whole call.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from callscribe.redaction.companies import is_company
from callscribe.redaction.context import Context
from callscribe.redaction.entities import Entity
from callscribe.redaction.hits import ANNOUNCED, CERTAIN, GUESSED, LIKELY, Hit
from callscribe.redaction.known_names import is_common, is_first_name, is_name
from callscribe.redaction.languages import folded
from callscribe.redaction.phrases import listed
from callscribe.redaction.runs import Piece
from callscribe.redaction.words import answers, asks, empty, says, skipped, without_capitals

_LONGEST: Final = 5
"""Words of a name, particles included."""

_ANSWER: Final = 5
"""Words of an answer that is a name whatever they are."""

_SPELLED_AGAIN: Final = 8
"""Tokens between a word and its letters."""

_PAIR: Final = 2
"""Words of a full name."""

_QUESTION: Final = 40
"""Tokens behind `your name` in which something else may be asked for, too."""

_WITH: Final = frozenset(["with", "to", "mit", "avec", "a", "con", "com", "met", "z", "med", "of", "von", "de", "po"])
"""The last words of introductions behind which stands a person: `speaking with`."""

_GREETINGS: Final = frozenset(
    [
        "hi",
        "hello",
        "thanks",
        "hallo",
        "danke",
        "bonjour",
        "merci",
        "hola",
        "gracias",
        "salve",
        "ciao",
        "buongiorno",
        "grazie",
        "ola",
        "oi",
        "obrigado",
        "obrigada",
        "dag",
        "bedankt",
        "czesc",
        "dziekuje",
        "hej",
        "tack",
        "tak",
        "hei",
        "takk",
        "hoi",
        "morgen",
    ]
)

_POSSESSIVE: Final = ("'s", "’s")
"""Behind a name: `is`, or what is hers."""

Span = tuple[int, int]


def names(context: Context, given: Sequence[str]) -> Iterator[Hit]:
    """Every name that is found."""
    spans: dict[Span, int] = {}
    for span in _given(context, given):
        spans[span] = CERTAIN
    for sentence in range(len(context.stream.said)):
        for span, weight in _in_sentence(context, sentence):
            if not is_company(context, span, introduced=weight >= ANNOUNCED):
                spans[span] = max(weight, spans.get(span, 0))
    for span in _asked(context):
        spans.setdefault(span, LIKELY)
    known = {folded(part) for name in given for part in name.replace("-", " ").split()}
    known |= {
        context.stream.tokens[place].text
        for span, weight in spans.items()
        if weight >= ANNOUNCED
        for place in range(*span)
        if context.stream.tokens[place].capital
    }
    known = {name for name in known if len(name) > 2 and not is_common(name)}
    for span in _again(context, known):
        spans.setdefault(span, LIKELY)
    for span in _spelled(context, known, spans):
        spans.setdefault(span, LIKELY)
    for span, weight in spans.items():
        yield Hit((Entity.NAME,), tuple(context.stream.pieces(*span)), weight)


def _given(context: Context, given: Sequence[str]) -> Iterator[Span]:
    """The parties' own names, whole or in part."""
    wholes = [tuple(folded(part) for part in name.replace("-", " ").split()) for name in given]
    parts = {part for whole in wholes for part in whole if len(part) > 1 or len(whole) == 1}
    tokens = context.stream.tokens
    for place, token in enumerate(tokens):
        if not token.word:
            continue
        text = token.text if token.text in parts else token.text.removesuffix("s")
        if text in parts and (token.capital or (len(text) > 3 and not is_common(text))):
            yield place, place + 1
        for whole in wholes:
            if len(whole) > 1 and token.text == whole[0]:
                texts = [each for each in range(place, min(len(tokens), place + 2 * len(whole))) if tokens[each].word]
                if tuple(tokens[each].text for each in texts[: len(whole)]) == whole:
                    yield place, texts[len(whole) - 1] + 1


def _in_sentence(context: Context, sentence: int) -> Iterator[tuple[Span, int]]:
    stream = context.stream
    tokens = stream.tokens
    begin, end = stream.bounds(sentence)
    language = stream.languages[sentence]
    titles, intros = listed(language, "title"), listed(language, "intro")
    strong = listed(language, "intro_strong")
    place = begin
    while place < end:
        token = tokens[place]
        if token.mark or not token.word:
            place += 1
            continue
        title = titles.longest(tokens, place, end)
        if title is not None and (token.capital or language.code not in {"en", "fr"}):
            first = title[0] + (title[0] < end and tokens[title[0]].raw == ".")
            behind = _capitals(context, first, end)
            if behind > first and tokens[first].text not in language.single("not_name"):
                yield (first, behind), ANNOUNCED
                place = behind
                continue
        match = intros.longest(tokens, place, end) or strong.longest(tokens, place, end)
        if match is not None:
            sure = strong.longest(tokens, place, end) is not None
            span = _introduced(context, place, match[0], end, sure=sure)
            if span is not None:
                yield span, ANNOUNCED if sure else LIKELY
                place = span[1]
                continue
        span = _introduced_behind(context, place, end) if token.capital else None
        if span is not None:
            yield span, ANNOUNCED
            place = span[1]
            continue
        span = _known(context, place, end) if token.capital else None
        if span is not None:
            yield span, LIKELY if span[1] - span[0] > 1 else GUESSED
            place = span[1]
            continue
        place += 1


def _introduced_behind(context: Context, place: int, end: int) -> Span | None:
    """Two words with capitals that `here` or `is my name` stands behind, of which one is a name."""
    tokens = context.stream.tokens
    language = context.stream.language(place)
    behind = _capitals(context, place, end)
    if behind - place < _PAIR or behind >= end or context.softness.soft[place] or context.softness.cue[place]:
        return None
    if listed(language, "intro_behind").longest(tokens, behind, end) is None:
        return None
    named = any(is_name(tokens[each].text, language.code) for each in range(place, behind))
    return (place, behind) if named and tokens[place].text not in language.single("not_name") else None


def _known(context: Context, place: int, end: int) -> Span | None:
    """A first name that is known, with what follows it; or two words that are names, though each is another word."""
    tokens = context.stream.tokens
    code = context.stream.language(place).code
    behind = _capitals(context, place, end)
    if len(tokens[place].raw) > 1 and tokens[place].raw.isupper():
        return None  # `SID` is no Sid
    text = tokens[place].text
    if code == "en" and tokens[place].raw.endswith(_POSSESSIVE):
        text = text.removesuffix("s")
    if is_first_name(text, code):
        return (place, behind) if behind - place > 1 or not _elsewhere(context, place, end) else None
    if behind - place == 2 and is_name(tokens[place].text, code) and tokens[place].raw.istitle():
        second = tokens[behind - 1].text
        if is_name(second, code) and not is_common(second):
            return place, behind
    return None


def _elsewhere(context: Context, place: int, end: int) -> bool:
    """Whether a first name alone is rather a part of another name: `Virginia Street`, `Carlos' shop`."""
    tokens = context.stream.tokens
    language = context.stream.language(place)
    return place + 1 < end and tokens[place + 1].text in language.single("street")


def _capitals(context: Context, first: int, end: int) -> int:
    """The token behind words with capitals that may be one name, with particles and initials between them."""
    tokens = context.stream.tokens
    language = context.stream.language(min(first, len(tokens) - 1))
    particles = language.single("particle")
    none = language.single("not_name")
    place = last = first
    while place < end and place - first < 2 * _LONGEST:
        token = tokens[place]
        if token.mark:
            hyphen = token.raw == "-" and token.glued
            initial = token.raw == "." and place > first and len(tokens[place - 1].raw) == 1
            if not (hyphen or initial) or place == first:
                break
        elif token.capital and token.word:
            if place > first and token.text in none:
                break
            if place > first and language.code == "de" and not _german(context, place, first):
                break
            last = place + 1
        elif token.text not in particles or place == first or not _capital_soon(context, place, end):
            break
        place += 1
    return last


def _capital_soon(context: Context, place: int, end: int) -> bool:
    """Whether a particle leads to a word with a capital: `van den Berg`."""
    tokens = context.stream.tokens
    particles = context.stream.language(place).single("particle")
    for further in range(place + 1, min(end, place + 3)):
        if tokens[further].capital:
            return True
        if tokens[further].text not in particles:
            return False
    return False


def _german(context: Context, place: int, first: int) -> bool:
    """Whether a word with a capital goes on with a name in German, where every noun has one."""
    tokens = context.stream.tokens
    if tokens[place - 1].raw == "-" or tokens[place - 1].text in {"von", "van", "zu", "de"}:
        return True
    return place - first <= 2 and (is_name(tokens[place].text, "de") or is_name(tokens[first].text, "de"))


def _introduced(context: Context, start: int, first: int, end: int, *, sure: bool) -> Span | None:
    """The name behind an introduction, None where what follows is none."""
    stream = context.stream
    tokens = stream.tokens
    language = stream.language(start)
    titles = listed(language, "title")
    while first < end and (tokens[first].raw in ',:"“„' or titles.longest(tokens, first, end)):
        first += 1
    if first >= end or not tokens[first].word:
        return None
    text = tokens[first].text
    if text in language.single("not_name") or (not sure and text in language.single("month")):
        return None
    if tokens[first].capital:
        behind = _capitals(context, first, end)
        return (first, behind) if sure or _believed(context, start, first, behind) else None
    if without_capitals(context, tokens[start].sentence):
        return _small(context, first, end, sure=sure)
    return None


def _believed(context: Context, start: int, first: int, behind: int) -> bool:
    """Whether words with capitals behind `this is` or `hello` are a person, who is as often something else."""
    tokens = context.stream.tokens
    code = context.stream.language(start).code
    if tokens[start].text in _GREETINGS:
        return is_first_name(tokens[first].text, code)
    if any(is_name(tokens[place].text, code) for place in range(first, behind)):
        return True
    return tokens[first - 1].text in _WITH or (behind - first >= 2 and code != "de")


def _small(context: Context, first: int, end: int, *, sure: bool) -> Span | None:
    """A name in a sentence that has no capitals."""
    tokens = context.stream.tokens
    code = context.stream.language(first).code
    if not sure:
        return (first, first + 1) if is_first_name(tokens[first].text, code) else None
    behind = first
    while behind < end and behind - first < 3 and tokens[behind].word and not is_common(tokens[behind].text):
        behind += 1
    known = any(is_name(tokens[place].text, code) for place in range(first, behind))
    return (first, behind) if known else None


def _asked(context: Context) -> Iterator[Span]:
    """What answers the question for a name."""
    for cue in context.cues:
        if Entity.NAME not in cue.kinds:
            continue
        sentence = context.stream.tokens[cue.first].sentence
        asked = asks(context, sentence)
        if not asked and cue.behind + 2 < context.stream.bounds(sentence)[1]:
            continue
        if any(
            each.against or Entity.NAME not in each.kinds
            for each in context.cues_between(
                cue.behind, min(cue.behind + _QUESTION, context.stream.bounds(sentence)[1])
            )
        ):
            continue
        for other in answers(context, sentence):
            if empty(context, other):
                continue
            if not says(context, other, "unknown"):
                for span in _answer(context, other):
                    if asked or _is_plain_name(context, span):
                        yield span
            break


def _is_plain_name(context: Context, span: Span) -> bool:
    """Whether an answer to what is no plain question is one or two words, of which one is a name: `peter jones`."""
    tokens = context.stream.tokens[span[0] : span[1]]
    code = context.stream.language(span[0]).code
    return len(tokens) <= 3 and any(is_first_name(token.text, code) for token in tokens)


def _answer(context: Context, sentence: int) -> Iterator[Span]:
    stream = context.stream
    begin, end = stream.bounds(sentence)
    language = stream.languages[sentence]
    first = skipped(context, begin, end, "intro_strong", "intro", "soft", "copula")
    if first >= end or asks(context, sentence):
        return
    last = first
    while last < end and not (stream.tokens[last].mark and stream.tokens[last].raw in ",;.!?" and last > first):
        last += 1
    words = [place for place in range(first, last) if stream.tokens[place].word]
    capital = any(stream.tokens[place].capital and not is_common(stream.tokens[place].text) for place in words)
    short = bool(words) and (len(words) <= 2 or (capital and len(words) <= _ANSWER))
    if short and stream.tokens[first].text not in language.single("not_name"):
        yield first, last
        return
    place = first
    while place < end:
        if stream.tokens[place].capital and place > begin and not is_common(stream.tokens[place].text):
            behind = _capitals(context, place, end)
            if behind > place and language.code != "de":
                yield place, behind
            place = max(behind, place + 1)
        else:
            place += 1


def _again(context: Context, known: set[str]) -> Iterator[Span]:
    """What is known to be a name, wherever it is said, with an `s` behind it too."""
    for place, token in enumerate(context.stream.tokens):
        if token.word and token.capital and (token.text in known or token.text.removesuffix("s") in known):
            yield place, place + 1


def _spelled(context: Context, known: set[str], spans: dict[Span, int]) -> Iterator[Span]:
    """Letters that spell a name, or follow one; and the word that they spell again: `Kvamme, K V A M M E`."""
    tokens = context.stream.tokens
    ends = {behind for _, behind in spans}
    for run in context.runs:
        text = "".join(_letters(context, piece) for piece in run.pieces)
        if len(text) < 3 or not text.isalpha() or len(run.pieces) < 3:
            continue
        near = any(place in ends for place in range(run.first - 15, run.first + 1))
        language = context.stream.language(run.first)
        if near or folded(text) in known or is_name(folded(text), language.code):
            yield from run.spans()
        for place in range(max(0, run.first - _SPELLED_AGAIN), run.first):
            if tokens[place].capital and tokens[place].text == folded(text):
                yield place, place + 1
                yield from run.spans()


def _letters(context: Context, piece: Piece) -> str:
    """What is spelled: `O` is a letter there, and no nought."""
    item = piece.item
    alone = item.behind - item.first == 1 and context.stream.tokens[item.first].raw in {"O", "o"}
    return "O" if alone else item.text

"""Walks over words that recognisers share: what means nothing, questions and who answers them."""

from collections.abc import Callable, Iterator
from typing import Final

from callscribe.redaction.context import Context
from callscribe.redaction.phrases import listed

_ANSWERS: Final = 4
"""Sentences after a question in which its answer is looked for."""


def skipped(context: Context, place: int, end: int, *names: str) -> int:
    """The first token from a place on that neither is punctuation nor belongs to lists of the language."""
    tokens = context.stream.tokens
    while place < end:
        if tokens[place].mark:
            place += 1
            continue
        language = context.stream.language(place)
        for name in names:
            match = listed(language, name).longest(tokens, place, end)
            if match is not None:
                place = match[0]
                break
        else:
            return place
    return place


def _remembered(context: Context, sentence: int, question: str, answer: Callable[[], bool]) -> bool:
    key = (sentence, question)
    if key not in context.looked_up:
        context.looked_up[key] = answer()
    return context.looked_up[key]


def says(context: Context, sentence: int, name: str) -> bool:
    """Whether a sentence has a phrase of a list."""

    def answer() -> bool:
        begin, end = context.stream.bounds(sentence)
        phrases = listed(context.stream.languages[sentence], name)
        return any(phrases.longest(context.stream.tokens, place, end) is not None for place in range(begin, end))

    return _remembered(context, sentence, f"says {name}", answer)


def without_capitals(context: Context, sentence: int) -> bool:
    """Whether no word but the first has a capital, so that capitals tell nothing."""

    def answer() -> bool:
        begin, end = context.stream.bounds(sentence)
        return not any(context.stream.tokens[place].capital for place in range(begin + 1, end))

    return _remembered(context, sentence, "without capitals", answer)


def asks(context: Context, sentence: int) -> bool:
    """Whether a sentence asks for something: by its mark, or by `can I have`, `tell me` and their like."""
    begin, end = context.stream.bounds(sentence)
    if end > begin and context.stream.tokens[end - 1].raw == "?":
        return True
    return says(context, sentence, "ask")


def answers(context: Context, sentence: int) -> Iterator[int]:
    """The sentences that follow a question, up to the next question of who asked it."""
    said = context.stream.said
    party = said[sentence].party
    for other in range(sentence + 1, min(len(said), sentence + 1 + _ANSWERS)):
        if said[other].party == party and asks(context, other):
            return
        if said[other].party != party:
            yield other


def empty(context: Context, sentence: int) -> bool:
    """Whether a sentence says nothing but `yes, sure`."""

    def answer() -> bool:
        begin, end = context.stream.bounds(sentence)
        return all(context.softness.soft[place] for place in range(begin, end))

    return _remembered(context, sentence, "empty", answer)

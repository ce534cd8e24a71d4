"""Keyterms: words and names that are likely to be said, by which recognition is biased."""

from collections.abc import Iterable
from typing import Final

MOST_KEYTERMS: Final = 500
"""Keyterms of one configuration."""

LONGEST_KEYTERM: Final = 100
"""Characters of one."""


def keyterm(value: str) -> str:
    """A term with single blanks inside and none around.

    Raises:
        ValueError: it is empty, too long, or has characters that nobody says.
    """
    term = " ".join(value.split())
    if not 1 <= len(term) <= LONGEST_KEYTERM:
        raise ValueError(f"must have 1 to {LONGEST_KEYTERM} characters, blanks around it not counted")
    if not term.isprintable():
        raise ValueError("must have no control characters")
    return term


def vocabulary(values: Iterable[str]) -> tuple[str, ...]:
    """The terms in their order, each once.

    Raises:
        ValueError: one of them is none, or there are too many.
    """
    terms = tuple(dict.fromkeys(keyterm(value) for value in values))
    if len(terms) > MOST_KEYTERMS:
        raise ValueError(f"at most {MOST_KEYTERMS} terms, not {len(terms)}")
    return terms

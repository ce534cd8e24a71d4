"""Texts that a model got caught in: the same again and again, as nobody speaks."""

import re
from collections.abc import Sequence
from typing import Final

_STUTTER: Final = re.compile(r"([^\W\d_]{1,8}?)\1{5,}")
"""A loop inside one word, as music brings it about: six times the same letters."""


def words_in(text: str) -> list[str]:
    """The words in lower case without marks; what a hyphen joins are several."""
    return re.findall(r"\w+", text.lower())


def repeats(words: Sequence[str]) -> bool:
    """Whether one to eight words, or a few letters, come so often in a row that nobody says them."""
    for size in range(1, 9):
        allowed = 8 if size == 1 else 4
        run = 0
        for index in range(size, len(words)):
            run = run + 1 if words[index] == words[index - size] else 0
            if run >= size * allowed:
                return True
    return _STUTTER.search("".join(words)) is not None

"""Phrases of a language, looked up where a word of a text begins them."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, Generic, TypeVar

from callscribe.redaction.languages import Language, Phrase, language_of
from callscribe.redaction.tokens import Token

_KEY: Final = 3
"""Letters of a phrase's first word by which it is kept; enough that few phrases share them."""

_CONTRACTED: Final = ("'s", "’s")

T = TypeVar("T")


class Phrases(Generic[T]):
    """What is said by phrases, such as the entity that one announces. Words that end in `*` go on as they like."""

    def __init__(self, entries: Iterable[tuple[Phrase, T]]) -> None:
        together: dict[Phrase, list[T]] = defaultdict(list)
        for phrase, meaning in entries:
            together[phrase].append(meaning)
        self._by_key: dict[str, list[tuple[Phrase, tuple[T, ...]]]] = defaultdict(list)
        for phrase, meanings in together.items():
            self._by_key[phrase[0].rstrip("*")[:_KEY]].append((phrase, tuple(meanings)))
        for listed in self._by_key.values():
            listed.sort(key=lambda each: -sum(map(len, each[0])))

    def longest(self, tokens: Sequence[Token], first: int, behind: int) -> tuple[int, tuple[T, ...]] | None:
        """The longest phrase that begins with a token: the token behind it, and its meanings. Hyphens do not matter."""
        for phrase, meanings in self._by_key.get(tokens[first].text[:_KEY], ()):
            place = first
            for word in phrase:
                if place > first and place < behind and tokens[place].raw == "-":
                    place += 1
                if place >= behind or not _is(tokens[place].text, word):
                    break
                place += 1
            else:
                return place, meanings
            if place < behind and word is phrase[-1] and _is_contracted(tokens[place], word):
                return place + 1, meanings
        return None


def _is(text: str, word: str) -> bool:
    return text.startswith(word[:-1]) if word[-1] == "*" else text == word


def _is_contracted(token: Token, word: str) -> bool:
    """Whether it is the word with an `is` that has lost its vowel: `my birthday's the twelfth`."""
    return token.raw[-2:].lower() in _CONTRACTED and token.text == f"{word}s"


@cache
def _listed(code: str, name: str) -> Phrases[bool]:
    return Phrases((phrase, True) for phrase in language_of(code).words.get(name, ()))


def listed(language: Language, name: str) -> Phrases[bool]:
    """A list of a language's words, to be looked up."""
    return _listed(language.code, name)

"""The words by which secrets are said, a data file for each language.

A file has lists of phrases, divided by commas, without accents or with them. A phrase of which a word ends in `*` means
every word that begins so.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

CODES: Final = ("en", "de", "fr", "it", "es", "pt", "nl", "no", "pl", "sv", "da")
"""ISO 639-1 codes of the languages that there is a file for: those of the contract."""

_LETTERS: Final = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"})
"""Letters that Unicode does not take apart, as they are typed where a keyboard lacks them."""

_INFLECTED: Final = 7
"""Letters of a word that may have endings."""

_ARTICLE: Final = re.compile(r"\b[^\W\d_]{1,5}['’](?=[^\W\d_])")
"""An article or pronoun that has lost its vowel, before a word."""

Phrase = tuple[str, ...]
"""Words, folded, one behind the other; the last letters of each may be `*`."""


@dataclass(frozen=True, slots=True)
class Language:
    """What is known of a language. Phrases are folded; values of numbers are integers."""

    code: str
    regions: tuple[str, ...]
    elision: bool
    """Whether articles lose their vowel before another one, and stand with the word in one (`l'adresse`)."""
    small: Mapping[Phrase, int]
    """Numbers from 0 to 99."""
    beginnings: frozenset[Phrase]
    """How numbers of several words begin."""
    hundreds: Mapping[str, int]
    """Words of their own for 100 to 900."""
    hundred: frozenset[str]
    thousand: frozenset[str]
    million: frozenset[str]
    joint: frozenset[str]
    """What may stand between hundreds and the rest: `and`."""
    glued: bool
    """Whether numbers from 100 are written as one word."""
    weak_digits: frozenset[str]
    """Words that are digits only beside other digits: `oh`."""
    weak_letters: frozenset[str]
    """Letters that are words."""
    times: Mapping[Phrase, int]
    """What says a digit two, three or four times."""
    letters: Mapping[Phrase, str]
    """Names of letters, and words for letters on the telephone."""
    like: tuple[Phrase, ...]
    """What stands between a letter and a word that begins with it: `as in`."""
    words: Mapping[str, tuple[Phrase, ...]]
    """Other lists, by name."""
    cues: Mapping[str, tuple[Phrase, ...]]
    """What announces an entity, by its name; `AGAINST` and `AGAINST_WEAK` what announces none."""

    def regions_of(self, locale: str) -> tuple[str, ...]:
        """The country of a locale, or all of the language's."""
        country = locale.replace("_", "-").partition("-")[2].upper()
        return (country, *(each for each in self.regions if each != country)) if country else self.regions

    def starts(self, words: Phrase) -> bool:
        """Whether a number below 100 begins with words and goes on."""
        return words in self.beginnings

    def small_words(self) -> frozenset[str]:
        """Every word of numbers below 100."""
        return frozenset(word for phrase in self.small for word in phrase)

    def single(self, name: str) -> frozenset[str]:
        """The phrases of one word in a list."""
        return _single(self.code, name)


@cache
def _single(code: str, name: str) -> frozenset[str]:
    return frozenset(phrase[0] for phrase in language_of(code).words.get(name, ()) if len(phrase) == 1)


@cache
def language_of(locale: str) -> Language:
    """A language by locale or code; English for one that there is no file for."""
    code = re.split("[-_]", locale)[0].lower()
    code = {"nb": "no", "nn": "no"}.get(code, code)
    return _load(code if code in CODES else "en")


@cache
def _load(code: str) -> Language:
    folder = files(__name__)
    common = tomllib.loads(folder.joinpath("common.toml").read_text("utf-8"))
    own = tomllib.loads(folder.joinpath(f"{code}.toml").read_text("utf-8"))
    elision = own.get("elision", False)
    words = {name: _phrases(_bare(listed) if elision else listed) for name, listed in own["words"].items()}
    for name, listed in common["words"].items():
        words[name] = (*words.get(name, ()), *_phrases(listed))
    cues = {name: _phrases(_bare(listed) if elision else listed) for name, listed in own["cues"].items()}
    if own.get("inflected", False):
        cues = {name: tuple(map(_inflected, phrases)) for name, phrases in cues.items()}
    for name, listed in common["cues"].items():
        cues[name] = (*cues.get(name, ()), *_phrases(listed))
    letters = dict(_letters(common["letters"])) | dict(_letters(own.get("letters", {})))
    small = _small(own)
    return Language(
        code=code,
        regions=tuple(own["regions"]),
        elision=elision,
        small=small,
        beginnings=frozenset(phrase[:length] for phrase in small for length in range(1, len(phrase))),
        hundreds={
            word: int(value) for value, listed in own.get("hundreds", {}).items() for (word,) in _phrases(listed)
        },
        hundred=frozenset(phrase[0] for phrase in _phrases(own.get("hundred", ""))),
        thousand=frozenset(phrase[0] for phrase in _phrases(own.get("thousand", ""))),
        million=frozenset(phrase[0] for phrase in _phrases(own.get("million", ""))),
        joint=frozenset(phrase[0] for phrase in _phrases(own.get("joint", ""))),
        glued=own.get("glued", False),
        weak_digits=frozenset(phrase[0] for phrase in _phrases(own.get("weak_digits", ""))),
        weak_letters=frozenset(phrase[0] for phrase in _phrases(own.get("weak_letters", ""))),
        times={phrase: int(value) for value, listed in own["times"].items() for phrase in _phrases(listed)},
        letters=letters,
        like=_phrases(own["like"]),
        words=words,
        cues=cues,
    )


@lru_cache(maxsize=1 << 16)
def folded(word: str) -> str:
    """Without case, accents and apostrophes. Å stays apart from Ä: Swedish `år` is a year, and `är` is `is`."""
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFC", word.lower()).replace("å", "aa"))
    return "".join(each for each in apart if each not in "'’" and not unicodedata.combining(each)).translate(_LETTERS)


def _phrases(listed: str) -> tuple[Phrase, ...]:
    """`credit card, kart*` as phrases. Hyphens divide, as they do in tokens, and apostrophes are nothing."""
    found = []
    for phrase in listed.replace("\n", " ").split(","):
        words = tuple(folded(phrase).replace("-", " ").split())
        if words:
            found.append(words)
    return tuple(dict.fromkeys(found))


def _bare(listed: str) -> str:
    """Phrases without articles that have lost their vowel, as tokens are read: `carta d'identità`."""
    return _ARTICLE.sub("", listed)


def _inflected(phrase: Phrase) -> Phrase:
    """A phrase whose last word may have an ending, where it is long enough to be no other word with one."""
    return phrase if len(phrase[-1]) < _INFLECTED or phrase[-1].endswith("*") else (*phrase[:-1], f"{phrase[-1]}*")


def _letters(listed: Mapping[str, str]) -> Iterator[tuple[Phrase, str]]:
    for letter, names in listed.items():
        for phrase in _phrases(names):
            yield phrase, letter


def _small(own: Mapping[str, Any]) -> dict[Phrase, int]:
    """All ways to say 0 to 99: those that are listed, and tens and units put together as the language does."""
    by_value: dict[int, tuple[Phrase, ...]] = {int(value): _phrases(listed) for value, listed in own["numbers"].items()}
    small: dict[Phrase, int] = {}
    for tens in range(20, 100, 10):
        for unit in range(1, 10):
            for (ten,) in (phrase for phrase in by_value.get(tens, ()) if len(phrase) == 1):
                for (one,) in (phrase for phrase in by_value.get(unit, ()) if len(phrase) == 1):
                    for pattern in own["compounds"]:
                        said = pattern.format(t=ten, u=one, s=ten[:-1])
                        small[tuple(said.split())] = tens + unit
    small |= {phrase: value for value, phrases in by_value.items() for phrase in phrases}
    return small

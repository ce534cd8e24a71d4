"""How a secret is said: as a recogniser writes it, in words, spelled, put right in between, and in pieces.

A text has marks: `⟦KEY|text⟧`, where KEY says what the text is part of. A line break begins the turn of the party whose
letter stands in front of the next line, `A: ` or `C: `.
"""

import re
import string
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any, Final

from num2words import num2words

_SPELLING = (
    "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike November Oscar Papa Quebec Romeo "
    "Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
)
NATO: Final = {word[0]: word for word in _SPELLING.split()}
"""The words of the ICAO's spelling alphabet."""


@dataclass(frozen=True)
class Language:
    """A language of the scripts, with what they say of it."""

    code: str
    script: dict[str, Any]

    @cached_property
    def digits(self) -> tuple[str, ...]:
        """0 to 9, as they are most often said."""
        return tuple(self.number(digit) for digit in range(10))

    @cached_property
    def other_digits(self) -> dict[str, str]:
        """Digits that are said otherwise where a number is read out."""
        named = {"0": self.script["zero"], "2": self.script.get("two", []), "6": self.script.get("six", [])}
        return {digit: words[0] for digit, words in named.items() if words and words[0] != self.digits[int(digit)]}

    @cached_property
    def alphabet(self) -> dict[str, str]:
        """A word for each letter, as the country has them."""
        return dict(zip(string.ascii_uppercase, self.script["letters"].split(), strict=True))

    @property
    def months(self) -> list[str]:
        """January to December, as they stand in a date."""
        months: list[str] = self.script["months"].split()
        return months

    def number(self, value: int) -> str:
        """In words."""
        words: str = num2words(value, lang=self.code)
        return words.replace("één", "een") if self.code == "nl" else words

    def year(self, value: int) -> str:
        """In words, as years are read, where that is known; else in digits."""
        try:
            words: str = num2words(value, lang=self.code, to="year")
        except (NotImplementedError, TypeError):
            return str(value)
        return words

    def read(self, text: str, *, other: bool = False) -> list[str]:
        """Each letter and digit of a text as it is read out."""
        return [
            (self.other_digits.get(char) if other else None) or self.digits[int(char)] if char.isdigit() else char
            for char in text
            if char.isalnum()
        ]

    def in_pairs(self, text: str) -> list[str]:
        """Digits two by two as numbers, the rest one by one."""
        said: list[str] = []
        at = 0
        while at < len(text):
            pair = text[at : at + 2]
            if len(pair) == 2 and pair.isdigit() and pair[0] != "0":
                said.append(self.number(int(pair)))
                at += 2
            else:
                said += self.read(text[at])
                at += 1
        return said

    def doubled(self, text: str) -> list[str]:
        """Two or three of the same by the word for it."""
        said: list[str] = []
        at = 0
        while at < len(text):
            char = text[at]
            count = 1
            while count < 3 and text[at + count : at + count + 1] == char:
                count += 1
            words = self.read(char)
            if count > 1 and words:
                said.append(self.script["double" if count == 2 else "triple"].format(words[0]))
            else:
                said += words * count
            at += count
        return said


@dataclass(frozen=True, slots=True)
class Telling:
    """A secret that is being told: by whom, in which language, with which key it is marked."""

    language: Language
    chance: Random
    key: str
    party: str = "C"

    def mark(self, text: str) -> str:
        """A piece of the secret."""
        return f"⟦{self.key}|{text}⟧"

    def from_script(self, name: str) -> str:
        """One of a script's choices."""
        chosen: str = self.chance.choice(self.language.script[name])
        return chosen

    def across_parties(self, pieces: Sequence[str]) -> str:
        """The other party repeats each piece, as a question, before the next one comes."""
        other = "A" if self.party == "C" else "C"
        turns = []
        for piece in pieces[:-1]:
            echo = self.mark(piece)
            reply = self.chance.choice((f"{self.from_script('yes')} ", "", f"{self.from_script('yes')} "))
            turns.append(f"{self.mark(piece)}.\n{other}: {echo}?\n{self.party}: {reply}")
        return "".join(turns) + self.mark(pieces[-1])

    def across_sentences(self, pieces: Sequence[str]) -> str:
        """A full stop, and something that is no part of it, between the pieces."""
        told = self.mark(pieces[0])
        for piece in pieces[1:]:
            told += f". {self.from_script('pause')} {self.mark(piece)}"
        return told

    def corrected(self, pieces: Sequence[str], wrong: str) -> str:
        """With one piece that was wrong at first, and the words that put it right."""
        at = self.chance.randrange(1, len(pieces)) if len(pieces) > 1 else 0
        before = [self.mark(" ".join(pieces[:at]))] if at else []
        return " ".join(
            [*before, self.mark(wrong) + ",", self.from_script("correction"), self.mark(" ".join(pieces[at:]))]
        )


def _parts(groups: Sequence[str], most: int = 4) -> list[str]:
    """Groups joined so that there are not too many, and one that stands alone in two."""
    if len(groups) == 1:
        middle = (len(groups[0]) + 1) // 2
        return [groups[0][:middle], groups[0][middle:]]
    step = -(-len(groups) // most)
    return ["".join(groups[at : at + step]) for at in range(0, len(groups), step)]


def _wrong(piece: str, chance: Random) -> str:
    """A piece with its last letter or digit exchanged."""
    last = piece[-1]
    others = string.digits if last.isdigit() else string.ascii_uppercase
    return piece[:-1] + chance.choice(others.replace(last, ""))


Groups = tuple[str, ...]
NumberWay = Callable[[Telling, Groups, str], str | None]
"""From how it is told, the groups and what is between them on paper to the marked text; None where it does not go."""


def _spelled_groups(told: Telling, groups: Iterable[str], *, other: bool = False) -> list[str]:
    return [" ".join(told.language.read(group, other=other)) for group in groups]


def _single(told: Telling, groups: Groups, _joint: str) -> str | None:
    whole = "".join(groups)
    return told.mark(told.chance.choice((", ", " ", "-")).join(whole)) if len(whole) > 2 else None


def _with_other_words(told: Telling, groups: Groups, _joint: str) -> str | None:
    if not set("".join(groups)) & set(told.language.other_digits):
        return None
    return told.mark(" ".join(_spelled_groups(told, groups, other=True)))


def _with_doubles(told: Telling, groups: Groups, _joint: str) -> str | None:
    if not any(a == b for group in groups for a, b in pairwise(group)):
        return None
    return told.mark(", ".join(" ".join(told.language.doubled(group)) for group in groups))


def _with_pairs(told: Telling, groups: Groups, _joint: str) -> str | None:
    if not any(len(group) > 1 and group.isdigit() for group in groups):
        return None
    return told.mark(" ".join(" ".join(told.language.in_pairs(group)) for group in groups))


def _mixed(told: Telling, groups: Groups, _joint: str) -> str | None:
    parts = _parts(groups)
    if len("".join(groups)) < 4:
        return None
    return told.mark(
        ", ".join(part if index % 2 == 0 else " ".join(told.language.read(part)) for index, part in enumerate(parts))
    )


def _corrected(told: Telling, groups: Groups, _joint: str) -> str | None:
    parts = _parts(groups)
    if len("".join(groups)) < 4:
        return None
    written = told.chance.random() < 0.4
    pieces = parts if written else _spelled_groups(told, parts)
    at = told.chance.randrange(len(parts))
    wrong = _wrong(parts[at], told.chance)
    before = [told.mark(" ".join(pieces[:at]))] if at else []
    shown = wrong if written else " ".join(told.language.read(wrong))
    return " ".join([*before, told.mark(shown) + ",", told.from_script("correction"), told.mark(" ".join(pieces[at:]))])


def _in_pieces(across: Callable[[Telling, Sequence[str]], str]) -> NumberWay:
    def way(told: Telling, groups: Groups, _joint: str) -> str | None:
        if len("".join(groups)) < 4:
            return None
        parts = _parts(groups)
        return across(told, parts if told.chance.random() < 0.4 else _spelled_groups(told, parts))

    return way


def _alphabet(told: Telling, groups: Groups, _joint: str) -> str | None:
    whole = "".join(groups)
    if not any(char in NATO for char in whole):
        return None
    nato = told.chance.random() < 0.5

    def word(char: str) -> str:
        if char.isdigit():
            return told.language.read(char)[0]
        if nato:
            return NATO[char]
        pattern: str = told.language.script["alphabet"]
        return pattern.format(letter=char, name=told.language.alphabet[char])

    return told.mark((" " if nato else ", ").join(map(word, whole)))


NUMBER_WAYS: Final[dict[str, NumberWay]] = {
    "as on paper": lambda told, groups, joint: told.mark(joint.join(groups)),
    "with hyphens": lambda told, groups, _: told.mark("-".join(groups)) if len(groups) > 1 else None,
    "without spaces": lambda told, groups, _: told.mark("".join(groups)),
    "with commas": lambda told, groups, _: told.mark(", ".join(groups)) if len(groups) > 1 else None,
    "digit by digit": _single,
    "digits as words": lambda told, groups, _: told.mark(" ".join(_spelled_groups(told, groups))),
    "words in groups": lambda told, groups, _: told.mark(", ".join(_spelled_groups(told, groups))),
    "numbers of two digits": _with_pairs,
    "double and triple": _with_doubles,
    "oh, zwo, meia": _with_other_words,
    "digits and words": _mixed,
    "with a correction": _corrected,
    "across sentences": _in_pieces(Telling.across_sentences),
    "across parties": _in_pieces(Telling.across_parties),
    "letters by names": _alphabet,
}
"""How numbers are told, and what has letters and digits."""


def _marks(language: Language) -> dict[str, str]:
    return {".": language.script["dot"], "-": language.script["dash"], "_": language.script["underscore"]}


def _hyphened(text: str) -> str:
    return "-".join(text.upper())


def spelled_text(told: Telling, text: str, *, loud: bool) -> str:
    """A name, or what stands in an address of e-mail, letter by letter: `loud` as recognisers write what is spelled."""
    language = told.language
    marks = _marks(language)
    said: list[str] = []
    for char in text:
        if char in marks:
            said.append(marks[char])
        elif char.isdigit():
            said += language.read(char)
        else:
            said.append(char.upper() if loud else char)
    return " ".join(said)


def by_names(told: Telling, text: str) -> str:
    """Letters by the words of the country's alphabet, what has none as it is."""
    language = told.language
    pattern: str = language.script["alphabet"]
    marks = _marks(language)
    return ", ".join(
        pattern.format(letter=char.upper(), name=language.alphabet[char.upper()])
        if char.upper() in language.alphabet
        else marks.get(char) or " ".join(language.read(char))
        for char in text
        if char != " "
    )


def _spoken_domain(told: Telling, domain: str) -> str:
    return domain.replace(".", f" {told.language.script['dot']} ")


def _spoken_local(told: Telling, local: str) -> str:
    for mark, word in _marks(told.language).items():
        local = local.replace(mark, f" {word} ")
    digits = "".join(f" {' '.join(told.language.read(char))} " if char.isdigit() else char for char in local)
    return " ".join(digits.split())


MailWay = Callable[[Telling, str, str], str]


def _mail(told: Telling, local: str, domain: str) -> str:
    return f"{local} {told.language.script['at']} {_spoken_domain(told, domain)}"


def _mail_across(across: Callable[[Telling, Sequence[str]], str]) -> MailWay:
    return lambda told, local, domain: across(
        told,
        [_spoken_local(told, local), f"{told.language.script['at']} {_spoken_domain(told, domain)}"],
    )


MAIL_WAYS: Final[dict[str, MailWay]] = {
    "as on paper": lambda told, local, domain: told.mark(f"{local}@{domain}"),
    "dot and at as words": lambda told, local, domain: told.mark(_mail(told, _spoken_local(told, local), domain)),
    "half in signs": lambda told, local, domain: told.mark(f"{local} {told.language.script['at']} {domain}"),
    "spelled": lambda told, local, domain: told.mark(_mail(told, spelled_text(told, local, loud=False), domain)),
    "spelled with hyphens": lambda told, local, domain: told.mark(_mail(told, _hyphened_local(told, local), domain)),
    "letters by names": lambda told, local, domain: told.mark(_mail(told, by_names(told, local), domain)),
    "across sentences": _mail_across(Telling.across_sentences),
    "across parties": _mail_across(Telling.across_parties),
    "with a correction": lambda told, local, domain: told.corrected(
        [_spoken_local(told, local), f"{told.language.script['at']} {_spoken_domain(told, domain)}"],
        f"{told.language.script['at']} {_spoken_domain(told, 'hotmail.com')}",
    ),
}
"""How addresses of e-mail are told."""


def _hyphened_local(told: Telling, local: str) -> str:
    marks = _marks(told.language)
    parts = re.split(r"([._-])", local)
    return " ".join(marks.get(part) or _hyphened(part) for part in parts if part)


TextWay = Callable[[Telling, str], str]

SPELLED_WAYS: Final[dict[str, TextWay]] = {
    "spelled": lambda told, text: told.mark(", ".join(text.upper().replace(" ", ""))),
    "spelled with hyphens": lambda told, text: told.mark(f"{text}, {_hyphened(text)}"),
    "spelled with dots": lambda told, text: told.mark(" ".join(f"{char}." for char in text.upper())[:-1]),
    "letters by names": lambda told, text: told.mark(by_names(told, text)),
    "across parties": lambda told, text: told.across_parties(
        [" ".join(text.upper()[: (len(text) + 1) // 2]), " ".join(text.upper()[(len(text) + 1) // 2 :])]
    ),
    "with a correction": lambda told, text: told.corrected(
        [" ".join(text.upper()[:3]), " ".join(text.upper()[3:])], text.upper()[3:4] + " E"
    ),
}
"""How names and other words are spelled."""

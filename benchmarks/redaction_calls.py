"""Calls of a support line with secrets in them, and as many things that look like secrets, with where each stands.

What people say is in `redaction_scripts/`, a file for each language of the API: how a call opens and closes, how each
secret is asked for and told, what else has numbers and names in it, and small talk. Slots in its lines:

    {company} {agent} {caller} {title}     stay the same all through a call
    {it}                                   the secret, in one of the ways of `redaction_ways.py`
    {id}                                   what the country calls that number
    {number:8}                             so many digits that are no secret, told as secrets are
    {price} {time} {year} {date} {small} {version} {flight} {seat}   the same

Every call is made of a seed, its language and its number alone. A text is broken into sentences as a transcript is.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from callscribe.redaction.entities import Entity
from callscribe.speech.interface import Word
from callscribe.speech.languages import LANGUAGE_CODES
from callscribe.transcripts.assembly import CAPITAL_NOUNS, sentences_of
from redaction_values import (
    HEALTH_NUMBERS,
    NATIONAL_IDS,
    PHONES,
    PLATES,
    TAX_IDS,
    Value,
    bank_account,
    born,
    card_number,
    cvv,
    digits,
    letters,
    passes_luhn,
    pin,
)
from redaction_ways import MAIL_WAYS, NUMBER_WAYS, SPELLED_WAYS, Language, Telling

SCRIPTS: Final = Path(__file__).parent / "redaction_scripts"
OTHER: Final = SCRIPTS / "other"
"""The same in other words, which those who wrote the rules had not seen."""
LANGUAGES: Final = LANGUAGE_CODES
"""ISO 639-1 codes of all languages of the API."""

CARDS: Final = 3
"""So many times is a card number told in each way, until all was told once."""
LEAST: Final = 8
"""So many times is each entity told until then, in whatever way."""
SECRETS: Final = 5
"""Asked for or told in a call, beside the names of the parties."""

_SECONDS, _PAUSE = 0.35, 0.6
"""Of a word; between turns."""
_POSTS: Final = {
    "US": "#####", "GB": "LS# #AB", "AU": "####", "DE": "#####", "FR": "#####", "IT": "#####", "ES": "#####",
    "MX": "#####", "BR": "#####-###", "PT": "####-###", "NL": "#### AB", "NO": "####", "PL": "##-###", "SE": "### ##",
    "DK": "####",
}  # fmt: skip


class Planted(NamedTuple):
    """A secret that is told once: what it is, in which way, and the text as it was put together."""

    entity: Entity
    way: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with, for each character, the key of what it belongs to: of `Call.planted`, or `?` and a kind."""

    text: str
    party: int
    start: float
    end: float
    keys: tuple[str | None, ...]


class Turn(NamedTuple):
    """What a party says without interruption: words, and the keys of each one's characters."""

    party: int
    words: tuple["Marked", ...]


@dataclass(frozen=True)
class Call:
    """A call in one language. Party 0 is the agent."""

    language: str
    locale: str
    number: int
    turns: tuple[Turn, ...]
    planted: dict[str, Planted]
    parties: tuple[str, ...]
    """The full names of agent and caller."""
    names_known: bool
    """Whether the request would have named them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names that the request gave."""
        return self.parties if self.names_known else ()

    @cached_property
    def sentences(self) -> tuple[Sentence, ...]:
        """As a transcript has them."""
        return tuple(_sentences(self.turns, self.language))


@cache
def language(code: str, other: Path | None = None) -> Language:
    """A language with its script; what a folder has of it in other words takes the place of what is here."""
    script = tomllib.loads((SCRIPTS / f"{code}.toml").read_text(encoding="utf-8"))
    if other is not None:
        script |= tomllib.loads((other / f"{code}.toml").read_text(encoding="utf-8"))
    return Language(code, script)


def calls(seed: int, code: str, count: int, secrets: int = SECRETS, *, other: Path | None = None) -> Iterator[Call]:
    """Calls in one language, each with so many secrets; each is told in each way before one comes again."""
    deck = _Deck(Random(f"{seed} {code} deck"))
    for number in range(count):
        writing = _Writing(language(code, other), Random(f"{seed} {code} {number}"))
        yield writing.call(number, [deck.draw() for _ in range(secrets)])


def all_calls(seed: int, codes: Sequence[str], count: int, *, other: Path | None = None) -> list[Call]:
    """So many calls in each language."""
    return [call for code in codes for call in calls(seed, code, count, other=other)]


_STOPS: Final = frozenset({"de", "no", "da"})
"""Languages that write a full stop behind the day."""
_DATE_WAYS: Final = (
    "as on paper", "said", "across sentences", "across parties", "with a correction",
)  # fmt: skip
_WAYS: Final[dict[Entity, tuple[str, ...]]] = {
    **{
        entity: tuple(way for way in NUMBER_WAYS if way != "letters by names")
        for entity in (Entity.CARD_NUMBER, Entity.CARD_CVV, Entity.PIN, Entity.PHONE_NUMBER)
    },
    **{
        entity: tuple(NUMBER_WAYS)
        for entity in (
            Entity.BANK_ACCOUNT,
            Entity.NATIONAL_ID,
            Entity.TAX_ID,
            Entity.HEALTH_NUMBER,
            Entity.VEHICLE_PLATE,
        )
    },
    Entity.CARD_EXPIRY: ("as on paper", "said", "digits as words"),
    Entity.DATE_OF_BIRTH: _DATE_WAYS,
    Entity.EMAIL_ADDRESS: tuple(MAIL_WAYS),
    Entity.ADDRESS: ("as on paper", "said", "across sentences", "across parties"),
    Entity.NAME: ("another's", *SPELLED_WAYS),
    Entity.USERNAME: ("as on paper", "digits as words", "spelled", "spelled with hyphens", "letters by names"),
    Entity.PASSWORD: ("as on paper", "digits as words", "spelled", "letters by names"),
}


class _Deck:
    """Every entity in every way, shuffled, and shuffled again when all were drawn."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._cards: list[tuple[Entity, str]] = []

    def draw(self) -> tuple[Entity, str]:
        """One of them."""
        if not self._cards:
            self._cards = [
                (entity, way)
                for entity, ways in _WAYS.items()
                for way in ways
                for _ in range(CARDS if entity is Entity.CARD_NUMBER else max(1, LEAST // len(ways)))
            ]
            self._chance.shuffle(self._cards)
        return self._cards.pop()


@dataclass
class _Writing:
    """A call as it is being written."""

    language: Language
    chance: Random
    planted: dict[str, Planted] = field(default_factory=dict)

    def __post_init__(self) -> None:
        script = self.language.script
        self.locale: str = self.chance.choice(script["locales"])
        firsts = self.chance.sample(script["first"].split(), 3)
        lasts = self.chance.sample(script["last"].split(), 3)
        self.agent, self.caller, self.third = zip(firsts, lasts, strict=True)
        self.company = self.chance.choice(
            [name for name in script["companies"] if not set(name.split()) & {*firsts, *lasts}]
        )
        self.title = self.chance.choice(script["titles"])
        self.label = ""

    def call(self, number: int, secrets: Sequence[tuple[Entity, str]]) -> Call:
        """Opening, the secrets and as many look-alikes in any order, small talk, closing."""
        script = self.language.script
        middle = [lambda each=each: self._secret(*each) for each in secrets]
        kinds = self.chance.sample(sorted(script["not"]), len(secrets) + 1)
        middle += [lambda kind=kind: self._look_alike(kind) for kind in kinds]
        middle += [lambda text=text: text for text in self.chance.sample(script["small"], 2)]
        self.chance.shuffle(middle)
        parts = [self._some("open"), *(make() for make in middle), self._some("close")]
        text = "\n".join(self._filled(part) for part in parts)
        return Call(
            self.language.code,
            self.locale,
            number,
            tuple(_turns(text)),
            self.planted,
            (" ".join(self.agent), " ".join(self.caller)),
            self.chance.random() < 0.5,
        )

    def _some(self, name: str) -> str:
        chosen: str = self.chance.choice(self.language.script[name])
        return chosen

    def _plant(self, entity: Entity, way: str) -> str:
        key = f"{len(self.planted)}"
        self.planted[key] = Planted(entity, way)
        return key

    def _secret(self, entity: Entity, way: str) -> str:
        script = self.language.script
        asked = self.chance.random() < 0.6
        if entity is Entity.NAME:
            asked = way != "another's"
        told = Telling(self.language, self.chance, "", "C")
        way, text, again = self._told(entity, way, told)
        text = text.replace("⟦|", f"⟦{self._plant(entity, way)}|")
        if asked:
            question = self.chance.choice(script["ask"][entity])
            answer = self._some("give").format(it=text)
            part = f"A: {question}\nC: {answer}"
        else:
            part = "C: " + self.chance.choice(script["tell"][entity]).replace("{it}", text)
        if again and self.chance.random() < 0.35:
            key = self._plant(entity, "read back")
            part += f"\nA: {self._some('readback').format(it=f'⟦{key}|{again}⟧')}\nC: {self._some('yes')}"
        elif self.chance.random() < 0.6:
            part += f"\nA: {self._some('thanks')}"
        return part.replace("{id}", script["ids"].get(self.label, ""))

    def _told(self, entity: Entity, way: str, told: Telling) -> tuple[str, str, str]:
        """The way that could be taken, the text with marks without a key, and the same as it is read back."""
        if entity is Entity.EMAIL_ADDRESS:
            local, domain = self._address_of_mail()
            spoken = MAIL_WAYS["dot and at as words"](told, local, domain)
            return way, MAIL_WAYS[way](told, local, domain), _bare(spoken)
        of_their_own = {
            Entity.DATE_OF_BIRTH: self._date_of_birth,
            Entity.CARD_EXPIRY: self._expiry,
            Entity.ADDRESS: self._address,
            Entity.NAME: self._name,
            Entity.USERNAME: self._word,
            Entity.PASSWORD: self._secret_word,
        }
        if entity in of_their_own:
            return way, *of_their_own[entity](way, told)
        return self._number(entity, way, told)

    def _name(self, way: str, told: Telling) -> tuple[str, str]:
        if way == "another's":
            return told.mark(" ".join(self.third)), ""
        return SPELLED_WAYS[way](told, re.sub(r"[^A-Za-z]", "", _plain(self.caller[1]))), ""

    def _number(self, entity: Entity, way: str, told: Telling) -> tuple[str, str, str]:
        for attempt in range(60):
            value = self._value(entity)
            if attempt == 40:
                way = "digits as words"
            text = NUMBER_WAYS[way](told, value.groups, value.joint)
            if text is not None:
                self.label = value.label
                back = self.chance.choice(("as on paper", "with commas", "words in groups", "digits as words"))
                again = NUMBER_WAYS[back](told, value.groups, value.joint)
                return way, text, _bare(again or value.joint.join(value.groups))
        raise AssertionError((entity, way))

    def _value(self, entity: Entity) -> Value:
        country = self.locale.partition("-")[2]
        everywhere = {Entity.CARD_NUMBER: card_number, Entity.CARD_CVV: cvv, Entity.PIN: pin}
        if entity in everywhere:
            return everywhere[entity](self.chance, self.locale)
        if entity is Entity.BANK_ACCOUNT:
            return bank_account(self.chance, self.locale)
        kinds = {
            Entity.NATIONAL_ID: NATIONAL_IDS, Entity.TAX_ID: TAX_IDS, Entity.HEALTH_NUMBER: HEALTH_NUMBERS,
            Entity.PHONE_NUMBER: PHONES, Entity.VEHICLE_PLATE: PLATES,
        }  # fmt: skip
        made = kinds[entity][country]
        return (self.chance.choice(made) if isinstance(made, list) else made)(self.chance)

    def _address_of_mail(self) -> tuple[str, str]:
        first, last = (re.sub(r"[^a-z]", "", _plain(name).lower()) for name in self.caller)
        two, one = digits(self.chance, 2), digits(self.chance, 1)
        forms = (
            f"{first}.{last}",
            f"{first[0]}{last}",
            f"{last}_{first[0]}",
            f"{first}-{last}",
            first + two,
            last + one,
        )
        local = self.chance.choice(forms)
        top = self.locale.partition("-")[2].lower()
        domains = ("gmail.com", "outlook.com", "yahoo.com", f"web-mail.{top}", f"post.{top}", "icloud.com")
        domain = self.chance.choice(domains)
        return local, domain

    def _date_of_birth(self, way: str, told: Telling) -> tuple[str, str]:
        script, day = self.language.script, born(self.chance)
        slots = {
            "d": day.day, "dd": f"{day:%d}", "mm": f"{day:%m}", "m": day.month, "y": day.year,
            "month": self.language.months[day.month - 1], "D": self.language.number(day.day),
            "Y": self.language.year(day.year), "ordinal": _ordinal(day.day, self.language.code),
        }  # fmt: skip
        numeric = script["numeric"].format(**slots)
        said = self._some("births").format(**slots)
        if way == "as on paper":
            return told.mark(numeric), said
        if way == "said":
            return told.mark(said), numeric
        stop = "." if self.language.code in _STOPS else ""
        pieces = [f"{slots['d']}{stop} {slots['month']}", str(self.chance.choice((day.year, slots["Y"])))]
        if self.language.code == "en":
            pieces[0] = f"{slots['month']} {slots['ordinal']}"
        if way == "across sentences":
            return told.across_sentences(pieces), said
        if way == "across parties":
            return told.across_parties(pieces), said
        return told.corrected(pieces, str(day.year + 1)), said

    def _expiry(self, way: str, told: Telling) -> tuple[str, str]:
        month, year = self.chance.randint(1, 12), self.chance.randint(27, 34)
        slots = {
            "mm": f"{month:02}", "yy": year, "y": 2000 + year, "month": self.language.months[month - 1],
            "M": self.language.number(month), "YY": self.language.number(year),
        }  # fmt: skip
        forms: list[str] = self.language.script["expiries"]
        text = (forms[0] if way == "as on paper" else self.chance.choice(forms[1:])).format(**slots)
        if way == "digits as words":
            text = " ".join(self.language.read(f"{month:02}{year}", other=True))
        return told.mark(text), text

    def _address(self, way: str, told: Telling) -> tuple[str, str]:
        script, country = self.language.script, self.locale.partition("-")[2]
        number = self.chance.randint(2, 189)
        post = "".join(digits(self.chance, 1, "123456789") if char == "#" else char for char in _POSTS[country])
        slots = {
            "n": number, "N": self.language.number(number), "street": self._some("streets"),
            "city": self._some("cities"), "post": post, "a": self.chance.randint(2, 40),
        }  # fmt: skip
        forms: list[str] = script["addresses"]
        paper = forms[0].format(**slots)
        if way == "as on paper":
            return told.mark(paper), paper
        if way == "said":
            return told.mark(self.chance.choice(forms[1:]).format(**slots)), paper
        first, _, rest = paper.partition(", ")
        pieces = [first, rest]
        return (told.across_sentences if way == "across sentences" else told.across_parties)(pieces), paper

    def _word(self, way: str, told: Telling) -> tuple[str, str]:
        first, last = (re.sub(r"[^a-z]", "", _plain(name).lower()) for name in self.caller)
        stem = self.chance.choice((first[0] + last, first + last[:3], last + first[0]))
        return self._with_number(stem, way, told)

    def _secret_word(self, way: str, told: Telling) -> tuple[str, str]:
        word = self.chance.choice(self.language.script["words"].split())
        return self._with_number(re.sub(r"[^a-z]", "", _plain(word).lower()).capitalize(), way, told)

    def _with_number(self, stem: str, way: str, told: Telling) -> tuple[str, str]:
        number = digits(self.chance, self.chance.choice((2, 3, 4)), "23456789")
        text = stem + number
        if way == "as on paper":
            return told.mark(text), text
        if way == "digits as words":
            return told.mark(f"{stem} {' '.join(self.language.read(number))}"), text
        if way == "spelled" and text[0].isupper():
            first = self.language.script["capital"].format(text[0])
            return told.mark(", ".join([first, *text[1:]])), text
        return SPELLED_WAYS[way](told, text), text

    def _look_alike(self, kind: str) -> str:
        part: str = self.chance.choice(self.language.script["not"][kind])

        def fill(slot: re.Match[str]) -> str:
            name, argument = slot["name"], slot["argument"]
            if name == "number":
                return self._no_secret(kind, int(argument), part[: slot.start()].rpartition("\n")[2][:1])
            if name in _OTHERS:
                return f"⟦?{kind}|{_OTHERS[name](self, glued=part[slot.start() - 1].isalpha())}⟧"
            return slot[0]

        return re.sub(r"\{(?P<name>\w+)(?::(?P<argument>\d+))?\}", fill, part)

    def _no_secret(self, kind: str, count: int, party: str) -> str:
        """A number that is none, told as those are that are; never one that a card could have."""
        told = Telling(self.language, self.chance, f"?{kind}", party)
        while True:
            number = digits(self.chance, count, "123456789")
            way = self.chance.choice([way for way in NUMBER_WAYS if way != "letters by names"])
            text = NUMBER_WAYS[way](told, tuple(re.findall("..?.?", number)), " ")
            if text is not None and not passes_luhn(number):
                return text

    def small(self, *, glued: bool = False) -> str:
        """A quantity."""
        number = self.chance.randint(2, 60)
        return str(number) if glued or self.chance.random() < 0.5 else self.language.number(number)

    def price(self, *, glued: bool = False) -> str:  # noqa: ARG002 - one form for all
        """Money."""
        whole, part = self.chance.randint(3, 480), self.chance.choice((10, 25, 45, 50, 95, 99))
        return self._some("prices").format(
            e=whole, cc=part, E=self.language.number(whole), C=self.language.number(part)
        )

    def time(self, *, glued: bool = False) -> str:  # noqa: ARG002
        """Of the day."""
        hour = self.chance.randint(2, 11)
        return self._some("times").format(h=hour if self.chance.random() < 0.5 else self.language.number(hour))

    def year(self, *, glued: bool = False) -> str:  # noqa: ARG002
        """In which something was that is no birth."""
        year = self.chance.randint(1994, 2025)
        return str(year) if self.chance.random() < 0.6 else self.language.year(year)

    def date(self, *, glued: bool = False) -> str:  # noqa: ARG002
        """Of a delivery, say."""
        day, month = self.chance.randint(1, 28), self.chance.randrange(12)
        if self.language.code == "en":
            text = f"{self.language.months[month]} {_ordinal(day, 'en')}"
        else:
            stop = "." if self.language.code in _STOPS else ""
            middle = " de " if self.language.code in {"es", "pt"} else " "
            text = f"{day}{stop}{middle}{self.language.months[month]}"
        return text if self.chance.random() < 0.6 else f"{text} 2027"

    def version(self, *, glued: bool = False) -> str:  # noqa: ARG002
        """Of a program."""
        return ".".join(str(self.chance.randint(0, 19)) for _ in range(self.chance.choice((2, 3))))

    def flight(self, *, glued: bool = False) -> str:  # noqa: ARG002
        """A flight's number."""
        number = digits(self.chance, self.chance.choice((3, 4)), "123456789")
        said = number if self.chance.random() < 0.5 else " ".join(self.language.read(number))
        return f"{letters(self.chance, 2)} {said}"

    def seat(self, *, glued: bool = False) -> str:  # noqa: ARG002
        """In an aeroplane."""
        return f"{self.chance.randint(1, 39)}{letters(self.chance, 1, 'ABCDEF')}"

    def _filled(self, part: str) -> str:
        """With the slots that stay the same all through a call."""

        def fill(slot: re.Match[str]) -> str:
            name = slot[1]
            if name == "company":
                return f"⟦?company|{self.company}⟧"
            if name == "title":
                return self.title
            who, _, which = name.partition("_")
            whole = {"agent": self.agent, "caller": self.caller}[who]
            text = {"": " ".join(whole), "first": whole[0], "last": whole[1]}[which]
            way = "full name" if not which else "name alone"
            return f"⟦{self._plant(Entity.NAME, way)}|{text}⟧"

        return re.sub(r"\{(\w+)\}", fill, part)


_OTHERS: Final[dict[str, Any]] = {
    "price": _Writing.price, "time": _Writing.time, "year": _Writing.year, "date": _Writing.date,
    "small": _Writing.small, "version": _Writing.version, "flight": _Writing.flight, "seat": _Writing.seat,
}  # fmt: skip


def _ordinal(number: int, code: str) -> str:
    if code != "en":
        return str(number)
    ending = "th" if number in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _plain(text: str) -> str:
    """Without accents, as addresses are written."""
    apart = unicodedata.normalize("NFD", text.replace("ø", "o").replace("Ø", "O").replace("ł", "l").replace("æ", "ae"))
    return "".join(char for char in apart if not unicodedata.combining(char)).replace("ß", "ss")


def _bare(marked: str) -> str:
    return re.sub(r"⟦[^|]*\||⟧", "", marked)


def _turns(text: str) -> Iterator[Turn]:
    """Marked text as turns; what ends twice ends once."""
    for line in text.split("\n"):
        letter, _, said = line.partition(": ")
        said = re.sub(r"([.?!])(⟧?)\.(?=\s|$)", r"\1\2", said)
        keys: list[tuple[str, str | None]] = []
        key: str | None = None
        for piece in re.split(r"(⟦[^|]*\||⟧)", said):
            if piece.startswith("⟦"):
                key = piece[1:-1]
            elif piece == "⟧":
                key = None
            else:
                keys += [(char, key) for char in piece]
        words = _words(keys)
        if words:
            yield Turn("AC".index(letter), tuple(_capitals(words)))


Marked = tuple[str, tuple[str | None, ...]]


def _capitals(words: Sequence[Marked]) -> Iterator[Marked]:
    """A capital for each word that begins a sentence and has letters alone, as recognisers write."""
    begins = True
    for text, keys in words:
        plain = text.rstrip(",.?!").isalpha()
        yield (text[0].upper() + text[1:] if begins and plain else text), keys
        begins = text[-1] in ".?!" and len(text) > 2


def _words(chars: Sequence[tuple[str, str | None]]) -> list[Marked]:
    words, run = [], []
    for char, key in [*chars, (" ", None)]:
        if not char.isspace():
            run.append((char, key))
        elif run:
            words.append(("".join(each for each, _ in run), tuple(of for _, of in run)))
            run = []
    return words


def _sentences(turns: Sequence[Turn], code: str) -> Iterator[Sentence]:
    at = 1.0
    for turn in turns:
        words = [
            Word(text, at + index * _SECONDS, at + (index + 1) * _SECONDS, 1.0)
            for index, (text, _) in enumerate(turn.words)
        ]
        keys = iter(turn.words)
        for some in sentences_of(words, capitals=code not in CAPITAL_NOUNS):
            of_words = [next(keys)[1] for _ in some]
            marks = [key for each in of_words for key in (*each, None)][:-1]
            yield Sentence(" ".join(word.text for word in some), turn.party, some[0].start, some[-1].end, tuple(marks))
        at = words[-1].end + _PAUSE

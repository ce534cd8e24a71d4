"""Numbers as people dictate them, in the languages of the contract, from word lists of its own."""

import random
from collections.abc import Callable, Sequence
from typing import Final

DIGITS: Final = {
    "en": "zero one two three four five six seven eight nine",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf",
    "it": "zero uno due tre quattro cinque sei sette otto nove",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve",
    "pt": "zero um dois três quatro cinco seis sete oito nove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen",
    "no": "null en to tre fire fem seks sju åtte ni",
    "pl": "zero jeden dwa trzy cztery pięć sześć siedem osiem dziewięć",
    "sv": "noll ett två tre fyra fem sex sju åtta nio",
    "da": "nul en to tre fire fem seks syv otte ni",
}
TEENS: Final = {
    "en": "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
    "de": "zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "fr": "dix onze douze treize quatorze quinze seize dix-sept dix-huit dix-neuf",
    "it": "dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
    "es": "diez once doce trece catorce quince dieciséis diecisiete dieciocho diecinueve",
    "pt": "dez onze doze treze quatorze quinze dezesseis dezessete dezoito dezenove",
    "nl": "tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
    "no": "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
    "pl": "dziesięć jedenaście dwanaście trzynaście czternaście piętnaście szesnaście siedemnaście osiemnaście "
    "dziewiętnaście",
    "sv": "tio elva tolv tretton fjorton femton sexton sjutton arton nitton",
    "da": "ti elleve tolv tretten fjorten femten seksten sytten atten nitten",
}
TENS: Final = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingts quatre-vingt-dix",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "pt": "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
    "no": "tjue tretti førti femti seksti sytti åtti nitti",
    "pl": "dwadzieścia trzydzieści czterdzieści pięćdziesiąt sześćdziesiąt siedemdziesiąt osiemdziesiąt "
    "dziewięćdziesiąt",
    "sv": "tjugo trettio fyrtio femtio sextio sjuttio åttio nittio",
    "da": "tyve tredive fyrre halvtreds tres halvfjerds firs halvfems",
}
TWICE: Final = {
    "en": "double {}",
    "de": "zweimal die {}",
    "fr": "deux fois le {}",
    "it": "doppio {}",
    "es": "doble {}",
    "pt": "duas vezes o {}",
    "nl": "dubbel {}",
    "no": "dobbel {}",
    "pl": "dwa razy {}",
    "sv": "dubbel {}",
    "da": "dobbelt {}",
}
ANNOUNCED: Final = {
    "en": ("Can I have your card number please?", "Yes, it's "),
    "de": ("Wie lautet Ihre Kreditkartennummer?", "Ja, die ist "),
    "fr": ("Quel est votre numéro de carte ?", "Oui, c'est "),
    "it": ("Mi dice il numero della carta?", "Sì, è "),
    "es": ("¿Me da el número de su tarjeta?", "Sí, es "),
    "pt": ("Qual é o número do cartão?", "Sim, é "),
    "nl": ("Wat is het nummer van uw kaart?", "Ja, dat is "),
    "no": ("Kan jeg få kortnummeret?", "Ja, det er "),
    "pl": ("Proszę podać numer karty.", "Tak, to "),
    "sv": ("Kan jag få kortnumret?", "Ja, det är "),
    "da": ("Må jeg få kortnummeret?", "Ja, det er "),
}
CORRECTED: Final = {
    "en": "no, sorry,",
    "de": "nein, Entschuldigung,",
    "fr": "non, pardon,",
    "it": "no, scusi,",
    "es": "no, perdón,",
    "pt": "não, desculpe,",
    "nl": "nee, sorry,",
    "no": "nei, unnskyld,",
    "pl": "nie, przepraszam,",
    "sv": "nej, förlåt,",
    "da": "nej, undskyld,",
}
YES: Final = {
    "en": "Yes.",
    "de": "Ja.",
    "fr": "Oui.",
    "it": "Sì.",
    "es": "Sí.",
    "pt": "Sim.",
    "nl": "Ja.",
    "no": "Ja.",
    "pl": "Tak.",
    "sv": "Ja.",
    "da": "Ja.",
}
CODES: Final = tuple(DIGITS)

Way = Callable[[str, str, random.Random], str]
"""Digits in a language to what is said."""


def below_hundred(value: int, code: str) -> str:
    """A number from 0 to 99."""
    if value < 10:
        return DIGITS[code].split()[value]
    if value < 20:
        return TEENS[code].split()[value - 10]
    ten, unit = divmod(value, 10)
    tens = TENS[code].split()[ten - 2]
    return _compound(ten, unit, tens, code) if unit else tens


def _compound(ten: int, unit: int, tens: str, code: str) -> str:
    one = DIGITS[code].split()[unit]
    if code == "fr":
        return _french(ten, unit, one)
    if code == "es" and ten == 2:
        return "veinti" + {2: "dós", 3: "trés", 6: "séis"}.get(unit, one)
    form = {"de": "{u}und{t}", "nl": "{u}en{t}", "da": "{u}og{t}", "it": "{t}{u}", "no": "{t}{u}", "sv": "{t}{u}"}
    more = {"es": "{t} y {u}", "pt": "{t} e {u}", "en": "{t}-{u}", "pl": "{t} {u}"}
    if code == "de" and unit == 1:
        one = "ein"
    if code == "nl" and one.endswith("e"):
        return f"{one}ën{tens}"
    if code == "it" and unit in {1, 8}:
        tens = tens[:-1]
    return (form | more)[code].format(t=tens, u=one)


def _french(ten: int, unit: int, one: str) -> str:
    if ten in {7, 9}:
        base = "soixante" if ten == 7 else "quatre-vingt"
        teen = TEENS["fr"].split()[unit]
        return f"{base} et {teen}" if (ten, unit) == (7, 1) else f"{base}-{teen}"
    if ten == 8:
        return f"quatre-vingt-{one}"
    tens = TENS["fr"].split()[ten - 2]
    return f"{tens} et un" if unit == 1 else f"{tens}-{one}"


def singly(digits: str, code: str, _: random.Random) -> str:
    return " ".join(DIGITS[code].split()[int(digit)] for digit in digits)


def in_fours(digits: str, code: str, chance: random.Random) -> str:
    return ", ".join(singly(digits[place : place + 4], code, chance) for place in range(0, len(digits), 4))


def in_pairs(digits: str, code: str, _: random.Random) -> str:
    words = []
    for place in range(0, len(digits), 2):
        pair = digits[place : place + 2]
        if pair[0] == "0":
            words += [below_hundred(int(digit), code) for digit in pair]
        else:
            words.append(below_hundred(int(pair), code))
    return " ".join(words)


def doubled(digits: str, code: str, _: random.Random) -> str:
    words, place = [], 0
    while place < len(digits):
        one = DIGITS[code].split()[int(digits[place])]
        if digits[place : place + 2] == digits[place] * 2:
            words.append(TWICE[code].format(one))
            place += 2
        else:
            words.append(one)
            place += 1
    return " ".join(words)


def corrected(digits: str, code: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(digits))
    wrong = DIGITS[code].split()[chance.randrange(10)]
    return f"{singly(digits[:place], code, chance)} {wrong}, {CORRECTED[code]} {singly(digits[place:], code, chance)}"


def written(digits: str, _: str, chance: random.Random) -> str:
    return chance.choice(
        [
            digits,
            " ".join(digits[place : place + 4] for place in range(0, len(digits), 4)),
            "-".join(digits),
            f"{digits[0]},{digits[1:4]} {digits[4:8]} {' '.join(digits[8:12])} {digits[12:]}",
            f"{digits[:4]}.{digits[4:8]}. {digits[8:10]} {digits[10:12]} {digits[12:]}",
        ]
    )


def mixed(digits: str, code: str, chance: random.Random) -> str:
    half = len(digits) // 2
    return f"{digits[:4]} {digits[4:half]} {singly(digits[half:], code, chance)}"


WAYS: Final[dict[str, Way]] = {
    "singly": singly,
    "in fours": in_fours,
    "in pairs": in_pairs,
    "doubled": doubled,
    "corrected": corrected,
    "written": written,
    "mixed": mixed,
}


def card_number(
    chance: random.Random, length: int = 16, first: Sequence[str] = ("4", "51", "55", "2221", "37", "6011")
) -> str:
    """A number that passes Luhn's check."""
    start = chance.choice(first)
    body = start + "".join(chance.choice("0123456789") for _ in range(length - len(start) - 1))
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 - place % 2)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


def over_sentences(digits: str, code: str, chance: random.Random) -> list[tuple[int, str]]:
    """Groups of four, each said back by the other party and confirmed."""
    lines = []
    for place in range(0, len(digits), 4):
        group = singly(digits[place : place + 4], code, chance).capitalize()
        lines += [(1, f"{group}."), (0, f"{group}?"), (1, YES[code])]
    return lines

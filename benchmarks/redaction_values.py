"""Secrets that could be somebody's: of the right length and form for the country, and with the right check digits.

Every rule is that of whoever gives the number out. The numbers are drawn at random; that one belongs to somebody cannot
be excluded, nor can it be known.
"""

import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from typing import Final

LETTERS: Final = string.ascii_uppercase


@dataclass(frozen=True, slots=True)
class Value:
    """A secret of letters and digits, in the groups in which the country writes it."""

    groups: tuple[str, ...]
    label: str = ""
    """The key of its name in the scripts' `ids`, where the entity is of many kinds."""
    joint: str = " "
    """What stands between the groups where it is written as on paper."""


def digits(chance: Random, count: int, first: str = string.digits) -> str:
    """Random digits."""
    return chance.choice(first) + "".join(chance.choices(string.digits, k=count - 1)) if count else ""


def letters(chance: Random, count: int, of: str = LETTERS) -> str:
    """Random letters."""
    return "".join(chance.choices(of, k=count))


def luhn(body: str) -> str:
    """The body with the digit of ISO/IEC 7812-1 behind it."""
    doubled = [int(digit) * (2 - index % 2) for index, digit in enumerate(reversed(body))]
    return body + str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def passes_luhn(number: str) -> bool:
    """Whether the last digit is that of ISO/IEC 7812-1."""
    return luhn(number[:-1]) == number


def cut(text: str, *lengths: int) -> tuple[str, ...]:
    """A text in groups of these lengths; what is left goes in groups of the last one."""
    groups, at = [], 0
    sizes = list(lengths)
    while at < len(text):
        size = sizes.pop(0) if len(sizes) > 1 else sizes[0]
        groups.append(text[at : at + size])
        at += size
    return tuple(groups)


def _weighted(text: str, weights: str | list[int]) -> int:
    return sum(int(digit) * int(weight) for digit, weight in zip(text, weights, strict=False))


def _until(chance: Random, make: Callable[[Random], str | None]) -> str:
    while (made := make(chance)) is None:
        pass
    return made


def card_number(chance: Random, _locale: str) -> Value:
    """Visa, Mastercard or American Express."""
    kind = chance.choice(("visa", "visa", "mastercard", "amex"))
    if kind == "amex":
        return Value(cut(luhn(chance.choice(("34", "37")) + digits(chance, 12)), 4, 6, 5))
    prefix = "4" if kind == "visa" else chance.choice(("51", "52", "53", "54", "55", "2221", "2720"))
    return Value(cut(luhn(prefix + digits(chance, 15 - len(prefix))), 4))


def cvv(chance: Random, _locale: str) -> Value:
    """Three digits."""
    return Value((digits(chance, 3),))


def pin(chance: Random, _locale: str) -> Value:
    """Four to six digits, and none that is a year."""
    count = chance.choice((4, 4, 4, 5, 6))
    return Value((digits(chance, count, "3456789"),))


def iban(chance: Random, country: str) -> Value:
    """ISO 13616, with the national check digits inside for France, Spain and Portugal."""
    body = _BBAN[country](chance)
    rearranged = "".join(str(int(char, 36)) for char in body + country + "00")
    return Value(cut(f"{country}{98 - int(rearranged) % 97:02}{body}", 4))


def _french(chance: Random) -> str:
    bank, office, account = digits(chance, 5), digits(chance, 5), digits(chance, 11)
    key = 97 - (89 * int(bank) + 15 * int(office) + 3 * int(account)) % 97
    return f"{bank}{office}{account}{key:02}"


def _spanish(chance: Random) -> str:
    def check(text: str) -> str:
        return str({10: 1, 11: 0}.get(rest := 11 - _weighted(text, [1, 2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11, rest))

    bank, account = digits(chance, 8), digits(chance, 10)
    return f"{bank}{check('00' + bank)}{check(account)}{account}"


def _portuguese(chance: Random) -> str:
    body = digits(chance, 19)
    return f"{body}{98 - int(body) * 100 % 97:02}"


_BBAN: Final[dict[str, Callable[[Random], str]]] = {
    "DE": lambda chance: digits(chance, 18, "123456789"),
    "FR": _french,
    "IT": lambda chance: letters(chance, 1) + digits(chance, 22),
    "ES": _spanish,
    "PT": _portuguese,
    "NL": lambda chance: chance.choice(("ABNA", "INGB", "RABO", "TRIO")) + digits(chance, 10, "0"),
    "NO": lambda chance: _eleven(chance, "5432765432", "123456789"),
    "PL": lambda chance: digits(chance, 24, "1"),
    "SE": lambda chance: chance.choice(("500", "600", "800")) + digits(chance, 17),
    "DK": lambda chance: digits(chance, 14),
    "GB": lambda chance: chance.choice(("NWBK", "BARC", "LOYD")) + digits(chance, 14),
}


def bank_account(chance: Random, locale: str) -> Value:
    """An IBAN where the country has them, or the form of the country's own."""
    country = locale.partition("-")[2]
    own = _ACCOUNTS.get(country)
    if own is not None and (country not in _BBAN or chance.random() < 0.4):
        return own(chance)
    return iban(chance, country)


def _clabe(chance: Random) -> Value:
    body = chance.choice(("002", "012", "014", "072")) + digits(chance, 14)
    return Value(
        cut(body + str(-sum(int(digit) * int("371"[i % 3]) % 10 for i, digit in enumerate(body)) % 10), 3, 3, 11, 1)
    )


_ACCOUNTS: Final[dict[str, Callable[[Random], Value]]] = {
    "US": lambda chance: Value(cut(digits(chance, chance.choice((9, 10, 12)), "123456789"), 3)),
    "AU": lambda chance: Value((digits(chance, 3, "0"), digits(chance, 3), *cut(digits(chance, 9), 3))),
    "GB": lambda chance: Value((*cut(digits(chance, 6), 2), *cut(digits(chance, 8), 4))),
    "MX": _clabe,
    "BR": lambda chance: Value((digits(chance, 4), digits(chance, 5), digits(chance, 1)), joint="-"),
    "NO": lambda chance: Value(cut(_eleven(chance, "5432765432", "123456789"), 4, 2, 5)),
    "SE": lambda chance: Value((digits(chance, 4, "3568"), *cut(digits(chance, 9), 3))),
    "DK": lambda chance: Value((digits(chance, 4, "123456789"), *cut(digits(chance, 10), 5))),
    "PL": lambda chance: Value(cut("".join(iban(chance, "PL").groups)[2:], 2, 4)),
}


def born(chance: Random) -> date:
    """A grown-up's date of birth."""
    return date(1941, 1, 1) + timedelta(days=chance.randrange(365 * 63))


def _nino(chance: Random) -> Value:
    prefix = chance.choice(("AB", "CE", "HJ", "JK", "PR", "SK", "WL"))
    return Value((prefix, *cut(digits(chance, 6), 2), chance.choice("ABCD")), "NINO")


def _identity_card(chance: Random) -> Value:
    body = chance.choice("LMPRTVWXY") + "".join(chance.choices("CFGHJKLMNPRTVWXYZ0123456789", k=8))
    return Value((body + str(sum(int(char, 36) * (7, 3, 1)[i % 3] for i, char in enumerate(body)) % 10),), "ID_CARD")


def _pension(chance: Random) -> Value:
    day = born(chance)
    letter, area = chance.choice(LETTERS), digits(chance, 2, "1246")
    body = f"{area}{day:%d%m%y}{ord(letter) - 64:02}{digits(chance, 2)}"
    products = [int(digit) * weight for digit, weight in zip(body, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)]
    check = sum(number // 10 + number % 10 for number in products) % 10
    return Value((area, f"{day:%d%m%y}", letter, body[-2:], str(check)), "SOCIAL")


def _german_tax(chance: Random) -> Value:
    """Ten digits of which one comes twice and one not at all, and one more (ISO 7064, mod 11, 10)."""
    some = chance.sample(string.digits, 9)
    some.append(chance.choice(some))
    chance.shuffle(some)
    while some[0] == "0" or any(a == b for a, b in pairwise(some)):
        chance.shuffle(some)
    product = 10
    for digit in some:
        total = (int(digit) + product) % 10 or 10
        product = total * 2 % 11
    return Value(cut("".join(some) + str((11 - product) % 10), 2, 3), "TAX")


def _german_health(chance: Random) -> Value:
    letter, body = chance.choice(LETTERS), digits(chance, 8)
    products = [int(digit) * weight for digit, weight in zip(f"{ord(letter) - 64:02}{body}", (1, 2) * 5, strict=True)]
    return Value((f"{letter}{body}{sum(n // 10 + n % 10 for n in products) % 10}",), "HEALTH")


def _nir(chance: Random) -> Value:
    day = born(chance)
    body = f"{chance.choice('12')}{day:%y%m}{chance.randint(1, 95):02}{digits(chance, 6)}"
    return Value((body[0], *cut(body[1:7], 2), *cut(body[7:], 3), f"{97 - int(body) % 97:02}"), "NIR")


def _codice_fiscale(chance: Random) -> Value:
    day = born(chance)
    consonants = "BCDFGLMNPRSTVZ"
    body = (
        letters(chance, 6, consonants)
        + f"{day:%y}{'ABCDEHLMPRST'[day.month - 1]}{day.day + chance.choice((0, 40)):02}"
        + chance.choice("ABFHL") + digits(chance, 3)
    )  # fmt: skip
    odd = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
    total = 0
    for index, char in enumerate(body):
        number = int(char) if char.isdigit() else ord(char) - 65
        total += number if index % 2 else odd[number]
    return Value(cut(body + LETTERS[total % 26], 3, 3, 5, 5), "CF")


def _dni(chance: Random) -> Value:
    body = digits(chance, 8, "1234567")
    return Value((body, "TRWAGMYFPDXBNJZSQVHLCKE"[int(body) % 23]), "DNI", "")


def _nie(chance: Random) -> Value:
    first, body = chance.choice("XYZ"), digits(chance, 7)
    return Value((first, body, "TRWAGMYFPDXBNJZSQVHLCKE"[int(str("XYZ".index(first)) + body) % 23]), "NIE", "-")


def _cif(chance: Random) -> Value:
    body = digits(chance, 7)
    return Value((chance.choice("AB") + luhn(body),), "CIF")


def _curp(chance: Random) -> Value:
    day = born(chance)
    body = (
        f"{letters(chance, 1)}{letters(chance, 1, 'AEIOU')}{letters(chance, 2)}{day:%y%m%d}{chance.choice('HM')}"
        f"{chance.choice(('DF', 'JC', 'NL', 'PL'))}{letters(chance, 3, 'BCDFGLMNPRSTVZ')}0"
    )
    symbols = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    check = -sum(symbols.index(char) * (18 - index) for index, char in enumerate(body)) % 10
    return Value(cut(body + str(check), 4, 6, 6, 2), "CURP")


def _rfc(chance: Random) -> Value:
    body = f"{letters(chance, 4)}{born(chance):%y%m%d}{letters(chance, 1)}{digits(chance, 1)}"
    symbols = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ Ñ"
    rest = sum(symbols.index(char) * (13 - index) for index, char in enumerate(body)) % 11
    return Value(cut(body + ("0" if rest == 0 else "A" if rest == 1 else str(11 - rest)), 4, 6, 3), "RFC")


def _mod11(body: str, weights: str | list[int]) -> str:
    """With the digit 11 less the rest, and 0 for 10 and 11."""
    rest = 11 - _weighted(body, weights) % 11
    return body + str(rest if rest < 10 else 0)


def _cpf(chance: Random) -> Value:
    body = _mod11(digits(chance, 9), [10, 9, 8, 7, 6, 5, 4, 3, 2])
    body = _mod11(body, [11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
    return Value(cut(body, 3, 3, 3, 2), "CPF", ".")


def _cnpj(chance: Random) -> Value:
    weights = [5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]
    body = _mod11(_mod11(digits(chance, 8) + "0001", weights), [6, *weights])
    return Value(cut(body, 2, 3, 3, 4, 2), "CNPJ", ".")


def _citizen_card(chance: Random) -> Value:
    """Eight digits, one more of check, a version of two characters, and a digit by Luhn over letters as 10 to 35."""
    body = _mod11(digits(chance, 8, "1")[:8], [9, 8, 7, 6, 5, 4, 3, 2]) + chance.choice("ZYX") + chance.choice("ZYXWV")
    values = [int(char, 36) * (2 - index % 2) for index, char in enumerate(reversed(body))]
    total = sum(value - 9 if index % 2 == 0 and value > 9 else value for index, value in enumerate(values))
    return Value((body[:8], body[8], body[9:] + str(-total % 10)), "CC")


def _bsn(chance: Random) -> str:
    def attempt(chance: Random) -> str | None:
        body = digits(chance, 8, "123")
        check = _weighted(body, "98765432") % 11
        return f"{body}{check}" if check < 10 else None

    return _until(chance, attempt)


def _pesel(chance: Random) -> Value:
    day = born(chance)
    month = day.month + (20 if day.year >= 2000 else 0)
    body = f"{day:%y}{month:02}{day:%d}{digits(chance, 4)}"
    return Value((body + str(-_weighted(body, "1379137913") % 10),), "PESEL")


def _dowod(chance: Random) -> Value:
    prefix, rest = "A" + letters(chance, 2), digits(chance, 5)
    values = [int(char, 36) for char in prefix] + [int(digit) for digit in rest]
    return Value(
        (prefix, f"{sum(v * w for v, w in zip(values, (7, 3, 1, 7, 3, 1, 7, 3), strict=True)) % 10}{rest}"), "DOWOD"
    )


def _nip(chance: Random) -> Value:
    def attempt(chance: Random) -> str | None:
        body = digits(chance, 9, "56789")
        check = _weighted(body, "657234567") % 11
        return f"{body}{check}" if check < 10 else None

    return Value(cut(_until(chance, attempt), 3, 3, 2), "NIP", "-")


def _personnummer(chance: Random) -> Value:
    whole = luhn(f"{born(chance):%y%m%d}{digits(chance, 3)}")
    return Value(cut(whole, 6, 4), "PNR", "-")


def _foedselsnummer(chance: Random) -> Value:
    def attempt(chance: Random) -> str | None:
        day = born(chance)
        body = f"{day:%d%m%y}{digits(chance, 3, '01234' if day.year < 2000 else '56789')}"
        first = -_weighted(body, "376189452") % 11
        second = -_weighted(f"{body}{first}", "5432765432") % 11
        return f"{body}{first}{second}" if max(first, second) < 10 else None

    return Value(cut(_until(chance, attempt), 6, 5), "FNR")


def _cpr(chance: Random) -> Value:
    """With the check digit that numbers had until 2007."""

    def attempt(chance: Random) -> str | None:
        day = born(chance)
        body = f"{day:%d%m%y}{digits(chance, 3, '0123' if day.year < 2000 else '4')}"
        check = -_weighted(body, "432765432") % 11
        return f"{body}{check}" if check < 10 else None

    return Value(cut(_until(chance, attempt), 6, 4), "CPR", "-")


def _eleven(chance: Random, weights: str | list[int], first: str = string.digits) -> str:
    """Digits, and the one that makes the weighted sum a multiple of eleven."""

    def attempt(chance: Random) -> str | None:
        body = digits(chance, len(weights), first)
        check = -_weighted(body, weights) % 11
        return f"{body}{check}" if check < 10 else None

    return _until(chance, attempt)


def _tfn(chance: Random) -> Value:
    def attempt(chance: Random) -> str | None:
        whole = digits(chance, 9, "123456789")
        return whole if _weighted(whole, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 == 0 else None

    return Value(cut(_until(chance, attempt), 3), "TFN")


def _medicare(chance: Random) -> Value:
    body = digits(chance, 8, "23456")
    return Value(cut(f"{body}{_weighted(body, '13791379') % 10}1", 4, 5, 1), "MEDICARE")


def _sus(chance: Random) -> Value:
    def attempt(chance: Random) -> str | None:
        whole = digits(chance, 15, "789")
        return whole if _weighted(whole, list(range(15, 0, -1))) % 11 == 0 else None

    return Value(cut(_until(chance, attempt), 3, 4), "CNS")


def _european_card(issuer: str, label: str) -> Callable[[Random], Value]:
    return lambda chance: Value(cut(issuer + digits(chance, 20 - len(issuer)), 5), label)


def _ssn(chance: Random) -> Value:
    area = chance.choice([number for number in range(1, 900) if number != 666])
    return Value((f"{area:03}", f"{chance.randint(1, 99):02}", f"{chance.randint(1, 9999):04}"), "SSN", "-")


def _utr(chance: Random) -> Value:
    body = digits(chance, 9)
    return Value(cut("21987654321"[_weighted(body, [6, 7, 8, 9, 10, 5, 4, 3, 2]) % 11] + body, 5), "UTR")


def _spi(chance: Random) -> Value:
    body = digits(chance, 10, "0123")
    return Value(cut(f"{body}{int(body) % 511:03}", 2, 2, 3), "SPI")


def _clinic(chance: Random) -> Value:
    province, year = chance.choice(("08", "28", "41", "46")), digits(chance, 8)
    return Value((province, year, f"{int(province + year) % 97:02}"), "NSS")


Make = Callable[[Random], Value]

NATIONAL_IDS: Final[dict[str, list[Make]]] = {
    "US": [_ssn],
    "GB": [_nino],
    "AU": [lambda chance: Value((letters(chance, 2, "PRE"), digits(chance, 7)), "PASSPORT", "")],
    "DE": [_identity_card, _pension],
    "FR": [_nir],
    "IT": [lambda chance: Value(("CA", digits(chance, 5), letters(chance, 2)), "CI", "")],
    "ES": [_dni, _nie],
    "MX": [_curp],
    "BR": [lambda chance: Value(cut(digits(chance, 9), 2, 3, 3, 1), "RG", ".")],
    "PT": [_citizen_card],
    "NL": [lambda chance: Value(cut(_bsn(chance), 4, 2, 3), "BSN")],
    "NO": [_foedselsnummer],
    "PL": [_pesel, _dowod],
    "SE": [_personnummer],
    "DK": [_cpr],
}

TAX_IDS: Final[dict[str, list[Make]]] = {
    "US": [lambda chance: Value((f"{chance.choice((12, 20, 36, 46, 81))}", digits(chance, 7)), "EIN", "-")],
    "GB": [_utr],
    "AU": [_tfn],
    "DE": [_german_tax],
    "FR": [_spi, lambda chance: Value(cut(luhn(digits(chance, 8, "345")), 3), "SIREN")],
    "IT": [_codice_fiscale, lambda chance: Value((luhn(f"{digits(chance, 7)}{chance.randint(1, 95):03}"),), "IVA")],
    "ES": [_cif],
    "MX": [_rfc],
    "BR": [_cpf, _cnpj],
    "PT": [lambda chance: Value(cut(_mod11(digits(chance, 8, "12"), "98765432"), 3), "NIF")],
    "NL": [lambda chance: Value(("NL" + _bsn(chance), "B01"), "BTW", "")],
    "NO": [lambda chance: Value(cut(_eleven(chance, "32765432", "89"), 3), "ORG")],
    "PL": [_nip],
    "SE": [lambda chance: Value(cut(luhn("556" + digits(chance, 6)), 6, 4), "ORG", "-")],
    "DK": [lambda chance: Value(cut(_eleven(chance, "2765432", "1234"), 2), "CVR")],
}

HEALTH_NUMBERS: Final[dict[str, list[Make]]] = {
    "US": [lambda chance: Value((letters(chance, 3), *cut(digits(chance, 9), 3)), "MEMBER")],
    "GB": [lambda chance: Value(cut(_eleven(chance, [10, 9, 8, 7, 6, 5, 4, 3, 2], "49"), 3, 3, 4), "NHS")],
    "AU": [_medicare],
    "DE": [_german_health],
    "FR": [_nir],
    "IT": [_european_card("80380000", "TEAM")],
    "ES": [_clinic],
    "MX": [lambda chance: Value(cut(luhn(digits(chance, 10)), 2), "NSS")],
    "BR": [_sus],
    "PT": [lambda chance: Value(cut(digits(chance, 9, "123"), 3), "UTENTE")],
    "NL": [lambda chance: Value((digits(chance, 10, "123456789"),), "ZORG")],
    "NO": [_european_card("80578", "EHIC")],
    "PL": [_european_card("80616", "EKUZ")],
    "SE": [_european_card("80752", "EHIC")],
    "DK": [_european_card("80208", "EHIC")],
}


def _phone(*forms: str) -> Make:
    """A number by its form, in which # is any digit."""

    def make(chance: Random) -> Value:
        form = "".join(digits(chance, 1) if char == "#" else char for char in chance.choice(forms))
        return Value(tuple(form.split()))

    return make


PHONES: Final[dict[str, Make]] = {
    "US": _phone("212 555 01##", "415 555 01##", "303 555 01##", "617 555 01##"),
    "GB": _phone("07700 900 ###", "020 7946 0###", "0113 496 0###"),
    "AU": _phone("0491 570 ###", "02 5550 ####", "03 7010 ####"),
    "DE": _phone("030 23125 ###", "0171 39200 ##", "0221 4710 ###", "0160 55 66 ###"),
    "FR": _phone("01 99 00 ## ##", "06 39 98 ## ##", "04 65 71 ## ##"),
    "IT": _phone("347 ### ####", "06 #### ####", "02 ### ####"),
    "ES": _phone("612 ## ## ##", "911 ## ## ##", "6## ### ###"),
    "MX": _phone("55 #### ####", "33 #### ####", "81 #### ####"),
    "BR": _phone("11 9#### ####", "21 9#### ####", "41 3### ####"),
    "PT": _phone("912 ### ###", "21 ### ####", "966 ### ###"),
    "NL": _phone("06 ## ## ## ##", "020 ### ####", "030 ### ## ##"),
    "NO": _phone("4# ## ## ##", "9## ## ###", "22 ## ## ##"),
    "PL": _phone("5## ### ###", "22 ### ## ##", "6## ### ###"),
    "SE": _phone("070 ### ## ##", "08 ### ## ##", "073 ### ## ##"),
    "DK": _phone("2# ## ## ##", "4# ## ## ##", "30 ## ## ##"),
}


def _plate(form: str, joint: str = " ") -> Make:
    """A plate by its form: @ is any letter, # any digit."""

    def make(chance: Random) -> Value:
        one = {"@": lambda: letters(chance, 1, "ABCDEFGHJKLMNPRSTVWXYZ"), "#": lambda: digits(chance, 1)}
        filled = "".join(one[char]() if char in one else char for char in form)
        return Value(tuple(filled.split()), joint=joint)

    return make


PLATES: Final[dict[str, Make]] = {
    "US": _plate("#@@@ ###", ""),
    "GB": _plate("LK## @@@"),
    "AU": _plate("@@@ ##@"),
    "DE": _plate("K @@ ####"),
    "FR": _plate("@@ ### @@", "-"),
    "IT": _plate("G@ ### @@"),
    "ES": _plate("#### @@@"),
    "MX": _plate("@@@ ## ##", "-"),
    "BR": _plate("@@@ #@##", ""),
    "PT": _plate("## @@ ##", "-"),
    "NL": _plate("## @@@ #", "-"),
    "NO": _plate("@@ #####"),
    "PL": _plate("KR ####@"),
    "SE": _plate("@@@ ###"),
    "DK": _plate("@@ ## ###"),
}

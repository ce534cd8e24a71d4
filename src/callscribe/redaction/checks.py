"""Check digits: whether a number can be what it is said to be.

Every function takes the characters alone, capitals, without spaces; each names its rule. Dates inside of numbers are
looked at as far as day and month go.
"""

from collections.abc import Callable, Sequence
from typing import Final


def _sum(digits: str, weights: Sequence[int]) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=False))


def luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return digits.isdigit() and total % 10 == 0


def card(digits: str) -> bool:
    """12 to 19 digits of an issuer that exists (major industry 2 to 6), and Luhn's check."""
    return digits.isdigit() and 12 <= len(digits) <= 19 and digits[0] in "23456" and luhn(digits)


def iban(text: str) -> bool:
    """ISO 13616: remainder 1 by 97, the first four characters last."""
    if not (15 <= len(text) <= 34 and text[:2].isalpha() and text[2:4].isdigit() and text.isalnum() and text.isascii()):
        return False
    moved = text[4:] + text[:4]
    return int("".join(str(int(each, 36)) for each in moved)) % 97 == 1


def _day_month(day: str, month: str) -> bool:
    return 1 <= int(day) <= 31 and 1 <= int(month) <= 12


def ssn(digits: str) -> bool:
    """US social security number: no area 000, 666 or from 900 on, no group 00, no serial 0000."""
    return (
        _is(digits, 9)
        and digits[:3] not in ("000", "666")
        and digits[0] != "9"
        and digits[3:5] != "00"
        and digits[5:] != "0000"
    )


def _is(digits: str, *lengths: int) -> bool:
    return digits.isdigit() and digits.isascii() and len(digits) in lengths and len(set(digits)) > 1


def aba(digits: str) -> bool:
    """US routing number: weights 3, 7, 1."""
    return _is(digits, 9) and _sum(digits, (3, 7, 1) * 3) % 10 == 0 and digits[:2] <= "32"


def nino(text: str) -> bool:
    """UK national insurance number: two letters, six digits, A to D."""
    return (
        len(text) == 9
        and text[:2].isalpha()
        and text[2:8].isdigit()
        and text[8] in "ABCD"
        and text[0] not in "DFIQUV"
        and text[1] not in "DFIOQUV"
    )


def nhs(digits: str) -> bool:
    """UK NHS number: 10 digits, remainder by 11."""
    return _is(digits, 10) and _sum(digits, range(10, 0, -1)) % 11 == 0


def utr(digits: str) -> bool:
    """UK unique taxpayer reference: the first of 10 digits checks the rest."""
    return _is(digits, 10) and "21987654321"[_sum(digits[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11] == digits[0]


def tfn(digits: str) -> bool:
    """Australian tax file number: 8 or 9 digits, remainder by 11."""
    ways = ((1, 4, 3, 7, 5, 8, 6, 9, 10), (10, 7, 8, 4, 6, 3, 5, 1))
    return _is(digits, 8, 9) and any(_sum(digits, weights) % 11 == 0 for weights in ways[len(digits) - 9 :])


def abn(digits: str) -> bool:
    """Australian business number: 11 digits, remainder by 89 once the first is one less."""
    if not _is(digits, 11) or digits[0] == "0":
        return False
    return (_sum(digits, (10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19)) - 10) % 89 == 0


def medicare(digits: str) -> bool:
    """Australian Medicare number: 10 or 11 digits, the ninth checks the first eight."""
    return (
        _is(digits, 10, 11)
        and digits[0] in "23456"
        and _sum(digits[:8], (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(digits[8])
    )


def steuer_id(digits: str) -> bool:
    """German tax identification number: ISO 7064 mod 11,10."""
    return _is(digits, 11) and digits[0] != "0" and _mod_11_10(digits)


def _mod_11_10(digits: str) -> bool:
    check = 5
    for digit in digits:
        check = (((check or 10) * 2) % 11 + int(digit)) % 10
    return check == 1


def kvnr(text: str) -> bool:
    """German health insurance number: a letter and nine digits, the last by Luhn's way with weights 1 and 2."""
    if len(text) != 10 or not text[0].isalpha() or not text[0].isascii() or not text[1:].isdigit():
        return False
    digits = f"{ord(text[0]) - 64:02d}{text[1:9]}"
    total = 0
    for place, digit in enumerate(digits):
        value = int(digit) * (1 + place % 2)
        total += value // 10 + value % 10
    return total % 10 == int(text[9])


def rvnr(text: str) -> bool:
    """German pension insurance number: two digits of the area, date of birth, letter, serial, check digit."""
    if len(text) != 12 or not text[8].isalpha() or not (text[:8] + text[9:]).isdigit():
        return False
    digits = f"{text[:8]}{ord(text[8]) - 64:02d}{text[9:11]}"
    total = 0
    for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True):
        value = int(digit) * weight
        total += value // 10 + value % 10
    return total % 10 == int(text[11])


def personalausweis(text: str) -> bool:
    """German identity card or passport: nine characters and a check digit, weights 7, 3, 1."""
    if len(text) != 10 or not text.isalnum() or not text.isascii() or not text[9].isdigit() or text.isdigit():
        return False
    if text[0] not in "CFGHJKLMNPRTVWXYZ":
        return False
    return sum(int(each, 36) * weight for each, weight in zip(text[:9], (7, 3, 1) * 3, strict=True)) % 10 == int(
        text[9]
    )


def svnr(digits: str) -> bool:
    """Austrian social security number: the fourth of 10 digits checks the rest; the last six are a date."""
    if not _is(digits, 10) or digits[0] == "0" or not 1 <= int(digits[4:6]) <= 31 or int(digits[6:8]) > 15:
        return False
    return _sum(digits, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(digits[3])


def ahv(digits: str) -> bool:
    """Swiss AHV number: 756 and EAN-13."""
    return _is(digits, 13) and digits.startswith("756") and _sum(digits, (1, 3) * 6 + (1,)) % 10 == 0


def uid(text: str) -> bool:
    """Swiss enterprise number: CHE and nine digits, remainder by 11."""
    digits = text.removeprefix("CHE")
    if len(text) == len(digits) or not _is(digits, 9):
        return False
    return (11 - _sum(digits[:8], (5, 4, 3, 2, 7, 6, 5, 4)) % 11) % 11 == int(digits[8])


def nir(text: str) -> bool:
    """French social security number: 13 characters and their remainder by 97; 2A and 2B are Corsica."""
    if len(text) != 15 or text[0] not in "12378":
        return False
    digits = text.replace("2A", "19").replace("2B", "18")
    return digits.isdigit() and 97 - int(digits[:13]) % 97 == int(digits[13:])


def spi(digits: str) -> bool:
    """French tax number: 13 digits, the last three the remainder of the first ten by 511."""
    return _is(digits, 13) and digits[0] in "0123" and int(digits[:10]) % 511 == int(digits[10:])


def siret(digits: str) -> bool:
    """French SIREN and SIRET: Luhn's check."""
    return _is(digits, 9, 14) and luhn(digits) and luhn(digits[:9])


_ODD: Final = dict(
    zip(
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (1, 0, 5, 7, 9, 13, 15, 17, 19, 21) * 2 + (2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
        strict=True,
    )
)


def codice_fiscale(text: str) -> bool:
    """Italian tax code of a person: 16 characters, the last a check letter."""
    if len(text) != 16 or not (text.isalnum() and text.isascii() and text[:6].isalpha() and text[15].isalpha()):
        return False
    total = sum(
        _ODD[each] if place % 2 == 0 else int(each, 36) - (10 if each.isalpha() else 0)
        for place, each in enumerate(text[:15])
    )
    return chr(65 + total % 26) == text[15]


def partita_iva(digits: str) -> bool:
    """Italian VAT number: 11 digits, Luhn's check."""
    return _is(digits, 11) and luhn(digits) and digits[:7] != "0000000"


def dni(text: str) -> bool:
    """Spanish DNI and NIE: the letter by the remainder by 23."""
    if len(text) != 9 or not text[8].isalpha():
        return False
    digits = str("XYZ".index(text[0])) + text[1:8] if text[0] in "XYZ" else text[:8]
    return digits.isdigit() and "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == text[8]


def cif(text: str) -> bool:
    """Spanish CIF: a letter, seven digits, a check digit or letter."""
    if len(text) != 9 or text[0] not in "ABCDEFGHJNPQRSUVW" or not text[1:8].isdigit():
        return False
    total = sum(int(each) for each in text[2:8:2]) + sum(
        int(each) * 2 // 10 + int(each) * 2 % 10 for each in text[1:8:2]
    )
    check = (10 - total % 10) % 10
    return text[8] in (str(check), "JABCDEFGHI"[check])


def curp(text: str) -> bool:
    """Mexican CURP: 18 characters, the last a check digit."""
    if len(text) != 18 or not (
        text[:4].isalpha() and text[4:10].isdigit() and text[10] in "HMX" and text[17].isdigit()
    ):
        return False
    letters = "0123456789ABCDEFGHIJKLMNÑOPQRSTUVWXYZ"
    if any(each not in letters for each in text):
        return False
    total = sum(letters.index(each) * (18 - place) for place, each in enumerate(text[:17]))
    return (10 - total % 10) % 10 == int(text[17])


def rfc(text: str) -> bool:
    """Mexican RFC by its form: three or four letters, a date, three characters."""
    body = text[3:] if len(text) == 12 else text[4:]
    return (
        len(text) in (12, 13)
        and text[: len(text) - 9].replace("&", "A").isalpha()
        and body[:6].isdigit()
        and _day_month(body[4:6], body[2:4])
        and body[6:].isalnum()
    )


def nss(digits: str) -> bool:
    """Mexican social security number: 11 digits, Luhn's check."""
    return _is(digits, 11) and luhn(digits)


def clabe(digits: str) -> bool:
    """Mexican bank account: 18 digits, weights 3, 7, 1."""
    if not _is(digits, 18):
        return False
    total = sum(int(each) * weight % 10 for each, weight in zip(digits[:17], (3, 7, 1) * 6, strict=False))
    return (10 - total % 10) % 10 == int(digits[17])


def nif_pt(digits: str) -> bool:
    """Portuguese NIF: 9 digits, remainder by 11."""
    if not _is(digits, 9) or digits[0] == "0":
        return False
    check = 11 - _sum(digits[:8], range(9, 1, -1)) % 11
    return (0 if check >= 10 else check) == int(digits[8])


def cartao_cidadao(text: str) -> bool:
    """Portuguese citizen card: 9 digits, two characters, a digit; Luhn's way over base 36."""
    if len(text) != 12 or not (text[:9].isdigit() and text[9:11].isalnum() and text[11].isdigit() and text.isascii()):
        return False
    if not text[9].isalpha():
        return False
    total = 0
    for place, each in enumerate(reversed(text)):
        value = int(each, 36) * (1 + place % 2)
        total += value - 9 if place % 2 and value > 9 else value
    return total % 10 == 0


def cpf(digits: str) -> bool:
    """Brazilian CPF: 11 digits, two check digits."""
    if not _is(digits, 11):
        return False
    first = _sum(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = _sum(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    return digits[9:] == f"{first}{second}"


def cnpj(digits: str) -> bool:
    """Brazilian CNPJ: 14 digits, two check digits."""
    if not _is(digits, 14):
        return False
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = _sum(digits[:12], weights[1:]) % 11
    second = _sum(digits[:13], weights) % 11
    return digits[12:] == f"{0 if first < 2 else 11 - first}{0 if second < 2 else 11 - second}"


def cns(digits: str) -> bool:
    """Brazilian national health card: 15 digits, remainder by 11."""
    return _is(digits, 15) and digits[0] in "12789" and _sum(digits, range(15, 0, -1)) % 11 == 0


def bsn(digits: str) -> bool:
    """Dutch BSN: 9 digits, the eleven test with a last weight of -1."""
    return _is(digits, 9) and _sum(digits, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def btw_nl(text: str) -> bool:
    """Dutch VAT number: NL, nine digits, B, two digits."""
    body = text.removeprefix("NL")
    return len(body) == 12 and body[:9].isdigit() and body[9] == "B" and body[10:].isdigit()


def rijksregister(digits: str) -> bool:
    """Belgian national number: 11 digits, the last two are 97 less the remainder; 2 before those born from 2000."""
    if not _is(digits, 11) or int(digits[2:4]) % 20 > 12:
        return False
    return int(digits[9:]) in (97 - int(digits[:9]) % 97, 97 - int("2" + digits[:9]) % 97)


def onderneming(digits: str) -> bool:
    """Belgian enterprise number: 10 digits, the last two are 97 less the remainder."""
    return _is(digits, 10) and digits[0] in "01" and 97 - int(digits[:8]) % 97 == int(digits[8:])


def fodselsnummer(digits: str) -> bool:
    """Norwegian national number: a date, five digits, two of which check."""
    if not _is(digits, 11) or not _day_month(str(int(digits[:2]) % 40), str(int(digits[2:4]) % 40)):
        return False
    return (
        _sum(digits, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11 == 0
        and _sum(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0
    )


def orgnr_no(digits: str) -> bool:
    """Norwegian organisation number: 9 digits, remainder by 11."""
    return _is(digits, 9) and _sum(digits, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def konto_no(digits: str) -> bool:
    """Norwegian bank account: 11 digits, remainder by 11."""
    return _is(digits, 11) and _sum(digits, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def pesel(digits: str) -> bool:
    """Polish PESEL: 11 digits with a date, weights 1, 3, 7, 9."""
    if not _is(digits, 11) or not _day_month(digits[4:6], str(int(digits[2:4]) % 20)):
        return False
    return _sum(digits, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def nip(digits: str) -> bool:
    """Polish NIP: 10 digits, remainder by 11."""
    return _is(digits, 10) and _sum(digits[:9], (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(digits[9])


def regon(digits: str) -> bool:
    """Polish REGON: 9 digits, remainder by 11."""
    return _is(digits, 9) and _sum(digits[:8], (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10 == int(digits[8])


def dowod(text: str) -> bool:
    """Polish identity card: three letters and six digits, the first of which checks."""
    if len(text) != 9 or not (text[:3].isalpha() and text[:3].isascii() and text[3:].isdigit()):
        return False
    weights = (7, 3, 1, 9, 7, 3, 1, 7, 3)
    return sum(int(each, 36) * weight for each, weight in zip(text, weights, strict=True)) % 10 == 0


def personnummer(digits: str) -> bool:
    """Swedish personal number: a date, four digits, Luhn's check over the last ten; day 61 and on coordinates."""
    short = digits[-10:]
    if not _is(digits, 10, 12) or (len(digits) == 12 and digits[:2] not in ("18", "19", "20")):
        return False
    return _day_month(str(int(short[4:6]) % 60), short[2:4]) and luhn(short)


def orgnr_se(digits: str) -> bool:
    """Swedish organisation number: 10 digits, the third of them from 2 on, Luhn's check."""
    return _is(digits, 10) and digits[2] >= "2" and luhn(digits)


def cpr(digits: str) -> bool:
    """Danish CPR number: a date and four digits. Its check has not held for all since 2007, so it is not asked."""
    return _is(digits, 10) and _day_month(digits[:2], digits[2:4])


def cvr(digits: str) -> bool:
    """Danish CVR number: 8 digits, remainder by 11."""
    return _is(digits, 8) and digits[0] != "0" and _sum(digits, (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


Check = Callable[[str], bool]

NATIONAL: Final[dict[str, tuple[Check, ...]]] = {
    "US": (ssn,),
    "GB": (nino,),
    "AU": (),
    "DE": (personalausweis, rvnr),
    "AT": (svnr,),
    "CH": (ahv,),
    "FR": (nir,),
    "IT": (codice_fiscale,),
    "ES": (dni,),
    "MX": (curp, nss),
    "PT": (cartao_cidadao,),
    "BR": (),
    "NL": (bsn,),
    "BE": (rijksregister,),
    "NO": (fodselsnummer,),
    "PL": (pesel, dowod),
    "SE": (personnummer,),
    "DK": (cpr,),
}
"""Personal numbers by country."""

TAX: Final[dict[str, tuple[Check, ...]]] = {
    "US": (),
    "GB": (utr,),
    "AU": (tfn, abn),
    "DE": (steuer_id,),
    "CH": (uid,),
    "FR": (spi, siret),
    "IT": (partita_iva,),
    "ES": (cif,),
    "MX": (rfc,),
    "PT": (nif_pt,),
    "BR": (cpf, cnpj),
    "NL": (btw_nl,),
    "BE": (onderneming,),
    "NO": (orgnr_no,),
    "PL": (nip, regon),
    "SE": (orgnr_se,),
    "DK": (cvr,),
}
"""Tax numbers by country."""

HEALTH: Final[dict[str, tuple[Check, ...]]] = {
    "GB": (nhs,),
    "AU": (medicare,),
    "DE": (kvnr,),
    "BR": (cns,),
    "FR": (nir,),
    "AT": (svnr,),
}
"""Numbers of health insurance by country."""

BANK: Final[dict[str, tuple[Check, ...]]] = {"US": (aba,), "MX": (clabe,), "NO": (konto_no,)}
"""Bank accounts by country, where they have a check of their own and are not rather IBANs."""

TELLING: Final[frozenset[Check]] = frozenset(
    {
        codice_fiscale,
        curp,
        dni,
        nir,
        ahv,
        cpf,
        cnpj,
        fodselsnummer,
        nino,
        kvnr,
        rvnr,
        rijksregister,
        spi,
        clabe,
        cns,
        pesel,
    }
    | {btw_nl, uid, cartao_cidadao, steuer_id, personnummer, personalausweis, dowod, cif, bsn, nhs, rfc}
)
"""Checks that few numbers pass by chance, or whose form says enough: they are believed without an announcement."""

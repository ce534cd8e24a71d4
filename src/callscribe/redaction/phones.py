"""Telephone numbers by the numbering plans of the countries where a language is spoken."""

from collections.abc import Sequence
from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=1 << 12)
def is_phone_number(digits: str, regions: Sequence[str]) -> bool:
    """Whether digits are a number that can be dialled in one of the regions, or with a country's code from anywhere.

    Lengths and leading digits are looked at (https://github.com/google/libphonenumber), not whether anybody has it.
    """
    if not 7 <= len(digits) <= 15:
        return False
    if any(_valid(digits, region) for region in regions):
        return True
    return digits.startswith("00") and _valid(f"+{digits[2:]}", None)


def is_international(digits: str) -> bool:
    """Whether digits are a number with a country's code, as it is said behind `plus`."""
    return 8 <= len(digits) <= 15 and _valid(f"+{digits}", None)


def _valid(digits: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(digits, region))
    except phonenumbers.NumberParseException:
        return False

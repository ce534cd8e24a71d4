"""Vehicle plates by the form that they have in a country."""

import re
from collections.abc import Collection
from typing import Final

_FORMS: Final = {
    "GB": r"[A-Z]{2}\d{2}[A-Z]{3}",
    "FR": r"[A-Z]{2}\d{3}[A-Z]{2}",
    "IT": r"[A-Z]{2}\d{3}[A-Z]{2}",
    "ES": r"\d{4}[BCDFGHJKLMNPRSTVWXYZ]{3}",
    "PT": r"[A-Z]{2}\d{2}[A-Z]{2}|\d{2}[A-Z]{2}\d{2}",
    "BR": r"[A-Z]{3}\d[A-Z\d]\d{2}",
    "NL": r"[A-Z]{2}\d{3}[A-Z]|[A-Z]\d{3}[A-Z]{2}|\d{1,2}[A-Z]{3}\d{1,2}|[A-Z]{2}\d{2}[A-Z]{2}|\d[A-Z]{3}\d{2}",
    "SE": r"[A-Z]{3}\d{2}[A-Z\d]",
    "DK": r"[A-Z]{2}\d{5}",
    "NO": r"[A-Z]{2}\d{5}",
    "BE": r"[1-9][A-Z]{3}\d{3}",
    "MX": r"[A-Z]{3}\d{3}[A-Z]|[A-Z]{3}\d{4}",
    "US": r"\d[A-Z]{3}\d{3}",
    "DE": r"[A-ZÄÖÜ]{3,5}\d{3,4}",
    "PL": r"[A-Z]{2,3}\d{4,5}|[A-Z]{2}\d{4}[A-Z]",
}
"""What few other numbers look like; there are more plates than these, which are found where they are announced."""

_COMPILED: Final = {country: re.compile(form) for country, form in _FORMS.items()}


def is_plate(text: str, regions: Collection[str]) -> bool:
    """Whether letters and digits have the form of a plate in one of the countries."""
    return any(region in _COMPILED and _COMPILED[region].fullmatch(text) is not None for region in regions)

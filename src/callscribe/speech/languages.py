"""Languages: the locales of the API, and their codes."""

from collections.abc import Collection
from typing import Final

MULTI: Final = "multi"
"""What a configuration says to have the language detected."""

LOCALES: Final = (
    "en-US",
    "en-GB",
    "en-AU",
    "de-DE",
    "fr-FR",
    "it-IT",
    "es-ES",
    "es-MX",
    "es-US",
    "pt-BR",
    "pt-PT",
    "nl-NL",
    "no-NO",
    "pl-PL",
    "sv-SE",
    "da-DK",
)
"""The locales of Twilio's Batch Transcription. Of each language, the first is the one that detection reports."""

ENGLISH: Final = tuple(locale for locale in LOCALES if locale.startswith("en-"))

LANGUAGE_CODES: Final = tuple(dict.fromkeys(locale.partition("-")[0] for locale in LOCALES))
"""ISO 639-1 codes of everything that a locale can ask for."""


def language_code(locale: str | None) -> str | None:
    """The ISO 639-1 code for a locale (`en-GB` is `en`), None for `multi` and None: to be detected."""
    return None if locale in (None, MULTI) else locale.partition("-")[0].lower()


def locale_of(code: str, among: Collection[str] = ()) -> str:
    """The locale for a detected code: one of `among` where it fits, else the language's first, else the code itself."""
    for locale in (*among, *LOCALES):
        if language_code(locale) == code:
            return locale
    return code


def locale_named(name: str) -> str:
    """The locale that a person means: in any case, with - or _; of a language alone (`en`) the first, else as it is."""
    plain = name.replace("_", "-").lower()
    return next((each for each in (*LOCALES, MULTI) if each.lower() == plain), locale_of(plain))

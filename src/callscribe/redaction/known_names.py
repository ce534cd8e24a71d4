"""First and last names that people have in the languages' countries, from Faker's lists (MIT).

Only its tables are read: nothing of it is generated or sent.
"""

from functools import cache
from importlib import import_module
from typing import Final

from callscribe.redaction.languages import CODES, folded, language_of

_LOCALES: Final = {
    "en": ("en_US", "en_GB", "en_NZ", "en"),
    "de": ("de_DE", "de_AT", "de_CH"),
    "fr": ("fr_FR", "fr_BE", "fr_CH"),
    "it": ("it_IT",),
    "es": ("es_ES", "es_MX"),
    "pt": ("pt_BR", "pt_PT"),
    "nl": ("nl_NL", "nl_BE"),
    "no": ("no_NO",),
    "pl": ("pl_PL",),
    "sv": ("sv_SE",),
    "da": ("da_DK",),
}


@cache
def _table(code: str, kind: str) -> frozenset[str]:
    found: set[str] = set()
    for locale in _LOCALES[code]:
        provider = import_module(f"faker.providers.person.{locale}").Provider
        for name in getattr(provider, kind, ()):
            found.update(folded(part) for part in name.replace("-", " ").split() if len(part) > 1)
    return frozenset(found)


@cache
def _common() -> frozenset[str]:
    """Words of our own lists, which are none of the names meant, and names that are other words."""
    words = set(language_of("en").single("also_words"))
    for code in CODES:
        language = language_of(code)
        for name in ("soft", "stop", "not_name", "month", "units", "copula", "none", "flat", "street", "title"):
            words.update(language.single(name))
        words.update(language.small_words())
    return frozenset(words)


def is_first_name(word: str, code: str) -> bool:
    """Whether a folded word is a first name in a language, and hardly anything else."""
    return word in _table(code, "first_names") and word not in _common()


def is_name(word: str, code: str) -> bool:
    """Whether a folded word is a first or last name in a language, also one that is another word."""
    return word in _table(code, "first_names") or word in _table(code, "last_names")


def is_common(word: str) -> bool:
    """Whether a folded word is a word of its own, whoever may be called so."""
    return word in _common()

"""What `CALLSCRIBE_MODEL` says: a model for all languages, and others for single ones."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from callscribe.errors import SetupError
from callscribe.speech.languages import LANGUAGE_CODES, LOCALES, MULTI, language_code, locale_of

_FORM: Final = "The form is MODEL, or MODEL,LOCALE=MODEL,… such as base,sv-SE=kb-whisper-base"


@dataclass(frozen=True, slots=True)
class ServedModels:
    """Which model of the default engine serves a language. `by_locale` has those that have another than `default`."""

    default: str
    by_locale: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "ServedModels":
        """Read the setting.

        Raises:
            SetupError: it does not have the form, names no locale, or says something twice. The message says what.
        """
        defaults: list[str] = []
        named: dict[str, str] = {}
        for entry in filter(None, map(str.strip, text.split(","))):
            key, separator, model = (part.strip() for part in entry.partition("="))
            if not separator or "/" in key:  # a folder's path may have the sign in it
                defaults.append(entry)
            elif not model:
                raise SetupError(f"{entry!r} names no model. {_FORM}.")
            elif (known := _known(key)) in named:
                raise SetupError(f"{known} has two models, {named[known]} and {model}. It can have one.")
            else:
                named[known] = model
        if len(defaults) > 1:
            raise SetupError(f"{' and '.join(defaults)} are both for all languages. {_FORM}.")
        if not defaults:
            raise SetupError(f"There is no model for the other languages. {_FORM}.")
        by_locale = {
            locale: model
            for locale in LOCALES
            if (model := named.get(locale) or named.get(str(language_code(locale)), defaults[0])) != defaults[0]
        }
        return cls(defaults[0], by_locale)

    def serving(self, language: str | None) -> str:
        """The model for a locale. That for all also tells what is spoken, where it is None or `multi`."""
        return self.by_locale.get(language or MULTI, self.default)

    def serving_detected(self, code: str) -> str:
        """The model for a language that was detected, by its ISO 639-1 code: that of the locale it is reported as."""
        return self.serving(locale_of(code))

    def others(self, model: str, language: str) -> dict[str, str]:
        """The models beside `model`, which serves a locale or `multi`, for what a recording turns out to be in.

        By ISO 639-1 code; under `multi` the one that says what is spoken.
        """
        detected = {MULTI: self.default} | {code: self.serving_detected(code) for code in LANGUAGE_CODES}
        detected.pop(str(language_code(language)), None)
        return {code: served for code, served in detected.items() if served != model}

    def locales(self, model: str) -> list[str]:
        """The locales, with `multi`, that a model serves."""
        return [each for each in (*LOCALES, MULTI) if self.serving(each) == model]

    @property
    def names(self) -> list[str]:
        """Every model, the one for all first."""
        return list(dict.fromkeys([self.default, *self.by_locale.values()]))


def _known(key: str) -> str:
    """A locale or, for all of its locales, a language, as the API writes it.

    Raises:
        SetupError: it is neither.
    """
    plain = key.replace("_", "-").lower()
    for known in (*LOCALES, *LANGUAGE_CODES):
        if known.lower() == plain:
            return known
    raise SetupError(f"{key!r} is no locale. There are {', '.join(LOCALES)}, and languages alone such as sv.")

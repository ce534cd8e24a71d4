"""What is asked of Deepgram with a recording: the parameters of `POST /v1/listen`."""

from typing import Any, Final

from callscribe.speech.interface import RecognitionOptions
from callscribe.speech.languages import LANGUAGE_CODES, language_code

_LANGUAGES: Final = {
    **{locale: locale for locale in ("en-US", "en-GB", "en-AU", "pt-BR", "pt-PT", "sv-SE", "da-DK")},
    "es-MX": "es-419",
    "es-US": "es-419",
}
"""How Deepgram writes locales; of the others it has the language alone.

https://developers.deepgram.com/docs/models-languages-overview
"""


def parameters(model: str, options: RecognitionOptions, *, multichannel: bool, opt_out: bool) -> dict[str, Any]:
    """By the names that the SDK gives them, which are the API's.

    `opt_out` keeps the recording and its transcript out of Deepgram's Model Improvement Program.
    """
    asked: dict[str, Any] = {
        "model": model,
        "punctuate": True,
        "smart_format": True,
        "utterances": True,
        "mip_opt_out": opt_out,
        **_language(model, options.language),
    }
    if multichannel:
        asked["multichannel"] = True
    if options.verbatim:
        asked["filler_words"] = True
    if options.keyterms:
        asked |= _keyterms(model, options.keyterms)
    return asked


def _language(model: str, locale: str | None) -> dict[str, Any]:
    """The language, or how it is found: by nova-3 for each word, by nova-2 for each channel.

    What nova-2 does under `multi` is to expect Spanish and English, mixed, and no other.
    """
    code = language_code(locale)
    if code is not None and locale is not None:
        return {"language": _LANGUAGES.get(locale, code)}
    if model == "nova-3":
        return {"language": "multi"}
    return {"detect_language": list(LANGUAGE_CODES)}


def _keyterms(model: str, terms: tuple[str, ...]) -> dict[str, list[str]]:
    """Terms as they are; for nova-2, which knows only words, word by word. There what follows a colon is a weight."""
    if model == "nova-3":
        return {"keyterm": list(terms)}
    words = dict.fromkeys(word for term in terms for word in term.replace(":", " ").split())
    return {"keywords": list(words)}

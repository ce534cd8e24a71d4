"""Twilio's engines, with their models and languages as its API has them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from callscribe.speech.languages import LOCALES, MULTI

TWILIO_MANAGED: Final = "twilio_managed"
"""An engine of Twilio's, and the name of its only model, which may be left out."""

_ALL = frozenset(LOCALES)

TWILIO_ENGINES: Final[Mapping[str, Mapping[str, frozenset[str]]]] = MappingProxyType(
    {
        "deepgram": {"nova-3": _ALL | {MULTI}, "nova-2": _ALL | {MULTI}},
        "google": {"chirp_2": _ALL - {"es-MX"}},
        TWILIO_MANAGED: {TWILIO_MANAGED: _ALL},
    }
)
"""Engine, model, languages: section "Transcription configurations" of Twilio's Batch Transcription."""

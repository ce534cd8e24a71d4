"""Which engine serves what a configuration names.

Twilio's engines, with their models and languages as its API has them, are served by this machine's default engine
as long as no key of the provider is set. `Service.served_by` tells what really does the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from callscribe.errors import Code, JobError, SetupError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import ENGLISH, LOCALES, MULTI
from callscribe.speech.models import CATALOGUE

WHISPER: Final = "whisper"
"""The name of this machine's own engine."""

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


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a combination. `field` is a member of the configuration, such as `speechModel`."""

    field: str
    detail: str


@dataclass(frozen=True, slots=True)
class Service:
    """What does the work: an engine of this program with one of its models."""

    engine: str
    model: str

    @property
    def served_by(self) -> dict[str, str]:
        """The member `servedBy` of a resolved configuration."""
        return {"engine": self.engine, "model": self.model}


def engine_models(engine: str, settings: Settings) -> list[ModelDescription]:
    """The models that a configuration may name for an engine; empty for an unknown engine."""
    if engine == WHISPER:
        return whisper_models(settings)
    return [ModelDescription(name, languages) for name, languages in TWILIO_ENGINES.get(engine, {}).items()]


def whisper_models(settings: Settings) -> list[ModelDescription]:
    """Models of the engine `whisper`: the catalogue's, and the operator's own where `CALLSCRIBE_MODEL` names one."""
    names = [model.name for model in CATALOGUE if model.task == "recognition"]
    if settings.model not in names:
        names.append(settings.model)
    return [ModelDescription(name, _languages(name, settings)) for name in names]


def check(engine: str, model: str | None, language: str, settings: Settings) -> list[Fault]:
    """Everything that keeps a combination from being served, in the order of the fields; empty where it can be."""
    models = {description.name: description for description in engine_models(engine, settings)}
    if not models:
        names = ", ".join((*TWILIO_ENGINES, WHISPER))
        return [Fault("transcriptionEngine", f"There is no engine {engine!r}; it is one of {names}")]
    if engine != WHISPER and settings.routes == "none":
        return [
            Fault("transcriptionEngine", f"Engine {engine!r} has no key here and CALLSCRIBE_ROUTES forbids a stand-in")
        ]
    name = model or default_model(engine, settings)
    if name not in models:
        offered = ", ".join(models)
        missing = "speechModel is missing" if name is None else f"Engine {engine!r} has no model {model!r}"
        return [Fault("speechModel", f"{missing}; it is one of {offered}")]
    if language not in models[name].languages:
        offered = ", ".join(sorted(models[name].languages))
        return [Fault("language", f"Model {name!r} does not take language {language!r}; it is one of {offered}")]
    if engine != WHISPER and language not in _languages(settings.model, settings):
        return [
            Fault("language", f"Engine {engine!r} is served here by model {settings.model!r}, which knows English only")
        ]
    return []


def default_model(engine: str, settings: Settings) -> str | None:
    """The model that is meant where a configuration names none; None where one must be named."""
    if engine == WHISPER:
        return settings.model
    return TWILIO_MANAGED if engine == TWILIO_MANAGED else None


def resolve(engine: str, model: str | None, language: str, settings: Settings) -> Service:
    """What serves a combination.

    Raises:
        JobError: 17566, the combination is not served (`check` says why): it never was, or the operator has since
            changed the routes or the model.
    """
    faults = check(engine, model, language, settings)
    if faults:
        raise JobError(Code.PROVIDER_REFUSED, faults[0].detail)
    return Service(WHISPER, (model or settings.model) if engine == WHISPER else settings.model)


def _languages(model: str, settings: Settings) -> frozenset[str]:
    """What a model of this machine knows; nothing where its folder is not there."""
    try:
        multilingual = Catalogue(settings.models).multilingual(model)
    except SetupError:
        return frozenset()
    return _ALL | {MULTI} if multilingual else frozenset(ENGLISH)

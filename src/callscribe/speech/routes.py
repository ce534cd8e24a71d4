"""Which engine serves what a configuration names.

Twilio's engines, with their models and languages as its API has them, are served by this machine's default engine
where no engine of that name is here. `ServedBy` tells what really does the work.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from callscribe.errors import Code, JobError
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import ModelDescription
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


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a combination. `field` is a member of the configuration, such as `speechModel`."""

    field: str
    detail: str


def engine_names() -> list[str]:
    """Every engine that a configuration may name."""
    return [*TWILIO_ENGINES, *(each.name for each in registry.declared() if each.name not in TWILIO_ENGINES)]


def engine_models(engine: str, settings: Settings) -> list[ModelDescription]:
    """The models that a configuration may name for an engine; empty for an unknown engine."""
    if own := _own_models(engine, settings):
        return own
    return [ModelDescription(name, languages) for name, languages in TWILIO_ENGINES.get(engine, {}).items()]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that a configuration may name; and for each language that it may name with it, what serves that here."""

    engine: str
    model: str
    languages: Mapping[str, ServedBy | Fault]


def offers(settings: Settings) -> Iterator[Offer]:
    """All that a configuration may name. Looks into the models folder, for each combination anew."""
    for engine in engine_names():
        for model in engine_models(engine, settings):
            served = {language: _served(engine, model.name, language, settings) for language in sorted(model.languages)}
            yield Offer(engine, model.name, served)


def _served(engine: str, model: str, language: str, settings: Settings) -> ServedBy | Fault:
    faults = check(engine, model, language, settings)
    return faults[0] if faults else resolve(engine, model, language, settings)


def check(
    engine: str,
    model: str | None,
    language: str,
    settings: Settings,
    *,
    keyterms: bool = False,
    verbatim: bool = False,
) -> list[Fault]:
    """Everything that keeps a combination from being served, in the order of the fields; empty where it can be.

    `keyterms` is whether there are any, `verbatim` whether fillers are to be kept.
    """
    if _own_models(engine, settings):
        return _check(engine, model, language, settings, keyterms=keyterms, verbatim=verbatim)
    if engine in TWILIO_ENGINES and settings.routes == "none":
        return [
            Fault("transcriptionEngine", f"Engine {engine!r} has no key here and CALLSCRIBE_ROUTES forbids a stand-in")
        ]
    if faults := _check(engine, model, language, settings):
        return faults
    served_by = registry.default(settings, language)
    if faults := check_served(served_by, language, settings, keyterms=keyterms, verbatim=verbatim):
        if faults[0].field == "language":
            known = ", ".join(sorted(_languages(served_by, settings)))
            detail = f"Engine {engine!r} is served here by model {served_by.model!r}, which knows {known}"
            return [Fault("language", detail)]
        return faults
    return []


def check_served(
    served_by: ServedBy, language: str, settings: Settings, *, keyterms: bool = False, verbatim: bool = False
) -> list[Fault]:
    """Everything that keeps an engine of this program from serving; empty where it can. No other stands in."""
    if not _own_models(served_by.engine, settings):
        return [Fault("transcriptionEngine", f"Engine {served_by.engine!r} cannot be used here any more")]
    return _check(served_by.engine, served_by.model, language, settings, keyterms=keyterms, verbatim=verbatim)


def default_model(engine: str, language: str, settings: Settings) -> str | None:
    """The model that is meant for a language where a configuration names none; None where one must be named."""
    declaration = registry.find(engine)
    if declaration is not None and declaration.models(settings):
        return declaration.default_model(settings, language)
    return TWILIO_MANAGED if engine == TWILIO_MANAGED else None


def resolve(engine: str, model: str | None, language: str, settings: Settings) -> ServedBy:
    """What serves a combination.

    Raises:
        JobError: 17566, the combination is not served (`check` says why): it never was, or the operator has since
            changed the routes or the model.
    """
    faults = check(engine, model, language, settings)
    if faults:
        raise JobError(Code.PROVIDER_REFUSED, faults[0].detail)
    name = model or default_model(engine, language, settings)
    return ServedBy(engine, name) if name and _own_models(engine, settings) else registry.default(settings, language)


def detected_models(served_by: ServedBy, language: str, settings: Settings) -> dict[str, str]:
    """The models for languages that a recording may turn out to be in, by ISO 639-1 code; `served_by` has the others.

    Under `multi` the one that says what is spoken, where `served_by` is not to be asked.
    """
    return dict(registry.declaration_of(served_by).detected_models(served_by.model, language, settings))


def _languages(served_by: ServedBy, settings: Settings) -> frozenset[str]:
    """What a model of this program knows."""
    known = {description.name: description.languages for description in _own_models(served_by.engine, settings)}
    return known.get(served_by.model, frozenset())


def _own_models(engine: str, settings: Settings) -> list[ModelDescription]:
    """The models of an engine of this program; none where it is not one, or cannot be used."""
    declaration = registry.find(engine)
    return [] if declaration is None else list(declaration.models(settings))


def _check(
    engine: str,
    model: str | None,
    language: str,
    settings: Settings,
    *,
    keyterms: bool = False,
    verbatim: bool = False,
) -> list[Fault]:
    """What is wrong with a combination by what the engine offers."""
    models = {description.name: description for description in engine_models(engine, settings)}
    if not models:
        return [
            Fault("transcriptionEngine", f"There is no engine {engine!r}; it is one of {', '.join(engine_names())}")
        ]
    name = model or default_model(engine, language, settings)
    if name not in models:
        offered = ", ".join(models)
        missing = "speechModel is missing" if name is None else f"Engine {engine!r} has no model {model!r}"
        return [Fault("speechModel", f"{missing}; it is one of {offered}")]
    if language not in models[name].languages:
        offered = ", ".join(sorted(models[name].languages))
        return [Fault("language", f"Model {name!r} does not take language {language!r}; it is one of {offered}")]
    declaration = registry.find(engine)
    if keyterms and declaration is not None and not declaration.keyterms:
        return [Fault("keyterms", f"Engine {engine!r} takes no keyterms")]
    if verbatim and declaration is not None and not declaration.verbatim:
        return [Fault("verbatim", f"Engine {engine!r} cannot keep fillers")]
    return []

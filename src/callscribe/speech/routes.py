"""Which engine serves what a configuration names.

What asks for one of Twilio's engines is served in the order that `CALLSCRIBE_ROUTES` says: by the provider, where an
engine of that name is here and has its key, or by this machine's default engine. `ServedBy` tells what really does the
work.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from callscribe.errors import Code, JobError
from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.interface import ModelDescription
from callscribe.speech.route_orders import Order, Route, RouteOrders
from callscribe.speech.twilio_engines import TWILIO_ENGINES, TWILIO_MANAGED


def check_orders(settings: Settings) -> None:
    """Make sure that `CALLSCRIBE_ROUTES` can be followed.

    Raises:
        SetupError: it cannot be read; the message says what it may be.
    """
    RouteOrders.parse(settings.routes)


def orders(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Who serves each of Twilio's engines, in the order in which they are asked; nobody where it is refused."""
    return {engine: tuple(route.value for route in _order(engine, settings)) for engine in TWILIO_ENGINES}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a combination. `field` is a member of the configuration, such as `speechModel`."""

    field: str
    detail: str


def engine_names(settings: Settings) -> list[str]:
    """Every engine that a configuration may name: Twilio's, and those of this program that can be used."""
    own = (each.name for each in registry.declared() if each.models(settings))
    return list(dict.fromkeys([*TWILIO_ENGINES, *own]))


def engine_models(engine: str, settings: Settings) -> list[ModelDescription]:
    """The models that a configuration may name for an engine, Twilio's first; empty for an unknown engine."""
    models = dict(TWILIO_ENGINES.get(engine, {}))
    for own in _own_models(engine, settings):
        models[own.name] = models.get(own.name, frozenset()) | own.languages
    return [ModelDescription(name, languages) for name, languages in models.items()]


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that a configuration may name; and for each language that it may name with it, what serves that here."""

    engine: str
    model: str
    languages: Mapping[str, ServedBy | Fault]


def offers(settings: Settings) -> Iterator[Offer]:
    """All that a configuration may name. Looks into the models folder, for each combination anew."""
    for engine in engine_names(settings):
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

    Raises:
        SetupError: `CALLSCRIBE_ROUTES` or `CALLSCRIBE_MODEL` cannot be read.
    """
    served = _serving(engine, model, language, settings, keyterms=keyterms, verbatim=verbatim)
    return [] if isinstance(served, ServedBy) else served


def _serving(
    engine: str,
    model: str | None,
    language: str,
    settings: Settings,
    *,
    keyterms: bool,
    verbatim: bool,
) -> ServedBy | list[Fault]:
    """What serves a combination, or what keeps it from being served: by the route that comes first."""
    if faults := _check(engine_models(engine, settings), engine, model, language, settings):
        return faults
    faults = []
    for served in _routed(engine, model, language, settings):
        found = check_served(served, language, settings, keyterms=keyterms, verbatim=verbatim)
        if not found:
            return served
        if found[0].field == "language" and served.engine != engine:
            known = ", ".join(sorted(_languages(served, settings)))
            detail = f"Engine {engine!r} is served here by model {served.model!r}, which knows {known}"
            found = [Fault("language", detail)]
        faults = faults or found
    return faults or [Fault("transcriptionEngine", _unserved(engine, settings))]


def _routed(engine: str, model: str | None, language: str, settings: Settings) -> Iterator[ServedBy]:
    """Who may serve, in the order in which they are asked, whether or not they can."""
    for route in _order(engine, settings):
        if route is Route.LOCAL:
            yield registry.default(settings, language)
        elif name := model or default_model(engine, language, settings):
            yield ServedBy(engine, name)


def _order(engine: str, settings: Settings) -> Order:
    """An engine that is not one of Twilio's is served by itself alone."""
    has_key = bool(_own_models(engine, settings))
    order = RouteOrders.parse(settings.routes).of(engine) if engine in TWILIO_ENGINES else (Route.PROVIDER,)
    if order is None:
        return (Route.PROVIDER if has_key else Route.LOCAL,)
    return tuple(route for route in order if route is Route.LOCAL or has_key)


def _unserved(engine: str, settings: Settings) -> str:
    if RouteOrders.parse(settings.routes).of(engine) == ():
        return f"Engine {engine!r} is not served here: CALLSCRIBE_ROUTES forbids it"
    return f"Engine {engine!r} has no key here and CALLSCRIBE_ROUTES forbids a stand-in"


def behind(
    served_by: ServedBy,
    engine: str,
    model: str | None,
    language: str,
    settings: Settings,
    *,
    keyterms: bool = False,
    verbatim: bool = False,
) -> ServedBy | None:
    """What takes over from `served_by`, which serves a combination and is out; None where nothing does."""
    routed = list(_routed(engine, model, language, settings))
    if served_by not in routed:  # the operator has since changed the routes
        return None
    for served in routed[routed.index(served_by) + 1 :]:
        if not check_served(served, language, settings, keyterms=keyterms, verbatim=verbatim):
            return served
    return None


def check_served(
    served_by: ServedBy, language: str, settings: Settings, *, keyterms: bool = False, verbatim: bool = False
) -> list[Fault]:
    """Everything that keeps an engine of this program from serving; empty where it can. No other stands in."""
    if not _own_models(served_by.engine, settings):
        return [Fault("transcriptionEngine", f"Engine {served_by.engine!r} cannot be used here any more")]
    engine, models = served_by.engine, _own_models(served_by.engine, settings)
    return _check(models, engine, served_by.model, language, settings, keyterms=keyterms, verbatim=verbatim)


def default_model(engine: str, language: str, settings: Settings) -> str | None:
    """The model that is meant for a language where a configuration names none; None where one must be named."""
    declaration = registry.find(engine)
    if declaration is not None and declaration.models(settings):
        return declaration.default_model(settings, language)
    return TWILIO_MANAGED if engine == TWILIO_MANAGED else None


def resolve(
    engine: str,
    model: str | None,
    language: str,
    settings: Settings,
    *,
    keyterms: bool = False,
    verbatim: bool = False,
) -> ServedBy:
    """What serves a combination.

    Raises:
        JobError: 17566, the combination is not served (`check` says why): it never was, or the operator has since
            changed the routes or the model.
    """
    served = _serving(engine, model, language, settings, keyterms=keyterms, verbatim=verbatim)
    if not isinstance(served, ServedBy):
        raise JobError(Code.PROVIDER_REFUSED, served[0].detail)
    return served


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
    offered: Sequence[ModelDescription],
    engine: str,
    model: str | None,
    language: str,
    settings: Settings,
    *,
    keyterms: bool = False,
    verbatim: bool = False,
) -> list[Fault]:
    """What is wrong with a combination by what is offered."""
    models = {description.name: description for description in offered}
    if not models:
        names = ", ".join(engine_names(settings))
        return [Fault("transcriptionEngine", f"There is no engine {engine!r}; it is one of {names}")]
    name = model or default_model(engine, language, settings)
    if name not in models:
        missing = "speechModel is missing" if name is None else f"Engine {engine!r} has no model {model!r}"
        return [Fault("speechModel", f"{missing}; it is one of {', '.join(models)}")]
    if language not in models[name].languages:
        known = ", ".join(sorted(models[name].languages))
        return [Fault("language", f"Model {name!r} does not take language {language!r}; it is one of {known}")]
    declaration = registry.find(engine)
    if keyterms and declaration is not None and not declaration.keyterms:
        return [Fault("keyterms", f"Engine {engine!r} takes no keyterms")]
    if verbatim and declaration is not None and not declaration.verbatim:
        return [Fault("verbatim", f"Engine {engine!r} cannot keep fillers")]
    return []

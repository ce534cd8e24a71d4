"""What this machine can recognise with."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from callscribe.settings import Settings
from callscribe.speech.engines import registry
from callscribe.speech.engines.served_by import ServedBy
from callscribe.speech.languages import LOCALES, MULTI

ALL: Final = "all"
"""Instead of the names of models: every one of every engine."""

_NVIDIA: Final = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""A driver's devices, on Linux and under Windows."""


def prepare_models(settings: Settings) -> list[ServedBy]:
    """What a worker of this machine serves with; models that it is told by name are got where they are not here.

    Those for single languages are among these, since they recognise parts of calls that the model for all has in hand.

    Raises:
        SetupError: one of these cannot be had. The message says what to do.
    """
    defaults = _defaults(settings)
    if settings.worker_models and settings.worker_models != (ALL,):
        named = [registry.named(name) for name in settings.worker_models]
        _fetch([*named, *(defaults[1:] if defaults[0] in named else ())], settings)
        return named
    _fetch(defaults[1:], settings)
    return [
        served
        for engine in registry.declared()
        for model in engine.models(settings)
        for served in [ServedBy(engine.name, model.name)]
        if settings.worker_models or served in defaults or engine.has(model.name, settings)
    ]


def _defaults(settings: Settings) -> list[ServedBy]:
    """What serves where nothing is named: the model for all languages, then those for single ones."""
    return list(dict.fromkeys(registry.default(settings, language) for language in (MULTI, *LOCALES)))


def _fetch(served: Iterable[ServedBy], settings: Settings) -> None:
    for each in served:
        registry.declaration_of(each).fetch(each.model, settings)


def here(served: Iterable[ServedBy]) -> list[ServedBy]:
    """Those of some that run on this machine."""
    return [each for each in served if registry.declaration_of(each).runs == "here"]


def device(settings: Settings) -> str:
    """`cuda` or `cpu`: where models run. What `auto` comes to is asked without loading anything."""
    if settings.device != "auto":
        return settings.device
    return "cuda" if any(path.exists() for path in _NVIDIA) else "cpu"

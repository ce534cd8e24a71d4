"""What this machine can recognise with."""

from pathlib import Path
from typing import Final

from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.routes import whisper_models

ALL: Final = "all"
"""Instead of the names of models: every one of the catalogue."""

_NVIDIA: Final = (Path("/dev/nvidiactl"), Path("/dev/dxg"))
"""A driver's devices, on Linux and under Windows."""


def prepare_models(settings: Settings) -> list[str]:
    """The models that a worker of this machine serves; those that it is told by name are got where they are not here.

    Raises:
        SetupError: one of these cannot be had. The message says what to do.
    """
    catalogue = Catalogue(settings.models)
    offered = [description.name for description in whisper_models(settings)]
    if settings.worker_models == (ALL,):
        return offered
    for name in settings.worker_models:
        catalogue.path(name)
    return list(settings.worker_models) or [name for name in offered if name == settings.model or catalogue.has(name)]


def device(settings: Settings) -> str:
    """`cuda` or `cpu`: where models run. What `auto` comes to is asked without loading anything."""
    if settings.device != "auto":
        return settings.device
    return "cuda" if any(path.exists() for path in _NVIDIA) else "cpu"

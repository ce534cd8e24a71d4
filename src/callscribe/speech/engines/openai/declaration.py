"""What the engine says of itself: the models that the operator names, where there is a key."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.openai.asking import tells_language
from callscribe.speech.engines.remote.settings_checks import check_address, check_key
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import LOCALES, MULTI

if TYPE_CHECKING:
    from callscribe.speech.engines.openai.engine import OpenAIEngine

_SDK: Final = "openai"
_ALL: Final = frozenset(LOCALES)


class OpenAIDeclaration(EngineDeclaration):
    """A server with `/v1/audio/transcriptions`: OpenAI's own, or any other."""

    name = "openai"
    runs = "provider"
    keyterms = True
    verbatim = False

    def models(self, settings: Settings) -> Sequence[ModelDescription]:
        """Those of `CALLSCRIBE_OPENAI_MODELS`; none without the key, or the SDK.

        Which languages each knows, only its server knows: what it refuses is told then.
        """
        if not _key(settings) or find_spec(_SDK) is None:
            return []
        return [
            ModelDescription(name, _ALL | {MULTI} if tells_language(name) else _ALL)
            for name in dict.fromkeys(settings.openai_models)
        ]

    def make(self, settings: Settings) -> "OpenAIEngine":
        """The engine; nothing is sent yet."""
        from callscribe.speech.engines.openai.engine import OpenAIEngine  # noqa: PLC0415  see the base class

        self.check(settings)
        return OpenAIEngine(settings)

    def default_model(self, settings: Settings, language: str) -> str | None:
        """The first of `CALLSCRIBE_OPENAI_MODELS` that takes the language."""
        return next((model.name for model in self.models(settings) if language in model.languages), None)

    def check(self, settings: Settings) -> None:
        """Whether the key and the address could be some, and the SDK is here."""
        if not _key(settings):
            return
        if find_spec(_SDK) is None:
            raise SetupError(
                "CALLSCRIBE_OPENAI_API_KEY is set, and OpenAI's SDK is not installed: pip install 'callscribe[openai]'"
            )
        check_key("CALLSCRIBE_OPENAI_API_KEY", _key(settings))
        check_address("CALLSCRIBE_OPENAI_BASE_URL", settings.openai_base_url)

    def sends_to(self, settings: Settings) -> str | None:
        """The host of that server."""
        return settings.openai_base_url.host


def _key(settings: Settings) -> str:
    return "" if settings.openai_api_key is None else settings.openai_api_key.get_secret_value()

"""What the engine says of itself; without a key, nothing can be asked of it."""

from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.remote.settings_checks import check_address, check_key
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import LOCALES, MULTI

if TYPE_CHECKING:
    from callscribe.speech.engines.deepgram.engine import DeepgramEngine

MODELS: Final = ("nova-3", "nova-2")

_ALL: Final = frozenset((*LOCALES, MULTI))


class DeepgramDeclaration(EngineDeclaration):
    """Deepgram's models for recordings, where its key is set."""

    name = "deepgram"
    runs: ClassVar[Literal["here", "provider"]] = "provider"
    verbatim = True

    def models(self, settings: Settings) -> Sequence[ModelDescription]:
        """Both, with every language; none without the key or its SDK."""
        return [ModelDescription(model, _ALL) for model in MODELS] if _key(settings) and _has_sdk() else []

    def make(self, settings: Settings) -> "DeepgramEngine":
        """The engine; it connects when it is asked."""
        self.check(settings)
        if not _key(settings):
            raise SetupError("Engine deepgram needs a key. Set CALLSCRIBE_DEEPGRAM_API_KEY.")
        from callscribe.speech.engines.deepgram.engine import DeepgramEngine  # noqa: PLC0415  see the base class

        return DeepgramEngine(settings)

    def check(self, settings: Settings) -> None:
        """Whether the key and the address could be some, and the SDK is here."""
        key = _key(settings)
        if not key:
            return
        check_key("CALLSCRIBE_DEEPGRAM_API_KEY", key)
        check_address("CALLSCRIBE_DEEPGRAM_BASE_URL", settings.deepgram_base_url)
        if not _has_sdk():
            raise SetupError(
                "CALLSCRIBE_DEEPGRAM_API_KEY is set, and Deepgram's SDK is not installed. Install it with: pip install "
                "'callscribe[deepgram]'."
            )

    def sends_to(self, settings: Settings) -> str | None:
        """Deepgram's host, or that of an installation of it."""
        return settings.deepgram_base_url.host


def _key(settings: Settings) -> str:
    return "" if settings.deepgram_api_key is None else settings.deepgram_api_key.get_secret_value()


def _has_sdk() -> bool:
    return find_spec("deepgram") is not None

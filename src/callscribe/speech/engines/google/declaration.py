"""What the engine says of itself. Google's SDK is looked for, and not imported."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from callscribe.errors import SetupError
from callscribe.settings import Settings
from callscribe.speech.engines.declaration import EngineDeclaration
from callscribe.speech.engines.google import key_file
from callscribe.speech.engines.google.address import speech_url
from callscribe.speech.engines.remote.settings_checks import check_address
from callscribe.speech.interface import ModelDescription
from callscribe.speech.languages import LOCALES, MULTI

if TYPE_CHECKING:
    from callscribe.speech.engines.google.engine import GoogleEngine

CHIRP: Final = "chirp_2"

_LANGUAGES: Final = frozenset(LOCALES) - {"es-MX"} | {MULTI}
"""What Twilio has for it, and detection. https://cloud.google.com/speech-to-text/v2/docs/chirp_2-model"""

_LOCATION: Final = re.compile(r"[a-z][a-z0-9-]{1,40}")
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")


class GoogleDeclaration(EngineDeclaration):
    """Speech-to-Text v2, in a project of Google Cloud that is the operator's."""

    name = "google"
    runs = "provider"

    def models(self, settings: Settings) -> Sequence[ModelDescription]:
        """Chirp 2, where there is a key and the SDK."""
        if settings.google_credentials is None or not _is_installed():
            return []
        return [ModelDescription(CHIRP, _LANGUAGES)]

    def default_model(self, settings: Settings, language: str) -> str | None:  # noqa: ARG002
        """There is one."""
        return CHIRP if self.models(settings) else None

    def make(self, settings: Settings) -> "GoogleEngine":
        """The engine, which asks for nothing before it is given a recording."""
        self.check(settings)
        from callscribe.speech.engines.google.engine import GoogleEngine  # noqa: PLC0415  see the base class

        return GoogleEngine(settings)

    def check(self, settings: Settings) -> None:
        """Whether there are the key and the SDK, and a place, addresses and a bucket that could be."""
        if settings.google_credentials is None:
            return
        if not _is_installed():
            raise SetupError(
                f"{key_file.SETTING} is set, and Google's SDK is not installed: pip install 'callscribe[google]'."
            )
        key_file.read(settings.google_credentials)
        if not _LOCATION.fullmatch(settings.google_location):
            raise SetupError("CALLSCRIBE_GOOGLE_LOCATION is not the name of a place, such as us-central1.")
        if settings.google_base_url is not None:
            check_address("CALLSCRIBE_GOOGLE_BASE_URL", settings.google_base_url)
        check_address("CALLSCRIBE_GOOGLE_STORAGE_URL", settings.google_storage_url)
        if settings.google_bucket is not None and not _BUCKET.fullmatch(settings.google_bucket):
            raise SetupError("CALLSCRIBE_GOOGLE_BUCKET is not the name of a bucket; it has no gs:// and no folder.")

    def sends_to(self, settings: Settings) -> str | None:
        """Google's host of the location; recordings that go by way of a bucket lie at Cloud Storage meanwhile."""
        return urlsplit(speech_url(settings)).hostname


def _is_installed() -> bool:
    """Whether there is the SDK, and the client of HTTP that comes with it."""
    try:
        return find_spec("google.cloud.speech_v2") is not None and find_spec("httpx") is not None
    except ModuleNotFoundError:
        return False

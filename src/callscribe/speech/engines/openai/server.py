"""The server: OpenAI's SDK over the client of this program, which sends what is asked and nothing else."""

import json
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import openai

from callscribe.cancellation import Cancellation
from callscribe.errors import ProviderKeyRefused
from callscribe.settings import Settings
from callscribe.speech.engines.openai.asking import PROVIDER, is_refusal_of_form
from callscribe.speech.engines.remote.failures import Unreached, charges_nothing, error_of, failures_of
from callscribe.speech.engines.remote.transport import provider_httpx2_client

_MOST_BYTES: Final = 16 * 1024 * 1024
"""Of an answer for five minutes. One with words and tokens has some hundred KB."""

_FORM: Final = frozenset({400, 404, 415, 422, 501})
"""Statuses with which servers say that the form of an answer cannot be had."""

# At a lower level it writes down the prompt, which is what people may have said; `OPENAI_LOG` sets one.
logging.getLogger("openai").setLevel(logging.WARNING)


class Server:
    """The server that the settings name. Closed by `with`."""

    def __init__(self, settings: Settings, cancelled: Cancellation) -> None:
        assert settings.openai_api_key is not None
        self._key = settings.openai_api_key.get_secret_value()
        url = _base_url(settings)
        self._http = provider_httpx2_client(
            url,
            timeout=settings.provider_timeout,
            cancelled=cancelled,
            most_bytes=_MOST_BYTES,
            headers={"Authorization": f"Bearer {self._key}"},
        )
        self._client = openai.OpenAI(
            api_key=self._key, base_url=url, http_client=self._http, max_retries=0, timeout=self._http.timeout
        )

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, sound: bytes, asked: dict[str, Any], *, refused: Callable[[], None]) -> bytes | None:
        """The server's answer for a WAV file, as it came; None where it has not got the form and may have a lesser one.

        `refused` is called where the answer is an error of the server's own, or nothing was sent.

        Raises:
            Cancelled, JobError: see `RecordingEngine.transcribe`.
        """
        try:
            with failures_of(PROVIDER):
                try:
                    with self._client.audio.transcriptions.with_streaming_response.create(
                        file=("piece.wav", sound, "audio/wav"), **asked
                    ) as response:
                        answer: bytes = response.read()
                        return answer
                except openai.APIStatusError as error:
                    said = error
        except Unreached:
            refused()
            raise
        status, words = said.status_code, _words(said.response.text)
        if charges_nothing(status):
            refused()
        # By the whole answer: some say what is wrong in one member, and where in another.
        if status in _FORM and asked["response_format"] != "json" and is_refusal_of_form(said.response.text):
            return None
        if status == 429 and said.code == "insufficient_quota":  # as OpenAI says that there is no credit
            raise ProviderKeyRefused(f"the account at {PROVIDER} has no credit (429)")
        raise error_of(PROVIDER, status, said.response.headers, words, secret=self._key)


def _base_url(settings: Settings) -> str:
    """What the API's paths are below: `/v1`, where the setting has the host alone."""
    url = str(settings.openai_base_url)
    return url if (settings.openai_base_url.path or "/") != "/" else f"{url.rstrip('/')}/v1"


def _words(body: str) -> str:
    """What an error answer says: the first of the members that servers have for it, else all."""
    try:
        found: Any = json.loads(body)
    except ValueError:
        return body
    while isinstance(found, dict | list):
        if isinstance(found, list):
            found = found[0] if found else ""
        else:
            found = next((found[name] for name in ("error", "message", "detail", "msg") if found.get(name)), body)
    return str(found)

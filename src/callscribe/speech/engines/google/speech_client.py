"""Speech-to-Text's methods over HTTP, as its SDK maps them to paths and JSON.

The SDK's messages are used, and not its clients: of its two transports, gRPC connects, resolves and takes proxies from
the environment in a library of its own, and that over `requests` cannot be cancelled while it waits. Here every request
goes by the guarded client, and is sent once.
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from google.cloud.speech_v2.types import cloud_speech

from callscribe.cancellation import Cancellation
from callscribe.speech.engines.google.access_tokens import AccessTokens
from callscribe.speech.engines.google.answers import PROVIDER, Answer
from callscribe.speech.engines.remote.client import provider_client
from callscribe.speech.engines.remote.failures import failures_of, unreadable

MOST_BYTES: Final = 64 * 1024 * 1024
"""Of an answer. Eight hours of two channels that talk half of the time have about 20 MB of words."""

_MOST_PAGES: Final = 20
_PAGE: Final = 100


class SpeechClient:
    """Asks Speech-to-Text in one project and place, for one recording.

    Its methods answer whatever came, errors too. They raise:
        Cancelled: `cancelled` says so, within a second.
        ProviderUnavailable: no answer came, or not within `timeout` seconds.
        ProviderKeyRefused: there is no token to be had for the key.
        JobError: the answer is too large.
    """

    def __init__(
        self, base_url: str, tokens: AccessTokens, parent: str, *, timeout: float, cancelled: Cancellation
    ) -> None:
        self._base = base_url.rstrip("/")
        self._tokens = tokens
        self._parent = parent
        self._recognizer = f"{parent}/recognizers/_"  # the one that has no settings of its own
        self._cancelled = cancelled
        self._client = provider_client(self._base, timeout=timeout, cancelled=cancelled, most_bytes=MOST_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def prepare(self) -> None:
        """Have a token, so that what fails for want of one fails before anything is said to be sent."""
        self._tokens.token(self._cancelled)

    def recognize(self, request: cloud_speech.RecognizeRequest) -> Answer:
        """`Recognize`: a `RecognizeResponse`. The path has the recognizer, and the message none."""
        return self._ask("POST", f"{self._recognizer}:recognize", _json(cloud_speech.RecognizeRequest, request))

    def batch_recognize(self, request: cloud_speech.BatchRecognizeRequest) -> Answer:
        """`BatchRecognize`: an `Operation`. Likewise."""
        body = _json(cloud_speech.BatchRecognizeRequest, request)
        return self._ask("POST", f"{self._recognizer}:batchRecognize", body)

    def operation(self, name: str) -> Answer:
        """`GetOperation`: an `Operation`, with its result once it is done."""
        return self._ask("GET", name)

    def cancel(self, name: str) -> Answer:
        """`CancelOperation`: empty."""
        return self._ask("POST", f"{name}:cancel", b"{}")

    def operations(self) -> Iterator[dict[str, Any]]:
        """`ListOperations`: all that the project has here, as far as 20 pages go.

        Raises:
            JobError: the list cannot be had, or read.
        """
        token = ""
        for _ in range(_MOST_PAGES):
            answer = self._ask("GET", f"{self._parent}/operations?pageSize={_PAGE}&pageToken={quote(token, safe='')}")
            if (error := answer.error()) is not None:
                raise error
            page = answer.json()
            listed = page.get("operations", [])
            if not isinstance(listed, list):
                raise unreadable(PROVIDER, "no list of operations")
            yield from (each for each in listed if isinstance(each, dict))
            token = str(page.get("nextPageToken", ""))
            if not token:
                return

    def _ask(self, method: str, path: str, content: bytes | None = None) -> Answer:
        token = self._tokens.token(self._cancelled)
        headers = {"Authorization": f"Bearer {token}"}
        if content is not None:
            headers["Content-Type"] = "application/json"
        with failures_of(PROVIDER):
            response = self._client.request(method, f"{self._base}/v2/{path}", content=content, headers=headers)
            answer = Answer.of(response, token)
        if answer.status == 401:
            self._tokens.forget()
        return answer


def _json(kind: Any, message: Any) -> bytes:
    text: str = kind.to_json(
        message, use_integers_for_enums=False, always_print_fields_with_no_presence=False, indent=None
    )
    return text.encode()

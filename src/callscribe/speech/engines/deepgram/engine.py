"""Sends whole recordings to Deepgram, in one request each, straight from the disk."""

import json
import time
from collections.abc import Iterator
from typing import ClassVar, Final, Literal

import httpx
import numpy as np
from deepgram.core.client_wrapper import SyncClientWrapper
from deepgram.environment import DeepgramClientEnvironment
from deepgram.listen.v1.media.client import MediaClient

from callscribe.cancellation import Cancellation
from callscribe.settings import Settings
from callscribe.speech.engines.deepgram.request import parameters
from callscribe.speech.engines.deepgram.responses import PROVIDER, segments
from callscribe.speech.engines.remote.client import provider_client
from callscribe.speech.engines.remote.failures import Unreached, charges_nothing, error_of, failures_of
from callscribe.speech.engines.remote.transport import MOST_BYTES
from callscribe.speech.interface import RecognitionOptions, Recording, Segment, SentRequests

_AUDIBLE: Final = 1e-5
"""Mean power, -50 dB of full scale, from which a stretch says whether copies are inverted."""


class DeepgramEngine:
    """Deepgram's `POST /v1/listen` by its SDK. Each recording is one part, number 0."""

    takes: ClassVar[Literal["recordings"]] = "recordings"

    def __init__(self, settings: Settings) -> None:
        assert settings.deepgram_api_key is not None
        self._key = settings.deepgram_api_key.get_secret_value()
        self._url = str(settings.deepgram_base_url).rstrip("/")
        self._timeout = settings.provider_timeout
        self._opt_out = settings.deepgram_model_improvement != "allow"
        self.answered_at: float | None = None

    @property
    def pid(self) -> int | None:
        """None: it computes elsewhere."""
        return None

    def withdraw(self, handle: str) -> None:
        """There are no handles: it answers at once."""

    def close(self) -> None:
        """Nothing is held between recordings."""

    def transcribe(
        self,
        recording: Recording,
        *,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,
    ) -> Iterator[Segment]:
        """Yield the utterances of all channels."""
        multichannel = _needs_channels(recording, cancelled)
        answer = requests.answer(0)
        if answer is None:
            # Deepgram is paid for each channel that it hears on its own.
            heard = max(2, len(recording.channels)) if multichannel else 1
            requests.sending(0, recording.duration * heard)
            answer = self._ask(recording, model, options, cancelled, requests, multichannel=multichannel)
            requests.answered(0, answer)
            self.answered_at = time.monotonic()
        yield from segments(answer, recording.channels, recording.duration, options.language, multichannel=multichannel)

    def _ask(
        self,
        recording: Recording,
        model: str,
        options: RecognitionOptions,
        cancelled: Cancellation,
        requests: SentRequests,
        *,
        multichannel: bool,
    ) -> bytes:
        """The answer to the recording, unread."""
        asked = parameters(model, options, multichannel=multichannel, opt_out=self._opt_out)
        with (
            provider_client(self._url, timeout=self._timeout, cancelled=cancelled, most_bytes=MOST_BYTES) as http,
            recording.path.open("rb") as file,
        ):
            http.event_hooks = {"request": [_untold], "response": [_taken]}
            # The SDK's whole client has this one as `listen.v1.media`, and loads websockets for the others.
            media = MediaClient(
                client_wrapper=SyncClientWrapper(
                    api_key=self._key,
                    environment=DeepgramClientEnvironment(
                        base=self._url, production=self._url, agent=self._url, agent_rest=self._url
                    ),
                    httpx_client=http,
                    max_retries=0,
                )
            )
            try:
                with failures_of(PROVIDER):
                    try:
                        media.transcribe_file(request=file, **asked)
                    except _Taken as taken:
                        response = taken.response
            except Unreached:
                requests.refused(0)
                raise
        if response.is_success:
            return response.content
        if charges_nothing(response.status_code):
            requests.refused(0)
        raise error_of(PROVIDER, response.status_code, response.headers, _words(response), secret=self._key)


class _Taken(Exception):  # noqa: N818  says what happened
    """An answer has come, whole. Raised through the SDK, which would take long and much memory to read it."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.response = response


def _taken(response: httpx.Response) -> None:
    response.read()
    raise _Taken(response)


def _untold(request: httpx.Request) -> None:
    """Leave out what the SDK tells of this machine: its system, the system's version, and Python's."""
    for name in [each for each in request.headers if each.startswith("x-fern-")]:
        del request.headers[name]


def _words(response: httpx.Response) -> str:
    """What an error's body says, in either of the forms that Deepgram gives it; else the body itself.

    https://developers.deepgram.com/docs/errors
    """
    try:
        body = json.loads(response.content)
    except ValueError:
        return response.text
    if not isinstance(body, dict):
        return response.text
    said = [str(body[name]) for name in ("err_msg", "message", "details") if body.get(name)]
    return " ".join(said) or response.text


def _needs_channels(recording: Recording, cancelled: Cancellation) -> bool:
    """Whether each channel has to be heard on its own.

    A channel alone needs not, nor has one of two copies, which are mixed by Deepgram then, and paid for once; unless
    one copy is the other inverted, so that the mix is silence. The first stretch with sound tells.
    """
    if len(recording.channels) > 1:
        return True
    for window in recording.audio.windows(recording.path, cancelled=cancelled):
        if len(window.samples) == 1:
            return False
        left, right = np.float64(window.samples[0]), np.float64(window.samples[1])
        if max(np.mean(left**2), np.mean(right**2)) > _AUDIBLE:
            return bool(np.dot(left, right) < 0)
    return False

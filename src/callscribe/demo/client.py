"""The calls that a client makes to have a recording transcribed, in their order."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx2

from callscribe.demo import DemoCall
from callscribe.errors import CallscribeError

UNIQUE_NAME = "callscribe-demo"
"""The configuration that the demonstration makes once and then uses again."""

Resource = Mapping[str, Any]
"""A resource as the API answers it."""


class DemoError(CallscribeError):
    """The demonstration cannot go on. The message says why; `code` is the public error code, if there is one."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


class Client:
    """The part of the API that is needed; `http` carries the server's address and the credentials."""

    def __init__(self, http: httpx2.Client, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._http = http
        self._sleep = sleep

    def configuration(self, call: DemoCall) -> str:
        """The id of the demonstration's configuration, which is made where there is none.

        Raises:
            DemoError: the server cannot be reached or refuses.
        """
        found = self._send("GET", f"/v2/Configurations/Transcription/{UNIQUE_NAME}", accept={404})
        if found.status_code != 404:
            return str(self._document(found)["id"])
        body = {
            "unique_name": UNIQUE_NAME,
            "description": "The bundled call: customer on channel 1, agent on channel 2",
            "configuration": {
                "configurationType": "Transcription",
                # As in Twilio's own examples; without a key of this provider, a local model serves it.
                "transcriptionEngine": "deepgram",
                "speechModel": "nova-3",
                "language": call.language,
                "participantDefaults": [
                    {"audioChannelIndex": each.audio_channel_index, "type": each.type} for each in call.participants
                ],
            },
        }
        return str(self._document(self._send("POST", "/v2/Configurations/Transcription", json=body))["id"])

    def submit(self, call: DemoCall, *, configuration_id: str, media_url: str) -> str:
        """Have the recording at `media_url` transcribed; gives the transcription's id.

        Raises:
            DemoError: the server cannot be reached or refuses.
        """
        body = {
            "transcriptionConfigurationId": configuration_id,
            "mediaUrl": media_url,
            "participants": [each.model_dump(by_alias=True) for each in call.participants],
        }
        headers = {"Idempotency-Key": str(uuid4())}
        answer = self._send("POST", "/v3/Transcriptions", json=body, headers=headers)
        return str(self._document(answer)["transcription"]["id"])

    def follow(self, transcription_id: str, *, timeout: float) -> Iterator[Resource]:
        """The transcription as it is now, again and again until it has ended.

        Between two looks it waits as long as the server's Retry-After says.

        Raises:
            DemoError: it has not ended within `timeout` seconds, or the server cannot be reached.
        """
        deadline = time.monotonic() + timeout
        while True:
            answer = self._send("GET", f"/v3/Transcriptions/{transcription_id}")
            transcription: Resource = self._document(answer)["transcription"]
            yield transcription
            if transcription["status"] in {"COMPLETED", "FAILED"}:
                return
            if time.monotonic() >= deadline:
                raise DemoError(f"{transcription_id} is still {transcription['status']} after {timeout:.0f} s.")
            self._sleep(float(answer.headers.get("Retry-After", 1)))

    def transcript(self, transcription_id: str) -> Resource:
        """The finished transcript, `sentences` in it.

        Raises:
            DemoError: the server cannot be reached or refuses.
        """
        return self._document(self._send("GET", f"/v3/Transcriptions/{transcription_id}/Transcript"))

    def _send(
        self, method: str, path: str, *, accept: frozenset[int] | set[int] = frozenset(), **request: Any
    ) -> httpx2.Response:
        try:
            answer = self._http.request(method, path, **request)
        except httpx2.TransportError as error:
            raise DemoError(f"No answer from {self._http.base_url}: {error}") from error
        if answer.is_success or answer.status_code in accept:
            return answer
        reason, code = _reason(answer)
        raise DemoError(f"{method} {path} was answered {answer.status_code}: {reason}", code)

    def _document(self, answer: httpx2.Response) -> Resource:
        try:
            document = answer.json()
        except ValueError:
            document = None
        if not isinstance(document, dict):
            raise DemoError(f"{self._http.base_url} does not answer as callscribe does; is it another server?")
        return document


def _reason(answer: httpx2.Response) -> tuple[str, int | None]:
    """What a problem document or an error of the 2010 API says with its code, or else the body's beginning."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        return answer.text[:200] or answer.reason_phrase, None
    text = problem.get("detail") or problem.get("message") or problem.get("title") or answer.reason_phrase
    code = problem.get("code")
    return (f"{text} (code {code})", code) if isinstance(code, int) else (str(text), None)

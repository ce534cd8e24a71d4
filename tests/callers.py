"""Accounts on a running server, with an HTTP client and Twilio's SDK, for contract tests."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from twilio.rest import Client

from callscribe.accounts.service import Credentials
from callscribe.twilio import CallscribeHttpClient
from conformance import Conformance
from harness import OPTIONS, Receiver, Server, eventually

MEDIA_URL = "https://media.example.com/call.wav"
"""For jobs that nobody works on."""


@dataclass(frozen=True, slots=True)
class Caller:
    """An account with its two ways to a server: plain HTTP and Twilio's SDK. Both check each answer."""

    server: Server
    sid: str
    token: str
    http: httpx2.Client
    twilio: Client

    def configure(self, **options: Any) -> str:
        """Make a configuration from `OPTIONS` and these; return its id."""
        answer = self.http.post("/v2/Configurations/Transcription", json={"configuration": OPTIONS | options})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def configure_conversations(self) -> str:
        """Make a conversation configuration, by which calls of the same parties go together; return its id."""
        answer = self.http.post(
            "/v2/ControlPlane/Configurations",
            json={
                "displayName": "Support",
                "description": "Each call by itself",
                "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
            },
        )
        return str(answer.json()["related"]["configurationId"])

    def create(self, configuration_id: str, media_url: str = MEDIA_URL, **fields: Any) -> httpx2.Response:
        """POST a transcription."""
        document = {"transcriptionConfigurationId": configuration_id, "mediaUrl": media_url, **fields}
        return self.http.post("/v3/Transcriptions", json=document)

    def submit(self, configuration_id: str, media_url: str = MEDIA_URL, **fields: Any) -> str:
        """Make a transcription; return its id."""
        answer = self.create(configuration_id, media_url, **fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["transcription"]["id"])

    def ended(self, transcription_id: str, *, timeout: float = 90.0) -> dict[str, Any]:
        """The transcription once it is COMPLETED or FAILED."""

        def look() -> dict[str, Any] | None:
            answer = self.http.get(f"/v3/Transcriptions/{transcription_id}")
            resource: dict[str, Any] = answer.json()["transcription"]
            return resource if resource["status"] in {"COMPLETED", "FAILED"} else None

        return eventually(look, timeout=timeout)

    def callbacks(self, transcription_id: str) -> list[dict[str, Any]]:
        """The callbacks of a transcription with their attempts, once all have ended."""

        def look() -> list[dict[str, Any]] | None:
            answer = self.http.get(f"/v3/Transcriptions/{transcription_id}/Callbacks")
            found: list[dict[str, Any]] = answer.json()["callbacks"]
            return found if found and all(each["status"] != "PENDING" for each in found) else None

        return eventually(look, timeout=60)

    def blobs(self, transcription_id: str) -> Path:
        """Where the server keeps what it has of a job."""
        return self.server.data / "blobs" / self.sid / transcription_id


class Front:
    """A server with its document, and new accounts on it."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.conformance = Conformance(httpx2.get(f"{server.url}/openapi.json", timeout=30, trust_env=False).json())
        self._open = ExitStack()

    def caller(self, credentials: Credentials | None = None) -> Caller:
        """A caller with a new account."""
        known = credentials or self.server.new_account()
        http = self._open.enter_context(
            httpx2.Client(
                base_url=self.server.url,
                auth=(known.sid, known.token),
                timeout=30,
                trust_env=False,
                event_hooks={"response": [self.conformance.httpx_hook]},
            )
        )
        transport = CallscribeHttpClient(
            self.server.url, request_hooks={"response": self.conformance.requests_hook}, timeout=30
        )
        self._open.callback(transport.session.close)
        return Caller(self.server, known.sid, known.token, http, Client(known.sid, known.token, http_client=transport))

    def close(self) -> None:
        """Close the connections of every caller."""
        self._open.close()


@dataclass(frozen=True, slots=True)
class Completed:
    """The bundled call, transcribed, and its callback delivered."""

    caller: Caller
    id: str
    configuration_id: str
    resource: dict[str, Any]
    receiver: Receiver

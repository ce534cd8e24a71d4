"""Who gets in, and what everybody else is told."""

import base64
import re

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException, TwilioServiceException

from callers import Caller, Front
from callscribe.web.problems import LEGACY_PREFIXES
from harness import AUTH_TOKEN

OPEN = {"/healthz", "/readyz", "/webhooks/recording-status", "/v3/Sessions"}
"""Paths to which an account's credentials are no key: the last one checks Twilio's signature."""


@pytest.fixture
def stranger(api: Front) -> httpx2.Client:
    with httpx2.Client(
        base_url=api.server.url, trust_env=False, event_hooks={"response": [api.conformance.httpx_hook]}
    ) as client:
        yield client


def _operations(client: httpx2.Client) -> list[tuple[str, str]]:
    paths = client.get("/openapi.json").json()["paths"]
    return [
        (method.upper(), re.sub(r"\{\w+\}", "x", path))
        for path, operations in paths.items()
        for method in operations
        if path not in OPEN
    ]


def _header(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_every_operation_needs_auth(stranger: httpx2.Client) -> None:
    operations = _operations(stranger)
    assert len(operations) > 15
    for method, path in operations:
        # Not even what is wrong with the body.
        answer = stranger.request(method, path, content=b"{" if method in {"POST", "PUT"} else None)
        assert answer.status_code == 401, (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
        assert answer.json()["code"] == 20003
        if path.startswith(LEGACY_PREFIXES):
            assert answer.json().keys() == {"code", "message", "more_info", "status"}
        else:
            assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/console", "/docs", "/openapi.json", "/healthz", "/docs/assets/swagger-ui.css"])
def test_open_paths_need_no_auth(stranger: httpx2.Client, path: str) -> None:
    assert stranger.get(path).status_code == 200


def test_readiness_needs_no_auth(stranger: httpx2.Client) -> None:
    # This server has no worker.
    assert stranger.get("/readyz").status_code == 503


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic"},
        {"Authorization": "Basic %%%"},
        {"Authorization": "Bearer x"},
        {"Authorization": "Basic " + base64.b64encode(b"\xff:\xfe").decode()},
        _header("no colon"),
        _header(":"),
        _header(f"AC{'0' * 32}:{AUTH_TOKEN}"),
        _header(f":{AUTH_TOKEN}"),
        _header("\u0000:\u0000"),
        _header("é:ü"),
    ],
)
@pytest.mark.parametrize("path", ["/v3/Transcriptions", "/v2/Configurations/Transcription"])
def test_bad_credentials_refused(stranger: httpx2.Client, path: str, headers: dict[str, str]) -> None:
    answer = stranger.get(path, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, 20003)
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")


def test_token_opens_own_account_only(stranger: httpx2.Client, caller: Caller, first_caller: Caller) -> None:
    for sid, token in ((caller.sid, first_caller.token), (caller.sid, caller.token[:-1]), (caller.sid, "")):
        assert stranger.get("/v3/Transcriptions", auth=(sid, token)).status_code == 401
    assert stranger.get("/v3/Transcriptions", auth=(caller.sid, caller.token)).status_code == 200


def test_sdk_raises_for_wrong_token(api: Front, caller: Caller) -> None:
    caller.twilio.auth = (caller.sid, "wrong")
    with pytest.raises(TwilioServiceException) as v3:
        caller.twilio.voice.v3.transcriptions.create_with_http_info(_Empty())
    assert (v3.value.status, v3.value.code) == (401, 20003)
    with pytest.raises(TwilioRestException) as v2:
        caller.twilio.voice.v2.transcription("x").fetch()
    assert (v2.value.status, v2.value.code) == (401, 20003)


class _Empty:
    def to_dict(self) -> dict[str, object]:
        return {}


def test_foreign_job_is_not_found(caller: Caller, first_caller: Caller) -> None:
    transcription_id = first_caller.submit(first_caller.configure())
    path = f"/v3/Transcriptions/{transcription_id}"
    for suffix in ("", "/Transcript", "/Transcript.txt", "/Media", "/Events", "/Callbacks"):
        answer = caller.http.get(path + suffix)
        assert (answer.status_code, answer.json()["code"]) == (404, 20404), suffix
    assert caller.http.delete(path).status_code == 404
    assert caller.http.post(f"{path}/Callbacks").status_code == 404
    assert first_caller.http.get(path).status_code == 200

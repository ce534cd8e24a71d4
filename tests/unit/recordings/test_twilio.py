"""What Twilio answers about recordings and calls, and which settings that needs."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from callscribe.errors import SetupError
from callscribe.recordings.twilio import TwilioAccount, TwilioMissing, TwilioUnavailable
from callscribe.settings import Settings
from media_server import MediaServer, body, endless, redirect, reset, status

TWILIO, HERE = "AC" + "1" * 32, "AC" + "2" * 32
SID, CALL_SID = "RE" + "3" * 32, "CA" + "4" * 32
FOLDER = f"/2010-04-01/Accounts/{TWILIO}"

# As in the documentation of the API.
RECORDING: dict[str, Any] = {
    "account_sid": TWILIO,
    "api_version": "2010-04-01",
    "call_sid": CALL_SID,
    "conference_sid": None,
    "channels": 2,
    "date_created": "Mon, 02 Mar 2026 09:30:10 +0000",
    "date_updated": "Mon, 02 Mar 2026 09:31:30 +0000",
    "start_time": "Mon, 02 Mar 2026 09:30:09 +0000",
    "price": "-0.0025",
    "price_unit": "USD",
    "duration": "65",
    "sid": SID,
    "source": "DialVerb",
    "status": "completed",
    "error_code": None,
    "encryption_details": None,
    "uri": f"{FOLDER}/Recordings/{SID}.json",
    "media_url": f"https://api.twilio.com{FOLDER}/Recordings/{SID}",
}
CALL: dict[str, Any] = {
    "sid": CALL_SID,
    "parent_call_sid": None,
    "from": "+15550100",
    "to": "+15550199",
    "direction": "inbound",
    "status": "completed",
    "date_created": "Mon, 02 Mar 2026 09:30:00 +0000",
    "start_time": "Mon, 02 Mar 2026 09:30:00 +0000",
    "end_time": None,
    "duration": "80",
}


def settings(**values: Any) -> Settings:
    return Settings(**{"twilio_account_sid": TWILIO, "twilio_auth_token": "token", **values})


@pytest.fixture
def host() -> Iterator[MediaServer]:
    with MediaServer().running() as server:
        answer(server)
        yield server


def answer(host: MediaServer, recording: dict[str, Any] | None = None, call: dict[str, Any] | None = None) -> None:
    for path, document in (
        (f"/Recordings/{SID}.json", RECORDING | (recording or {})),
        (f"/Calls/{CALL_SID}.json", CALL | (call or {})),
    ):
        host.paths[FOLDER + path] = body(json.dumps(document).encode(), "application/json")


def account(host: MediaServer, **values: Any) -> TwilioAccount:
    return TwilioAccount(settings(twilio_base_url=host.url("/"), **values))


def test_recording_and_call_become_rows(host: MediaServer) -> None:
    found = account(host).look_up(HERE, SID)
    recording, call = found.recording, found.call
    assert (recording.account_sid, recording.sid, recording.call_sid) == (HERE, SID, CALL_SID)
    assert (recording.status, recording.channels, recording.duration) == ("completed", 2, 65.0)
    assert recording.start_time == datetime(2026, 3, 2, 9, 30, 9, tzinfo=UTC)
    assert (recording.origin, recording.external, recording.encryption_details) == ("twilio", False, None)
    assert call is not None
    assert (call.account_sid, call.from_, call.to, call.direction) == (HERE, "+15550100", "+15550199", "inbound")


@pytest.mark.parametrize(
    "url", [f"https://bucket.s3.eu-west-1.amazonaws.com/{TWILIO}/{SID}", "https://media.example.com/calls/1.wav"]
)
def test_customers_bucket_is_external(host: MediaServer, url: str) -> None:
    answer(host, {"media_url": url})
    assert account(host).look_up(HERE, SID).recording.external


def test_in_progress_lacks_length_and_call(host: MediaServer) -> None:
    answer(host, {"status": "in-progress", "duration": "-1", "start_time": None, "call_sid": None, "media_url": None})
    found = account(host).look_up(HERE, SID)
    assert (found.recording.status, found.recording.duration, found.recording.start_time) == ("in-progress", None, None)
    assert found.call is None


def test_deleted_call_done_without(host: MediaServer) -> None:
    del host.paths[f"{FOLDER}/Calls/{CALL_SID}.json"]
    assert account(host).look_up(HERE, SID).call is None


def test_api_key_preferred_to_token(host: MediaServer) -> None:
    key = {"twilio_api_key": "SK" + "5" * 32, "twilio_api_secret": "secret"}
    account(host, **key).look_up(HERE, SID)
    account(host).look_up(HERE, SID)
    sent = [headers["Authorization"] for _, headers in host.requests]
    assert sent[0] == sent[1] != sent[2] == sent[3]


def test_not_found_is_missing(host: MediaServer) -> None:
    host.paths[f"{FOLDER}/Recordings/{SID}.json"] = status(404)
    with pytest.raises(TwilioMissing):
        account(host).look_up(HERE, SID)


@pytest.mark.parametrize(
    "behaviour",
    [
        status(500),
        status(429),
        status(401),
        status(403),
        reset(),
        body(b"<html>", "text/html"),
        body(b"[]", "application/json"),
        body(json.dumps(RECORDING | {"sid": "RE" + "9" * 32}).encode(), "application/json"),
        body(b'{"sid": "RE1", "status": "completed", "duration": "long"}', "application/json"),
        body(b'{"sid": "RE1", "status": "completed", "start_time": "yesterday"}', "application/json"),
        body(b'{"sid": "RE1", "status": "completed", "start_time": "Fri, 31 Dec 9999 23:59:59 -0500"}', "text/plain"),
        body(b'{"sid": "RE1", "status": "completed", "duration": "nan"}', "application/json"),
        body(b"[" * 100_000, "application/json"),
        endless(2 * 1024**2),
        redirect("http://127.0.0.2:9/elsewhere"),
    ],
)
def test_other_answers_ask_again(host: MediaServer, behaviour: Any) -> None:
    host.paths[f"{FOLDER}/Recordings/{SID}.json"] = behaviour
    with pytest.raises(TwilioUnavailable) as error:
        account(host).look_up(HERE, SID)
    assert "token" not in str(error.value)


def test_each_party_on_its_channel() -> None:
    twilio = TwilioAccount(settings())
    url = f"https://api.twilio.com{FOLDER}/Recordings/{SID}.wav"
    assert (twilio.media_url(SID, 1), twilio.media_url(SID, 2)) == (url, f"{url}?RequestedChannels=2")


@pytest.mark.parametrize(
    "values",
    [
        {"twilio_auth_token": None},
        {"twilio_api_key": "SK" + "5" * 32},
        {"twilio_api_secret": "secret"},
        {"twilio_auth_token": None, "twilio_api_key": "SK" + "5" * 32},
    ],
)
def test_half_credentials_refused(values: dict[str, Any]) -> None:
    with pytest.raises(SetupError, match="CALLSCRIBE_TWILIO"):
        TwilioAccount(settings(**values))


@pytest.mark.parametrize("name", ["twilio_auth_token", "twilio_api_secret"])
def test_a_secret_is_not_empty(name: str) -> None:
    # With an empty token anybody could sign notices.
    with pytest.raises(ValidationError, match=name):
        settings(**{name: ""})

"""Twilio's SDK for Node against a real server, from the configuration to the verified callback."""

from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from callscribe.accounts.service import Credentials
from harness import Receiver, Server, running
from media_server import MediaServer, body

CALL = Path(str(files("callscribe.demo").joinpath("call.wav")))
CALL_SID = "CA" + "0e" * 16
PARTIES = {"CUSTOMER": "+15550100", "HUMAN_AGENT": "+15550199"}

pytestmark = pytest.mark.timeout(600)  # the packages are downloaded once


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("node") / "data") as server:
        yield server


@pytest.fixture
def account(server: Server) -> Credentials:
    return server.new_account()


@pytest.fixture
def media_url() -> Iterator[str]:
    with MediaServer().running() as media:
        media.paths["/call.wav"] = body(CALL.read_bytes())
        yield media.url("/call.wav")


def test_call_listed_callback_valid(node: Any, server: Server, account: Credentials, media_url: str) -> None:
    with Receiver().listening() as receiver:
        named = f"{receiver.url}/done?x=1".replace("//", "//ada:secret@")
        done = node(server, account, "transcribe.js", MEDIA_URL=media_url, CALLBACK_URL=named)
        callback = receiver.wait()[0]
    created, job, first = done["created"], done["job"], done["id"]
    assert (created["status"], created["statusUrl"]) == ("PENDING", f"{server.url}/v3/Transcriptions/{first}")
    assert created["transcription"]["id"] == job["operationId"] == first
    assert job["status"] == job["transcription"]["status"] == "COMPLETED"
    assert job["transcription"]["duration"] == 65
    assert job["transcription"]["transcriptionConfigurationId"] == done["configurationId"]
    assert [party["type"] for party in job["transcription"]["participants"]] == ["CUSTOMER", "HUMAN_AGENT"]
    assert "Riverside" in done["transcript"]["sentences"][0]["text"]

    newest_first = [*reversed(done["more"]), first]
    assert done["all"] == done["each"] == newest_first
    assert done["limited"] == newest_first[:3]
    assert done["pages"] == [newest_first[:2], newest_first[2:4]]
    assert first in done["completed"]
    assert done["german"] == done["early"] == []

    assert (done["badUrl"]["status"], done["badUrl"]["code"]) == (400, 17503)
    assert (done["missing"]["status"], done["missing"]["code"]) == (404, 20404)
    assert (done["missingConfiguration"]["status"], done["missingConfiguration"]["code"]) == (404, 20404)

    told = {
        "url": callback.url.replace("//", "//ada:secret@"),
        "body": callback.body.decode(),
        "signature": callback.headers["X-Twilio-Signature"],
    }
    assert node(server, account, "validate.js", stdin=told) == {"genuine": True, "tampered": False, "foreign": False}


@pytest.mark.parametrize("version", ["twilio", "twilio-5"])
def test_every_version_of_the_sdk(node: Any, server: Server, account: Credentials, version: str) -> None:
    done = node(server, account, "versions.js", TWILIO=version)
    assert done == {"statuses": [201, 202, 404], "keys": ["any version"], "gone": True}


def test_upload_becomes_conversation(node: Any, server: Server, account: Credentials) -> None:
    done = node(
        server,
        account,
        "walk.js",
        RECORDING=str(CALL),
        CALL_SID=CALL_SID,
        CUSTOMER=PARTIES["CUSTOMER"],
        AGENT=PARTIES["HUMAN_AGENT"],
        STARTED="2026-03-02T09:30:00Z",
    )
    sid = done["uploaded"]["sid"]
    assert (done["recording"]["sid"], done["recording"]["callSid"], done["recording"]["channels"]) == (sid, CALL_SID, 2)
    assert done["recordings"] == [sid]
    assert (done["call"]["from"], done["call"]["to"]) == tuple(PARTIES.values())

    assert done["default"] == done["recordingConfiguration"]
    job = done["job"]["transcription"]
    assert (job["status"], job["sourceId"]) == ("COMPLETED", sid)
    assert job["transcriptionConfigurationId"] == done["configuration"]["id"]
    assert {party["type"]: party["address"] for party in job["participants"]} == PARTIES

    assert done["conversation"]["id"] == job["conversationId"]
    assert done["conversation"]["configurationId"] == done["configuration"]["conversation"]
    assert done["conversations"] == [job["conversationId"]]
    assert done["closed"] == []
    ids = {each["type"]: each["id"] for each in done["participants"]}
    assert {each["type"]: each["addresses"][0]["address"] for each in done["participants"]} == PARTIES

    sentences, communications = done["transcript"]["sentences"], done["communications"]
    assert done["first"] == communications[0]
    assert [each["content"]["text"] for each in communications] == [each["text"] for each in sentences]
    for sentence, communication in zip(sentences, communications, strict=True):
        author, recipient = ("CUSTOMER", "HUMAN_AGENT")[:: 1 if sentence["audioChannelIndex"] == 1 else -1]
        assert (communication["author"]["participantId"], communication["author"]["address"]) == (
            ids[author],
            PARTIES[author],
        )
        assert [each["participantId"] for each in communication["recipients"]] == [ids[recipient]]
        assert communication["channelId"] == CALL_SID
        words = communication["content"]["transcription"]["words"]
        assert [word["text"] for word in words] == [word["text"] for word in sentence["words"]]
        assert all(word["startTime"].startswith("2026-03-02T09:3") for word in words)

    for missing in (done["noRecording"], done["noConversation"]):
        assert (missing["status"], missing["code"]) == (404, 20404)

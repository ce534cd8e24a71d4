"""A user and a password in the URL of a recording or a callback: used, and neither kept in clear nor shown."""

from base64 import b64encode
from typing import Any

from callers import Caller, Front
from harness import Receiver
from media_server import MediaServer

USER, PASSWORD = "emma", "correct-horse-battery"
BASIC = "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def _with_credentials(url: str) -> str:
    return url.replace("://", f"://{USER}:{PASSWORD}@")


def _masked(url: str) -> str:
    return url.replace("://", "://***@")


def test_credentials_are_used_and_neither_kept_in_clear_nor_shown(
    serve: Front, media: MediaServer, receiver: Receiver
) -> None:
    caller = serve.caller()
    address, target = media.url("/call.wav"), f"{receiver.url}/done"
    configuration = caller.configure(transcriptionStatusCallback={"url": _with_credentials(target), "method": "POST"})
    path = f"/v2/Configurations/Transcription/{configuration}"
    document = caller.http.get(path).json()
    assert document["configuration"]["transcriptionStatusCallback"]["url"] == _masked(target)
    # As a client does that reads a configuration, changes something, and writes it back.
    change = {"configuration": document["configuration"], "description": "changed"}
    assert caller.http.put(path, json=change).status_code == 200

    body = {"transcriptionConfigurationId": configuration, "mediaUrl": _with_credentials(address)}
    created = caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "one"}).json()
    id_ = created["transcription"]["id"]
    resource = caller.ended(id_)
    assert (resource["status"], resource["mediaUrl"]) == ("COMPLETED", _masked(address))
    assert resource["resolvedConfiguration"]["transcriptionStatusCallback"]["url"] == _masked(target)
    assert any(headers.get("Authorization") == BASIC for _, headers in media.requests)
    [received] = receiver.wait()
    assert received.headers["Authorization"] == BASIC
    assert received.json["mediaUrl"] == _masked(address)
    assert [each["url"] for each in caller.callbacks(id_)] == [_masked(target)]

    assert _kept_answers(caller, body)["transcription"]["id"] == id_
    assert caller.http.delete(f"/v3/Transcriptions/{id_}").status_code == 204
    assert _kept_answers(caller, body)["transcription"]["id"] != id_
    for place in (*caller.server.data.glob("callscribe.db*"), caller.server.log):
        assert PASSWORD.encode() not in place.read_bytes(), place


def _kept_answers(caller: Caller, body: dict[str, Any]) -> dict[str, Any]:
    answer = caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "one"})
    assert answer.status_code == 202
    document: dict[str, Any] = answer.json()
    return document


def test_the_callbacks_of_conversations_have_their_credentials(serve: Front, receiver: Receiver) -> None:
    caller = serve.caller()
    target = f"{receiver.url}/conversations"
    options = {
        "displayName": "calls",
        "description": "",
        "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
        "statusCallbacks": [{"url": _with_credentials(target)}],
    }
    made = caller.http.post("/v2/ControlPlane/Configurations", json=options)
    assert made.status_code == 202, made.text
    configuration = made.json()["related"]["configurationId"]
    path = f"/v2/ControlPlane/Configurations/{configuration}"
    callbacks = caller.http.get(path).json()["statusCallbacks"]
    assert [each["url"] for each in callbacks] == [_masked(target)]
    assert caller.http.patch(path, json={"statusCallbacks": callbacks}).status_code == 202

    opened = caller.http.post("/v2/Conversations", json={"configurationId": configuration})
    assert opened.status_code < 300, opened.text
    assert opened.json()["configuration"]["statusCallbacks"][0]["url"] == _masked(target)
    received = receiver.wait()[0]
    assert received.headers["Authorization"] == BASIC
    assert PASSWORD not in received.body.decode()
    assert PASSWORD.encode() not in caller.server.data.joinpath("callscribe.db-wal").read_bytes()

"""Names that would command the terminal of whoever reads them are refused where they come in."""

import pytest

from callers import Caller

BAD = "Emma\x1b[31m"


@pytest.mark.parametrize("member", ["name", "address"])
def test_of_participants(caller: Caller, member: str) -> None:
    answer = caller.create(caller.configure(), participants=[{"audioChannelIndex": 1, member: BAD}])
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == f"/participants/0/{member}"


def test_of_api_keys(caller: Caller) -> None:
    path = f"/2010-04-01/Accounts/{caller.sid}/Keys.json"
    assert caller.http.post(path, data={"FriendlyName": BAD}).status_code == 400
    assert caller.http.post(path, data={"FriendlyName": "[/bold]"}).status_code == 201


@pytest.mark.parametrize("field", ["From", "To"])
def test_of_parties_of_a_call(caller: Caller, field: str) -> None:
    path = f"/2010-04-01/Accounts/{caller.sid}/Recordings.json"
    answer = caller.http.post(path, params={field: BAD}, content=b"audio", headers={"Content-Type": "audio/wav"})
    assert answer.status_code == 400


def test_of_conversations(caller: Caller) -> None:
    options = {"displayName": "calls", "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"}
    made = caller.http.post("/v2/ControlPlane/Configurations", json=options).json()
    configuration = made["related"]["configurationId"]
    body = {"configurationId": configuration, "participants": [{"name": BAD, "type": "CUSTOMER", "addresses": []}]}
    for refused in (body, {"configurationId": configuration, "name": BAD}):
        assert caller.http.post("/v2/Conversations", json=refused).status_code == 400

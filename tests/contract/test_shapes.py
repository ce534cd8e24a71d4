"""Answers as strictly typed clients take them: what has no value is left out or empty, and null only as on Twilio."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from callers import Caller
from harness import OPTIONS
from media_files import make

NULL = {
    # Twilio's own examples have these.
    "mediaUrl", "sourceId", "duration", "conversationId", "conversationConfigurationId", "events",
    # And its schemas allow these.
    "unique_name", "description", "features", "name",
}  # fmt: skip


def nulls(answer: Any, name: str = "") -> Iterator[str]:
    """The names of members that are null."""
    if isinstance(answer, dict):
        for key, value in answer.items():
            yield from nulls(value, key)
    elif isinstance(answer, list):
        for each in answer:
            yield from nulls(each, name)
    elif answer is None:
        yield name


def get(caller: Caller, path: str, **query: Any) -> Any:
    answer = caller.http.get(path, params=query)
    assert answer.is_success, answer.text
    return answer.json()


def test_jobs_leave_out_what_they_lack(caller: Caller) -> None:
    bare = {"transcriptionEngine": "whisper"}
    made = caller.http.post("/v2/Configurations/Transcription", json={"configuration": bare}).json()
    created = caller.create(made["id"], participants=[{"audioChannelIndex": 1}]).json()
    job = created["transcription"]
    assert job["participants"] == [{"audioChannelIndex": 1}]
    assert "audioStartedAt" not in job
    assert job["resolvedConfiguration"]["participantDefaults"] == []
    assert "transcriptionStatusCallback" not in job["resolvedConfiguration"]
    listed = get(caller, "/v3/Transcriptions")
    assert listed["meta"] == {"key": "transcriptions", "pageSize": 50}
    assert set(nulls([created, listed, get(caller, f"/v3/Transcriptions/{job['id']}")])) <= NULL


@pytest.mark.parametrize("type_", ["Transcription", "Recording"])
def test_configurations_have_no_odd_null(caller: Caller, type_: str) -> None:
    options = {"Transcription": {"transcriptionEngine": "whisper"}, "Recording": {"compositionPolicy": None}}[type_]
    path = f"/v2/Configurations/{type_}"
    made = caller.http.post(path, json={"configuration": options}).json()
    own = caller.http.post(f"/v2/AccountDefaultConfiguration/{type_}", json={"configuration": options}).json()
    page = get(caller, path)
    assert page["meta"] == {"list_key": "content", "direct_token": False, "page_size": 50}
    assert set(nulls([made, own, page])) <= NULL
    again = caller.http.put(f"{path}/{made['id']}", json={"configuration": made["configuration"]}).json()
    assert again["configuration"] == made["configuration"], "what is answered can be sent"
    if type_ == "Transcription":
        assert made["configuration"]["participantDefaults"] == []


def test_conversations_have_no_odd_null(caller: Caller) -> None:
    grouping = {"conversationGroupingType": "GROUP_BY_PROFILE"}
    control = "/v2/ControlPlane/Configurations"
    accepted = caller.http.post(control, json={"displayName": "Calls", **grouping}).json()
    people = [{"type": "CUSTOMER", "addresses": [{"channel": "VOICE", "address": "+15550100"}]}, {"name": "Grace"}]
    opened = caller.http.post("/v2/Conversations", json={"configuration": grouping, "participants": people}).json()
    path = f"/v2/Conversations/{opened['id']}"
    author = {"participantId": opened["participants"][1]["id"]}
    for content in (
        {"type": "TEXT", "text": "Hello"},
        {"type": "TRANSCRIPTION", "text": "Hello", "transcription": {"words": [{"text": "Hello"}]}},
    ):
        said = caller.http.post(f"{path}/Communications", json={"author": author, "content": content})
        assert said.status_code == 201, said.text
    configuration = f"{control}/{accepted['related']['configurationId']}"
    paths = [path, configuration, control, "/v2/Conversations", f"{path}/Participants", f"{path}/Communications"]
    assert set(nulls([opened, *(get(caller, each) for each in paths)])) == {"name"}
    assert get(caller, "/v2/Conversations")["meta"] == {"key": "conversations", "pageSize": 50}


def test_a_conflict_names_what_it_is_with(caller: Caller) -> None:
    grouping = {"conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"}
    accepted = caller.http.post("/v2/ControlPlane/Configurations", json={"displayName": "Calls", **grouping}).json()
    people = [{"addresses": [{"channel": "VOICE", "address": "+15550100"}]}]
    body = {"configurationId": accepted["related"]["configurationId"], "participants": people}
    first = caller.http.post("/v2/Conversations", json=body).json()["id"]
    second = caller.http.post("/v2/Conversations", json=body)
    caller.http.patch(f"/v2/Conversations/{first}", json={"status": "CLOSED"})
    closed = caller.http.patch(f"/v2/Conversations/{first}", json={"status": "ACTIVE"})
    stale = caller.http.patch(
        f"/v2/ControlPlane/Configurations/{body['configurationId']}", json={"version": 7, "description": "x"}
    )
    for answer, expected in ((second, first), (closed, first), (stale, body["configurationId"])):
        assert (answer.status_code, answer.headers["X-Conflicting-Resource-Id"]) == (409, expected)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/v3/Transcriptions/none", {}),
        ("GET", "/v3/Nothing", {}),
        ("PATCH", "/v3/Transcriptions", {}),
        ("GET", "/v3/Transcriptions?status=x", {}),
        ("GET", f"/v3/Transcriptions/{'x' * 4000}", {}),
        ("POST", "/v3/Transcriptions", {"Idempotency-Key": "x" * 129}),
    ],
)
def test_titles_and_details_are_sentences(caller: Caller, method: str, path: str, headers: dict[str, str]) -> None:
    problem = caller.http.request(method, path, headers=headers).json()
    assert 16 <= len(problem["title"]) <= 128
    for each in (problem, *problem["errors"]):
        assert 16 <= len(each["detail"]) <= 1024


def test_a_content_type_that_lacks_is_named(caller: Caller) -> None:
    for path in ("/v3/Transcriptions", "/v2/Configurations/Transcription", "/v2/Conversations"):
        # As curl has it where nobody says.
        answer = caller.http.post(path, content="{}", headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code == 400
        assert "Content-Type: application/json" in answer.text
    upload = caller.http.post(f"/2010-04-01/Accounts/{caller.sid}/Recordings.json", content=b"RIFF")
    assert upload.status_code == 400
    assert "Content-Type" in upload.json()["message"]


def test_json_goes_without_a_content_type(caller: Caller) -> None:
    content = '{"configuration": {"transcriptionEngine": "whisper"}}'
    request = caller.http.build_request("POST", "/v2/Configurations/Transcription", content=content)
    assert "Content-Type" not in request.headers
    assert caller.http.send(request).status_code == 201


def test_a_unique_name_does_for_an_id(caller: Caller, first_caller: Caller) -> None:
    body = {"unique_name": "support-calls", "configuration": OPTIONS}
    made = caller.http.post("/v2/Configurations/Transcription", json=body).json()["id"]
    created = caller.create("support-calls")
    assert created.status_code == 202
    assert created.json()["transcription"]["transcriptionConfigurationId"] == made
    assert first_caller.create("support-calls").json()["code"] == 17501


@pytest.fixture
def recorded(caller: Caller, tmp_path: Path) -> tuple[Caller, str, str]:
    """A caller with a recording of two channels and its call."""
    path, _ = make(tmp_path / "dual.wav", "wav-mulaw", 3.0, 2)
    call = "CA00112233445566778899aabbccddeeff"
    fields = {"CallSid": call, "From": "+14155550100", "To": "+4930901820"}
    headers = {"Content-Type": "audio/wav"}
    # Without .json, as everything below.
    answer = caller.http.post(
        f"/2010-04-01/Accounts/{caller.sid}/Recordings", params=fields, content=path.read_bytes(), headers=headers
    )
    assert answer.status_code == 201, answer.text
    return caller, answer.json()["sid"], call


def test_sids_in_filters_have_any_case(recorded: tuple[Caller, str, str]) -> None:
    caller, sid, call = recorded
    upper = f"CA{call[2:].upper()}"
    assert [each.sid for each in caller.twilio.recordings.list(call_sid=upper)] == [sid]
    assert caller.twilio.recordings.list(conference_sid="CF" + "0A" * 16) == []
    assert caller.twilio.calls.list(parent_call_sid=upper) == []


def test_calls_and_accounts_have_every_member(recorded: tuple[Caller, str, str]) -> None:
    caller, sid, call = recorded
    found = caller.twilio.calls(call).fetch()
    assert (found.from_formatted, found.to_formatted) == ("(415) 555-0100", "+4930901820")
    members = get(caller, f"/2010-04-01/Accounts/{caller.sid}/Calls/{call}.json").keys()
    assert members >= {"phone_number_sid", "answered_by", "forwarded_from", "group_sid", "caller_name", "queue_time"}
    assert "trunk_sid" in members
    (recording,) = caller.twilio.calls(call).recordings.list()
    assert (recording.sid, recording.track) == (sid, "both")
    account = caller.twilio.api.accounts(caller.sid).fetch()
    assert account.date_updated == account.date_created


def test_paths_go_without_json(recorded: tuple[Caller, str, str]) -> None:
    caller, sid, call = recorded
    for path in ("", "/Recordings", "/Calls", f"/Calls/{call}", f"/Calls/{call}/Recordings", "/Keys"):
        bare = caller.http.get(f"/2010-04-01/Accounts/{caller.sid}{path}")
        assert bare.is_success, bare.text
        assert bare.json() == get(caller, f"/2010-04-01/Accounts/{caller.sid}{path}.json")
    assert caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}").content.startswith(b"RIFF")
    key = caller.http.post(f"/2010-04-01/Accounts/{caller.sid}/Keys", data={"FriendlyName": "bare"}).json()["sid"]
    assert caller.http.delete(f"/2010-04-01/Accounts/{caller.sid}/Keys/{key}").status_code == 204
    assert caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Keys/{key}").status_code == 404
    assert caller.http.delete(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}").status_code == 204

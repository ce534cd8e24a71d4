"""Conversations by Twilio's SDK, and by plain HTTP where it has no method."""

import threading
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest.conversations.v2.communication import CommunicationList
from twilio.rest.conversations.v2.configuration import ConfigurationList
from twilio.rest.conversations.v2.conversation import ConversationList
from twilio.rest.conversations.v2.participant import ParticipantList

from callers import Caller, Front
from harness import Receiver, eventually
from media_server import MediaServer

CUSTOMER = {
    "name": "Emma Carter",
    "type": "CUSTOMER",
    "addresses": [{"channel": "VOICE", "address": "+15550100", "channelId": "CA0123456789abcdef0123456789abcdef"}],
}
AGENT = {"type": "HUMAN_AGENT", "addresses": [{"channel": "VOICE", "address": "+15550111"}]}
CONFIGURATION = {"displayName": "Calls", "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES"}
NOBODY = "01k9v6x8m3e5rt0q2w4y6z8abc"


def configured(caller: Caller, **members: Any) -> str:
    answer = caller.http.post("/v2/ControlPlane/Configurations", json=CONFIGURATION | members)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["related"]["configurationId"])


def opened(caller: Caller, **members: Any) -> dict[str, Any]:
    body = {"configurationId": configured(caller), "participants": [CUSTOMER, AGENT], **members}
    answer = caller.http.post("/v2/Conversations", json=body)
    assert answer.status_code == 201, answer.text
    document: dict[str, Any] = answer.json()
    return document


def say(caller: Caller, conversation: str, text: str = "Hello", **members: Any) -> httpx2.Response:
    body = {"author": {"address": "+15550100"}, "content": {"type": "TEXT", "text": text}, **members}
    return caller.http.post(f"/v2/Conversations/{conversation}/Communications", json=body)


def refused(answer: httpx2.Response, status: int, code: int) -> dict[str, Any]:
    document: dict[str, Any] = answer.json()
    assert (answer.status_code, document["code"]) == (status, code), answer.text
    return document


# With Twilio's SDK.


def test_configurations_by_the_sdk(caller: Caller) -> None:
    control = caller.twilio.conversations.v2
    request = ConfigurationList.CreateConfigurationRequest(
        {
            "displayName": "Support calls",
            "description": "Every call",
            "conversationGroupingType": "GROUP_BY_PROFILE",
            "memoryStoreId": "mem_store_1",
            "channelSettings": {
                "VOICE": ConfigurationList.CreateConfigurationRequestChannelSettingsValue(
                    {"statusTimeouts": {"inactive": 60, "closed": 1440}, "captureRules": [{"from": "*", "to": "*"}]}
                )
            },
            "statusCallbacks": [{"url": "https://example.com/c", "method": "POST"}],
            "intelligenceConfigurationIds": ["one"],
        }
    )
    created = control.configurations.create(idempotency_key=str(uuid4()), create_configuration_request=request)
    operation = control.operations(created.status_url.rpartition("/")[2]).fetch()
    assert (operation.status, operation.related) == ("COMPLETED", created.related)
    configuration = control.configurations(created.related["configurationId"]).fetch()
    assert configuration.id == created.related["configurationId"]
    assert configuration.display_name == "Support calls"
    assert configuration.channel_settings["VOICE"]["statusTimeouts"] == {"inactive": 60, "closed": 1440}
    assert configuration.status_callbacks == [{"url": "https://example.com/c", "method": "POST"}]
    assert configuration.version == 1
    assert configuration.created_at.tzinfo is not None

    patched = ConfigurationList.PatchConfigurationRequest({"description": "Some calls"})
    control.configurations(configuration.id).patch(patch_configuration_request=patched)
    updated = ConfigurationList.UpdateConfigurationRequest(
        {"displayName": "Other", "conversationGroupingType": "GROUP_BY_PROFILE"}
    )
    seen = control.configurations(configuration.id).fetch()
    assert (seen.description, seen.memory_store_id, seen.version) == ("Some calls", "mem_store_1", 2)
    control.configurations(configuration.id).update(update_configuration_request=updated)
    seen = control.configurations(configuration.id).fetch()
    assert (seen.display_name, seen.description, seen.channel_settings, seen.version) == ("Other", None, {}, 3)

    assert [each.id for each in control.configurations.list()] == [configuration.id]
    assert control.configurations.list(memory_store_id="mem_store_1") == []
    assert control.configurations(configuration.id).delete()
    with pytest.raises(TwilioRestException) as caught:
        control.configurations(configuration.id).fetch()
    assert (caught.value.status, caught.value.code) == (404, 20404)


def test_a_conversation_by_the_sdk(caller: Caller) -> None:
    twilio = caller.twilio.conversations.v2
    created = twilio.conversations.create(
        ConversationList.CreateConversationWithConfigRequest(
            {"configurationId": configured(caller), "name": "Tents", "metadata": {"order": "1"}}
        )
    )
    assert (created.status, created.name, created.metadata) == ("ACTIVE", "Tents", {"order": "1"})
    people = twilio.participants(created.id)
    customer, agent = (
        people.create(ParticipantList.CreateParticipantInConversationRequest(each)) for each in (CUSTOMER, AGENT)
    )
    assert customer.addresses == [
        {"channel": "VOICE", "address": "+15550100", "channelId": "CA0123456789abcdef0123456789abcdef"}
    ]
    assert [each.id for each in people.list()] == [customer.id, agent.id]
    renamed = twilio.participants(created.id, agent.id).update(
        ParticipantList.UpdateParticipantInConversationRequest({**AGENT, "name": "Sam"})
    )
    assert renamed.name == twilio.participants(created.id, agent.id).fetch().name == "Sam"

    spoken = twilio.communications(created.id).create(
        CommunicationList.CreateCommunicationInConversationRequest(
            {
                "author": {"participantId": agent.id},
                "content": {"type": "TEXT", "text": "Good morning"},
                "recipients": [{"participantId": customer.id}],
                "channelId": "CA1",
                "occurredAt": "2026-03-02T09:30:00Z",
            }
        )
    )
    assert spoken.author == {"address": "+15550111", "channel": "VOICE", "participantId": agent.id}
    assert twilio.communications(created.id, spoken.id).fetch().content == {"type": "TEXT", "text": "Good morning"}
    assert [each.id for each in twilio.communications(created.id).list(channel_id="CA1")] == [spoken.id]
    assert twilio.communications(created.id).list(channel_id="CA2") == []

    # The SDK takes nulls out of what it sends, so it adds keys and removes none.
    twilio.conversations(created.id).patch(
        ConversationList.PatchConversationByIdRequest({"metadata": {"order": None, "case": "2"}})
    )
    seen = twilio.conversations(created.id).fetch()
    assert (seen.name, seen.metadata, len(seen.participants)) == ("Tents", {"order": "1", "case": "2"}, 2)
    assert [each.id for each in twilio.conversations.list(channel_id="CA1")] == [created.id]
    assert [each.id for each in twilio.conversations.list(status=["INACTIVE", "ACTIVE"])] == [created.id]
    assert twilio.conversations.list(status=["CLOSED"]) == []
    closed = twilio.conversations(created.id).update(
        ConversationList.UpdateConversationByIdRequest({"name": "Done", "status": "CLOSED"})
    )
    assert (closed.status, closed.name, closed.metadata) == ("CLOSED", "Done", {})
    assert twilio.conversations(created.id).delete()
    assert twilio.conversations.list() == []


def test_pages_lead_both_ways(caller: Caller) -> None:
    conversation = opened(caller)["id"]
    for number in range(5):
        answer = say(caller, conversation, str(number), occurredAt=f"2026-03-02T09:30:0{number}.500Z")
        assert answer.json()["occurredAt"] == f"2026-03-02T09:30:0{number}.500Z"
    listed = caller.twilio.conversations.v2.communications(conversation).list(page_size=2)
    assert [each.content["text"] for each in listed] == ["0", "1", "2", "3", "4"]
    page = caller.twilio.conversations.v2.communications(conversation).page(page_size=2)
    second = page.next_page()
    assert [each.content["text"] for each in second] == ["2", "3"]
    assert [each.content["text"] for each in second.previous_page()] == ["0", "1"]


def test_list_keeps_statuses_over_pages(caller: Caller) -> None:
    configuration = configured(caller)
    ids = []
    for number, status in enumerate(("ACTIVE", "INACTIVE", "CLOSED", "ACTIVE")):
        someone = {"type": "CUSTOMER", "addresses": [{"channel": "VOICE", "address": f"+1555010{number}"}]}
        body = {"configurationId": configuration, "participants": [someone]}
        conversation = caller.http.post("/v2/Conversations", json=body).json()["id"]
        caller.http.patch(f"/v2/Conversations/{conversation}", json={"status": status})
        ids.append(conversation)
    query = "/v2/Conversations?status=ACTIVE&status=INACTIVE&pageSize=2"
    first = caller.http.get(query).json()
    assert [each["id"] for each in first["conversations"]] == [ids[3], ids[1]]
    rest = caller.http.get("/v2/Conversations", params={"pageToken": first["meta"]["nextToken"]}).json()
    assert [each["id"] for each in rest["conversations"]] == [ids[0]]
    assert len(caller.http.get("/v2/Conversations").json()["conversations"]) == 4


# Rules.


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"displayName": "x" * 33}, "/displayName"),
        ({"displayName": "a/b"}, "/displayName"),
        ({"description": "x" * 513}, "/description"),
        ({"conversationGroupingType": "GROUP_BY_MOON"}, "/conversationGroupingType"),
        ({"statusCallbacks": [{"url": "https://example.com"}] * 21}, "/statusCallbacks"),
        ({"statusCallbacks": [{"url": "example.com"}]}, "/statusCallbacks/0/url"),
        ({"statusCallbacks": [{"url": "https://example.com", "method": "GET"}]}, "/statusCallbacks/0/method"),
        ({"intelligenceConfigurationIds": ["x"] * 6}, "/intelligenceConfigurationIds"),
        ({"channelSettings": {"FAX": {}}}, "/channelSettings/FAX/[key]"),
        (
            {"channelSettings": {"VOICE": {"statusTimeouts": {"closed": 0}}}},
            "/channelSettings/VOICE/statusTimeouts/closed",
        ),
        ({"redactionConfigurationId": "x"}, "/redactionConfigurationId"),
    ],
)
def test_configuration_keeps_limits(caller: Caller, members: dict[str, Any], pointer: str) -> None:
    answer = caller.http.post("/v2/ControlPlane/Configurations", json=CONFIGURATION | members)
    document = refused(answer, 400, 20001)
    assert document["details"]["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_stale_update_and_regrouping_refused(caller: Caller, method: str) -> None:
    url = f"/v2/ControlPlane/Configurations/{configured(caller)}"
    assert caller.http.request(method, url, json=CONFIGURATION | {"version": 1}).status_code == 202
    refused(caller.http.request(method, url, json=CONFIGURATION | {"version": 1}), 409, 20409)
    other = CONFIGURATION | {"conversationGroupingType": "GROUP_BY_PROFILE"}
    refused(caller.http.request(method, url, json=other), 400, 20001)
    assert caller.http.get(url).json()["version"] == 2


def test_channels_merged_null_removes(caller: Caller) -> None:
    timeouts = {"statusTimeouts": {"closed": 5}}
    url = f"/v2/ControlPlane/Configurations/{configured(caller, channelSettings={'SMS': timeouts, 'VOICE': timeouts})}"
    caller.http.patch(url, json={"channelSettings": {"SMS": None, "CHAT": timeouts}})
    assert caller.http.get(url).json()["channelSettings"] == {"VOICE": timeouts, "CHAT": timeouts}


def test_change_names_its_operation(caller: Caller) -> None:
    answer = caller.http.post("/v2/ControlPlane/Configurations", json=CONFIGURATION)
    document = answer.json()
    assert answer.headers["Location"] == document["statusUrl"]
    assert document["statusUrl"].endswith(answer.headers["Operation-Id"])
    operation = caller.http.get(document["statusUrl"]).json()
    assert (operation["operationId"], operation["status"]) == (answer.headers["Operation-Id"], "COMPLETED")


@pytest.mark.parametrize(
    ("members", "pointer"),
    [
        ({"metadata": {str(number): "x" for number in range(9)}}, "/metadata"),
        ({"metadata": {"a b": "x"}}, "/metadata/a b/[key]"),
        ({"metadata": {"x" * 129: "x"}}, "/metadata/" + "x" * 129 + "/[key]"),
        ({"metadata": {"a": "x" * 513}}, "/metadata/a"),
        ({"participants": [CUSTOMER] * 51}, "/participants"),
        ({"participants": [{"type": "ROBOT"}]}, "/participants/0/type"),
        ({"configurationId": None}, "/configurationId"),
        ({"configuration": {"workflows": [{"flowId": "FW1"}]}}, "/configuration/workflows"),
        (
            {"configuration": {"conversationGroupingType": "GROUP_BY_PROFILE"}},
            "/configuration/conversationGroupingType",
        ),
    ],
)
def test_conversation_keeps_limits(caller: Caller, members: dict[str, Any], pointer: str) -> None:
    answer = caller.http.post("/v2/Conversations", json={"configurationId": configured(caller), **members})
    document = refused(answer, 400, 20001)
    assert document["details"]["errors"][0]["pointer"] == pointer


def test_merged_metadata_keeps_limit(caller: Caller) -> None:
    url = f"/v2/Conversations/{opened(caller, metadata={str(number): 'x' for number in range(8)})['id']}"
    refused(caller.http.patch(url, json={"metadata": {"9": "x"}}), 400, 20001)
    merged = caller.http.patch(url, json={"metadata": {"9": "x", "0": None}})
    assert len(merged.json()["metadata"]) == 8


def test_own_options_group_with_nothing(caller: Caller) -> None:
    own = {"conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES", "statusCallbacks": []}
    body = {"configuration": own, "participants": [CUSTOMER, AGENT]}
    one, two = (caller.http.post("/v2/Conversations", json=body) for _ in range(2))
    assert (one.status_code, two.status_code) == (201, 201)
    assert "configurationId" not in one.json()
    assert one.json()["configuration"]["conversationGroupingType"] == "GROUP_BY_PARTICIPANT_ADDRESSES"


def test_open_ones_share_no_participants(caller: Caller) -> None:
    first = opened(caller)
    body = {"configurationId": first["configurationId"], "participants": [CUSTOMER, AGENT]}
    document = refused(caller.http.post("/v2/Conversations", json=body), 409, 20409)
    assert first["id"] in document["message"]
    alone = caller.http.post("/v2/Conversations", json=body | {"participants": [CUSTOMER]}).json()
    refused(caller.http.post(f"/v2/Conversations/{alone['id']}/Participants", json=AGENT), 409, 20409)
    assert len(caller.http.get(f"/v2/Conversations/{alone['id']}").json()["participants"]) == 1
    agent = first["participants"][1]["id"]
    left = caller.http.delete(f"/v2/Conversations/{first['id']}/Participants/{agent}")
    refused(left, 409, 20409)
    caller.http.patch(f"/v2/Conversations/{alone['id']}", json={"status": "CLOSED"})
    assert caller.http.delete(f"/v2/Conversations/{first['id']}/Participants/{agent}").status_code == 204
    refused(caller.http.get(f"/v2/Conversations/{first['id']}/Participants/{agent}"), 404, 20404)


def test_closed_one_changes_no_more(caller: Caller) -> None:
    conversation = opened(caller)
    url = f"/v2/Conversations/{conversation['id']}"
    agent = conversation["participants"][1]["id"]
    assert caller.http.patch(url, json={"status": "CLOSED"}).json()["status"] == "CLOSED"
    refused(caller.http.patch(url, json={"status": "ACTIVE"}), 409, 20409)
    refused(caller.http.put(url, json={"name": "x"}), 409, 20409)
    refused(caller.http.post(f"{url}/Participants", json=AGENT), 409, 20409)
    refused(caller.http.put(f"{url}/Participants/{agent}", json=AGENT), 409, 20409)
    refused(caller.http.delete(f"{url}/Participants/{agent}"), 409, 20409)
    refused(say(caller, conversation["id"]), 409, 20409)
    assert caller.http.get(url).status_code == 200


def test_communication_wakes_inactive(caller: Caller) -> None:
    conversation = opened(caller)["id"]
    caller.http.patch(f"/v2/Conversations/{conversation}", json={"status": "INACTIVE"})
    assert say(caller, conversation).status_code == 201
    assert caller.http.get(f"/v2/Conversations/{conversation}").json()["status"] == "ACTIVE"


def test_one_communication_per_resource(caller: Caller) -> None:
    conversation = opened(caller)["id"]
    first = say(caller, conversation, resourceId="SM1")
    again = say(caller, conversation, resourceId="SM1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    changed = say(caller, conversation, "Goodbye", resourceId="SM1")
    assert changed.status_code == 200
    assert (changed.json()["id"], changed.json()["content"]["text"]) == (first.json()["id"], "Goodbye")
    other = opened(caller)["id"]
    assert say(caller, other, resourceId="SM1").status_code == 201


def test_author_speaks_others_hear(caller: Caller) -> None:
    conversation = opened(caller)
    customer, agent = (each["id"] for each in conversation["participants"])
    heard = say(caller, conversation["id"], author={"address": "whatsapp:+15550100", "channel": "WHATSAPP"}).json()
    assert heard["author"] == {"address": "whatsapp:+15550100", "channel": "WHATSAPP", "participantId": customer}
    assert heard["recipients"] == [{"address": "+15550111", "channel": "VOICE", "participantId": agent}]
    for author in ({}, {"address": "+15550199"}, {"participantId": f"conv_participant_{NOBODY}"}):
        refused(say(caller, conversation["id"], author=author), 400, 20001)
    refused(say(caller, conversation["id"], recipients=[{"address": "+1"}]), 400, 20001)


def test_transcription_words_have_instants(caller: Caller) -> None:
    word = {"text": "Hello.", "startTime": "2026-03-02T10:30:00.25+01:00", "endTime": "2026-03-02T09:30:01Z"}
    transcription = {"channel": 0, "confidence": 1, "engine": "whisper", "words": [word]}
    content = {"type": "TRANSCRIPTION", "text": "Hello.", "transcription": transcription}
    answer = say(caller, opened(caller)["id"], content=content).json()
    (kept,) = answer["content"]["transcription"]["words"]
    assert kept == {"text": "Hello.", "startTime": "2026-03-02T09:30:00.250Z", "endTime": "2026-03-02T09:30:01.000Z"}


@pytest.mark.parametrize(
    "members",
    [
        {"content": {"type": "SONG", "text": "x"}},
        {"content": {"type": "TEXT"}},
        {"content": {"type": "TEXT", "text": "a\x00b"}},
        {"content": {"type": "TEXT", "text": "x" * 100_001}},
        {"content": {"type": "TRANSCRIPTION", "text": "x", "transcription": {"channel": 2}}},
        {"content": {"type": "TRANSCRIPTION", "text": "x", "transcription": {"confidence": 1.5}}},
        {"occurredAt": 1},
        {"occurredAt": "2026-03-02T09:30:00"},
        {"resourceId": ""},
    ],
)
def test_communication_keeps_limits(caller: Caller, members: dict[str, Any]) -> None:
    refused(say(caller, opened(caller)["id"], **members), 400, 20001)


def test_a_key_makes_a_change_once(caller: Caller) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    first, again = (
        caller.http.post("/v2/ControlPlane/Configurations", json=CONFIGURATION, headers=key) for _ in range(2)
    )
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] == key["Idempotency-Key"]
    assert first.json() == again.json()
    assert again.headers["Operation-Id"] == first.headers["Operation-Id"]
    assert len(caller.http.get("/v2/ControlPlane/Configurations").json()["configurations"]) == 1
    other = caller.http.post("/v2/ControlPlane/Configurations", json=CONFIGURATION | {"description": "x"}, headers=key)
    refused(other, 422, 17534)
    refused(caller.http.post("/v2/Conversations", json={}, headers={"Idempotency-Key": "no-uuid"}), 400, 20001)


def test_deletion_with_key_done_once(caller: Caller) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    url = f"/v2/Conversations/{opened(caller)['id']}"
    first, again = (caller.http.delete(url, headers=key) for _ in range(2))
    assert (first.status_code, again.json()) == (202, first.json())
    refused(caller.http.delete(url), 404, 20404)


def test_missing_or_foreign_not_found(api: Front, caller: Caller) -> None:
    conversation = opened(caller)
    communication = say(caller, conversation["id"]).json()["id"]
    url = f"/v2/Conversations/{conversation['id']}"
    participant = conversation["participants"][0]["id"]
    stranger = api.caller()
    for path in (
        url,
        f"{url}/Participants",
        f"{url}/Participants/{participant}",
        f"{url}/Communications",
        f"{url}/Communications/{communication}",
        f"/v2/ControlPlane/Configurations/{conversation['configurationId']}",
    ):
        assert caller.http.get(path).status_code == 200
        refused(stranger.http.get(path), 404, 20404)
    refused(stranger.http.patch(url, json={"name": "mine"}), 404, 20404)
    refused(say(stranger, conversation["id"]), 404, 20404)
    refused(stranger.http.delete(url), 404, 20404)
    refused(
        stranger.http.post("/v2/Conversations", json={"configurationId": conversation["configurationId"]}), 404, 20404
    )
    for path in (
        f"/v2/Conversations/conv_conversation_{NOBODY}",
        "/v2/Conversations/x",
        f"{url}/Participants/conv_participant_{NOBODY}",
        f"{url}/Communications/conv_communication_{NOBODY}",
        f"/v2/ControlPlane/Operations/conv_operation_{NOBODY}",
    ):
        refused(caller.http.get(path), 404, 20404)


# Callbacks.


def test_changes_told_with_signature(serve: Front, receiver: Receiver) -> None:
    caller = serve.caller()
    configuration = configured(caller, statusCallbacks=[{"url": f"{receiver.url}/conversations"}])
    body = {"configurationId": configuration, "participants": [CUSTOMER, AGENT]}
    conversation = caller.http.post("/v2/Conversations", json=body).json()
    said = say(caller, conversation["id"], resourceId="SM1").json()
    say(caller, conversation["id"], "Other", resourceId="SM1")
    caller.http.patch(f"/v2/Conversations/{conversation['id']}", json={"status": "CLOSED"})
    received = receiver.wait(6)
    told = {each.json["eventType"]: each.json["data"] for each in received}
    assert sorted(each.json["eventType"] for each in received) == [
        "COMMUNICATION_CREATED",
        "COMMUNICATION_UPDATED",
        "CONVERSATION_CREATED",
        "CONVERSATION_UPDATED",
        "PARTICIPANT_ADDED",
        "PARTICIPANT_ADDED",
    ]
    assert told["CONVERSATION_CREATED"] == conversation
    assert told["CONVERSATION_UPDATED"]["status"] == "CLOSED"
    assert told["COMMUNICATION_CREATED"] == said
    validator = RequestValidator(caller.token)
    for each in received:
        assert validator.validate(each.url, each.body.decode(), each.headers["X-Twilio-Signature"])


def test_own_callbacks_or_none(caller: Caller) -> None:
    conversation = opened(caller)["id"]
    url = f"/v2/Conversations/{conversation}"
    callbacks = [{"url": "https://example.com/other", "method": "POST"}]
    changed = caller.http.patch(url, json={"configuration": {"statusCallbacks": callbacks}}).json()
    assert changed["configuration"]["statusCallbacks"] == callbacks
    ended = caller.http.patch(url, json={"configuration": {"statusCallbacks": []}}).json()
    assert ended["configuration"]["statusCallbacks"] == []


# What is left of a transcript that was only stored in part.


@pytest.fixture
def held(media: MediaServer) -> Iterator[Callable[[], None]]:
    """`/held` is not found, but says so only when it is called."""
    answer = threading.Event()

    def hold(handler: Any, stopping: threading.Event) -> None:
        while not answer.wait(0.05) and not stopping.is_set():
            pass
        handler.send_error(404)

    media.paths["/held"] = hold
    yield answer.set
    answer.set()


@pytest.mark.parametrize("way", ["deleted", "failed"])
def test_incomplete_jobs_parts_withdrawn(serve: Front, media: MediaServer, held: Callable[[], None], way: str) -> None:
    caller = serve.caller()
    conversations = configured(caller)
    parties = [
        {"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100"},
        {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550111"},
    ]
    configuration = caller.configure(conversationConfigurationId=conversations)
    job = caller.submit(configuration, media.url("/held"), participants=parties)
    # As a worker leaves it that is killed in the middle of a long call.
    conversation = opened(caller, configurationId=conversations)["id"]
    assert say(caller, conversation, channelId=job, resourceId=f"{job}:0").status_code == 201
    other = say(caller, conversation, channelId=job, resourceId=f"{job}0:0").json()["id"]
    if way == "deleted":
        assert caller.http.delete(f"/v3/Transcriptions/{job}").status_code == 204
        held()
    else:
        held()
        assert caller.ended(job)["status"] == "FAILED"

    def left() -> list[str]:
        answer = caller.http.get(f"/v2/Conversations/{conversation}/Communications")
        return [each["id"] for each in answer.json()["communications"]]

    eventually(lambda: left() == [other])


def test_unstorable_participant_refused(caller: Caller) -> None:
    for field in ("name", "address"):
        answer = caller.create(caller.configure(), participants=[{"audioChannelIndex": 1, field: "Ad\0a"}])
        refused(answer, 400, 20001)

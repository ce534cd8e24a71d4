"""Transcriptions of recordings that are on the server: participants, rules, and the audio itself."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioServiceException
from twilio.rest.voice.v3.transcription import TranscriptionList

from callers import Caller, Front
from callscribe.ids import new_recording_sid
from faults.clips import clip
from harness import eventually
from sourcing import (
    CALL,
    CALLED,
    CALLER,
    accepted,
    make_conversation_configuration,
    parties,
    put_recording,
    record_with,
    refused,
    transcribe,
    upload,
)

Request = TranscriptionList.CreateV3TranscriptionsRequest


def test_inbound_call_fills_participants(caller: Caller) -> None:
    sid = put_recording(caller.server, caller.sid)
    resource = accepted(transcribe(caller, sid, inputSource="SOURCE_ID"))
    assert (resource["sourceId"], resource["mediaUrl"]) == (sid, None)
    assert resource["audioStartedAt"] == "2026-03-02T09:30:00Z"
    assert parties(resource) == [(1, "CUSTOMER", CALLER), (2, "HUMAN_AGENT", CALLED)]


def test_outbound_swaps_roles(caller: Caller) -> None:
    sid = put_recording(caller.server, caller.sid, {"direction": "outbound-dial"})
    assert parties(accepted(transcribe(caller, sid))) == [(1, "HUMAN_AGENT", CALLER), (2, "CUSTOMER", CALLED)]


def test_configuration_and_request_win(caller: Caller) -> None:
    sid = put_recording(caller.server, caller.sid, {"direction": "outbound-api"})
    configuration = caller.configure()
    assert parties(accepted(transcribe(caller, sid, configuration))) == [
        (1, "CUSTOMER", CALLED),
        (2, "HUMAN_AGENT", CALLER),
    ]
    participants = [
        {"audioChannelIndex": 1, "type": "AI_AGENT", "name": "Bot"},
        {"audioChannelIndex": 2, "type": "CUSTOMER", "address": "sip:emma@example.com"},
    ]
    assert parties(accepted(transcribe(caller, sid, configuration, participants=participants))) == [
        (1, "AI_AGENT", CALLER),
        (2, "CUSTOMER", "sip:emma@example.com"),
    ]


def test_sdk_transcribes_and_lists_it(caller: Caller) -> None:
    sid = put_recording(caller.server, caller.sid)
    configuration = caller.configure()
    request = Request({"transcriptionConfigurationId": configuration, "sourceId": sid})
    created = caller.twilio.voice.v3.transcriptions.create(request)
    listed = caller.twilio.voice.v3.transcriptions.list(source_id=sid)
    assert [each.id for each in listed] == [created.transcription["id"]]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": "in-progress"}, "in-progress"),
        ({"status": "absent"}, "absent"),
        ({"encryption_details": {"type": "rsa-aes"}}, "encrypted"),
        ({"external": True}, "external"),
        ({"origin": "twilio", "blobs": None}, "at Twilio"),
    ],
)
def test_17533_not_eligible(caller: Caller, fields: dict[str, Any], reason: str) -> None:
    sid = put_recording(caller.server, caller.sid, **fields)
    code, status, pointer, detail = refused(transcribe(caller, sid))
    assert (code, status, pointer) == (17533, 422, "/sourceId")
    assert reason in detail


def test_17533_foreign_or_missing(api: Front, caller: Caller) -> None:
    theirs = put_recording(caller.server, api.caller().sid)
    nobodys = new_recording_sid()
    details = []
    for sid in (theirs, nobodys):
        code, status, pointer, detail = refused(transcribe(caller, sid))
        assert (code, status, pointer) == (17533, 422, "/sourceId")
        details.append(detail.replace(sid, "…"))
    assert details[0] == details[1]
    request = Request({"transcriptionConfigurationId": caller.configure(), "sourceId": nobodys})
    with pytest.raises(TwilioServiceException) as error:
        caller.twilio.voice.v3.transcriptions.create(request)
    assert error.value.code == 17533


@pytest.mark.parametrize("call", [{"from_": None}, {"to": ""}])
def test_17563_no_addresses_to_store(caller: Caller, conversation_configuration: str, call: dict[str, Any]) -> None:
    sid = put_recording(caller.server, caller.sid, call)
    configuration = caller.configure(conversationConfigurationId=conversation_configuration)
    assert refused(transcribe(caller, sid, configuration))[:3] == (17563, 422, "/sourceId")
    participants = [{"audioChannelIndex": 1, "address": CALLER}, {"audioChannelIndex": 2, "address": CALLED}]
    accepted(transcribe(caller, sid, configuration, participants=participants))


@pytest.fixture
def conversation_configuration(caller: Caller) -> str:
    return make_conversation_configuration(caller)


def test_upload_transcribed(serve: Front) -> None:
    caller = serve.caller()
    audio = clip(0.5, 6.5)
    sid = upload(caller, audio, **CALL)
    resource = caller.ended(accepted(transcribe(caller, sid))["id"])
    assert resource["status"] == "COMPLETED", resource
    assert parties(resource) == [(1, "CUSTOMER", CALLER), (2, "HUMAN_AGENT", CALLED)]
    sentences = caller.http.get(f"/v3/Transcriptions/{resource['id']}/Transcript").json()["sentences"]
    assert "Riverside" in sentences[0]["text"]
    assert caller.http.get(resource["links"]["media"]).content == audio


@pytest.mark.long
def test_deletion_breaks_no_accepted_job(serve: Front) -> None:
    caller = serve.caller()
    audio = clip(0.5, 6.5)
    sid = upload(caller, audio, **CALL)
    configuration = caller.configure()
    jobs = [accepted(transcribe(caller, sid, configuration))["id"] for _ in range(6)]
    answer = caller.http.delete(f"/2010-04-01/Accounts/{caller.sid}/Recordings/{sid}.json")
    assert answer.status_code == 204, answer.text
    assert refused(transcribe(caller, sid, configuration))[0] == 17533
    for job in jobs:
        resource = caller.ended(job)
        assert resource["status"] == "COMPLETED", resource
        assert caller.http.get(resource["links"]["media"]).content == audio
    assert {each["sourceId"] for each in caller.http.get("/v3/Transcriptions").json()["transcriptions"]} == {sid}


def test_callback_names_conversation(serve: Front, receiver: Any) -> None:
    caller = serve.caller()
    sid = upload(caller, clip(0.0, 30.0), **CALL)
    configuration = caller.configure(
        conversationConfigurationId=make_conversation_configuration(caller),
        transcriptionStatusCallback={"url": f"{receiver.url}/done", "method": "POST"},
    )
    resource = caller.ended(accepted(transcribe(caller, sid, configuration))["id"])
    assert resource["status"] == "COMPLETED", resource
    assert "notices" not in resource
    conversation = resource["conversationId"]
    assert resource["links"]["conversation"].endswith(f"/v2/Conversations/{conversation}")
    (callback,) = receiver.wait()
    assert callback.json["conversationId"] == conversation
    assert callback.json["links"]["conversation"] == resource["links"]["conversation"]
    assert caller.http.get(resource["links"]["conversation"]).json()["id"] == conversation
    listed = caller.http.get(f"/v2/Conversations/{conversation}/Communications").json()["communications"]
    sentences = caller.http.get(f"/v3/Transcriptions/{resource['id']}/Transcript").json()["sentences"]
    said = {f"{resource['id']}:{each['sentenceIndex']}": each["text"] for each in sentences}
    assert {each["resourceId"]: each["content"]["text"] for each in listed} == said


def test_automatic_once_per_feature(caller: Caller) -> None:
    wanted = [caller.configure(language=language) for language in ("en-US", "en-GB")]
    gone = caller.configure()
    record_with(caller, [*wanted, gone])
    caller.http.delete(f"/v2/Configurations/Transcription/{gone}")
    sid = upload(caller, clip(0.5, 6.5), **CALL)

    made = caller.twilio.voice.v3.transcriptions.list(source_id=sid)
    assert sorted(each.transcription_configuration_id for each in made) == sorted(wanted)
    eventually(lambda: "recording.not_transcribed" in caller.server.output(), timeout=5)

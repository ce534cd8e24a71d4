"""A call's whole way with Twilio's SDK: from the upload of its recording to the conversation that it becomes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from callers import Caller, Front
from harness import OPTIONS, Receiver

CALL_SID = "CA" + "0c" * 16
CUSTOMER, AGENT = "+15550100", "+15550199"
STARTED = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
TYPES = {1: "CUSTOMER", 2: "HUMAN_AGENT"}
ADDRESSES = {"CUSTOMER": CUSTOMER, "HUMAN_AGENT": AGENT}


@dataclass(frozen=True, slots=True)
class Walk:
    """What the way has left at each of its stations."""

    caller: Caller
    conversation_configuration_id: str
    configuration_id: str
    recording_configuration_id: str
    recording_sid: str
    transcription: Any
    callback: dict[str, Any]

    @property
    def client(self) -> Client:
        return self.caller.twilio

    @property
    def conversation_id(self) -> str:
        return str(self.transcription.transcription["conversationId"])

    @property
    def sentences(self) -> list[dict[str, Any]]:
        answer = self.caller.http.get(f"/v3/Transcriptions/{self.transcription.operation_id}/Transcript")
        sentences: list[dict[str, Any]] = answer.json()["sentences"]
        return sentences

    @property
    def communications(self) -> list[Any]:
        """Those of the transcription, in the list's order."""
        listed = self.client.conversations.v2.communications(self.conversation_id).list()
        return [each for each in listed if each.resource_id.startswith(f"{self.transcription.operation_id}:")]


def _conversation_configuration(client: Client) -> str:
    configurations = client.conversations.v2.configurations
    request = configurations.CreateConfigurationRequest(
        {
            "displayName": "Support calls",
            "description": "One conversation for each customer and agent",
            "conversationGroupingType": "GROUP_BY_PARTICIPANT_ADDRESSES",
        }
    )
    configurations.create(create_configuration_request=request)
    (made,) = configurations.list()
    return str(made.id)


def _recording_configuration(client: Client, feature_id: str) -> str:
    configurations = client.voice.v2.configurations("Recording")
    request = configurations.VoiceV2ConfigurationRequest(
        {
            "unique_name": "all-calls",
            "configuration": {
                "configurationType": "Recording",
                "compositionPolicy": {"channels": "dual"},
                "features": [{"type": "transcriptionConfiguration", "featureId": feature_id}],
            },
        }
    )
    made = configurations.create(request)
    configurations.default.create(configurations.default.DefaultConfigurationRequest({"configuration_id": made.id}))
    return str(made.id)


@pytest.fixture(scope="module")
def walk(serve: Front, call: bytes) -> Iterator[Walk]:
    caller = serve.caller()
    client = caller.twilio
    with Receiver().listening() as receiver:
        conversation_configuration_id = _conversation_configuration(client)
        configurations = client.voice.v2.configurations("Transcription")
        options = {
            "conversationConfigurationId": conversation_configuration_id,
            "transcriptionStatusCallback": {"url": f"{receiver.url}/done", "method": "POST"},
        }
        configuration_id = configurations.create(
            configurations.VoiceV2ConfigurationRequest({"configuration": OPTIONS | options})
        ).id
        recording_configuration_id = _recording_configuration(client, configuration_id)

        fields = {
            "CallSid": CALL_SID,
            "From": CUSTOMER,
            "To": AGENT,
            "Direction": "inbound",
            "StartTime": STARTED.isoformat(),
            "Channels": "2",
        }
        uploaded = caller.http.post(
            f"/2010-04-01/Accounts/{caller.sid}/Recordings.json", data=fields, files={"Media": ("call.wav", call)}
        )
        assert uploaded.status_code == 201, uploaded.text
        (transcription,) = client.voice.v3.transcriptions.list(source_id=uploaded.json()["sid"])
        caller.ended(transcription.id)
        (callback,) = receiver.wait()
        yield Walk(
            caller,
            conversation_configuration_id,
            configuration_id,
            recording_configuration_id,
            uploaded.json()["sid"],
            client.voice.v3.transcriptions(transcription.id).fetch(),
            callback.json,
        )


def test_upload_made_recording_and_call(walk: Walk) -> None:
    recording = walk.client.recordings(walk.recording_sid).fetch()
    assert (recording.sid, recording.call_sid, recording.status) == (walk.recording_sid, CALL_SID, "completed")
    assert (recording.channels, recording.duration, recording.start_time) == (2, "65", STARTED)
    call = walk.client.calls(CALL_SID).fetch()
    assert (call.sid, call.direction, call.start_time) == (CALL_SID, "inbound", STARTED)
    assert (call._from, call.to) == (CUSTOMER, AGENT)


def test_recordings_and_calls_listed(walk: Walk) -> None:
    client, sids = walk.client, [walk.recording_sid]
    day = timedelta(days=1)
    now = datetime.now(UTC)
    assert [each.sid for each in client.recordings.list()] == sids
    assert [each.sid for each in client.recordings.list(call_sid=CALL_SID)] == sids
    assert [each.sid for each in client.recordings.list(date_created_after=now - day, limit=5)] == sids
    assert client.recordings.list(date_created_before=now - day) == []
    assert [each.sid for each in client.calls(CALL_SID).recordings.list()] == sids
    assert client.calls(CALL_SID).recordings(walk.recording_sid).fetch().sid == walk.recording_sid
    assert [each.sid for each in client.calls.list(from_=CUSTOMER)] == [CALL_SID]
    assert client.calls.list(to=CUSTOMER) == []


@pytest.mark.parametrize(("extension", "start"), [("wav", b"RIFF"), ("mp3", (b"\xff", b"ID3"))])
def test_media_url_gives_audio(walk: Walk, extension: str, start: Any) -> None:
    url = walk.client.recordings(walk.recording_sid).fetch().media_url
    answer = walk.caller.http.get(f"{url}.{extension}")
    assert answer.status_code == 200
    assert answer.content.startswith(start)
    one = walk.caller.http.get(f"{url}.{extension}", params={"RequestedChannels": 1})
    assert 0 < len(one.content) < len(answer.content) * (0.6 if extension == "wav" else 1.01)


def test_configuration_asked_for_job(walk: Walk) -> None:
    fetched = walk.client.voice.v2.recording(walk.recording_configuration_id).fetch()
    assert fetched.unique_name == "all-calls"
    assert fetched.configuration["features"][0]["featureId"] == walk.configuration_id
    assert walk.client.voice.v2.configurations("Recording").default.fetch().id == walk.recording_configuration_id
    transcription = walk.transcription.transcription
    assert walk.transcription.status == "COMPLETED"
    assert transcription["sourceId"] == walk.recording_sid
    assert transcription["transcriptionConfigurationId"] == walk.configuration_id
    assert transcription["audioStartedAt"] == "2026-03-02T09:30:00Z"
    assert transcription["mediaUrl"] is None


def test_parties_are_participants(walk: Walk) -> None:
    participants = walk.transcription.transcription["participants"]
    assert [(each["audioChannelIndex"], each["type"], each["address"]) for each in participants] == [
        (1, "CUSTOMER", CUSTOMER),
        (2, "HUMAN_AGENT", AGENT),
    ]


def test_callback_tells_of_recording(walk: Walk) -> None:
    assert (walk.callback["status"], walk.callback["sourceId"]) == ("completed", walk.recording_sid)
    assert walk.callback["sentences"] == walk.sentences


def test_job_leads_to_its_conversation(walk: Walk) -> None:
    links = walk.transcription.transcription["links"]
    assert links["conversation"] == f"{walk.caller.server.url}/v2/Conversations/{walk.conversation_id}"
    assert walk.caller.http.get(links["conversation"]).json()["id"] == walk.conversation_id


def test_conversation_has_both_parties(walk: Walk) -> None:
    conversations = walk.client.conversations.v2.conversations
    conversation = conversations(walk.conversation_id).fetch()
    assert conversation.id == walk.conversation_id
    assert (conversation.status, conversation.account_id) == ("ACTIVE", walk.caller.sid)
    assert conversation.configuration_id == walk.conversation_configuration_id
    participants = walk.client.conversations.v2.participants(walk.conversation_id).list()
    assert {each.type: each.addresses[0]["address"] for each in participants} == ADDRESSES
    for each in participants:
        assert each.addresses[0]["channel"] == "VOICE"
        again = walk.client.conversations.v2.participants(walk.conversation_id, each.id).fetch()
        assert (again.id, again.type) == (each.id, each.type)


def test_conversations_filtered(walk: Walk) -> None:
    conversations = walk.client.conversations.v2.conversations
    ids = [walk.conversation_id]
    assert [each.id for each in conversations.list()] == ids
    assert [each.id for each in conversations.list(channel_id=CALL_SID, status=["ACTIVE"])] == ids
    assert conversations.list(status=["CLOSED"]) == []
    assert conversations.list(channel_id="CA" + "00" * 16) == []


def test_communications_in_spoken_order(walk: Walk) -> None:
    spoken = walk.communications
    assert [each.content["text"] for each in spoken] == [each["text"] for each in walk.sentences]
    assert [each.resource_id for each in spoken] == [
        f"{walk.transcription.operation_id}:{index}" for index in range(len(walk.sentences))
    ]
    assert {each.channel_id for each in spoken} == {CALL_SID}
    times = [_instant(each.occurred_at) for each in spoken]
    assert times == sorted(times)


def test_communications_have_right_author(walk: Walk) -> None:
    ids = {each.type: each.id for each in walk.client.conversations.v2.participants(walk.conversation_id).list()}
    by_index = {int(each.resource_id.rpartition(":")[2]): each for each in walk.communications}
    assert {sentence["audioChannelIndex"] for sentence in walk.sentences} == {1, 2}
    for index, sentence in enumerate(walk.sentences):
        author = TYPES[sentence["audioChannelIndex"]]
        (other,) = set(ADDRESSES) - {author}
        communication = by_index[index]
        assert communication.author == {"address": ADDRESSES[author], "channel": "VOICE", "participantId": ids[author]}
        (recipient,) = communication.recipients
        assert (recipient["address"], recipient["participantId"]) == (ADDRESSES[other], ids[other])


def test_words_have_their_times(walk: Walk) -> None:
    communications = walk.client.conversations.v2.communications(walk.conversation_id)
    for listed in walk.communications:
        communication = communications(listed.id).fetch()
        assert (communication.id, communication.content) == (listed.id, listed.content)
        sentence = walk.sentences[int(communication.resource_id.rpartition(":")[2])]
        content = communication.content
        spoken = content["transcription"]
        assert content["type"] == "TRANSCRIPTION"
        assert spoken["channel"] == sentence["audioChannelIndex"] - 1
        assert spoken["confidence"] == pytest.approx(sentence["confidence"], abs=0.001)
        assert spoken["engine"]
        assert [word["text"] for word in spoken["words"]] == [word["text"] for word in sentence["words"]]
        for word, offsets in zip(spoken["words"], sentence["words"], strict=True):
            for key, offset in (("startTime", "startTimeSeconds"), ("endTime", "endTimeSeconds")):
                assert re.fullmatch(r"2026-03-02T09:3\d:\d\d(\.\d+)?Z", word[key])
                since = (_instant(word[key]) - STARTED).total_seconds()
                assert since == pytest.approx(offsets[offset], abs=0.002)


@pytest.mark.long
def test_second_call_same_conversation(walk: Walk) -> None:
    transcriptions = walk.client.voice.v3.transcriptions
    communications = walk.client.conversations.v2.communications(walk.conversation_id)
    request = transcriptions.CreateV3TranscriptionsRequest(
        {"transcriptionConfigurationId": walk.configuration_id, "sourceId": walk.recording_sid}
    )
    again = transcriptions.create(request).transcription["id"]
    assert walk.caller.ended(again)["conversationId"] == walk.conversation_id
    # Twice each sentence, of two transcriptions.
    assert len(communications.list()) == 2 * len(walk.communications) == 2 * len(walk.sentences)
    assert [each.id for each in walk.client.conversations.v2.conversations.list()] == [walk.conversation_id]
    assert {each.id for each in transcriptions.list(source_id=walk.recording_sid)} == {
        again,
        walk.transcription.operation_id,
    }


def test_missing_things_say_so(walk: Walk) -> None:
    conversations = walk.client.conversations.v2.conversations
    for request in (
        walk.client.recordings("RE" + "00" * 16).fetch,
        walk.client.calls("CA" + "00" * 16).fetch,
        conversations(f"conv_conversation_{'0' * 26}").fetch,
        walk.client.conversations.v2.communications(walk.conversation_id, f"conv_communication_{'0' * 26}").fetch,
        walk.client.voice.v2.recording("no-such-name").fetch,
    ):
        with pytest.raises(TwilioRestException) as refused:
            request()
        assert (refused.value.status, refused.value.code) == (404, 20404)


def _instant(value: Any) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)

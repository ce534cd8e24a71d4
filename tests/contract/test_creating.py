"""POST /v3/Transcriptions: what a client gets, and idempotency."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from twilio.base.exceptions import TwilioServiceException
from twilio.rest import Client
from twilio.rest.voice.v3.transcription import TranscriptionList

from callers import MEDIA_URL, Caller
from callscribe.twilio import AsyncCallscribeHttpClient
from harness import OPTIONS
from sourcing import make_conversation_configuration

Request = TranscriptionList.CreateV3TranscriptionsRequest
README = Path(__file__).parents[2] / "README.md"


def test_answer_says_where_and_when_to_ask(caller: Caller) -> None:
    answer = caller.create(caller.configure())
    document = answer.json()
    job = document["transcription"]
    assert answer.status_code == 202
    assert re.fullmatch(r"voice_transcription_[0-9a-zA-Z]{26}", job["id"])
    assert document.keys() == {"status", "statusUrl", "transcription"}
    assert document["status"] == job["status"] == "PENDING"
    assert document["statusUrl"] == job["url"] == f"{caller.server.url}/v3/Transcriptions/{job['id']}"
    assert answer.headers["Location"] == document["statusUrl"]
    assert answer.headers["Operation-Id"] == job["id"]
    assert int(answer.headers["Retry-After"]) > 0
    assert "Idempotency-Key" not in answer.headers


def test_resource_has_every_member(caller: Caller) -> None:
    configuration_id = caller.configure(
        transcriptionStatusCallback={"url": "https://hooks.example.com/x", "method": "POST"}
    )
    job = caller.create(configuration_id, audioStartedAt="2026-03-02T10:30:00.750+01:00").json()["transcription"]
    created_at = job.pop("createdAt")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", created_at)
    assert job.pop("updatedAt") == created_at
    assert job == {
        "id": job["id"],
        "accountId": caller.sid,
        "status": "PENDING",
        "transcriptionConfigurationId": configuration_id,
        "mediaUrl": MEDIA_URL,
        "sourceId": None,
        "audioStartedAt": "2026-03-02T09:30:00Z",
        "duration": None,
        "conversationId": None,
        "participants": [
            {"audioChannelIndex": 1, "type": "CUSTOMER"},
            {"audioChannelIndex": 2, "type": "HUMAN_AGENT"},
        ],
        "resolvedConfiguration": {
            "transcriptionEngine": "deepgram",
            "speechModel": "nova-3",
            "language": "en-US",
            "transcriptionStatusCallback": {"url": "https://hooks.example.com/x", "method": "POST", "events": None},
            "conversationConfigurationId": None,
            "participantDefaults": [
                {"audioChannelIndex": 1, "type": "CUSTOMER"},
                {"audioChannelIndex": 2, "type": "HUMAN_AGENT"},
            ],
            "servedBy": {"engine": "whisper", "model": "base"},
        },
        "progress": 0.0,
        "url": f"{caller.server.url}/v3/Transcriptions/{job['id']}",
    }


def test_title_kept_and_answered(caller: Caller) -> None:
    configuration_id = caller.configure()
    title = "Réclamation <b>2041</b>.wav"
    transcription_id = caller.submit(configuration_id, title=title)
    assert caller.http.get(f"/v3/Transcriptions/{transcription_id}").json()["transcription"]["title"] == title
    (listed,) = caller.http.get("/v3/Transcriptions").json()["transcriptions"]
    assert listed["title"] == title


@pytest.mark.parametrize("title", ["", "x" * 256, "two\nlines", "\u202eback", 7])
def test_title_is_one_short_line(caller: Caller, title: object) -> None:
    answer = caller.create(caller.configure(), title=title)
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert answer.json()["errors"][0]["pointer"] == "/title"
    assert answer.json()["errors"][0]["detail"].isprintable()


def test_pending_has_retry_after(caller: Caller) -> None:
    transcription_id = caller.submit(caller.configure())
    answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}")
    assert answer.json().keys() == {"operationId", "status", "statusUrl", "transcription"}
    assert answer.json()["operationId"] == transcription_id
    assert int(answer.headers["Retry-After"]) > 0


def test_the_sdk_creates_and_fetches(caller: Caller) -> None:
    transcriptions = caller.twilio.voice.v3.transcriptions
    request = Request(
        {
            "transcriptionConfigurationId": caller.configure(),
            "inputSource": "MEDIA_URL",
            "mediaUrl": MEDIA_URL,
            "audioStartedAt": "2026-03-02T09:30:00Z",
            "participants": [{"audioChannelIndex": 1, "type": "CUSTOMER", "address": "+15550100", "name": "Emma"}],
        }
    )
    created = transcriptions.create(request)
    assert created.status == "PENDING"
    fetched = transcriptions(created.transcription["id"]).fetch()
    assert fetched.operation_id == created.transcription["id"]
    assert fetched.status_url == created.status_url
    assert fetched.transcription["audioStartedAt"] == "2026-03-02T09:30:00Z"
    assert fetched.transcription["participants"][0]["name"] == "Emma"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK uses what aiohttp gives up in its next version
def test_the_sdk_creates_without_waiting(caller: Caller) -> None:
    async def walk() -> tuple[Any, Any, list[str]]:
        async with AsyncCallscribeHttpClient(caller.server.url) as http_client:
            client = Client(caller.sid, caller.token, http_client=http_client)
            configurations = client.voice.v2.configurations("Transcription")
            made = configurations.VoiceV2ConfigurationRequest({"configuration": OPTIONS})
            configuration = await configurations.create_async(made)
            transcriptions = client.voice.v3.transcriptions
            request = Request({"transcriptionConfigurationId": configuration.id, "mediaUrl": MEDIA_URL})
            created = await transcriptions.create_async(request, idempotency_key="one")
            fetched = await transcriptions(created.transcription["id"]).fetch_async()
            listed = await transcriptions.list_async(status="PENDING", page_size=1)
            return created, fetched, [each.id for each in listed]

    created, fetched, listed = asyncio.run(walk())
    assert created.status == fetched.status == "PENDING"
    assert listed == [created.transcription["id"]] == [fetched.operation_id]


def test_the_snippet_of_the_readme_does(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    [snippet] = re.findall(r"```python\n([^`]*^class [^`]*)```", README.read_text(), re.MULTILINE)
    monkeypatch.setenv("CALLSCRIBE_ACCOUNT_SID", caller.sid)
    monkeypatch.setenv("CALLSCRIBE_AUTH_TOKEN", caller.token)
    names: dict[str, Any] = {}
    exec(snippet.replace("http://127.0.0.1:8321", caller.server.url), names)
    request = Request({"transcriptionConfigurationId": caller.configure(), "mediaUrl": MEDIA_URL})
    created = names["client"].voice.v3.transcriptions.create(request)
    names["client"].http_client.session.close()
    assert created.status == "PENDING"


def test_sdk_sees_status_and_headers(caller: Caller) -> None:
    transcriptions = caller.twilio.voice.v3.transcriptions
    request = Request({"transcriptionConfigurationId": caller.configure(), "mediaUrl": MEDIA_URL})
    created = transcriptions.create_with_http_info(request, idempotency_key="one")
    assert created.status_code == 202
    assert created.headers["Idempotency-Key"] == "one"
    assert created.headers["Operation-Id"] == created.data.transcription["id"]
    fetched = transcriptions(created.data.transcription["id"]).fetch_with_http_info()
    assert fetched.status_code == 200
    assert int(fetched.headers["Retry-After"]) > 0


def test_sdk_sees_listed_datetimes(caller: Caller) -> None:
    caller.submit(caller.configure(), audioStartedAt="2026-03-02T09:30:00Z")
    (listed,) = caller.twilio.voice.v3.transcriptions.list()
    assert listed.audio_started_at == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert isinstance(listed.created_at, datetime)
    assert isinstance(listed.updated_at, datetime)


def test_defaults_fill_participants(caller: Caller) -> None:
    given = [{"audioChannelIndex": 2, "name": "Daniel", "address": "+15550199"}]
    job = caller.create(caller.configure(), participants=given).json()["transcription"]
    assert sorted(job["participants"], key=lambda each: each["audioChannelIndex"]) == [
        {"audioChannelIndex": 1, "type": "CUSTOMER"},
        {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "address": "+15550199", "name": "Daniel"},
    ]


def test_participants_own_beat_defaults(caller: Caller) -> None:
    given = [{"audioChannelIndex": 1, "type": "AI_AGENT"}, {"audioChannelIndex": 2, "type": "CUSTOMER"}]
    job = caller.create(caller.configure(), participants=given).json()["transcription"]
    assert [each["type"] for each in job["participants"]] == ["AI_AGENT", "CUSTOMER"]


def test_neither_defaults_nor_participants(caller: Caller) -> None:
    job = caller.create(caller.configure(participantDefaults=None)).json()["transcription"]
    assert job["participants"] == []


def test_job_keeps_its_configuration(caller: Caller) -> None:
    configuration_id = caller.configure(language="en-US")
    transcription_id = caller.submit(configuration_id)
    changed = {"configuration": {"transcriptionEngine": "google", "speechModel": "chirp_2", "language": "de-DE"}}
    assert caller.http.put(f"/v2/Configurations/Transcription/{configuration_id}", json=changed).is_success
    later = caller.create(configuration_id).json()["transcription"]
    earlier = caller.http.get(f"/v3/Transcriptions/{transcription_id}").json()["transcription"]
    assert earlier["resolvedConfiguration"]["language"] == "en-US"
    assert later["resolvedConfiguration"]["language"] == "de-DE"


def test_job_outlives_its_configuration(caller: Caller) -> None:
    configuration_id = caller.configure()
    transcription_id = caller.submit(configuration_id)
    assert caller.http.delete(f"/v2/Configurations/Transcription/{configuration_id}").status_code == 204
    job = caller.http.get(f"/v3/Transcriptions/{transcription_id}").json()["transcription"]
    assert job["transcriptionConfigurationId"] == configuration_id


def test_storing_needs_full_participants(caller: Caller) -> None:
    given = [{"audioChannelIndex": index, "address": f"+1555010{index}"} for index in (1, 2)]
    conversation = make_conversation_configuration(caller)
    answer = caller.create(caller.configure(conversationConfigurationId=conversation), participants=given)
    assert answer.status_code == 202
    resolved = answer.json()["transcription"]["resolvedConfiguration"]
    assert resolved["conversationConfigurationId"] == conversation


@pytest.mark.parametrize("url", ["https://media.example.com/a%20b.wav?sig=a%2Fb&x=1", "s3://bucket/calls/2041.wav"])
def test_media_urls_kept_as_sent(caller: Caller, url: str) -> None:
    assert caller.create(caller.configure(), url).json()["transcription"]["mediaUrl"] == url


def test_http_where_host_allowed(caller: Caller) -> None:
    assert caller.create(caller.configure(), "http://127.0.0.1:9/call.wav").status_code == 202


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8", None])
def test_json_read_without_content_type(caller: Caller, content_type: str | None) -> None:
    body = f'{{"transcriptionConfigurationId": "{caller.configure()}", "mediaUrl": "{MEDIA_URL}"}}'
    headers = {} if content_type is None else {"Content-Type": content_type}
    assert caller.http.post("/v3/Transcriptions", content=body, headers=headers).status_code == 202


def test_same_key_same_payload_same_answer(caller: Caller) -> None:
    configuration_id = caller.configure()
    body = {"transcriptionConfigurationId": configuration_id, "mediaUrl": MEDIA_URL, "sourceId": None}
    first = caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "key"})
    # Another order of the members, and one left out that was null: the same payload.
    same = {"mediaUrl": MEDIA_URL, "transcriptionConfigurationId": configuration_id}
    second = caller.http.post("/v3/Transcriptions", json=same, headers={"Idempotency-Key": "key"})
    assert second.status_code == 202
    assert second.json() == first.json()
    for name in ("Operation-Id", "Location", "Idempotency-Key"):
        assert second.headers[name] == first.headers[name]
    assert len(caller.twilio.voice.v3.transcriptions.list()) == 1


def test_first_answer_outlives_configuration(caller: Caller) -> None:
    configuration_id = caller.configure()
    body = {"transcriptionConfigurationId": configuration_id, "mediaUrl": MEDIA_URL}
    first = caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "key"})
    caller.http.delete(f"/v2/Configurations/Transcription/{configuration_id}")
    second = caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "key"})
    assert second.json() == first.json()


def test_same_key_other_payload_is_17534(caller: Caller) -> None:
    configuration_id = caller.configure()
    transcriptions = caller.twilio.voice.v3.transcriptions
    request = {"transcriptionConfigurationId": configuration_id, "mediaUrl": MEDIA_URL}
    transcriptions.create(Request(request), idempotency_key="key")
    with pytest.raises(TwilioServiceException) as refused:
        transcriptions.create(Request(request | {"mediaUrl": f"{MEDIA_URL}?2"}), idempotency_key="key")
    assert (refused.value.code, refused.value.status) == (17534, 422)
    # The SDK does not send what Twilio does not have.
    answer = caller.http.post("/v3/Transcriptions", json=request | {"title": "x"}, headers={"Idempotency-Key": "key"})
    assert (answer.json()["code"], answer.status_code) == (17534, 422)


def test_a_key_is_the_accounts_own(caller: Caller, first_caller: Caller) -> None:
    ids = set()
    for each in (caller, first_caller):
        body = {"transcriptionConfigurationId": each.configure(), "mediaUrl": MEDIA_URL}
        answer = each.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "shared by chance"})
        assert answer.status_code == 202
        ids.add(answer.headers["Operation-Id"])
    assert len(ids) == 2


def test_concurrent_key_makes_one_job(caller: Caller) -> None:
    body = {"transcriptionConfigurationId": caller.configure(), "mediaUrl": MEDIA_URL}
    with ThreadPoolExecutor(12) as pool:
        answers = list(
            pool.map(
                lambda _: caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "key"}),
                range(24),
            )
        )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    assert len(caller.twilio.voice.v3.transcriptions.list()) == 1


@pytest.mark.parametrize(("length", "status"), [(1, 202), (128, 202), (129, 400)])
def test_key_has_at_most_128_characters(caller: Caller, length: int, status: int) -> None:
    body = {"transcriptionConfigurationId": caller.configure(), "mediaUrl": MEDIA_URL}
    answer = caller.http.post("/v3/Transcriptions", json=body, headers={"Idempotency-Key": "k" * length})
    assert answer.status_code == status
    if status == 400:
        assert answer.json()["code"] == 20001


def test_refusal_leaves_key_free(caller: Caller) -> None:
    headers = {"Idempotency-Key": "key"}
    unknown = f"voice_transcriptionconfiguration_{'0' * 26}"
    body = {"transcriptionConfigurationId": unknown, "mediaUrl": MEDIA_URL}
    assert caller.http.post("/v3/Transcriptions", json=body, headers=headers).status_code == 404
    body["transcriptionConfigurationId"] = caller.configure()
    assert caller.http.post("/v3/Transcriptions", json=body, headers=headers).status_code == 202

"""`events` of a configuration: which ends of a job call back, as the job's snapshot has it; and the ids of events."""

import re
import threading
import wave
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from typing import Any

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest.voice.v2.configuration import ConfigurationContext
from twilio.rest.voice.v2.transcription import TranscriptionContext
from twilio.rest.voice.v3.transcription import TranscriptionList

from callers import Caller, Front
from harness import OPTIONS, Receiver
from media_server import MediaServer, body

PATH = "/v2/Configurations/Transcription"
OWN_PATH = "/v2/AccountDefaultConfiguration/Transcription"
URL = "https://hooks.example.com/done"
NOT_THERE = "/not-there.wav"
EVENT_ID = re.compile(r"voice_event_[0-9a-z]{26}")

Create = ConfigurationContext.VoiceV2ConfigurationRequest
Update = TranscriptionContext.VoiceV2ConfigurationTranscriptionRequest
Submit = TranscriptionList.CreateV3TranscriptionsRequest


@pytest.fixture
def working(serve: Front) -> Caller:
    return serve.caller()


@pytest.fixture(scope="module")
def silence(media: MediaServer) -> str:
    """The URL of a recording in which nobody speaks: its job is COMPLETED at once."""
    recording = BytesIO()
    with wave.open(recording, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8000 * 3))
    media.paths["/silence.wav"] = body(recording.getvalue())
    return media.url("/silence.wav")


def _options(url: str, **callback: Any) -> dict[str, Any]:
    return OPTIONS | {"transcriptionStatusCallback": {"url": url, "method": "POST", **callback}}


def _configure(caller: Caller, name: str, options: dict[str, Any]) -> str:
    """Make a configuration by the SDK; its id."""
    created = caller.twilio.voice.v2.configurations("Transcription").create(
        Create({"unique_name": name, "configuration": options})
    )
    return str(created.id or caller.twilio.voice.v2.transcription(name).fetch().id)


def _submit(caller: Caller, configuration_id: str, media_url: str) -> str:
    """Make a job by the SDK; its id."""
    request = Submit({"transcriptionConfigurationId": configuration_id, "mediaUrl": media_url})
    return str(caller.twilio.voice.v3.transcriptions.create(request).transcription["id"])


def _log(caller: Caller, transcription_id: str) -> list[dict[str, Any]]:
    """The callbacks of a job that has ended: they were queued by the transaction that ended it, or never."""
    answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}/Callbacks")
    found: list[dict[str, Any]] = answer.json()["callbacks"]
    return found


@pytest.mark.parametrize(
    ("member", "told"),
    [
        ({"events": ["COMPLETED"]}, ["completed"]),
        ({"events": ["FAILED"]}, ["failed"]),
        ({"events": ["COMPLETED", "FAILED"]}, ["completed", "failed"]),
        ({"events": []}, []),
        ({"events": None}, ["completed", "failed"]),
        ({}, ["completed", "failed"]),
    ],
)
def test_what_is_listed_calls_back(
    working: Caller, media: MediaServer, silence: str, receiver: Receiver, member: dict[str, Any], told: list[str]
) -> None:
    configuration = _configure(working, "listed", _options(receiver.url, **member))
    jobs = {"completed": _submit(working, configuration, silence)}
    jobs["failed"] = _submit(working, configuration, media.url(NOT_THERE))
    for status, job in jobs.items():
        resource = working.ended(job)
        assert resource["status"] == status.upper()
        snapshot = resource["resolvedConfiguration"]["transcriptionStatusCallback"]
        assert snapshot == {"url": receiver.url, "method": "POST", "events": member.get("events")}
        assert [each["event"] for each in _log(working, job)] == ([status.upper()] if status in told else [])
    for status in told:
        assert [each["status"] for each in working.callbacks(jobs[status])] == ["DELIVERED"]
    received = {each.json["id"]: each.json["status"] for each in receiver.received}
    assert received == {jobs[status]: status for status in told}
    assert len(receiver.received) == len(told)


def test_nothing_told_nothing_resent(working: Caller, media: MediaServer, receiver: Receiver) -> None:
    job = _submit(working, _configure(working, "none", _options(receiver.url, events=[])), media.url(NOT_THERE))
    working.ended(job)
    answer = working.http.post(f"/v3/Transcriptions/{job}/Callbacks")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert receiver.received == []


def test_jobs_snapshot_decides(working: Caller, media: MediaServer, receiver: Receiver) -> None:
    changed = threading.Event()

    def late(handler: BaseHTTPRequestHandler, stopping: threading.Event) -> None:
        while not changed.wait(0.05) and not stopping.is_set():
            pass
        handler.send_response(404)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    media.paths["/late.wav"] = late
    configuration = _configure(working, "changed", _options(receiver.url, events=["FAILED"]))
    before = _submit(working, configuration, media.url("/late.wav"))
    options = _options(receiver.url, events=["COMPLETED"])
    assert working.http.put(f"{PATH}/{configuration}", json={"configuration": options}).status_code == 200
    after = _submit(working, configuration, media.url("/late.wav"))
    changed.set()
    told = {job: working.ended(job)["resolvedConfiguration"]["transcriptionStatusCallback"] for job in (before, after)}
    assert [callback["events"] for callback in told.values()] == [["FAILED"], ["COMPLETED"]]
    assert [each["event"] for each in working.callbacks(before)] == ["FAILED"]
    assert _log(working, after) == []
    assert [each.json["id"] for each in receiver.received] == [before]


def _create(caller: Caller, options: dict[str, Any]) -> httpx2.Response:
    return caller.http.post(PATH, json={"configuration": options})


def _update(caller: Caller, options: dict[str, Any]) -> httpx2.Response:
    return caller.http.put(f"{PATH}/{caller.configure()}", json={"configuration": options})


def _create_own(caller: Caller, options: dict[str, Any]) -> httpx2.Response:
    return caller.http.post(OWN_PATH, json={"configuration": options})


def _update_own(caller: Caller, options: dict[str, Any]) -> httpx2.Response:
    assert _create_own(caller, OPTIONS).status_code == 201
    return caller.http.put(OWN_PATH, json={"configuration": options})


WAYS = [_create, _update, _create_own, _update_own]
Way = Callable[[Caller, dict[str, Any]], httpx2.Response]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("events", "pointer"),
    [
        (["STARTED"], "events/0"),
        (["COMPLETED", "completed"], "events/1"),
        ([None], "events/0"),
        ("COMPLETED", "events"),
        (["COMPLETED", "FAILED", "COMPLETED"], "events"),
    ],
)
def test_unknown_events_refused(caller: Caller, way: Way, events: object, pointer: str) -> None:
    answer = way(caller, _options(URL, events=events))
    document = answer.json()
    assert (answer.status_code, document["code"]) == (400, 20001)
    (error,) = document["details"]["errors"]
    assert error["pointer"] == f"/configuration/transcriptionStatusCallback/{pointer}"
    assert document["message"] == error["detail"]


def test_sdk_raises_for_unknown_event(caller: Caller) -> None:
    with pytest.raises(TwilioRestException) as refused:
        _configure(caller, "refused", _options(URL, events=["STARTED"]))
    assert (refused.value.status, refused.value.code) == (400, 20001)
    assert "'COMPLETED' or 'FAILED'" in refused.value.msg


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("events", [["COMPLETED"], ["FAILED"], ["FAILED", "COMPLETED"], [], None])
def test_events_answered_as_given(caller: Caller, way: Way, events: list[str] | None) -> None:
    answer = way(caller, _options(URL, events=events))
    assert answer.json()["configuration"]["transcriptionStatusCallback"]["events"] == events


def test_sdk_update_leaves_events_out(caller: Caller) -> None:
    # Its request knows `url` and `method` alone; seen in twilio 9.13.0. So both ends call back.
    configuration = _configure(caller, "updated", _options(URL, events=["FAILED"]))
    update = Update({"configuration": _options(URL, events=["FAILED"])})
    updated = caller.twilio.voice.v2.transcription(configuration).update(update)
    assert updated.configuration["transcriptionStatusCallback"]["events"] is None


def test_document_lists_events(caller: Caller) -> None:
    schemas = caller.http.get("/openapi.json").json()["components"]["schemas"]
    assert schemas["TranscriptionEvent"]["enum"] == ["COMPLETED", "FAILED"]
    (listed, null) = schemas["StatusCallback"]["properties"]["events"]["anyOf"]
    assert listed["items"] == {"$ref": "#/components/schemas/TranscriptionEvent"}
    assert null == {"type": "null"}


def test_event_keeps_id_when_resent(working: Caller, media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [503, 200]
    configuration = _configure(working, "ids", _options(receiver.url))
    job = _submit(working, configuration, media.url(NOT_THERE))
    working.ended(job)
    working.callbacks(job)
    assert working.http.post(f"/v3/Transcriptions/{job}/Callbacks").status_code == 202
    first, again = working.callbacks(job)
    assert EVENT_ID.fullmatch(first["eventId"])
    assert first["eventId"] == again["eventId"]
    assert first["id"] != again["id"]
    tokens = [each.headers["I-Twilio-Idempotency-Token"] for each in receiver.received]
    assert tokens == [first["eventId"]] * 3

    other = _submit(working, configuration, media.url(NOT_THERE))
    working.ended(other)
    (callback,) = working.callbacks(other)
    assert EVENT_ID.fullmatch(callback["eventId"])
    assert callback["eventId"] != first["eventId"]

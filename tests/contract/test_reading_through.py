"""Recordings of a Twilio account, which is a second server here: by `sourceId`, and by its status callback."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from twilio.request_validator import RequestValidator

from callers import Caller, Front
from callscribe.accounts.service import Credentials
from callscribe.ids import new_recording_sid
from callscribe.recordings.tables import Call
from faults.clips import clip
from harness import ACCOUNT_SID, AUTH_TOKEN, eventually, running
from sourcing import (
    CALL,
    CALLED,
    CALLER,
    accepted,
    change_recording,
    parties,
    record_with,
    refused,
    transcribe,
    upload,
    writing,
)

AUDIO = clip(0.5, 6.5)
WEBHOOK = "/webhooks/recording-status"


@pytest.fixture(scope="module")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    """The account at Twilio."""
    with running(tmp_path_factory.mktemp("twilio") / "data", command="api") as server:
        front = Front(server)
        yield front.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))
        front.close()


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory, twilio: Caller) -> Iterator[Front]:
    """A server that reads through to it."""
    with running(
        tmp_path_factory.mktemp("reading") / "data",
        CALLSCRIBE_MEDIA_ALLOW="",
        CALLSCRIBE_TWILIO_ACCOUNT_SID=twilio.sid,
        CALLSCRIBE_TWILIO_AUTH_TOKEN=twilio.token,
        CALLSCRIBE_TWILIO_BASE_URL=twilio.server.url,
        CALLSCRIBE_SOURCE_LIST_LIMIT="2",
    ) as server:
        front = Front(server)
        yield front
        front.close()
        assert twilio.token not in server.output()


@pytest.fixture
def caller(reading: Front) -> Caller:
    """The account here that the recordings belong to: the first."""
    return reading.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))


def notify(
    caller: Caller, sid: str, *, status: str = "completed", token: str = AUTH_TOKEN, **fields: str
) -> httpx2.Response:
    """What Twilio sends, with its signature by its own library."""
    form = {
        "AccountSid": ACCOUNT_SID,
        "CallSid": "CA" + "0" * 32,
        "RecordingSid": sid,
        "RecordingUrl": f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT_SID}/Recordings/{sid}",
        "RecordingStatus": status,
        "RecordingDuration": "6",
        "RecordingChannels": "2",
        "RecordingSource": "DialVerb",
        "RecordingStartTime": "Mon, 02 Mar 2026 09:30:00 +0000",
        **fields,
    }
    url = f"{caller.server.url}{WEBHOOK}?line=1"
    headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, form)}
    with httpx2.Client(trust_env=False, event_hooks=caller.http.event_hooks) as stranger:
        return stranger.post(url, data=form, headers=headers)


def of_source(caller: Caller, sid: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller.http.get("/v3/Transcriptions", params={"sourceId": sid}).json()[
        "transcriptions"
    ]
    return found


def test_twilio_recording_transcribed(twilio: Caller, caller: Caller) -> None:
    sid = upload(twilio, AUDIO, **CALL | {"Direction": "outbound-api"})
    created = accepted(transcribe(caller, sid))
    assert created["audioStartedAt"] == "2026-03-02T09:30:00Z"
    assert parties(created) == [(1, "HUMAN_AGENT", CALLER), (2, "CUSTOMER", CALLED)]
    resource = caller.ended(created["id"])
    assert resource["status"] == "COMPLETED", resource
    assert "Riverside" in caller.http.get(resource["links"]["transcript"]).json()["sentences"][0]["text"]
    # Both parties, each on a channel of its own.
    assert caller.http.get(resource["links"]["media"]).content == AUDIO
    # What is known of it is here as well.
    recording = caller.twilio.recordings(sid).fetch()
    assert (recording.channels, recording.status, recording.source) == (2, "completed", "StartCallRecordingAPI")
    call = caller.twilio.calls(recording.call_sid).fetch()
    assert (call._from, call.to, call.direction) == (CALLER, CALLED, "outbound-api")
    # So it can be transcribed again, whether or not Twilio remembers it.
    twilio.twilio.recordings(sid).delete()
    assert caller.ended(accepted(transcribe(caller, sid))["id"])["error"]["code"] == 17552


def test_unreadable_at_twilio_is_17533(twilio: Caller, caller: Caller) -> None:
    assert refused(transcribe(caller, new_recording_sid()))[:3] == (17533, 422, "/sourceId")
    for fields, reason in (
        ({"encryption_details": {"type": "rsa-aes"}}, "encrypted"),
        ({"status": "processing"}, "processing"),
    ):
        sid = upload(twilio, AUDIO, **CALL)
        change_recording(twilio.server, twilio.sid, sid, **fields)
        code, status, _, detail = refused(transcribe(caller, sid))
        assert (code, status) == (17533, 422)
        assert reason in detail
        # It is looked at anew, not remembered.
        change_recording(twilio.server, twilio.sid, sid, encryption_details=None, status="completed")
        accepted(transcribe(caller, sid))


def test_foreign_account_has_nothing(twilio: Caller, reading: Front) -> None:
    sid = upload(twilio, AUDIO, **CALL)
    assert refused(transcribe(reading.caller(), sid))[:2] == (17533, 422)


def test_17535_too_many_to_list(twilio: Caller, caller: Caller) -> None:
    sid = upload(twilio, AUDIO, **CALL)
    for _ in range(2):
        accepted(transcribe(caller, sid))
    assert len(of_source(caller, sid)) == 2
    accepted(transcribe(caller, sid))
    answer = caller.http.get("/v3/Transcriptions", params={"sourceId": sid})
    assert refused(answer)[:3] == (17535, 400, "/sourceId")


def test_notice_transcribes_once(twilio: Caller, caller: Caller) -> None:
    configuration = caller.configure(participantDefaults=None)
    record_with(caller, [configuration])
    sid = upload(twilio, AUDIO, **CALL)
    for status in ("in-progress", "completed", "completed"):
        answer = notify(caller, sid, status=status)
        assert answer.status_code == 204, answer.text
    (made,) = eventually(lambda: of_source(caller, sid), timeout=30)
    assert made["transcriptionConfigurationId"] == configuration
    assert parties(made) == [(1, "CUSTOMER", CALLER), (2, "HUMAN_AGENT", CALLED)]
    assert caller.ended(made["id"])["status"] == "COMPLETED"
    caller.http.delete(f"/v3/Transcriptions/{made['id']}")
    assert notify(caller, sid).status_code == 204
    assert of_source(caller, sid) == []


@pytest.mark.long
def test_outage_of_twilio_loses_nothing(twilio: Caller, caller: Caller) -> None:
    record_with(caller, [caller.configure()])
    noticed, asked = upload(twilio, AUDIO, **CALL), upload(twilio, AUDIO, **CALL)
    processes = twilio.server.tree()
    for process in processes:
        process.suspend()
    try:
        assert notify(caller, noticed).status_code == 204
        answer = transcribe(caller, asked)
        assert (answer.status_code, answer.json()["code"]) == (503, 20500)
        assert int(answer.headers["Retry-After"]) > 0
    finally:
        for process in processes:
            process.resume()
    (made,) = eventually(lambda: of_source(caller, noticed), timeout=60)
    assert caller.ended(made["id"])["status"] == "COMPLETED"
    # It may need a moment for what had gathered meanwhile.
    accepted(eventually(lambda: answer if (answer := transcribe(caller, asked)).status_code != 503 else None))


def test_early_recording_awaited_absent_not(twilio: Caller, caller: Caller) -> None:
    record_with(caller, [caller.configure()])
    early, absent = upload(twilio, AUDIO, **CALL), upload(twilio, AUDIO, **CALL)
    call_sid = twilio.twilio.recordings(early).fetch().call_sid

    def at_twilio(recording: str, call: str) -> None:
        change_recording(twilio.server, twilio.sid, early, status=recording)
        with writing(twilio.server) as session:
            session.execute(sa.update(Call).where(Call.sid == call_sid).values(status=call))

    at_twilio("processing", "in-progress")
    change_recording(twilio.server, twilio.sid, absent, status="absent")
    for sid in (early, absent):
        assert notify(caller, sid).status_code == 204
    eventually(lambda: f'"{absent}", "status": "absent", "event": "recording.not_completed"' in caller.server.output())
    eventually(lambda: caller.http.get(f"/2010-04-01/Accounts/{caller.sid}/Calls/{call_sid}.json").is_success)
    at_twilio("completed", "completed")
    eventually(lambda: of_source(caller, early), timeout=30)
    assert of_source(caller, absent) == []
    # What was seen while the call went on is not what stays.
    assert caller.twilio.calls(call_sid).fetch().status == "completed"


@pytest.mark.parametrize(
    ("fields", "code", "status"),
    [
        ({"token": "somebody-elses"}, 20403, 403),
        ({"AccountSid": "AC" + "1" * 32}, 20403, 403),
        ({"RecordingSid": "RE1"}, 20001, 400),
    ],
)
def test_forged_notice_refused(caller: Caller, fields: dict[str, str], code: int, status: int) -> None:
    answer = notify(caller, new_recording_sid(), **fields)
    assert (answer.json()["code"], answer.status_code) == (code, status)


def test_unsigned_notice_refused(caller: Caller) -> None:
    answer = caller.http.post(WEBHOOK, data={"RecordingSid": new_recording_sid()})
    assert (answer.json()["code"], answer.status_code) == (20403, 403)


def test_notice_without_twilio_account(api: Front) -> None:
    answer = api.caller().http.post(WEBHOOK, data={"RecordingSid": new_recording_sid()})
    assert (answer.json()["code"], answer.status_code) == (20404, 404)
    assert "CALLSCRIBE_TWILIO_AUTH_TOKEN" in answer.json()["detail"]

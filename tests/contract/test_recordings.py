"""Recordings as Twilio's SDK sees them: uploading, listing, fetching, their audio, deleting."""

import wave
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from typer.testing import CliRunner

from callers import Caller, Front
from callscribe.cli import app
from harness import eventually
from media_files import make, signal, write
from odd_files import gsm

CALL_SID = "CA00112233445566778899aabbccddeeff"


@pytest.fixture(scope="session")
def dual(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds with two channels, as Twilio keeps them."""
    path, _ = make(tmp_path_factory.mktemp("dual") / "dual.wav", "wav-mulaw", 3.0, 2)
    return path.read_bytes()


@pytest.fixture(scope="session")
def mono(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path, _ = make(tmp_path_factory.mktemp("mono") / "mono.mp3", "mp3-8k", 3.0)
    return path.read_bytes()


def path(caller: Caller, rest: str = "Recordings.json") -> str:
    return f"/2010-04-01/Accounts/{caller.sid}/{rest}"


def send(caller: Caller, audio: bytes, **fields: str) -> httpx2.Response:
    """Upload as the body."""
    return caller.http.post(path(caller), params=fields, content=audio, headers={"Content-Type": "audio/wav"})


def sent(caller: Caller, audio: bytes, **fields: str) -> str:
    answer = send(caller, audio, **fields)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["sid"])


def blobs(caller: Caller) -> list[Path]:
    """Files, and folders with nothing in them."""
    folder = caller.server.data / "blobs" / caller.sid
    return [each for each in folder.rglob("*") if each.is_file() or not list(each.iterdir())]


def refusal(answer: httpx2.Response) -> tuple[int, int, list[str]]:
    document = answer.json()
    assert set(document) <= {"code", "message", "more_info", "status", "details"}
    pointers = [each["pointer"] for each in document.get("details", {"errors": []})["errors"]]
    return answer.status_code, document["code"], pointers


# Uploading.


def test_form_makes_recording_and_call(caller: Caller, dual: bytes) -> None:
    fields = {
        "CallSid": CALL_SID,
        "From": "+15550100",
        "To": "+15550199",
        "Direction": "inbound",
        "StartTime": "2026-03-02T10:30:00+01:00",
        "Channels": "2",
        "Source": "DialVerb",
    }
    answer = caller.http.post(path(caller), data=fields, files={"Media": ("call.wav", dual, "audio/wav")})
    assert answer.status_code == 201, answer.text
    document = answer.json()
    assert document["uri"] == path(caller, f"Recordings/{document['sid']}.json")
    assert document["media_url"] == caller.server.url + path(caller, f"Recordings/{document['sid']}")

    recording = caller.twilio.recordings(document["sid"]).fetch()
    assert recording.account_sid == caller.sid
    assert recording.call_sid == CALL_SID
    assert (recording.status, recording.source, recording.channels) == ("completed", "DialVerb", 2)
    assert recording.duration == "3"
    assert recording.start_time == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert datetime.now(UTC) - recording.date_created < timedelta(minutes=5)
    assert recording.encryption_details is None

    call = caller.twilio.calls(CALL_SID).fetch()
    assert (call._from, call.to, call.direction, call.status) == ("+15550100", "+15550199", "inbound", "completed")
    assert call.start_time == recording.start_time
    assert call.end_time == recording.start_time + timedelta(seconds=3)
    assert call.duration == "3"


def test_body_audio_query_fields(caller: Caller, mono: bytes) -> None:
    answer = caller.http.post(
        path(caller),
        params={"From": "sip:ada@example.com", "Direction": "outbound", "StartTime": "Mon, 02 Mar 2026 09:30:00 +0000"},
        content=iter([mono[:100], mono[100:]]),  # without a length
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == 201, answer.text
    recording = caller.twilio.recordings(answer.json()["sid"]).fetch()
    assert (recording.channels, recording.source) == (1, "StartCallRecordingAPI")
    call = caller.twilio.calls(recording.call_sid).fetch()
    assert (call._from, call.to, call.direction) == ("sip:ada@example.com", None, "outbound-api")


def test_any_file_part_fields_may_follow(caller: Caller, dual: bytes) -> None:
    boundary = "edge"
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="upload"; filename="x.wav"\r\n\r\n'
        + dual
        + b'\r\n--edge\r\nContent-Disposition: form-data; name="CallSid"\r\n\r\n'
        + CALL_SID.encode()
        + b"\r\n--edge--\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    answer = caller.http.post(path(caller), content=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.json()["call_sid"] == CALL_SID


def test_no_call_without_call_fields(caller: Caller, dual: bytes) -> None:
    recording = caller.twilio.recordings(sent(caller, dual)).fetch()
    assert (recording.call_sid, recording.start_time) == (None, None)
    assert caller.twilio.calls.list() == []


def test_known_call_gets_what_is_new(caller: Caller, dual: bytes) -> None:
    sent(caller, dual, CallSid=CALL_SID, From="+15550100", StartTime="2026-03-02T09:30:00Z")
    sent(caller, dual, CallSid=CALL_SID, To="+15550199", StartTime="2026-03-02T09:40:00Z")
    call = caller.twilio.calls(CALL_SID).fetch()
    assert (call._from, call.to) == ("+15550100", "+15550199")
    assert call.start_time == datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
    assert len(caller.twilio.calls(CALL_SID).recordings.list()) == 2


@pytest.mark.parametrize(
    ("fields", "pointers"),
    [
        ({"CallSid": "CA1"}, ["/CallSid"]),
        ({"ConferenceSid": "conference"}, ["/ConferenceSid"]),
        ({"Direction": "sideways", "Channels": "3"}, ["/Direction", "/Channels"]),
        ({"StartTime": "yesterday"}, ["/StartTime"]),
        ({"StartTime": "9999-12-31T23:59:59Z", "From": "+15550100"}, ["/StartTime"]),
        ({"Source": "Tape"}, ["/Source"]),
        ({"CalSid": CALL_SID}, ["/CalSid"]),
        ({"From": "+" + "1" * 255}, ["/From"]),
    ],
)
def test_wrong_fields_named(caller: Caller, dual: bytes, fields: dict[str, str], pointers: list[str]) -> None:
    by_form = caller.http.post(path(caller), data=fields, files={"Media": dual})
    status, code, found = refusal(by_form)
    assert (status, code, sorted(set(found))) == (400, 20001, sorted(pointers))
    assert refusal(send(caller, dual, **fields))[:2] == (400, 20001)
    eventually(lambda: not blobs(caller))
    assert caller.twilio.recordings.list() == []


def test_channels_checked_against_audio(caller: Caller, dual: bytes) -> None:
    assert refusal(send(caller, dual, Channels="1")) == (400, 20001, ["/Channels"])
    assert blobs(caller) == []


def test_bad_recording_leaves_nothing(caller: Caller, dual: bytes, tmp_path: Path) -> None:
    def made(name: str, seconds: float, channels: int = 1, rate: int = 16000) -> bytes:
        sound = signal(seconds, rate, channels)
        return write(tmp_path / name, sound, container="wav", codec="pcm_s16le", rate=rate).read_bytes()

    for audio, code in {
        b"": 17554,
        made("short.wav", 1.0): 17554,
        b"no audio at all, but words": 17556,
        made("slow.wav", 3.0, rate=4000): 17557,
        dual[: len(dual) // 3]: 17558,
        made("many.wav", 3.0, channels=6): 17559,
    }.items():
        assert refusal(send(caller, audio)) == (400, code, ["/Media"])
        assert refusal(caller.http.post(path(caller), files={"Media": audio})) == (400, code, ["/Media"])
    assert blobs(caller) == []
    assert caller.twilio.recordings.list() == []
    assert not [each for each in (caller.server.data / "spool").rglob("*") if each.is_file()]


def test_too_large_refused_in_transit(strict: Front, dual: bytes) -> None:
    caller = strict.caller()
    large = dual + bytes(3_000_000)
    pieces = (large[at : at + 100_000] for at in range(0, len(large), 100_000))
    try:
        announced, streamed = (
            send(caller, large),
            caller.http.post(path(caller), content=pieces, headers={"Content-Type": "audio/wav"}),
        )
    except httpx2.TransportError:  # refused before all was sent, and the connection closed on it
        pass
    else:
        assert refusal(announced) == refusal(streamed) == (413, 17560, ["/Media"])
    eventually(lambda: not blobs(caller))


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"hello"),
        ("application/json", b"{}"),
        ("multipart/form-data", b"--x--"),
        ("multipart/form-data; boundary=x", b"no form"),
        ("multipart/form-data; boundary=" + "x" * 300, b"--" + b"x" * 300 + b"\r\n"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="To"\r\n\r\n1\r\n--x--\r\n'),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="Media"\r\n\r\nRIFF'),
    ],
)
def test_non_upload_refused(caller: Caller, content_type: str, body: bytes) -> None:
    answer = caller.http.post(path(caller), content=body, headers={"Content-Type": content_type})
    assert refusal(answer)[:2] == (400, 20001)
    assert blobs(caller) == []


def test_same_key_makes_one_recording(caller: Caller, dual: bytes, mono: bytes) -> None:
    headers = {"Content-Type": "audio/wav", "Idempotency-Key": "one"}

    def post(audio: bytes, **fields: str) -> httpx2.Response:
        return caller.http.post(path(caller), params=fields, content=audio, headers=headers)

    first, again = post(dual, To="+15550199"), post(dual, To="+15550199")
    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert again.headers["Idempotency-Key"] == "one"
    assert refusal(post(mono, To="+15550199"))[:2] == (422, 17534)
    long = caller.http.post(path(caller), content=dual, headers=headers | {"Idempotency-Key": "x" * 129})
    assert refusal(long)[:2] == (400, 20001)
    assert refusal(post(dual, To="+15550100"))[:2] == (422, 17534)
    assert len(caller.twilio.recordings.list()) == 1
    assert len(caller.twilio.calls.list()) == 1
    assert len(blobs(caller)) == 1


# Listing.


def test_newest_first_pages_linked(caller: Caller, dual: bytes) -> None:
    sids = [sent(caller, dual) for _ in range(5)][::-1]
    assert [each.sid for each in caller.twilio.recordings.list()] == sids
    assert [each.sid for each in caller.twilio.recordings.list(limit=3, page_size=2)] == sids[:3]
    assert [each.sid for each in caller.twilio.recordings.stream(page_size=2)] == sids

    page = caller.twilio.recordings.page(page_size=2)
    second = page.next_page()
    third = second.next_page()
    assert third.next_page() is None
    assert [[each.sid for each in part] for part in (page, second, third)] == [sids[:2], sids[2:4], sids[4:]]
    assert [each.sid for each in third.previous_page()] == sids[2:4]

    document = caller.http.get(path(caller), params={"PageSize": 2}).json()
    assert (document["page"], document["page_size"], document["start"], document["end"]) == (0, 2, 0, 1)
    assert document["previous_page_uri"] is None
    following = caller.http.get(document["next_page_uri"]).json()
    assert (following["page"], following["start"], following["end"]) == (1, 2, 3)
    assert following["first_page_uri"].startswith(path(caller))


def test_narrowed_by_call_conference_day(caller: Caller, dual: bytes) -> None:
    conference = "CF" + "1" * 32
    of_call = sent(caller, dual, CallSid=CALL_SID)
    of_conference = sent(caller, dual, ConferenceSid=conference)
    other = sent(caller, dual)
    recordings = caller.twilio.recordings

    def sids(**filters: Any) -> list[str]:
        return [each.sid for each in recordings.list(**filters)]

    assert sids(call_sid=CALL_SID) == [of_call]
    assert sids(conference_sid=conference) == [of_conference]
    assert recordings(of_conference).fetch().source == "StartConferenceRecordingAPI"
    assert [each.sid for each in caller.twilio.calls(CALL_SID).recordings.list()] == [of_call]
    assert caller.twilio.calls(CALL_SID).recordings(of_call).fetch().sid == of_call
    with pytest.raises(TwilioRestException):
        caller.twilio.calls(CALL_SID).recordings(other).fetch()

    now = datetime.now(UTC)
    everything = [other, of_conference, of_call]
    assert sids(date_created=now) == everything
    assert sids(date_created=now.date()) == everything
    assert sids(date_created_after=now - timedelta(hours=1), date_created_before=now + timedelta(hours=1)) == everything
    assert sids(date_created_before=recordings(other).fetch().date_created) == everything
    assert sids(date_created_before=now - timedelta(days=1)) == []
    assert sids(date_created_after=now + timedelta(days=1)) == []
    assert sids(date_created=now - timedelta(days=2), include_soft_deleted=True) == []
    assert len(list(recordings.stream(date_created_after=now - timedelta(hours=1), page_size=1))) == 3


@pytest.mark.parametrize(
    "query",
    [
        {"PageSize": "0"},
        {"PageToken": "rubbish"},
        {"DateCreated": "yesterday"},
        {"DateCreated": "9999-12-31"},
        {"DateCreated>": "2026-13-01"},
        {"CallSid": "CA"},
        {"ConferenceSid": "x"},
    ],
)
def test_impossible_list_refused(caller: Caller, query: dict[str, str]) -> None:
    assert refusal(caller.http.get(path(caller), params=query))[:2] == (400, 20001)


def test_calls_listed_by_every_filter(caller: Caller, dual: bytes) -> None:
    for number in range(3):
        sent(
            caller,
            dual,
            CallSid=f"CA{number:032x}",
            From="+15550100",
            To=f"+1555010{number}",
            StartTime=f"2026-03-0{number + 1}T09:30:00Z",
        )
    sids = [f"CA{number:032x}" for number in range(3)]

    def found(**filters: Any) -> list[str]:
        return [each.sid for each in caller.twilio.calls.list(page_size=2, **filters)]

    assert found() == sids[::-1]
    assert found(from_="+15550100") == sids[::-1]
    assert found(to="+15550101") == [sids[1]]
    assert found(status="completed") == sids[::-1]
    assert found(status="busy") == []
    assert found(parent_call_sid=sids[0]) == []
    assert found(start_time=datetime(2026, 3, 2, tzinfo=UTC)) == [sids[1]]
    assert found(start_time_after=datetime(2026, 3, 2, tzinfo=UTC)) == [sids[2], sids[1]]
    assert found(start_time_before=datetime(2026, 3, 2, tzinfo=UTC)) == [sids[0]]
    assert caller.twilio.calls(sids[0]).delete()
    assert found() == [sids[2], sids[1]]
    with pytest.raises(TwilioRestException) as error:
        caller.twilio.calls(sids[0]).fetch()
    assert (error.value.status, error.value.code) == (404, 20404)


# Audio.


def test_audio_delivered_as_it_came(caller: Caller, dual: bytes, mono: bytes) -> None:
    recording = caller.twilio.recordings(sent(caller, dual)).fetch()
    for address in (
        recording.media_url,
        recording.media_url + ".wav",
        recording.media_url + ".wav?RequestedChannels=2",
    ):
        answer = caller.http.get(address)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/wav")
        assert answer.content == dual
    compressed = caller.twilio.recordings(sent(caller, mono)).fetch()
    answer = caller.http.get(f"{compressed.media_url}.mp3")
    assert (answer.content, answer.headers["Content-Type"]) == (mono, "audio/mpeg")
    assert len(blobs(caller)) == 2


def test_what_players_do_not_know_is_delivered_as_pcm(caller: Caller) -> None:
    recording = caller.twilio.recordings(sent(caller, gsm(150))).fetch()
    assert recording.duration == "6"
    with wave.open(BytesIO(caller.http.get(f"{recording.media_url}.wav").content)) as file:
        assert (file.getsampwidth(), file.getframerate(), file.getnframes()) == (2, 8000, 48000)


def test_renditions_made_once_and_kept(caller: Caller, dual: bytes) -> None:
    recording = caller.twilio.recordings(sent(caller, dual)).fetch()
    one = caller.http.get(f"{recording.media_url}.wav", params={"RequestedChannels": 1})
    with wave.open(BytesIO(one.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (1, 8000, 24000)
    assert {each.name for each in blobs(caller)} == {"media", "1.wav"}
    assert caller.http.get(f"{recording.media_url}.wav", params={"RequestedChannels": 1}).content == one.content

    both = caller.http.get(f"{recording.media_url}.mp3")
    assert both.headers["Content-Type"] == "audio/mpeg"
    again = sent(caller, both.content)
    assert caller.twilio.recordings(again).fetch().channels == 2
    assert {each.name for each in blobs(caller)} == {"media", "1.wav", "2.mp3"}


def test_no_two_channels_from_one(caller: Caller, mono: bytes) -> None:
    sid = sent(caller, mono)
    answer = caller.http.get(path(caller, f"Recordings/{sid}.wav"), params={"RequestedChannels": 2})
    assert refusal(answer) == (400, 16113, ["/RequestedChannels"])
    answer = caller.http.get(path(caller, f"Recordings/{sid}.wav"), params={"RequestedChannels": 3})
    assert refusal(answer) == (400, 20001, ["/RequestedChannels"])


def test_ranges_and_conditions_hold(caller: Caller, dual: bytes) -> None:
    address = path(caller, f"Recordings/{sent(caller, dual)}.wav")

    def get(**headers: str) -> httpx2.Response:
        return caller.http.get(address, headers={name.replace("_", "-"): value for name, value in headers.items()})

    whole = caller.http.head(address)
    etag = whole.headers["ETag"]
    assert (whole.status_code, whole.content) == (200, b"")
    assert whole.headers["Content-Length"] == str(len(dual))
    assert whole.headers["Accept-Ranges"] == "bytes"

    part = get(Range="bytes=10-19")
    assert (part.status_code, part.content) == (206, dual[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(dual)}"
    assert get(Range="bytes=-5").content == dual[-5:]
    assert get(Range="bytes=40-", If_Range=etag).content == dual[40:]
    assert get(Range="bytes=40-", If_Range='"another"').content == dual
    outside = get(Range=f"bytes={len(dual)}-")
    assert outside.status_code == 416
    assert outside.headers["Content-Range"] == f"bytes */{len(dual)}"
    assert get(If_None_Match=etag).status_code == 304
    assert get(If_None_Match='"another"').status_code == 200


def test_audio_needs_credentials(caller: Caller, dual: bytes) -> None:
    recording = caller.twilio.recordings(sent(caller, dual)).fetch()
    assert httpx2.get(recording.media_url, trust_env=False).status_code == 401


# Deleting, and others' accounts.


def test_deletion_takes_every_form(serve: Front, dual: bytes) -> None:
    caller = serve.caller()
    sid = sent(caller, dual, CallSid=CALL_SID)
    caller.http.get(path(caller, f"Recordings/{sid}.mp3"))
    assert caller.twilio.recordings(sid).delete()
    for address in (f"Recordings/{sid}.json", f"Recordings/{sid}.wav", f"Recordings/{sid}"):
        assert refusal(caller.http.get(path(caller, address)))[:2] == (404, 20404)
    assert caller.http.delete(path(caller, f"Recordings/{sid}.json")).status_code == 404
    assert caller.twilio.recordings.list() == []
    eventually(lambda: not blobs(caller))
    assert caller.twilio.calls(CALL_SID).fetch().sid == CALL_SID


def test_foreign_account_sees_nothing(api: Front, caller: Caller, dual: bytes) -> None:
    sid = sent(caller, dual, CallSid=CALL_SID)
    stranger = api.caller()
    for address in (path(stranger, f"Recordings/{sid}.json"), path(caller, f"Recordings/{sid}.json"), path(caller)):
        assert refusal(stranger.http.get(address))[:2] == (404, 20404)
    assert stranger.twilio.recordings.list(call_sid=CALL_SID) == []
    assert sent(stranger, dual, CallSid=CALL_SID, From="+15550111") != sid
    assert caller.twilio.calls(CALL_SID).fetch()._from is None


def test_import_is_seen_and_transcribed(caller: Caller, dual: bytes, tmp_path: Path) -> None:
    configuration_id = caller.configure()
    (tmp_path / "call.wav").write_bytes(dual)
    arguments = ["recordings", "import", str(tmp_path), "--data", str(caller.server.data), "--account", caller.sid]
    for _ in range(2):
        done = CliRunner().invoke(app, [*arguments, "--transcribe", configuration_id])
        assert done.exit_code == 0, done.output
    (recording,) = caller.twilio.recordings.list()
    assert caller.http.get(recording.media_url).content == dual
    (job,) = caller.http.get("/v3/Transcriptions", params={"sourceId": recording.sid}).json()["transcriptions"]
    assert (job["status"], job["sourceId"]) == ("PENDING", recording.sid)

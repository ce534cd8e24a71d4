"""Every code of a request that makes no job, by HTTP: the code, the status, the pointer."""

from typing import Any

import pytest
from twilio.base.exceptions import TwilioServiceException
from twilio.rest.voice.v3.transcription import TranscriptionList

from callers import MEDIA_URL, Caller
from sourcing import make_conversation_configuration

RECORDING = "RE" + "0a" * 16


def _party(channel: Any = 1, **fields: Any) -> dict[str, Any]:
    return {"audioChannelIndex": channel, **fields}


def _refused(caller: Caller, body: Any, code: int, status: int, *pointers: str) -> dict[str, Any]:
    answer = caller.http.post("/v3/Transcriptions", json=body)
    problem: dict[str, Any] = answer.json()
    assert (problem["code"], answer.status_code) == (code, status), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"https://www.twilio.com/docs/api/errors/{code}"
    assert problem["instance"] == "/v3/Transcriptions"
    assert problem["title"]
    assert problem["detail"]
    assert [error["pointer"] for error in problem["errors"]] == list(pointers)
    assert all(error["detail"] for error in problem["errors"])
    assert caller.http.get("/v3/Transcriptions").json()["transcriptions"] == []
    return problem


def _body(caller: Caller, options: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    return {"transcriptionConfigurationId": caller.configure(**options or {}), "mediaUrl": MEDIA_URL, **fields}


@pytest.mark.parametrize(
    "fields",
    [
        {"mediaUrl": None},
        {"sourceId": RECORDING},
        {"inputSource": "SOURCE_ID"},
        {"mediaUrl": None, "sourceId": RECORDING, "inputSource": "MEDIA_URL"},
    ],
)
def test_17500_not_exactly_one_source(caller: Caller, fields: dict[str, Any]) -> None:
    _refused(caller, _body(caller, **fields), 17500, 400, "")


def test_17501_configuration_missing(caller: Caller) -> None:
    _refused(caller, {"mediaUrl": MEDIA_URL}, 17501, 400, "/transcriptionConfigurationId")


@pytest.mark.parametrize(
    "value", ["", "support-calls", f"voice_transcriptionconfiguration_{'A' * 26}", 7, None, ["x"], f"conv_{'0' * 26}"]
)
def test_17501_configuration_malformed(caller: Caller, value: object) -> None:
    body = {"transcriptionConfigurationId": value, "mediaUrl": MEDIA_URL}
    _refused(caller, body, 17501, 400, "/transcriptionConfigurationId")


@pytest.mark.parametrize("value", ["RE123", RECORDING.upper(), f"CA{'0' * 32}", 12, f"{RECORDING}\n"])
def test_17502_source_id_malformed(caller: Caller, value: object) -> None:
    _refused(caller, _body(caller, mediaUrl=None, sourceId=value), 17502, 400, "/sourceId")


@pytest.mark.parametrize(
    "value",
    [
        "/calls/1.wav",
        "calls/1.wav",
        "ftp://media.example.com/1.wav",
        "file:///etc/passwd",
        "https://",
        "https:///1.wav",
        "https://[::1",
        "https://media.example.com:99999/1.wav",
        "https://media.example.com/a b.wav",
        "https://media.example.com/\u0000.wav",
        " https://media.example.com/1.wav",
        "http://10.0.0.1/1.wav",
        "data:audio/wav;base64,UklGRg==",
        "",
        5,
        "https://media.example.com/" + "x" * 5000,
    ],
)
def test_17503_media_url_malformed(caller: Caller, value: object) -> None:
    _refused(caller, _body(caller, mediaUrl=value), 17503, 400, "/mediaUrl")


def test_17510_one_with_recording(caller: Caller) -> None:
    body = _body(caller, mediaUrl=None, sourceId=RECORDING, participants=[_party()])
    _refused(caller, body, 17510, 400, "/participants")


def test_17510_three_participants(caller: Caller) -> None:
    body = _body(caller, participants=[_party(1), _party(2), _party(1)])
    _refused(caller, body, 17510, 400, "/participants")


def test_17510_stored_needs_two(caller: Caller) -> None:
    options = {"conversationConfigurationId": make_conversation_configuration(caller), "participantDefaults": None}
    body = _body(caller, options, participants=[_party(1, type="CUSTOMER", address="+1")])
    _refused(caller, body, 17510, 400, "/participants")


@pytest.mark.parametrize("value", [0, 3, -1, 2**40])
def test_17511_channel_out_of_range(caller: Caller, value: int) -> None:
    body = _body(caller, participants=[_party(1), _party(value)])
    _refused(caller, body, 17511, 400, "/participants/1/audioChannelIndex")


def test_17511_channel_missing(caller: Caller) -> None:
    body = _body(caller, participants=[{"name": "Emma"}])
    _refused(caller, body, 17511, 400, "/participants/0/audioChannelIndex")


@pytest.mark.parametrize("value", [1.5, 1.0, "1", True, [1]])
def test_17512_channel_not_integer(caller: Caller, value: object) -> None:
    body = _body(caller, participants=[_party(value)])
    _refused(caller, body, 17512, 400, "/participants/0/audioChannelIndex")


def test_17513_two_on_one_channel(caller: Caller) -> None:
    _refused(caller, _body(caller, participants=[_party(2), _party(2)]), 17513, 400, "/participants")


@pytest.mark.parametrize("value", ["customer", "AGENT", "", 3])
def test_17514_unknown_type(caller: Caller, value: object) -> None:
    body = _body(caller, participants=[_party(1, type=value)])
    _refused(caller, body, 17514, 400, "/participants/0/type")


def test_17515_type_on_one_only(caller: Caller) -> None:
    body = _body(
        caller, {"participantDefaults": None}, participants=[_party(1, type="CUSTOMER"), _party(2, name="Daniel")]
    )
    _refused(caller, body, 17515, 400, "/participants")


def test_17516_stored_without_customer(caller: Caller) -> None:
    given = [_party(1, type="AI_AGENT", address="+1"), _party(2, type="HUMAN_AGENT", address="+2")]
    body = _body(caller, {"conversationConfigurationId": make_conversation_configuration(caller)}, participants=given)
    _refused(caller, body, 17516, 400, "/participants")


def test_17517_stored_without_address(caller: Caller) -> None:
    given = [_party(1, address="+15550100"), _party(2)]
    body = _body(caller, {"conversationConfigurationId": make_conversation_configuration(caller)}, participants=given)
    _refused(caller, body, 17517, 400, "/participants/1/address")


def test_17530_no_such_configuration(caller: Caller) -> None:
    body = {"transcriptionConfigurationId": f"voice_transcriptionconfiguration_{'0' * 26}", "mediaUrl": MEDIA_URL}
    _refused(caller, body, 17530, 404, "/transcriptionConfigurationId")


def test_17530_deleted_configuration(caller: Caller) -> None:
    body = _body(caller)
    caller.http.delete(f"/v2/Configurations/Transcription/{body['transcriptionConfigurationId']}")
    _refused(caller, body, 17530, 404, "/transcriptionConfigurationId")


def test_17530_foreign_configuration(caller: Caller, first_caller: Caller) -> None:
    _refused(caller, _body(first_caller), 17530, 404, "/transcriptionConfigurationId")


def test_17533_unknown_recording(caller: Caller) -> None:
    _refused(caller, _body(caller, mediaUrl=None, sourceId=RECORDING), 17533, 422, "/sourceId")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"audioStartedAt": "yesterday"}, "/audioStartedAt"),
        ({"audioStartedAt": "2026-03-02T09:30:00"}, "/audioStartedAt"),
        ({"audioStartedAt": 1772443800}, "/audioStartedAt"),
        ({"audioStartedAt": "0001-01-01T00:00:00+14:00"}, "/audioStartedAt"),
        ({"inputSource": "URL"}, "/inputSource"),
        ({"participants": {"1": "Emma"}}, "/participants"),
        ({"participants": ["Emma"]}, "/participants/0"),
        ({"participants": [_party(1, name=4)]}, "/participants/0/name"),
        ({"participants": [_party(1, address=["+1"])]}, "/participants/0/address"),
        ({"participants": [_party(1, phone="+1")]}, "/participants/0/phone"),
        ({"mediaURL": MEDIA_URL}, "/mediaURL"),
        ({"a/b~c": 1}, "/a~1b~0c"),
    ],
)
def test_20001_types_and_unknown_fields(caller: Caller, fields: dict[str, Any], pointer: str) -> None:
    _refused(caller, _body(caller, **fields), 20001, 400, pointer)


def test_20001_start_time_and_recording(caller: Caller) -> None:
    body = _body(caller, mediaUrl=None, sourceId=RECORDING, audioStartedAt="2026-03-02T09:30:00Z")
    _refused(caller, body, 20001, 400, "/audioStartedAt")


def test_every_fault_under_first_code(caller: Caller) -> None:
    body = {"transcriptionConfigurationId": "a b", "mediaUrl": "x", "participants": [_party(9, type="x")]}
    pointers = (
        "/transcriptionConfigurationId",
        "/mediaUrl",
        "/participants/0/audioChannelIndex",
        "/participants/0/type",
    )
    _refused(caller, body, 17501, 400, *pointers)


def test_sdk_exception_has_everything(caller: Caller) -> None:
    request = TranscriptionList.CreateV3TranscriptionsRequest(
        {"transcriptionConfigurationId": caller.configure(), "mediaUrl": "ftp://media.example.com/1.wav"}
    )
    with pytest.raises(TwilioServiceException) as refused:
        caller.twilio.voice.v3.transcriptions.create(request)
    error = refused.value
    assert (error.code, error.status) == (17503, 400)
    assert error.type == "https://www.twilio.com/docs/api/errors/17503"
    assert error.title == "mediaUrl is not an absolute https or s3 URL"
    assert error.instance == "/v3/Transcriptions"
    assert error.errors[0]["pointer"] == "/mediaUrl"
    assert error.detail in str(error)


@pytest.mark.parametrize("path", ["/v3/Transcriptions", "/v2/Configurations/Transcription"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{", b'{"mediaUrl": }', b"[]", b'"text"', b"null", b"\xff\xfe\x00", b"[" * 200_000, b'{"x": ' + b"9" * 5000],
    ids=["empty", "cut", "hole", "array", "string", "null", "not UTF-8", "deep", "long number"],
)
def test_20001_malformed_json(caller: Caller, path: str, content: bytes) -> None:
    answer = caller.http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    errors = answer.json()["errors"] if path.startswith("/v3") else answer.json()["details"]["errors"]
    assert [error["pointer"] for error in errors] == [""]


@pytest.mark.parametrize("path", ["/v3/Transcriptions", "/v2/Configurations/Transcription"])
@pytest.mark.parametrize("announced", [True, False], ids=["announced", "chunked"])
def test_20413_ten_megabytes(caller: Caller, path: str, announced: bool) -> None:  # noqa: FBT001
    size = 10_000_000
    content = b" " * size if announced else (b" " * 100_000 for _ in range(size // 100_000))
    answer = caller.http.post(path, content=content, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, 20413)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/v3/Transcriptions"),
        ("DELETE", "/v3/Transcriptions"),
        ("POST", f"/v3/Transcriptions/voice_transcription_{'0' * 26}"),
        ("PATCH", "/v2/Configurations/Transcription"),
        ("DELETE", "/v2/Configurations/Transcription/Default"),
    ],
)
def test_405_for_other_methods(caller: Caller, method: str, path: str) -> None:
    answer = caller.http.request(method, path)
    if path.endswith("Default"):  # the path of a configuration too, which has DELETE
        assert answer.status_code == 404
        return
    assert answer.status_code == answer.json()["status"] == 405
    assert answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    [
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}",
        "/v3/Transcriptions/voice_transcription_",
        "/v3/Transcriptions/%00",
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}/Transcript",
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}/Transcript.vtt",
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}/Transcript.pdf",
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}/Media",
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}/Events",
        f"/v3/Transcriptions/voice_transcription_{'0' * 26}/Callbacks",
        "/v3/Nothing",
        "/v3",
    ],
)
def test_20404_as_a_problem_document(caller: Caller, path: str) -> None:
    answer = caller.http.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "path",
    [
        f"/v2/Configurations/Transcription/voice_transcriptionconfiguration_{'0' * 26}",
        "/v2/Configurations/Transcription/no-such-name",
        "/v2/Configurations/Transcription/Default",
        "/v2/AccountDefaultConfiguration/Transcription",
        "/v2/Nothing",
        "/2010-04-01/Nothing",
    ],
)
def test_20404_in_the_legacy_shape(caller: Caller, path: str) -> None:
    answer = caller.http.get(path)
    document = answer.json()
    assert document.keys() == {"code", "message", "more_info", "status"}
    assert (answer.status_code, document["status"], document["code"]) == (404, 404, 20404)
    assert document["more_info"] == "https://www.twilio.com/docs/api/errors/20404"
    assert answer.headers["Content-Type"] == "application/json"


def test_20404_early_says_when_to_ask(caller: Caller) -> None:
    transcription_id = caller.submit(caller.configure())
    answer = caller.http.get(f"/v3/Transcriptions/{transcription_id}/Transcript")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)
    assert int(answer.headers["Retry-After"]) > 0
    assert "PENDING" in answer.json()["detail"]


def test_no_resend_before_callback(caller: Caller) -> None:
    transcription_id = caller.submit(caller.configure())
    answer = caller.http.post(f"/v3/Transcriptions/{transcription_id}/Callbacks")
    assert (answer.status_code, answer.json()["code"]) == (404, 20404)

"""Status callbacks: what they say, who may trust them, and what becomes of those that are not taken."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler

import pytest
from twilio.request_validator import RequestValidator

from callers import Caller, Completed, Front
from harness import Receiver
from media_server import MediaServer

UNUSED = "http://127.0.0.1:9"
"""The port of the discard protocol, where nobody listens."""


@pytest.fixture
def server_caller(serve: Front) -> Caller:
    return serve.caller()


@pytest.fixture
def strict_caller(strict: Front) -> Caller:
    return strict.caller()


def _fail(caller: Caller, url: str, media: MediaServer) -> str:
    """Make a job that ends at once, with 17552, and calls back to `url`."""
    callback = {"url": url, "method": "POST"}
    transcription_id = caller.submit(
        caller.configure(transcriptionStatusCallback=callback), media.url("/not-there.wav")
    )
    caller.ended(transcription_id)
    return transcription_id


def _attempts(caller: Caller, url: str, media: MediaServer) -> tuple[str, list[tuple[int | None, int | None]]]:
    """Status of the callback, and of each attempt its HTTP status and code."""
    (callback,) = caller.callbacks(_fail(caller, url, media))
    attempts = callback["attempts"]
    assert [each["number"] for each in attempts] == list(range(1, len(attempts) + 1))
    assert all(each["startedAt"] <= each["finishedAt"] for each in attempts)
    assert all(bool(each["error"]) == bool(each["errorCode"]) for each in attempts)
    return callback["status"], [(each["httpStatus"], each["errorCode"]) for each in attempts]


def _raw(answer: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    def write(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    return write


def _redirect(location: str, status: int = 307) -> Callable[[BaseHTTPRequestHandler], None]:
    return _raw(f"HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode())


def test_body_when_completed(completed: Completed) -> None:
    (received,) = completed.receiver.received
    body = received.json
    transcript = completed.caller.http.get(f"/v3/Transcriptions/{completed.id}/Transcript").json()
    updated_at = body.pop("updatedAt")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", updated_at)
    assert body == {
        "id": completed.id,
        "accountId": completed.caller.sid,
        "status": "completed",
        "transcriptionConfigurationId": completed.configuration_id,
        "sourceId": None,
        "mediaUrl": completed.resource["mediaUrl"],
        "duration": 65,
        "participants": completed.resource["participants"],
        "createdAt": completed.resource["createdAt"],
        "language": "en-US",
        "links": {"self": completed.resource["url"], "transcript": completed.resource["links"]["transcript"]},
        "sentences": transcript["sentences"],
    }
    assert set(body["sentences"][0]) == {
        "audioChannelIndex", "sentenceIndex", "participantIndex", "startTimeSeconds", "endTimeSeconds", "text",
        "confidence", "words", "language",
    }  # fmt: skip
    assert received.headers["Content-Type"] == "application/json"


def test_sdk_validator_accepts(completed: Completed) -> None:
    (received,) = completed.receiver.received
    # The query stays as it was written, with the hash of the body behind it.
    assert re.search(r"/done\?campaign=spring%20sale&flag&bodySHA256=[0-9a-f]{64}$", received.url)
    validator = RequestValidator(completed.caller.token)
    signature = received.headers["X-Twilio-Signature"]
    assert validator.validate(received.url, received.body.decode(), signature)
    assert not validator.validate(received.url, received.body.decode() + " ", signature)
    assert not RequestValidator("another token").validate(received.url, received.body.decode(), signature)


def test_the_delivery_is_logged(completed: Completed) -> None:
    (callback,) = completed.caller.callbacks(completed.id)
    assert re.fullmatch(r"voice_callback_[0-9a-z]{26}", callback["id"])
    assert (callback["event"], callback["status"], callback["reduced"]) == ("COMPLETED", "DELIVERED", None)
    assert callback["url"] == f"{completed.receiver.url}/done?campaign=spring%20sale&flag"
    (attempt,) = callback["attempts"]
    assert (attempt["number"], attempt["httpStatus"], attempt["errorCode"]) == (1, 200, None)


@pytest.mark.parametrize("path", ["", "/", "/a?x=1", "/a?x=%2F&x=2&y=ü#part", "/%C3%BC;v=1"])
def test_addresses_signed_as_received(server_caller: Caller, media: MediaServer, receiver: Receiver, path: str) -> None:
    _fail(server_caller, receiver.url + path, media)
    (received,) = receiver.wait()
    validator = RequestValidator(server_caller.token)
    assert validator.validate(received.url, received.body.decode(), received.headers["X-Twilio-Signature"])


def test_userinfo_signed_and_sent_as_basic(server_caller: Caller, media: MediaServer, receiver: Receiver) -> None:
    host = receiver.url.removeprefix("http://")
    _fail(server_caller, f"http://user:secret@{host}/x", media)
    (received,) = receiver.wait()
    assert received.headers["Authorization"] == "Basic dXNlcjpzZWNyZXQ="
    seen = received.url.replace("http://", "http://user:secret@")
    validator = RequestValidator(server_caller.token)
    assert validator.validate(seen, received.body.decode(), received.headers["X-Twilio-Signature"])


def test_shared_key_signs_with_sha256(
    strict_caller: Caller, strict_media: MediaServer, receiver: Receiver, shared_key: str
) -> None:
    _fail(strict_caller, f"{receiver.url}/x?y=1", strict_media)
    (received,) = receiver.wait()
    name, _, secret = shared_key.partition(":")
    assert received.headers["X-Twilio-Webhooks-Signature-Settings"] == f"key={name},algorithm=HMAC_SHA256"
    signature = received.headers["X-Twilio-Signature"]
    assert RequestValidator(secret).validate(received.url, received.body.decode(), signature, "HMAC_SHA256")


def test_failed_job_calls_back_too(server_caller: Caller, media: MediaServer, receiver: Receiver) -> None:
    transcription_id = _fail(server_caller, receiver.url, media)
    (received,) = receiver.wait()
    body = received.json
    error = server_caller.ended(transcription_id)["error"]
    assert (body["id"], body["status"], body["sentences"]) == (transcription_id, "failed", [])
    assert (body["errorCode"], error["code"]) == (17552, 17552)
    assert body["errorMessage"] == f"{error['title']}: {error['detail']}"
    (callback,) = server_caller.callbacks(transcription_id)
    assert callback["event"] == "FAILED"


def test_no_callback_where_unconfigured(server_caller: Caller, media: MediaServer) -> None:
    transcription_id = server_caller.submit(server_caller.configure(), media.url("/not-there.wav"))
    server_caller.ended(transcription_id)
    answer = server_caller.http.get(f"/v3/Transcriptions/{transcription_id}/Callbacks")
    assert answer.json() == {"callbacks": []}


def test_links_use_public_address(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    transcription_id = _fail(strict_caller, receiver.url, strict_media)
    (received,) = receiver.wait()
    url = f"https://calls.example.com/base/v3/Transcriptions/{transcription_id}"
    assert received.json["links"] == {"self": url}
    assert strict_caller.ended(transcription_id)["url"] == url


def test_17580_retried_three_times(server_caller: Caller, media: MediaServer) -> None:
    with ExitStack() as stack:
        receivers = {
            status: stack.enter_context(Receiver(answers=[status]).listening()) for status in (500, 503, 408, 425, 429)
        }
        # All at once, since each takes seconds.
        jobs = {status: _fail(server_caller, receiver.url, media) for status, receiver in receivers.items()}
        for status, transcription_id in jobs.items():
            (callback,) = server_caller.callbacks(transcription_id)
            assert callback["status"] == "FAILED"
            outcomes = [(attempt["httpStatus"], attempt["errorCode"]) for attempt in callback["attempts"]]
            assert outcomes == [(status, 17580)] * 4
            assert len(receivers[status].received) == 4
            assert len({received.body for received in receivers[status].received}) == 1


def test_retry_taken_ends_delivery(server_caller: Caller, media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [502, 204]
    assert _attempts(server_caller, receiver.url, media) == ("DELIVERED", [(502, 17580), (204, None)])


@pytest.mark.parametrize("status", [400, 401, 404, 410, 422])
def test_17580_final_for_other_4xx(server_caller: Caller, media: MediaServer, receiver: Receiver, status: int) -> None:
    receiver.answers = [status]
    assert _attempts(server_caller, receiver.url, media) == ("FAILED", [(status, 17580)])


def test_17581_for_no_answer(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [lambda handler: handler.rfile.read(1) and None]
    assert _attempts(strict_caller, receiver.url, strict_media) == ("FAILED", [(None, 17581)] * 2)


def test_17582_for_closed_port(strict_caller: Caller, strict_media: MediaServer) -> None:
    assert _attempts(strict_caller, UNUSED, strict_media) == ("FAILED", [(None, 17582)] * 2)


def test_17582_for_forbidden_address(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    for url in ("http://169.254.169.254/latest", receiver.url.replace("127.0.0.1", "127.0.0.3")):
        assert _attempts(strict_caller, url, strict_media) == ("FAILED", [(None, 17582)])
    assert receiver.received == []


def test_17582_for_forbidden_redirect(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [_redirect("http://169.254.169.254/latest")]
    assert _attempts(strict_caller, receiver.url, strict_media) == ("FAILED", [(None, 17582)])


def test_17583_for_too_large_answer(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [_raw(b"HTTP/1.1 200 OK\r\n\r\n" + bytes(200_000))]
    assert _attempts(strict_caller, receiver.url, strict_media) == ("FAILED", [(None, 17583)])


def test_17584_for_endless_redirects(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [_redirect("/again")]
    assert _attempts(strict_caller, receiver.url, strict_media) == ("FAILED", [(None, 17584)])


def test_17585_for_non_http_redirect(strict_caller: Caller, strict_media: MediaServer, receiver: Receiver) -> None:
    for location in ("ftp://127.0.0.1/", "http://[::1"):
        receiver.answers = [_redirect(location)]
        assert _attempts(strict_caller, receiver.url, strict_media) == ("FAILED", [(None, 17585)])


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_signed_anew(server_caller: Caller, media: MediaServer, receiver: Receiver, status: int) -> None:
    receiver.answers = [_redirect("/new?x=1", status), 200]
    assert _attempts(server_caller, f"{receiver.url}/old", media) == ("DELIVERED", [(200, None)])
    first, second = receiver.received
    assert second.url.startswith(f"{receiver.url}/new?x=1&")
    assert second.body == first.body
    validator = RequestValidator(server_caller.token)
    for received in (first, second):
        assert validator.validate(received.url, received.body.decode(), received.headers["X-Twilio-Signature"])


def test_resend_has_same_body(server_caller: Caller, media: MediaServer, receiver: Receiver) -> None:
    receiver.answers = [404, 200]
    transcription_id = _fail(server_caller, receiver.url, media)
    server_caller.callbacks(transcription_id)
    path = f"/v3/Transcriptions/{transcription_id}/Callbacks"
    again = server_caller.http.post(path)
    assert again.status_code == 202
    assert (again.json()["status"], again.json()["attempts"]) == ("PENDING", [])
    first, second = server_caller.callbacks(transcription_id)
    assert again.json()["id"] == second["id"] != first["id"]
    assert (first["status"], second["status"]) == ("FAILED", "DELIVERED")
    bodies = [received.body for received in receiver.received]
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]


def test_deletion_forgets_callbacks(server_caller: Caller, media: MediaServer, receiver: Receiver) -> None:
    transcription_id = _fail(server_caller, receiver.url, media)
    server_caller.callbacks(transcription_id)
    assert server_caller.http.delete(f"/v3/Transcriptions/{transcription_id}").status_code == 204
    assert server_caller.http.get(f"/v3/Transcriptions/{transcription_id}/Callbacks").status_code == 404

"""What stands in the logs of a whole run, and what does not."""

import json
from itertools import pairwise
from typing import Any

from harness import ACCOUNT_SID, AUTH_TOKEN, eventually
from observed import METRICS_TOKEN, REQUEST_ID, SECRET_PATH, Seen


def lines(seen: Seen) -> list[dict[str, Any]]:
    return [json.loads(line) for line in seen.server.output().splitlines() if line.startswith("{")]


def events(seen: Seen, name: str) -> list[dict[str, Any]]:
    return [line for line in lines(seen) if line["event"] == name]


def test_answer_has_clients_id(seen: Seen) -> None:
    assert seen.answer_headers["x-request-id"] == REQUEST_ID
    assert seen.answer_headers["twilio-request-id"] == REQUEST_ID


def test_request_gets_sane_id(seen: Seen) -> None:
    with seen.server.client() as client:
        for given in ({}, {"X-Request-Id": "two words"}, {"X-Request-Id": "x" * 65}):
            found = client.get("/v3/Transcriptions", headers=given).headers["X-Request-Id"]
            assert found.startswith("RQ")
            assert len(found) == 34


def test_refused_request_has_id(seen: Seen) -> None:
    with seen.server.client() as client:
        answer = client.post("/v3/Transcriptions", content=b"{", headers={"X-Request-Id": "refused-1"})
    assert answer.status_code == 400
    assert answer.headers["X-Request-Id"] == "refused-1"
    # It is written behind the answer.
    (line,) = eventually(
        lambda: [line for line in events(seen, "request.answered") if line["request_id"] == "refused-1"]
    )
    assert (line["level"], line["status"], line["route"]) == ("info", 400, "/v3/Transcriptions")


def test_job_lines_have_ids_everywhere(seen: Seen) -> None:
    job, account = seen.transcription["id"], seen.transcription["accountId"]
    eventually(lambda: len(events(seen, "callback.attempted")) == 2)
    for name in ("media.inspected", "chunk.recognized", "transcription.ended", "callback.attempted"):
        found = events(seen, name)
        assert found, name
        for line in found:
            assert line["transcription"] == job, line
            assert line["account"] == account, line
            assert line["request_id"] == REQUEST_ID, line
    (posted,) = [each for each in events(seen, "request.answered") if each["request_id"] == REQUEST_ID]
    assert posted["status"] == 202
    assert posted["account"] == account


def test_callback_attempts_told_with_outcome(seen: Seen) -> None:
    eventually(lambda: len(events(seen, "callback.attempted")) == 2)
    first, second = events(seen, "callback.attempted")
    assert (first["attempt"], first["outcome"], first["status"], first["code"]) == (1, "retry", 500, 17580)
    assert (second["attempt"], second["outcome"], second["status"]) == (2, "delivered", 200)


def test_no_secret_or_speech_logged(seen: Seen) -> None:
    output = seen.server.output().replace(ACCOUNT_SID, "")  # which ends like the token
    for secret in (
        AUTH_TOKEN,
        METRICS_TOKEN,
        SECRET_PATH,
        "secret-of-the-media-url",
        "secret-of-the-query",
        "secret-of-the-callback",
        "Authorization",
        "X-Twilio-Signature",
    ):
        assert secret not in output, secret
    assert len(seen.words) > 100
    for pair in pairwise(seen.words):
        assert " ".join(pair) not in output, pair


def test_reads_told_at_debug(seen: Seen) -> None:
    reads = [line for line in events(seen, "request.answered") if line["method"] == "GET" and line["status"] < 400]
    assert reads
    assert {line["level"] for line in reads} == {"debug"}

"""The audit log: who read, changed, exported or deleted what, and who tried to get in."""

import json
from typing import Any

import httpx2
import pytest

from callers import Caller, Completed, Front
from callscribe.accounts.audit import Action
from callscribe.accounts.service import Credentials
from harness import eventually

AUDIT = "/v3/Audit"
FORWARDED = {"X-Forwarded-For": "203.0.113.9"}


def lines(caller: Caller, **filters: Any) -> list[dict[str, Any]]:
    answer = caller.http.get(AUDIT, params={"pageSize": 100, **filters})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["events"]
    beside = {Action.AUDIT_READ, Action.ACCOUNT_CREATED}
    return [each for each in found if each["action"] not in beside]


def actions(caller: Caller, **filters: Any) -> list[str]:
    """Oldest first."""
    return [each["action"] for each in lines(caller, **filters)][::-1]


def logged(caller: Caller, count: int, **filters: Any) -> list[dict[str, Any]]:
    """What is only read is written half a second later."""
    return eventually(lambda: found if len(found := lines(caller, **filters)) >= count else None, timeout=10)


def test_changes_are_logged_with_who_made_them(api: Front, caller: Caller) -> None:
    made = caller.twilio.new_keys.create(friendly_name="shop")
    by_key = api.caller(Credentials(made.sid, made.secret))
    configuration = by_key.configure()
    job = by_key.submit(configuration)
    assert caller.http.delete(f"/v3/Transcriptions/{job}").status_code == 204
    assert caller.twilio.keys(made.sid).update(friendly_name="warehouse")
    assert caller.twilio.keys(made.sid).delete()
    found = {each["action"]: each for each in lines(caller)}
    assert list(found)[::-1] == [
        "key.created",
        "configuration.created",
        "transcription.created",
        "transcription.deleted",
        "key.changed",
        "key.revoked",
    ]
    created, deleted = found["transcription.created"], found["transcription.deleted"]
    assert (created["subject"], created["actor"], created["way"]) == (job, made.sid, "key")
    assert (deleted["subject"], deleted["actor"], deleted["way"]) == (job, caller.sid, "token")
    assert deleted["address"] == "127.0.0.1"
    assert deleted["requestId"].startswith("RQ")
    assert found["key.created"]["detail"] == {"roles": ["submit", "read", "administer"], "standard": True}
    assert found["configuration.created"]["detail"] == {"type": "Transcription"}
    text = json.dumps(list(found.values()))
    for secret in (caller.token, made.secret, "shop", "warehouse", "media.example.com"):
        assert secret not in text


def test_what_is_refused_is_not_logged_as_done(caller: Caller) -> None:
    job = "voice_transcription_" + "0" * 26
    assert caller.http.delete(f"/v3/Transcriptions/{job}").status_code == 404
    assert caller.http.get(f"/v3/Transcriptions/{job}/Transcript").status_code == 404
    assert caller.create("nothing").status_code == 400
    assert lines(caller) == []


def test_reads_and_exports_are_logged(serve: Front, completed: Completed) -> None:
    made = completed.caller.twilio.new_keys.create()  # nobody else reads by it
    caller, job = serve.caller(Credentials(made.sid, made.secret)), completed.id
    here = f"/v3/Transcriptions/{job}"
    assert caller.http.get(f"{here}/Transcript").status_code == 200
    assert caller.http.get(f"{here}/Transcript.srt?version=original").status_code == 200
    for begin in (0, 1000, 2000):  # a player's
        ranged = {"Range": f"bytes={begin}-{begin + 999}"}
        assert caller.http.get(f"{here}/Media", headers=ranged).status_code == 206
    assert caller.http.get("/v3/Transcriptions", params={"search": "unmistakable words"}).status_code == 200
    assert caller.http.get("/v3/Transcriptions").status_code == 200
    found = logged(completed.caller, 4, actor=made.sid)
    read = [(each["action"], each.get("subject"), each.get("detail")) for each in found][::-1]
    assert read == [
        ("transcript.read", job, None),
        ("transcript.exported", job, {"format": "srt", "version": "original"}),
        ("media.read", job, None),
        ("calls.searched", None, None),
    ]
    assert "unmistakable" not in json.dumps(found)


def test_filters_and_pages(caller: Caller) -> None:
    configuration = caller.configure()
    jobs = [caller.submit(configuration) for _ in range(5)]
    assert [each["subject"] for each in lines(caller, action="transcription.created")] == jobs[::-1]
    assert actions(caller, subject=jobs[2]) == ["transcription.created"]
    assert actions(caller, actor="operator") == []
    assert len(lines(caller, actor=caller.sid)) == 6
    middle = lines(caller, subject=jobs[2])[0]["createdAt"]
    later = lines(caller, createdAfter=middle, action="transcription.created")
    earlier = lines(caller, createdBefore=middle, action="transcription.created")
    assert [each["subject"] for each in later + earlier] == jobs[::-1]
    page = caller.http.get(AUDIT, params={"pageSize": 2, "action": "transcription.created"}).json()
    seen = [each["subject"] for each in page["events"]]
    while token := page["meta"].get("nextToken"):
        page = caller.http.get(AUDIT, params={"pageToken": token}).json()  # which carries the filters
        seen += [each["subject"] for each in page["events"]]
    assert seen == jobs[::-1]
    for wrong in ({"action": "nothing.done"}, {"subject": "x" * 65}, {"createdAfter": "yesterday"}, {"actor": "a\0"}):
        answer = caller.http.get(AUDIT, params=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, 20001), wrong


def test_looking_at_the_log_is_in_it(caller: Caller) -> None:
    assert caller.http.get(AUDIT).status_code == 200

    def look() -> bool:
        events = caller.http.get(AUDIT, params={"action": "audit.read"}).json()["events"]
        return bool(events)

    eventually(look, timeout=10)


def test_wrong_tokens_are_in_the_log_of_the_account(api: Front, caller: Caller, first_caller: Caller) -> None:
    made = caller.twilio.new_keys.create()
    with httpx2.Client(base_url=api.server.url, trust_env=False, headers=FORWARDED) as stranger:
        for sid in (caller.sid, made.sid):
            assert stranger.get("/v3/Transcriptions", auth=(sid, "f" * 32)).status_code == 401
        assert stranger.post("/v3/Sessions", json={"sid": caller.sid, "secret": "e" * 32}).status_code == 401
        unknown = "AC" + "9" * 32
        assert stranger.get("/v3/Transcriptions", auth=(unknown, "d" * 32)).status_code == 401
        assert stranger.get("/v3/Transcriptions", auth=("my-secret-typed-here", "x")).status_code == 401
    found = logged(caller, 3, action="sign_in.failed")
    assert [(each["actor"], each["way"]) for each in found][::-1] == [
        (caller.sid, "none"),
        (made.sid, "none"),
        (caller.sid, "none"),
    ]
    # A proxy on the same machine is believed.
    assert {each["address"] for each in found} == {"203.0.113.9"}
    assert "f" * 32 not in json.dumps(found)
    of_nobody = logged(first_caller, 2, action="sign_in.failed")
    assert {"unknown", unknown} <= {each["actor"] for each in of_nobody}
    assert "my-secret" not in json.dumps(of_nobody)


def test_sessions_are_logged(api: Front, caller: Caller) -> None:
    with httpx2.Client(base_url=api.server.url, headers={"Origin": api.server.url}, trust_env=False) as browser:
        assert browser.post("/v3/Sessions", json={"sid": caller.sid, "secret": caller.token}).status_code == 204
        answer = browser.post("/v2/Configurations/Transcription", json={"configuration": {}})
        assert answer.status_code == 400
        assert browser.delete("/v3/Sessions/Current").status_code == 204
    found = lines(caller)
    assert [(each["action"], each["actor"], each["way"]) for each in found][::-1] == [
        ("sign_in.done", caller.sid, "session"),
        ("sign_in.ended", caller.sid, "session"),
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nobody_changes_the_log(caller: Caller, method: str) -> None:
    assert caller.http.request(method, AUDIT).status_code == 405

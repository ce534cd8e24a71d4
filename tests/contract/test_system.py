"""How the installation stands, for the operator's account alone; and what configurations may name, for everybody."""

from typing import Any

import httpx2
import pytest

from callers import Caller, Completed, Front
from callscribe.accounts.service import Credentials
from harness import ACCOUNT_SID, AUTH_TOKEN, eventually

SYSTEM = "/v3/System"
PULL = f"{SYSTEM}/Models/tiny.en/Pull"


@pytest.fixture
def operator(serve: Front) -> Caller:
    return serve.caller(Credentials(ACCOUNT_SID, AUTH_TOKEN))


def test_others_get_20403(serve: Front, operator: Caller) -> None:
    other = serve.caller()
    key = other.twilio.new_keys.create()
    for client in (other.http, serve.caller(Credentials(str(key.sid), str(key.secret))).http):
        for method, path in (
            ("GET", SYSTEM),
            ("GET", f"{SYSTEM}/Accounts"),
            ("GET", f"{SYSTEM}/Models"),
            ("GET", PULL),
            ("POST", PULL),
        ):
            answer = client.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (403, 20403), (method, path)
    own = operator.twilio.new_keys.create()
    assert serve.caller(Credentials(str(own.sid), str(own.secret))).http.get(SYSTEM).status_code == 200


def test_system_tells_of_a_worker_and_health(operator: Caller, completed: Completed) -> None:
    assert completed.resource["status"] == "COMPLETED"

    def swept() -> dict[str, Any] | None:  # by the first round of housekeeping
        found: dict[str, Any] = operator.http.get(SYSTEM).json()
        return found if found["retention"]["lastSweptAt"] else None

    document = eventually(swept)
    (worker,) = document["workers"]
    assert set(worker["roles"]) == {"fetch", "recognition", "chunks", "callbacks", "reading", "erasures"}
    assert "whisper/tiny.en" in worker["models"]
    assert (worker["failing"], worker["checkError"]) == (False, None)
    assert worker["startedAt"] <= worker["seenAt"]
    health = document["health"]
    assert (health["ready"], health["problems"]) == (True, [])
    assert [each for each in health["findings"] if not each["well"]] == []
    subjects = {each["subject"] for each in health["findings"]}
    assert subjects >= {"database", "schema", "blob store", "disk", "decoder", "model", "allow-lists", "recognition"}
    assert document["retention"]["policy"]["mediaDays"] == "forever"


def test_queues_tell_what_waits(api: Front, first_caller: Caller) -> None:
    caller = api.caller()
    caller.submit(caller.configure())
    # What is looked up is good for a second; no worker is there to take it.
    found = eventually(
        lambda: {each["queue"]: each for each in first_caller.http.get(SYSTEM).json()["queues"]["queues"]}, timeout=10
    )
    assert found["transcriptions"]["waiting"] >= 1
    assert found["transcriptions"]["running"] == 0
    assert found["transcriptions"]["oldestWaitingSeconds"] >= 0
    health = first_caller.http.get(SYSTEM).json()["health"]
    assert (health["ready"], health["problems"]) == (False, ["no worker is alive"])
    (recognition,) = [each for each in health["findings"] if each["subject"] == "recognition"]
    assert (recognition["well"], "callscribe worker" in recognition["detail"]) == (False, True)


def test_accounts_come_with_limits_and_use(api: Front, first_caller: Caller) -> None:
    caller = api.caller()
    caller.submit(caller.configure())
    accounts, token = {}, None
    for _ in range(1000):
        query = {"pageSize": 100} if token is None else {"pageToken": token}
        page = first_caller.http.get(f"{SYSTEM}/Accounts", params=query).json()
        accounts.update({each["sid"]: each for each in page["accounts"]})
        token = page["meta"].get("nextToken")
        if token is None:
            break
    limits = accounts[caller.sid]["limits"]
    assert limits["jobsWaiting"] == {"limit": 100_000, "used": 1, "isOwn": False}
    assert limits["requests"] == {"limit": "1000/second", "used": None, "isOwn": False}
    assert accounts[caller.sid]["retention"]["jobDays"] == "forever"


def test_a_model_is_got_and_told(operator: Caller) -> None:
    begun = operator.http.post(PULL)
    assert (begun.status_code, begun.json()["status"]) == (202, "RUNNING")
    ended = eventually(lambda: (now := operator.http.get(PULL).json())["status"] == "COMPLETED" and now)
    assert ended["error"] is None
    models = {each["name"]: each for each in operator.http.get(f"{SYSTEM}/Models").json()["models"]}
    assert (models["tiny.en"]["isHere"], models["tiny.en"]["serves"]) == (True, ["en-US", "en-GB", "en-AU"])
    assert models["tiny.en"]["workers"] == 1
    assert (models["large-v3"]["isHere"], models["large-v3"]["source"]) == (False, "hub")


def test_unknown_models_are_not_got(operator: Caller) -> None:
    for path in (f"{SYSTEM}/Models/nothing/Pull", f"{SYSTEM}/Models/..%2Fsecret/Pull", f"{SYSTEM}/Models/a b/Pull"):
        for method in ("GET", "POST"):
            answer: httpx2.Response = operator.http.request(method, path)
            assert (answer.status_code, answer.json()["code"]) == (404, 20404), path


def test_engines_tell_what_serves(caller: Caller, operator: Caller) -> None:
    engines = {each["name"]: each for each in caller.http.get("/v3/Engines").json()["engines"]}
    assert list(engines) == ["deepgram", "google", "twilio_managed", "whisper", "sherpa"]
    (nova,) = [each for each in engines["deepgram"]["models"] if each["name"] == "nova-3"]
    german = next(each for each in nova["languages"] if each["language"] == "de-DE")
    assert german == {"language": "de-DE", "servedBy": {"engine": "whisper", "model": "base"}, "fault": None}
    assert engines["deepgram"]["defaultModels"] == {}
    assert engines["whisper"]["defaultModels"]["de-DE"] == "base"
    # Where the model knows English alone, it says why others are not served.
    engines = {each["name"]: each for each in operator.http.get("/v3/Engines").json()["engines"]}
    german = next(each for each in engines["deepgram"]["models"][0]["languages"] if each["language"] == "de-DE")
    assert german["servedBy"] is None
    assert "tiny.en" in german["fault"]

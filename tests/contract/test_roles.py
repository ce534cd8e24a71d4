"""What a key may do by its roles: every endpoint is asked by keys of every role, and says which role is missing."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from callers import Caller, Front
from callscribe.accounts.permissions import NEEDS, Need
from callscribe.accounts.roles import STANDARD, Role
from callscribe.accounts.service import Credentials

OPEN = {"POST /v3/Sessions", "POST /webhooks/recording-status", "GET /healthz", "GET /readyz"}
"""What needs no account's credentials, so no role either."""
SETS = [{Role.SUBMIT}, {Role.READ}, {Role.READ_ORIGINALS}, {Role.ADMINISTER}, {Role.SUBMIT, Role.READ}]
SAID = "what only readers may see"


@pytest.fixture(scope="module")
def document(api: Front) -> dict[str, Any]:
    found: dict[str, Any] = httpx2.get(f"{api.server.url}/openapi.json", trust_env=False).json()
    return found


def key(api: Front, caller: Caller, *roles: Role) -> Caller:
    answer = caller.http.post(_keys(caller), data={"Roles": [role.value for role in roles]})
    assert answer.status_code == 201, answer.text
    return api.caller(Credentials(answer.json()["sid"], answer.json()["secret"]))


def _keys(caller: Caller) -> str:
    return f"/2010-04-01/Accounts/{caller.sid}/Keys.json"


def test_every_operation_says_its_role(document: dict[str, Any]) -> None:
    operations = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert operations - OPEN == NEEDS.keys()
    for name, need in NEEDS.items():
        method, path = name.split()
        operation = document["paths"][path][method.lower()]
        assert operation["x-roles"].get("all") == list(need.roles), name
        assert operation["x-roles"].get("any", []) == list(need.either), name
        assert "403" in operation["responses"], name


def test_only_what_reads_nothing_needs_no_role() -> None:
    free = {name for name, need in NEEDS.items() if need == Need()}
    assert all(name.startswith("GET /v2/") for name in free if "Configuration" in name)
    assert {name for name in free if "Configuration" not in name} == {
        "GET /v3/Engines",
        "GET /v2/ControlPlane/Operations/{operation_id}",
        "GET /2010-04-01/Accounts/{account_sid}.json",
        "GET /v3/Sessions/Current",
        "DELETE /v3/Sessions/Current",
    }


def _requests(caller: Caller) -> Iterator[tuple[str, Need, str]]:
    for name, need in NEEDS.items():
        method, path = name.split()
        filled = path.replace("{account_sid}", caller.sid)
        yield method, need, re.sub(r"\{\w+\}", _id, filled)


def _id(found: re.Match[str]) -> str:
    """Of nothing that there is: who may ask finds it missing, or finds fault with an empty body."""
    letters = {"{recording_sid}": "RE", "{call_sid}": "CA", "{key_sid}": "SK"}
    return letters[found[0]] + "0" * 32 if found[0] in letters else "x"


@pytest.mark.parametrize("roles", SETS, ids=lambda roles: "+".join(sorted(roles)))
def test_key_may_what_its_roles_say(api: Front, roles: set[Role]) -> None:
    caller = api.caller()
    by_key = key(api, caller, *roles)
    wrong = []
    for method, need, path in _requests(caller):
        own = {"data": {"Roles": [role.value for role in roles]}} if path == _keys(caller) and method == "POST" else {}
        answer = by_key.http.request(method, path, **own)
        lacking = set(need.roles) - roles
        expected = bool(lacking) or bool(need.either and not roles & set(need.either))
        code = answer.json().get("code") if "json" in answer.headers.get("Content-Type", "") else None
        text = answer.text
        if need.of_token or (path.startswith("/v3/System") and not expected):
            expected, lacking = True, set()  # of the auth token, or of the operator's account, alone
        if (answer.status_code == 403) is not expected:
            wrong.append(f"{method} {path}: {answer.status_code} {text[:200]}")
        elif expected:
            assert code == 20403
            assert all(f"`{role}`" in text for role in lacking), text
    assert not wrong, "\n".join(wrong)


def test_submitter_follows_and_reads_nothing(api: Front, caller: Caller) -> None:
    submitter = key(api, caller, Role.SUBMIT)
    job = submitter.submit(caller.configure(), participants=[{"audioChannelIndex": 1, "name": SAID}])
    assert submitter.http.get(f"/v3/Transcriptions/{job}").json()["status"] == "PENDING"
    for path in ("/Transcript", "/Transcript.txt", "/Media", "/Peaks", "/Callbacks", "/Transcript/Versions"):
        answer = submitter.http.get(f"/v3/Transcriptions/{job}{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, 20403), path
        assert "role `read`" in answer.json()["detail"]
        assert SAID not in answer.text
    for path in ("/v3/Transcriptions", "/v3/Transcriptions?search=hello", "/v2/Conversations"):
        assert submitter.http.get(path).status_code == 403, path
    assert submitter.http.delete(f"/v3/Transcriptions/{job}").status_code == 403
    own = {"auth": (submitter.sid, submitter.token), "trust_env": False}
    assert httpx2.head(f"{api.server.url}/v3/Transcriptions/{job}/Transcript", **own).status_code == 403


def test_roles_are_looked_at_before_the_body(api: Front, caller: Caller) -> None:
    reader = key(api, caller, Role.READ)
    answer = reader.http.post("/v3/Transcriptions", content=b"{", headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (403, 20403)
    assert "`submit`" in answer.json()["detail"]


def test_nobody_gives_what_they_have_not(api: Front, caller: Caller) -> None:
    admin = key(api, caller, Role.ADMINISTER, Role.READ)
    made = admin.http.post(_keys(caller), data={"Roles": ["read"], "FriendlyName": "team"})
    assert (made.status_code, made.json()["roles"], made.json()["standard"]) == (201, ["read"], False)
    for beyond in ({"Roles": ["read", "read_originals"]}, {"Roles": ["submit"]}, {}):
        answer = admin.http.post(_keys(caller), data=beyond)
        assert (answer.status_code, answer.json()["code"]) == (403, 20403), beyond
    assert {each["sid"] for each in admin.http.get(_keys(caller)).json()["keys"]} == {admin.sid, made.json()["sid"]}
    assert admin.http.delete(f"{_keys(caller).removesuffix('.json')}/{made.json()['sid']}.json").status_code == 204


def test_key_without_roles_is_as_before(api: Front, caller: Caller) -> None:
    made = caller.twilio.new_keys.create()
    standard = api.caller(Credentials(made.sid, made.secret))
    listed = caller.http.get(_keys(caller)).json()["keys"]
    assert [(each["roles"], each["standard"]) for each in listed] == [(["submit", "read", "administer"], True)]
    session = standard.http.get("/v3/Sessions/Current").json()
    assert (set(session["roles"]), session["managesAccess"]) == (STANDARD, False)
    job = standard.submit(standard.configure())
    assert standard.http.get("/v3/Transcriptions").status_code == 200
    assert standard.http.delete(f"/v3/Transcriptions/{job}").status_code == 204
    for path in (_keys(caller), "/v3/Audit"):
        answer = standard.http.get(path)
        assert (answer.status_code, answer.json()["code"]) == (403, 20403), path


@pytest.mark.parametrize("roles", [["write"], ["read", "ADMINISTER"], [""]])
def test_unknown_roles_are_refused(caller: Caller, roles: list[str]) -> None:
    answer = caller.http.post(_keys(caller), data={"Roles": roles})
    assert (answer.status_code, answer.json()["code"]) == (400, 20001), answer.text
    assert answer.json()["details"]["errors"][0]["pointer"].startswith("/Roles")
    assert caller.twilio.keys.list() == []


def test_browser_has_the_roles_of_its_key(api: Front, caller: Caller) -> None:
    reader = key(api, caller, Role.READ)
    with httpx2.Client(base_url=api.server.url, headers={"Origin": api.server.url}, trust_env=False) as browser:
        assert browser.post("/v3/Sessions", json={"sid": reader.sid, "secret": reader.token}).status_code == 204
        assert browser.get("/v3/Sessions/Current").json()["roles"] == ["read"]
        assert browser.get("/v3/Transcriptions").status_code == 200
        answer = browser.post("/v3/Transcriptions", content=json.dumps({}))
        assert (answer.status_code, answer.json()["code"]) == (403, 20403)

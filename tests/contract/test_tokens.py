"""Two valid auth tokens while an account changes from one to the other, as Twilio's SDK asks for them."""

from typing import Any

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException

from callers import Caller, Front
from callscribe.accounts.service import MEMORY, Credentials
from harness import ACCOUNT_SID, AUTH_TOKEN, eventually

JOBS = "/v3/Transcriptions"


def test_sdk_changes_the_token_without_a_gap(api: Front, caller: Caller) -> None:
    made = caller.twilio.accounts.v1.secondary_auth_token().create()
    assert (made.account_sid, len(made.secondary_auth_token)) == (caller.sid, 32)
    by_second = api.caller(Credentials(caller.sid, made.secondary_auth_token))
    for each in (caller, by_second):
        assert each.http.get(JOBS).status_code == 200
        assert each.http.get("/v3/Sessions/Current").json()["hasSecondaryToken"] is True
    promoted = caller.twilio.accounts.v1.auth_token_promotion().update()
    assert (promoted.account_sid, promoted.auth_token) == (caller.sid, made.secondary_auth_token)
    eventually(lambda: caller.http.get(JOBS).status_code == 401, timeout=20 * MEMORY)
    assert by_second.http.get("/v3/Sessions/Current").json()["hasSecondaryToken"] is False
    events = by_second.http.get("/v3/Audit", params={"action": "token.changed"}).json()["events"]
    assert [each["detail"] for each in events] == [{"what": "promoted"}, {"what": "secondary_created"}]
    assert made.secondary_auth_token not in str(events)


def test_second_token_can_be_taken_back(api: Front, caller: Caller) -> None:
    made = caller.twilio.accounts.v1.secondary_auth_token().create()
    with pytest.raises(TwilioRestException) as twice:
        caller.twilio.accounts.v1.secondary_auth_token().create()
    assert (twice.value.status, twice.value.code) == (409, 20409)
    by_second = api.caller(Credentials(caller.sid, made.secondary_auth_token))
    assert by_second.http.get(JOBS).status_code == 200
    assert caller.twilio.accounts.v1.secondary_auth_token().delete() is True
    eventually(lambda: by_second.http.get(JOBS).status_code == 401, timeout=20 * MEMORY)
    for act in (
        caller.twilio.accounts.v1.secondary_auth_token().delete,
        caller.twilio.accounts.v1.auth_token_promotion().update,
    ):
        with pytest.raises(TwilioRestException) as nothing:
            act()
        assert (nothing.value.status, nothing.value.code) == (404, 20404)
    assert caller.http.get(JOBS).status_code == 200


def test_keys_never_get_the_token(api: Front, caller: Caller) -> None:
    form: dict[str, Any] = {"Roles": ["submit", "read", "read_originals", "administer"]}
    made = caller.http.post(f"/2010-04-01/Accounts/{caller.sid}/Keys.json", data=form).json()
    by_key = api.caller(Credentials(made["sid"], made["secret"]))
    for method, path in (("POST", "Secondary"), ("DELETE", "Secondary"), ("POST", "Promote")):
        answer = by_key.http.request(method, f"/v1/AuthTokens/{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, 20403), (method, path)
    assert "hasSecondaryToken" not in by_key.http.get("/v3/Sessions/Current").json()


def test_session_follows_the_token_that_opened_it(api: Front, caller: Caller) -> None:
    second = caller.twilio.accounts.v1.secondary_auth_token().create().secondary_auth_token
    own = {"base_url": api.server.url, "headers": {"Origin": api.server.url}, "trust_env": False}
    with httpx2.Client(**own) as by_first, httpx2.Client(**own) as by_second:
        for browser, token in ((by_first, caller.token), (by_second, second)):
            assert browser.post("/v3/Sessions", json={"sid": caller.sid, "secret": token}).status_code == 204
            assert browser.get(JOBS).status_code == 200
        caller.twilio.accounts.v1.auth_token_promotion().update()
        eventually(lambda: by_first.get(JOBS).status_code == 401, timeout=20 * MEMORY)
        assert by_second.get(JOBS).status_code == 200


def test_token_of_the_environment_is_promoted_there(first_caller: Caller) -> None:
    assert first_caller.sid == ACCOUNT_SID
    answer = first_caller.http.post("/v1/AuthTokens/Promote")
    assert (answer.status_code, answer.json()["code"]) == (409, 20409)
    assert "CALLSCRIBE_AUTH_TOKEN" in answer.json()["message"]
    assert first_caller.http.get(JOBS, auth=(ACCOUNT_SID, AUTH_TOKEN)).status_code == 200

"""Browsers that sign in and out: a cookie instead of credentials, and nothing for pages of others."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from http.cookies import SimpleCookie

import httpx2
import pytest

from callers import Caller, Front
from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.service import Accounts
from callscribe.db.engine import Database
from callscribe.settings import Settings
from harness import eventually

SESSIONS = "/v3/Sessions"
CURRENT = f"{SESSIONS}/Current"
JOBS = "/v3/Transcriptions"


@pytest.fixture
def browser(caller: Caller) -> Iterator[httpx2.Client]:
    own = {"Origin": caller.server.url}
    with httpx2.Client(base_url=caller.server.url, headers=own, trust_env=False) as client:
        yield client


def sign_in(browser: httpx2.Client, sid: str, secret: str) -> httpx2.Response:
    return browser.post(SESSIONS, json={"sid": sid, "secret": secret})


def test_cookie_stands_for_credentials(caller: Caller, browser: httpx2.Client) -> None:
    assert browser.get(JOBS).status_code == 401
    answer = sign_in(browser, caller.sid, caller.token)
    assert (answer.status_code, answer.content) == (204, b"")
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["callscribe_session"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"], cookie["path"]) == (True, "strict", "", "/")
    assert len(cookie.value) >= 43
    job = caller.submit(caller.configure())
    assert [each["id"] for each in browser.get(JOBS).json()["transcriptions"]] == [job]
    session = browser.get(CURRENT).json()
    assert session == {
        "accountSid": caller.sid,
        "name": "test",
        "roles": ["submit", "read", "read_originals", "administer"],
        "managesAccess": True,
        "hasSecondaryToken": False,
        "isOperator": False,
        "expiresAt": session["expiresAt"],
    }
    assert browser.delete(CURRENT).status_code == 204
    assert "callscribe_session" not in browser.cookies
    assert browser.get(JOBS, headers={"Cookie": f"callscribe_session={cookie.value}"}).status_code == 401


def test_sessions_end_with_what_opened_them(caller: Caller, browser: httpx2.Client) -> None:
    key = caller.twilio.new_keys.create()
    assert sign_in(browser, key.sid, key.secret).status_code == 204
    assert browser.get(CURRENT).json()["keySid"] == key.sid
    assert browser.get(f"/2010-04-01/Accounts/{caller.sid}/Keys.json").status_code == 403
    caller.twilio.keys(key.sid).delete()
    eventually(lambda: browser.get(JOBS).status_code == 401, timeout=5)


def test_wrong_credentials_open_nothing(caller: Caller, browser: httpx2.Client) -> None:
    for body in ({"sid": caller.sid, "secret": "f" * 32}, {"sid": "AC" + "0" * 32, "secret": "x"}, {"code": "guess"}):
        answer = browser.post(SESSIONS, json=body)
        assert (answer.status_code, answer.json()["code"]) == (401, 20003)
        assert "Set-Cookie" not in answer.headers
    for body in ({}, {"sid": caller.sid}, {"sid": caller.sid, "secret": "x", "code": "y"}, {"code": ""}):
        answer = browser.post(SESSIONS, json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, 20001)
    assert browser.get(JOBS, headers={"Cookie": "callscribe_session=guess"}).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.com"},
        {"Sec-Fetch-Site": "same-site"},  # another name of this host
        {"Origin": "https://evil.example.com"},
        {"Origin": "null"},
        {},
    ],
    ids=["cross-site", "same-site", "origin", "null", "nothing"],
)
def test_a_forged_request_is_refused(caller: Caller, browser: httpx2.Client, headers: dict[str, str]) -> None:
    assert sign_in(browser, caller.sid, caller.token).status_code == 204
    job = caller.submit(caller.configure())
    del browser.headers["Origin"]
    answer = browser.delete(f"{JOBS}/{job}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, 20403)
    assert caller.http.get(f"{JOBS}/{job}").status_code == 200
    own = {"Origin": caller.server.url, "Sec-Fetch-Site": "same-origin"}
    assert browser.delete(f"{JOBS}/{job}", headers=own).status_code == 204


def test_another_page_signs_nobody_in(caller: Caller, browser: httpx2.Client) -> None:
    foreign = {"Origin": "https://evil.example.com", "Sec-Fetch-Site": "cross-site"}
    answer = browser.post(SESSIONS, json={"sid": caller.sid, "secret": caller.token}, headers=foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, 20403)


def test_a_link_signs_in_once(api: Front, caller: Caller, browser: httpx2.Client) -> None:
    settings = Settings(data_dir=api.server.data)
    with closing(Database(settings.database)) as database:
        code = BrowserSessions(database, Accounts.of(database, settings)).make_link(caller.sid)
    # It is no cookie, and the cookie that comes of it is no link.
    assert browser.get(JOBS, headers={"Cookie": f"callscribe_session={code}"}).status_code == 401
    assert browser.post(SESSIONS, json={"code": code}).status_code == 204
    assert browser.get(CURRENT).json()["accountSid"] == caller.sid
    for used in (code, browser.cookies["callscribe_session"]):
        assert browser.post(SESSIONS, json={"code": used}).status_code == 401


def test_a_session_ends_in_time(api: Front, caller: Caller, browser: httpx2.Client) -> None:
    assert sign_in(browser, caller.sid, caller.token).status_code == 204
    with closing(sqlite3.connect(api.server.data / "callscribe.db")) as connection, connection:
        connection.execute(
            "UPDATE browser_sessions SET expires_at = datetime('now', '-1 second') WHERE account_sid = ?", [caller.sid]
        )
    eventually(lambda: browser.get(JOBS).status_code == 401, timeout=5)
    assert sign_in(browser, caller.sid, caller.token).status_code == 204
    with closing(sqlite3.connect(api.server.data / "callscribe.db")) as connection:
        (left,) = connection.execute(
            "SELECT count(*) FROM browser_sessions WHERE account_sid = ?", [caller.sid]
        ).fetchone()
    assert left == 1  # what is over goes when somebody signs in


def test_scripts_get_no_dialog_of_the_browser(browser: httpx2.Client) -> None:
    assert browser.get(JOBS).headers["WWW-Authenticate"].startswith("Basic ")
    asked = browser.get(JOBS, headers={"X-Requested-With": "fetch"})
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Session realm="callscribe"')

"""Who has access, and who did what, in a real browser; and what those see who may not do everything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from callscribe.accounts.service import Credentials
from harness import Server, eventually, running
from visiting import MARKUP, PHONE, Visit, sign_in, violations

pytestmark = pytest.mark.timeout(300)

expect.set_options(timeout=20_000)

ACCESS = "/console/access"
AUDIT = "/console/audit"
JOBS = "/v3/Transcriptions"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # No worker: nobody's words are needed here.
    with running(tmp_path_factory.mktemp("access") / "data", command="api") as started:
        yield started


def keys_path(account: Credentials) -> str:
    return f"/2010-04-01/Accounts/{account.sid}/Keys.json"


def asked(server: Server, who: Credentials, method: str, path: str, **options: Any) -> httpx2.Response:
    with httpx2.Client(base_url=server.url, auth=(who.sid, who.token), timeout=30, trust_env=False) as client:
        return client.request(method, path, **options)


def key(server: Server, account: Credentials, *roles: str, name: str = "") -> Credentials:
    made = asked(server, account, "POST", keys_path(account), data={"Roles": list(roles), "FriendlyName": name})
    assert made.status_code == 201, made.text
    return Credentials(made.json()["sid"], made.json()["secret"])


def job(server: Server, account: Credentials) -> str:
    options = {"configurationType": "Transcription", "transcriptionEngine": "whisper"}
    path = "/v2/Configurations/Transcription"
    made = asked(server, account, "POST", path, json={"configuration": options, "unique_name": "support"})
    body = {"transcriptionConfigurationId": made.json()["id"], "mediaUrl": "https://media.example.com/a.wav"}
    created = asked(server, account, "POST", JOBS, json={**body, "title": "A call"})
    assert created.status_code == 202, created.text
    return str(created.json()["transcription"]["id"])


def test_key_made_by_keyboard_shown_once(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = visit(account)
    page.get_by_role("link", name="Access").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    page.get_by_label("Name", exact=True).focus()
    page.keyboard.type("support team")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert").filter(has_text="Choose at least one role.")).to_be_visible()
    page.get_by_label("Read", exact=False).first.focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Make the key").focus()
    page.keyboard.press("Enter")
    shown = page.get_by_role("region", name="The key support team")
    expect(shown).to_be_focused()
    made = Credentials(shown.locator("#secret-SID").inner_text(), shown.locator("#secret-Secret").inner_text())
    session = asked(server, made, "GET", "/v3/Sessions/Current").json()
    assert (session["roles"], session["name"]) == (["read"], "support team")
    row = page.get_by_role("region", name="API keys").get_by_role("row", name="support team")
    expect(row).to_contain_text("Read")
    page.get_by_role("button", name="I have it").click()
    page.reload()
    expect(row).to_be_visible()
    assert made.token not in page.content()


def test_key_renamed_and_revoked(server: Server, visit: Visit) -> None:
    account = server.new_account()
    made = key(server, account, "submit", name="shop")
    page = visit(account, ACCESS)
    page.get_by_role("button", name="Rename shop").click()
    page.get_by_label(f"Name of {made.sid}").fill(MARKUP)
    page.keyboard.press("Enter")
    expect(page.get_by_role("cell", name=MARKUP).first).to_be_visible()
    page.get_by_role("button", name="Revoke").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("is revoked.")).to_be_visible()
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    eventually(lambda: asked(server, made, "GET", "/v3/Engines").status_code == 401, timeout=20)


def test_keys_come_in_pages(server: Server, visit: Visit) -> None:
    account = server.new_account()
    for number in range(51):
        key(server, account, "read", name=f"key {number:02}")
    page = visit(account, ACCESS)
    expect(page.get_by_role("button", name="Revoke key 50")).to_be_visible()
    page.get_by_role("link", name="Older").click()
    expect(page.get_by_role("button", name="Revoke key 00")).to_be_visible()
    page.get_by_role("link", name="Newer").click()
    expect(page.get_by_role("button", name="Revoke key 50")).to_be_visible()


def test_token_changed_without_a_gap(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = visit(account, ACCESS)
    page.get_by_role("button", name="Make a secondary token").click()
    second = Credentials(account.sid, page.locator("#secret-Token").inner_text())
    for each in (account, second):
        assert asked(server, each, "GET", JOBS).status_code == 200
    page.get_by_role("button", name="Promote the secondary token").click()
    page.get_by_role("dialog").get_by_role("button", name="Promote").click()
    # Who came in by the token of before is signed out with it.
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    eventually(lambda: asked(server, account, "GET", JOBS).status_code == 401, timeout=20)
    assert asked(server, second, "GET", JOBS).status_code == 200


def test_log_is_filtered_and_leads_to_the_call(server: Server, visit: Visit) -> None:
    account = server.new_account()
    made = job(server, account)
    asked(server, Credentials(account.sid, "0" * 32), "GET", JOBS)
    reader = key(server, account, "read", name="reader")
    asked(server, account, "DELETE", f"/2010-04-01/Accounts/{account.sid}/Keys/{reader.sid}.json")
    page = visit(account, AUDIT)
    log = page.get_by_role("region", name="Audit log")
    expect(log.get_by_role("row", name="had a call transcribed")).to_contain_text("127.0.0.1")
    page.get_by_role("button", name="Look again").click()
    expect(log.get_by_role("row", name="was refused: wrong token or secret")).to_be_visible()
    page.get_by_label("What", exact=True).select_option("key.revoked")
    expect(log.get_by_role("row")).to_have_count(2)
    expect(log).to_contain_text(reader.sid)
    page.get_by_label("What", exact=True).select_option("")
    page.get_by_label("To what").fill(made)
    page.get_by_role("button", name="Find").click()
    expect(log.get_by_role("row")).to_have_count(2)
    page.reload()  # the address has the filters
    expect(log.get_by_role("row")).to_have_count(2)
    page.get_by_label("From", exact=True).fill("2099-01-01")
    expect(page.get_by_text("Nothing fits.")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    log.get_by_role("link", name=made).click()
    expect(page.get_by_role("heading", name="A call")).to_be_visible()


def test_log_comes_in_pages(server: Server, visit: Visit) -> None:
    account = server.new_account()
    for number in range(51):
        key(server, account, "read", name=str(number))
    page = visit(account, f"{AUDIT}?action=key.created")
    rows = page.get_by_role("region", name="Audit log").get_by_role("row")
    expect(rows).to_have_count(51)
    page.get_by_role("link", name="Older").click()
    expect(rows).to_have_count(2)
    page.get_by_role("link", name="Newer").click()
    expect(rows).to_have_count(51)


def test_reader_sees_nothing_that_would_be_refused(server: Server, visit: Visit) -> None:
    account = server.new_account()
    job(server, account)
    page = sign_in(visit, key(server, account, "read", name="reader"))
    expect(page.get_by_text("reader", exact=True)).to_have_attribute("title", "May: Read")
    links = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    assert links.all_inner_texts() == ["Calls", "Configurations", "API"]
    expect(page.get_by_role("link", name="A call")).to_be_visible()
    expect(page.get_by_text("Add recordings")).to_have_count(0)
    page.get_by_label("Select A call").check()
    for name in ("Delete", "Transcribe again"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.get_by_role("link", name="Configurations").click()
    expect(page.get_by_role("link", name="support")).to_be_visible()
    expect(page.get_by_role("link", name="New configuration")).to_have_count(0)
    expect(page.get_by_role("button", name="Make default: support")).to_have_count(0)
    page.get_by_role("link", name="support").click()
    expect(page.get_by_text("Changes are for those with the role Administer.")).to_be_visible()
    for name in ("Save", "Delete", "Try it"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    for path in (ACCESS, AUDIT):
        page.goto(f"{server.url}{path}")
        expect(page.get_by_role("alert").first).to_contain_text("role `administer`")


def test_submitter_adds_and_sees_no_calls(server: Server, visit: Visit) -> None:
    account = server.new_account()
    job(server, account)
    page = sign_in(visit, key(server, account, "submit"))
    expect(page.get_by_text("Calls are shown to those with the role Read.")).to_be_visible()
    expect(page.get_by_text("A call", exact=True)).to_have_count(0)
    expect(page.get_by_text("Add recordings", exact=True)).to_be_visible()


def test_standard_key_manages_no_access(server: Server, visit: Visit) -> None:
    account = server.new_account()
    made = asked(server, account, "POST", keys_path(account)).json()
    page = sign_in(visit, Credentials(made["sid"], made["secret"]))
    expect(page.get_by_text("Add recordings")).to_be_visible()
    expect(page.get_by_role("link", name="Access")).to_have_count(0)
    expect(page.get_by_role("link", name="Audit log")).to_have_count(0)


def test_administrator_gives_only_own_roles(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = sign_in(visit, key(server, account, "administer", "read"), ACCESS)
    expect(page.get_by_label("Submit", exact=False).first).to_be_disabled()
    expect(page.get_by_label("Administer", exact=False).first).to_be_enabled()
    expect(page.get_by_role("heading", name="Auth token")).to_have_count(0)


def pages(server: Server, visit: Visit, **options: Any) -> Iterator[Page]:
    account = server.new_account()
    made = job(server, account)
    key(server, account, "read", "submit", name="support team")
    asked(server, account, "POST", keys_path(account))
    page = visit(account, ACCESS, **options)
    page.get_by_label("Name", exact=True).fill("reader")
    page.get_by_label("Administer", exact=False).first.check()
    page.get_by_role("button", name="Make the key").click()
    expect(page.get_by_role("region", name="The key reader")).to_be_visible()
    page.get_by_role("button", name="Rename support team").click()
    yield page
    page.get_by_role("button", name="Revoke").first.click()
    yield page
    page.goto(f"{server.url}{AUDIT}")
    expect(page.get_by_role("link", name=made)).to_be_visible()
    yield page
    yield sign_in(visit, key(server, account, "submit"), **options)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(server: Server, visit: Visit, node_modules: Path, scheme: str) -> None:
    for page in pages(server, visit, color_scheme=scheme, bypass_csp=True):
        assert violations(page, node_modules) == [], page.url


def test_a_phone_shows_all(server: Server, visit: Visit) -> None:
    for page in pages(server, visit, viewport=PHONE):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

"""The console in a real browser, as somebody meets it who has never seen the program."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from callscribe import demo
from callscribe.accounts.service import Credentials
from callscribe.db.engine import Database
from callscribe.settings import Settings
from callscribe.transcriptions.status import Status
from harness import Server, eventually, running
from resolved import job_row
from visiting import MARKUP, PHONE, Visit, violations

pytestmark = pytest.mark.timeout(300)

expect.set_options(timeout=20_000)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("console") / "data") as started:
        yield started


def of_bundled_call(client: httpx2.Client, account: Credentials, **of_recording: str) -> dict[str, str]:
    """What a job on the bundled call takes: a configuration, and the call as a recording of the account."""
    made = client.post(
        "/v2/Configurations/Transcription",
        json={"configuration": {"configurationType": "Transcription", "transcriptionEngine": "whisper"}},
    )
    recording = client.post(
        f"/2010-04-01/Accounts/{account.sid}/Recordings.json",
        params=of_recording,
        content=demo.RECORDING.read_bytes(),
        headers={"Content-Type": "audio/wav"},
    )
    return {"transcriptionConfigurationId": made.json()["id"], "sourceId": recording.json()["sid"]}


@pytest.fixture(scope="module")
def owner(server: Server) -> Credentials:
    """Somebody with a call, which the bundled one became."""
    account: Credentials = server.new_account()
    with server.client() as client:
        client.auth = (account.sid, account.token)
        made = of_bundled_call(client, account)
        answer = client.post(
            "/v3/Transcriptions",
            json={
                **made,
                "title": MARKUP,
                "participants": [
                    {"audioChannelIndex": 1, "type": "CUSTOMER", "name": MARKUP},
                    {"audioChannelIndex": 2, "type": "HUMAN_AGENT", "name": "Daniel"},
                ],
            },
        )
        assert answer.status_code == 202, answer.text
        path = f"/v3/Transcriptions/{answer.json()['transcription']['id']}"
        eventually(lambda: client.get(path).json()["transcription"]["status"] == "COMPLETED", timeout=120)
    return account


def test_list_sorted_by_its_heads(server: Server, visit: Visit) -> None:
    account: Credentials = server.new_account()
    with closing(Database(Settings(data_dir=server.data).database)) as database, database.write() as session:
        for minutes in (2, 3, 1):
            session.add(
                job_row(account.sid, status=Status.COMPLETED, title=f"{minutes} minutes", duration=60.0 * minutes)
            )
            session.flush()
    page = visit(account)
    titles, head = page.locator("td.title"), page.get_by_role("columnheader", name="Length")
    expect(titles).to_have_text(["1 minutes", "3 minutes", "2 minutes"])
    head.get_by_role("button").click()
    expect(titles).to_have_text(["3 minutes", "2 minutes", "1 minutes"])
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").press("Enter")
    expect(titles).to_have_text(["1 minutes", "2 minutes", "3 minutes"])
    page.reload()
    expect(titles).to_have_text(["1 minutes", "2 minutes", "3 minutes"])
    expect(head).to_have_attribute("aria-sort", "ascending")
    page.get_by_role("columnheader", name="When").get_by_role("button").click()
    expect(titles).to_have_text(["1 minutes", "3 minutes", "2 minutes"])
    assert "order" not in page.url


def test_odd_addresses_are_shown_as_they_are(server: Server, visit: Visit) -> None:
    account: Credentials = server.new_account()
    with closing(Database(Settings(data_dir=server.data).database)) as database, database.write() as session:
        session.add(job_row(account.sid, media_url="https://example.com/100%.wav", participants=[]))
    page = visit(account)
    expect(page.locator("td.title")).to_have_text("100%.wav")
    page.goto(f"{server.url}/console/calls/%ff")
    expect(page.get_by_role("alert")).to_be_visible()


def test_a_late_answer_changes_no_list(visit: Visit, owner: Credentials) -> None:
    page = visit(owner, "/console?after=soon")  # is no day
    call = page.locator("td.title")
    expect(call).to_have_count(1)
    late: list[Route] = []
    failed = re.compile("status=FAILED")
    page.route(failed, lambda route: late.append(route))  # noqa: PLW0108  it is marked, as a method cannot be
    with page.expect_request(failed):
        page.get_by_label("Status").select_option("failed")
    page.get_by_label("Status").select_option("done")
    expect(call).to_have_count(1)
    with page.expect_response(failed) as answer:
        late[0].continue_()
    answer.value.finished()
    page.evaluate("new Promise(requestAnimationFrame)")
    expect(page.get_by_text("No call fits.")).to_have_count(0, timeout=1)
    expect(call).to_have_count(1, timeout=1)


def test_recording_is_transcribed_again(server: Server, visit: Visit) -> None:
    account: Credentials = server.new_account()
    with server.client() as client:
        client.auth = (account.sid, account.token)
        of_call = of_bundled_call(client, account, StartTime="2026-03-02T09:00:00Z")
        assert client.post("/v3/Transcriptions", json=of_call).status_code == 202
    page = visit(account)
    page.get_by_label("Select all").check()
    page.get_by_role("button", name="Transcribe again").click()
    expect(page.get_by_text("1 begun again.")).to_be_visible()
    expect(page.locator("td.title")).to_have_count(2)


def drop(page: Page, name: str) -> None:
    """Drop the bundled call on the page, as a file of this name."""
    transfer = page.evaluate_handle(
        """async (name) => {
            const answer = await fetch("/console/assets/example.wav");
            const transfer = new DataTransfer();
            transfer.items.add(new File([await answer.blob()], name, { type: "audio/wav" }));
            return transfer;
        }""",
        name,
    )
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("body", event, {"dataTransfer": transfer})


def seconds(page: Page) -> float:
    return float(page.evaluate("document.querySelector('audio').currentTime"))


def word(page: Page, text: str) -> Locator:
    return page.locator(".word", has_text=re.compile(rf"^{text}\W*$")).first


def test_first_visit_to_a_heard_word(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = visit(None, "/")
    assert page.url == f"{server.url}/console"
    page.get_by_label("Account SID").fill(account.sid)
    page.get_by_label("Auth token").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no account")
    page.get_by_label("Auth token").fill(account.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Drop a recorded call here")).to_be_visible()
    drop(page, "monday.wav")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").first.fill("Emma")
    dialog.get_by_role("button", name="Transcribe").click()
    row = page.get_by_role("row", name="monday.wav")
    expect(row).to_be_visible()
    expect(row).to_contain_text("done", timeout=90_000)  # without loading the page again
    expect(row).to_contain_text(re.compile(r"\d+ % · \d+ %\s*\d+ % silence"))
    expect(row).to_contain_text("1:05")
    row.get_by_role("link", name="monday.wav").click()
    expect(page.locator(".conversation")).to_contain_text("Riverside Outdoor")
    expect(page.locator(".turn .name", has_text="Emma").first).to_be_visible()
    clicked = word(page, "tent")
    start = float(clicked.get_attribute("data-start") or 0)
    assert clicked.evaluate("element => getComputedStyle(element).cursor") == "pointer"
    clicked.click()
    eventually(lambda: start < seconds(page) < start + 5, timeout=15)  # it goes on from there
    assert not page.evaluate("document.querySelector('audio').paused")
    expect(page.locator(".word.now").first).to_be_visible()  # what is said lights up
    page.reload()
    expect(page.locator(".conversation")).to_contain_text("Riverside Outdoor")
    with page.expect_download() as download:
        page.get_by_text("Download").click()
        page.get_by_role("link", name="WebVTT").click()
    assert Path(download.value.path()).read_text().startswith("WEBVTT")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Account SID")).to_be_visible()


def test_a_shared_link_opens_at_its_place(visit: Visit, owner: Credentials) -> None:
    page = visit(owner)
    link = page.get_by_role("link", name=MARKUP).first
    expect(link).to_be_visible()
    href = link.get_attribute("href")
    page.goto(f"{page.url}/calls/{str(href).rpartition('/')[2]}?t=40")
    expect(page.locator(".word").first).to_be_visible()
    eventually(lambda: abs(seconds(page) - 40) < 0.1, timeout=15)
    page.go_back()
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()


def test_search_leads_to_the_place(visit: Visit, owner: Credentials) -> None:
    page = visit(owner)
    search = page.get_by_label("Search in what was said")
    search.fill("mountain")
    search.press("Enter")
    match = page.locator(".match").first
    expect(match.locator("mark")).to_have_text("mountains")
    assert "q=mountain" in page.url
    start = float(str(match.get_attribute("href")).rpartition("t=")[2])
    match.click()
    expect(word(page, "mountains")).to_be_visible()
    eventually(lambda: abs(seconds(page) - start) < 0.1, timeout=15)
    page.go_back()
    search.fill("hippopotamus")
    search.press("Enter")
    expect(page.get_by_text("No call fits.")).to_be_visible()


def test_another_account_sees_nothing(server: Server, visit: Visit, owner: Credentials) -> None:
    page = visit(owner)
    href = page.get_by_role("link", name=MARKUP).first.get_attribute("href")
    stranger = visit(server.new_account())
    expect(stranger.get_by_text("Drop a recorded call here")).to_be_visible()
    stranger.goto(f"{server.url}{href}")
    expect(stranger.get_by_role("alert")).to_contain_text("There is no transcription")


def test_markup_in_names_stays_text(visit: Visit, owner: Credentials) -> None:
    page = visit(owner)
    link = page.get_by_role("link", name=MARKUP).first
    expect(link).to_have_text(MARKUP)
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    expect(page.locator(".turn .name", has_text=MARKUP).first).to_be_visible()
    assert page.locator("b, img[src=x]").count() == 0


def opened(visit: Visit, account: Credentials, **options: Any) -> Page:
    """The account's call, ready to be corrected."""
    page = visit(account, **options)
    page.get_by_role("link", name=MARKUP).first.click()
    expect(page.locator(".sentence .edit").first).to_be_attached()
    return page


def standing(page: Page) -> Locator:
    return page.locator(".standing [role=status]")


def write(page: Page, text: str, instead: str) -> Locator:
    """Begin to correct the sentence with a word, and write another in its place."""
    word(page, text).dblclick()
    area = page.get_by_label("What was said")
    expect(area).to_be_focused()
    area.fill(area.input_value().replace(text, instead))
    return area


def test_corrected_word_stays(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    write(page, "ordered", "bespoke").press("Enter")
    expect(standing(page)).to_contain_text("Saved: version")
    page.reload()
    expect(word(page, "bespoke")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("Download").click()
        page.get_by_role("link", name="Text").click()
    assert "bespoke" in Path(download.value.path()).read_text()
    page.get_by_role("link", name="Calls", exact=True).click()
    search = page.get_by_label("Search in what was said")
    search.fill("bespoke")
    search.press("Enter")
    page.locator(".match").first.click()
    expect(word(page, "bespoke")).to_have_class(re.compile("edited"))
    page.get_by_role("button", name="corrected").click()
    expect(page.locator(".original")).to_contain_text("ordered")
    page.get_by_label("Show").select_option("as recognised")
    expect(word(page, "ordered")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_text("Download").click()
        page.get_by_role("link", name="Text").click()
    assert "ordered" in Path(download.value.path()).read_text()
    page.get_by_label("Show").select_option("as corrected")
    page.get_by_role("button", name="Put it back").click()
    expect(standing(page)).to_contain_text("Saved: version")
    expect(word(page, "ordered")).to_be_visible()
    expect(page.get_by_role("button", name="corrected")).to_have_count(0)


@pytest.mark.long
def test_keyboard_corrects_and_undoes(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    page.keyboard.press("e")
    area = page.get_by_label("What was said")
    expect(area).to_be_focused()
    before = area.input_value()
    page.keyboard.type(" Indeed.")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowUp")  # the other one said it
    expect(page.get_by_label("Said by")).not_to_have_value("1")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(standing(page)).to_contain_text("Saved: version")
    expect(word(page, "Indeed")).to_be_visible()
    expect(page.locator(".turn .name").first).to_have_text(MARKUP)
    assert page.evaluate("document.activeElement.ariaLabel").startswith("Correct: ")
    page.keyboard.press("Control+z")
    expect(word(page, "Indeed")).to_have_count(0)
    expect(page.locator(".turn .name").first).to_have_text("Daniel")
    page.keyboard.press("e")
    page.keyboard.type("nonsense")
    page.keyboard.press("Escape")
    expect(page.locator("[data-sentence='0']")).to_contain_text(before)
    expect(standing(page)).not_to_contain_text("Not saved")


def test_nothing_written_is_lost(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    page.route("**/Transcript", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_())
    write(page, "ordered", "commandeered")
    page.get_by_role("heading", level=1).click()  # elsewhere
    expect(standing(page)).to_contain_text("cannot be reached")
    page.reload()
    expect(word(page, "commandeered")).to_be_visible()
    page.unroute("**/Transcript")
    expect(standing(page)).to_contain_text("Saved: version", timeout=60_000)
    word(page, "commandeered").dblclick()
    page.get_by_label("What was said").fill(" ")  # is no sentence
    page.get_by_label("What was said").press("Enter")
    expect(word(page, "commandeered")).to_be_visible()
    page.get_by_role("button", name="corrected").click()
    page.get_by_role("button", name="Put it back").click()
    expect(word(page, "ordered")).to_be_visible()
    expect(standing(page)).to_contain_text("Saved: version")


def test_sign_out_leaves_no_text(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    # In every tab: the other one would send what is written.
    page.context.route(
        "**/Transcript", lambda route: route.abort() if route.request.method == "PATCH" else route.continue_()
    )
    write(page, "ordered", "commandeered").press("Enter")
    expect(standing(page)).to_contain_text("cannot be reached")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Stay").click()
    assert "commandeered" in page.evaluate("JSON.stringify(localStorage)")
    page.get_by_role("button", name="Sign out").click()
    page.route("**/Sessions/Current", lambda route: route.abort())
    page.get_by_role("button", name="Sign out all the same").click()
    expect(page.get_by_text("You are still signed in")).to_be_visible()  # the cookie is as good as before
    page.unroute("**/Sessions/Current")
    other = page.context.new_page()
    other.goto(page.url)
    write(other, "commandeered", "bespoke")
    page.get_by_role("button", name="Sign out all the same").click()
    for each in (page, other):
        expect(each.get_by_label("Account SID")).to_be_visible()
        assert each.evaluate("localStorage.length") == 0


def test_editor_scrolled_away_keeps_text(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner, viewport=PHONE)
    page.locator(".sentence .edit").first.press("Enter")
    area, pane = page.get_by_label("What was said"), page.locator(".conversation")
    before = area.input_value()
    area.fill("Something else.")
    pane.evaluate("pane => pane.scrollTo(0, pane.scrollHeight)")
    expect(area).to_have_count(0)
    pane.evaluate("pane => pane.scrollTo(0, 0)")
    expect(area).to_have_value("Something else.")
    area.press("Escape")
    expect(page.locator("[data-sentence='0']")).to_contain_text(before)


def test_only_the_whole_text_is_corrected(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)

    def so_far(route: Route) -> None:
        """The text as it was read last, where it could not be read again after the end."""
        answer = route.fetch()
        route.fulfill(response=answer, json={**answer.json(), "status": "RUNNING", "statistics": None})

    page.route("**/Transcript", so_far)
    page.reload()
    expect(word(page, "ordered")).to_be_visible()
    expect(page.locator(".sentence .edit")).to_have_count(0)


def test_odd_draft_stops_nothing(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    key = f"callscribe.draft/{owner.sid}/{page.url.rpartition('/')[2]}/sentence/0"
    for text in ("{", "null", "{}"):
        page.evaluate("entry => localStorage.setItem(...entry)", [key, text])
        page.reload()
        expect(page.locator(".sentence .edit").first).to_be_attached()


def test_often_corrected_becomes_a_keyterm(server: Server, visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    path = f"/v3/Transcriptions/{page.url.rpartition('/')[2]}"
    with server.client() as client:
        client.auth = (owner.sid, owner.token)
        original = client.get(f"{path}/Transcript").json()
        edits = [{"sentenceIndex": index, "text": "Zephyr."} for index in (0, 1)]
        body = {"baseVersion": original["version"], "edits": edits}
        assert client.patch(f"{path}/Transcript", json=body).status_code == 200
        page.reload()
        write(page, "ordered", "bespoke").press("Enter")
        page.get_by_role("button", name="Add “Zephyr” (2×) to the keyterms").click()
        expect(page.locator(".keyterms")).to_contain_text("lean towards “Zephyr”")
        resource = client.get(path).json()["transcription"]
        configuration = f"/v2/Configurations/Transcription/{resource['transcriptionConfigurationId']}"
        assert client.get(configuration).json()["configuration"]["keyterms"] == ["Zephyr"]
        latest = client.get(f"{path}/Transcript").json()
        edits = [
            {"sentenceIndex": each["sentenceIndex"], "text": each["text"]}
            for each, now in zip(original["sentences"], latest["sentences"], strict=True)
            if each["text"] != now["text"]
        ]
        assert len(edits) == 3
        body = {"baseVersion": latest["version"], "edits": edits}
        assert client.patch(f"{path}/Transcript", json=body).status_code == 200


def test_two_who_correct_decide(visit: Visit, owner: Credentials) -> None:
    one, other = opened(visit, owner), opened(visit, owner)
    area = write(one, "ordered", MARKUP)
    write(other, "ordered", "bought").press("Enter")
    expect(standing(other)).to_contain_text("Saved: version")
    area.press("Enter")
    decision = one.get_by_role("alert")
    expect(decision).to_contain_text("bought")
    expect(decision).to_contain_text(MARKUP)
    decision.get_by_role("button", name="Keep mine").click()
    expect(standing(one)).to_contain_text("Saved: version")
    other.reload()
    expect(other.locator(".conversation")).to_contain_text(MARKUP)
    assert other.locator("b, img[src=x]").count() == 0
    one.get_by_role("button", name="Undo").click()
    expect(word(one, "ordered")).to_be_visible()
    expect(standing(one)).to_contain_text("Saved: version")


def test_participant_renamed_in_place(visit: Visit, owner: Credentials) -> None:
    page = opened(visit, owner)
    page.get_by_role("button", name="Rename Daniel").click()
    page.get_by_label("Name of Daniel").fill("Dana <i>")
    page.keyboard.press("Enter")
    expect(page.locator(".turn .name", has_text="Dana <i>").first).to_be_visible()
    expect(standing(page)).to_contain_text("Saved: version")
    page.reload()
    expect(page.locator(".turn .name", has_text="Dana <i>").first).to_be_visible()
    page.get_by_role("button", name="Rename Dana").click()
    page.get_by_label("Name of Dana").fill("Daniel")
    page.get_by_role("heading", level=1).click()
    expect(page.locator(".turn .name", has_text="Daniel").first).to_be_visible()
    expect(standing(page)).to_contain_text("Saved: version")


def test_keyboard_alone_signs_in_and_plays(server: Server, visit: Visit, owner: Credentials) -> None:
    page = visit(None)
    expect(page.get_by_label("Account SID")).to_be_focused()
    page.keyboard.type(owner.sid)
    page.keyboard.press("Tab")
    page.keyboard.type(owner.token)
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name=MARKUP).first
    expect(link).to_be_visible()
    for _ in range(30):
        if link.evaluate("element => element === document.activeElement"):
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".word").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    assert seconds(page) > 5
    page.keyboard.press(" ")
    eventually(lambda: not page.evaluate("document.querySelector('audio').paused"))
    page.keyboard.press(" ")
    eventually(lambda: page.evaluate("document.querySelector('audio').paused"))
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("skip silence")
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("heading", name="Calls")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Visit, owner: Credentials, node_modules: Path, scheme: str) -> None:
    def check(page: Page) -> None:
        assert violations(page, node_modules) == []

    # The policy of the page would not have a script of a test either.
    options = {"color_scheme": scheme, "bypass_csp": True}
    page = visit(None, **options)
    expect(page.get_by_label("Account SID")).to_be_visible()
    check(page)
    page = visit(owner, **options)
    expect(page.get_by_role("link", name=MARKUP).first).to_be_visible()
    check(page)
    page.get_by_role("link", name=MARKUP).first.click()
    expect(page.locator(".word").first).to_be_visible()
    check(page)
    page.locator(".sentence .edit").first.focus()
    check(page)
    page.keyboard.press("e")
    expect(page.get_by_label("What was said")).to_be_focused()
    check(page)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    check(page)


def test_a_phone_shows_all_of_a_call(visit: Visit, owner: Credentials) -> None:
    page = visit(owner, viewport=PHONE)
    page.get_by_role("link", name=MARKUP).first.click()
    expect(page.locator(".word").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.long
def test_the_reference_works_under_the_policy(visit: Visit) -> None:
    page = visit(None, "/docs")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.locator(".opblock-summary").first.click()
    expect(page.get_by_role("button", name="Try it out").first).to_be_visible()
    assert [text for text in said if "Content Security Policy" in text] == []


def test_a_link_is_printed_on_a_terminal_only(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    arguments = [sys.executable, "-m", "callscribe", "api", "--port", "0", "--data", str(tmp_path / "data")]
    subprocess.run([*arguments[:3], "migrate", *arguments[-2:]], check=True, capture_output=True, timeout=120)
    with subprocess.Popen(arguments, stdout=follower, stderr=follower) as process:
        os.close(follower)
        printed = ""
        try:
            while "to sign in" not in printed:
                printed += os.read(leader, 4096).decode()
        finally:
            process.terminate()
            os.close(leader)
    assert re.search(r"http://127\.0\.0\.1:\d+/console#signin=[\w-]{43}", printed)


def test_a_log_has_no_link(server: Server) -> None:
    assert "signin" not in server.output()

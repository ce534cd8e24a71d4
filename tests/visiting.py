"""Pages of the console, opened in a real browser as somebody who is signed in, and watched all the while."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, expect

from callscribe.accounts.browser_sessions import BrowserSessions
from callscribe.accounts.service import Accounts, Credentials
from callscribe.db.engine import Database
from callscribe.settings import Settings
from harness import Server

MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"
PHONE = {"width": 390, "height": 844}

Visit = Callable[..., Page]
"""Opens a page of the console for an account, signed in by a link; takes options of a browser's context."""


@contextmanager
def visiting(server: Server, browser: Browser) -> Iterator[Visit]:
    """Visits while the block runs; in none of them was another host asked, or anything wrong."""
    contexts: list[BrowserContext] = []
    asked: list[str] = []
    faults: list[str] = []

    def open_for(account: Credentials | None, path: str = "/console", **options: Any) -> Page:
        context = browser.new_context(**options)
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: faults.append(dialog.message))
        page.on("request", lambda request: asked.append(request.url))
        fragment = "" if account is None else f"#signin={link_code(server, account.sid)}"
        page.goto(f"{server.url}{path}{fragment}")
        return page

    try:
        yield open_for
    finally:
        for context in contexts:
            context.close()
    assert [url for url in asked if not url.startswith(f"{server.url}/")] == []
    assert faults == []


def sign_in(visit: Visit, who: Credentials, path: str = "/console", **options: Any) -> Page:
    """By the form, as somebody does who has a key."""
    page = visit(None, path, **options)
    page.get_by_label("Account SID or API key").fill(who.sid)
    page.get_by_label("Auth token or secret").fill(who.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    return page


def link_code(server: Server, sid: str) -> str:
    """What signs in once, as `serve` prints it."""
    settings = Settings(data_dir=server.data)
    with closing(Database(settings.database)) as database:
        return BrowserSessions(database, Accounts.of(database, settings)).make_link(sid)


def violations(page: Page, node_modules: Path) -> list[tuple[str, str]]:
    """What axe finds wrong: the rule, and the first element that breaks it."""
    axe = (node_modules / "axe-core" / "axe.min.js").read_text()
    found = page.evaluate(f"{axe}; axe.run().then(({{ violations }}) => violations)")
    return [(each["id"], each["nodes"][0]["html"]) for each in found]

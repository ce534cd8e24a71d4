"""Evaluations of engines in a real browser: the list, one with its chart, its words to copy, and its end."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from callscribe.accounts.service import Credentials
from callscribe.db.engine import Database
from callscribe.evaluation.documents import EvaluationReport, IntervalResource, WrongWordResource
from callscribe.evaluation.examples import BY_SCHEMA
from callscribe.evaluation.service import Evaluations
from callscribe.settings import Settings
from harness import ACCOUNT_SID, AUTH_TOKEN, Server, running
from visiting import MARKUP, PHONE, Visit, violations

pytestmark = pytest.mark.timeout(300)

expect.set_options(timeout=20_000)

OPERATOR = Credentials(ACCOUNT_SID, AUTH_TOKEN)
PAGE = "/console/evaluations"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("evaluations") / "data", command="api") as started:
        yield started


def report() -> EvaluationReport:
    """Three engines: one twice as bad as the first, and one that failed; names of all are markup."""
    found = EvaluationReport.model_validate(BY_SCHEMA["EvaluationResource"]["report"])
    (best,) = found.engines
    words = [WrongWordResource(word=each, said=2, wrong=2, heard=[MARKUP]) for each in ("Kepler", MARKUP)]
    worse = best.model_copy(
        update={
            "model": MARKUP,
            "word_error_rate": 0.1,
            "interval": IntervalResource(low=0.08, high=0.2),
            "above_best": IntervalResource(low=0.01, high=0.06),
            "cost": 1.25,
            "most_wrong": words,
        }
    )
    nothing = {"word_error_rate": None, "interval": None, "above_best": None, "real_time_factor": None}
    failed = best.model_copy(update={"model": "none", "most_wrong": [], **nothing})
    return found.model_copy(update={"engines": [best, worse, failed], "currency": "EUR", "is_complete": False})


@pytest.fixture
def kept(server: Server) -> str:
    with closing(Database(Settings(data_dir=server.data).database)) as database:
        return Evaluations(database).keep(f"calls {MARKUP}", report()).id


def test_one_is_found_and_its_figures_are_there(visit: Visit, kept: str) -> None:
    page = visit(OPERATOR, "/console/system")
    page.get_by_role("link", name="Evaluations").click()
    expect(page.get_by_role("heading", name="Evaluations")).to_be_visible()
    row = page.get_by_role("row", name="calls").first
    expect(row).to_contain_text("whisper/base: 5.0")
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"calls {MARKUP}")
    assert page.url.endswith(kept)
    expect(page.get_by_text("It was interrupted")).to_be_visible()
    engines = page.get_by_role("region", name="Engines")
    expect(engines.get_by_role("row", name="whisper/base")).to_contain_text("5.00")
    expect(engines.get_by_role("row", name="whisper/<img")).to_contain_text("1.00 to 6.00")
    expect(engines.get_by_role("row", name="whisper/<img")).to_contain_text("1.25 EUR")
    expect(engines.get_by_role("row", name="whisper/none")).to_contain_text("failed")
    page.get_by_text("Not compared: 1").click()
    expect(page.get_by_role("region", name="Not compared")).to_contain_text("third.wav")
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link", name="System")).to_have_attribute(
        "aria-current", "page"
    )
    assert page.locator("#main b, img[src=x]").count() == 0


@pytest.mark.usefixtures("kept")
def test_the_chart_shows_rates_and_says_them(visit: Visit, kept: str) -> None:
    page = visit(OPERATOR, f"{PAGE}/{kept}")
    chart = page.get_by_role("img", name="Words wrong of 100, the least first")
    expect(chart).to_be_visible()
    told = chart.locator("desc").text_content() or ""
    assert told == f"whisper/base 5.0, from 3.10 to 7.20; whisper/{MARKUP} 10.0, from 8.00 to 20.00"
    bars = [each.bounding_box() for each in chart.locator("rect").all()]
    assert len(bars) == 2  # none of what failed
    first, second = (box["width"] for box in bars if box)
    assert second / first == pytest.approx(2, rel=0.02)
    ends = [box["x"] for each in chart.locator("line").all() if (box := each.bounding_box())]
    assert len(ends) == 6
    assert ends[0] == pytest.approx(ends[1], abs=2)  # an interval begins at its own end


def test_words_are_copied_as_key_terms(visit: Visit, kept: str) -> None:
    page = visit(OPERATOR, f"{PAGE}/{kept}")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    words = page.get_by_role("region", name="Words most often wrong")
    expect(words).to_contain_text("Riverside")
    page.get_by_label("Of", exact=True).select_option(f"whisper/{MARKUP}")
    expect(words).to_contain_text("Kepler")
    page.get_by_role("button", name="Copy as key terms").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 words are copied, a line each.")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == f"Kepler\n{MARKUP}"


def test_it_is_deleted_when_asked_twice(visit: Visit, kept: str) -> None:
    page = visit(OPERATOR, f"{PAGE}/{kept}")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Evaluations")).to_be_visible()
    assert page.locator(f"a[href$='{kept}']").count() == 0
    page.goto(page.url + f"/{kept}")
    expect(page.get_by_role("alert")).to_have_text(f"There is no evaluation {kept}.")


def test_others_are_told_that_it_is_not_theirs(server: Server, visit: Visit, kept: str) -> None:
    page = visit(server.new_account(), f"{PAGE}/{kept}")
    expect(page.get_by_role("alert")).to_contain_text("This is for the operator's account alone")


def pages(server: Server, visit: Visit, kept: str, **options: object) -> Iterator[Page]:
    page = visit(OPERATOR, PAGE, **options)
    expect(page.get_by_role("region", name="Evaluations")).to_be_visible()
    yield page
    page.goto(f"{server.url}{PAGE}/{kept}")
    page.get_by_text("Not compared").click()
    yield page
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(server: Server, visit: Visit, kept: str, node_modules: Path, scheme: str) -> None:
    for page in pages(server, visit, kept, color_scheme=scheme, bypass_csp=True):
        assert violations(page, node_modules) == [], page.url


def test_a_phone_shows_all(server: Server, visit: Visit, kept: str) -> None:
    for page in pages(server, visit, kept, viewport=PHONE):
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], page.url

"""The documentation says what the program does: settings, codes, endpoints, commands, links."""

import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

import callscribe.accounts.audit_endpoints
import callscribe.accounts.endpoints
import callscribe.accounts.session_endpoints
import callscribe.accounts.token_endpoints
import callscribe.configurations.endpoints
import callscribe.configurations.engines
import callscribe.conversations.control_plane_endpoints
import callscribe.conversations.endpoints
import callscribe.evaluation.endpoints
import callscribe.recordings.endpoints
import callscribe.server.health
import callscribe.system.endpoints
import callscribe.transcriptions.correction_endpoints
import callscribe.transcriptions.endpoints
from callscribe.cli import app
from callscribe.errors import Code
from callscribe.settings import Settings, variables
from callscribe.speech.languages import LOCALES
from callscribe.speech.models import CATALOGUE

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "clients").rglob("*.md")])

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def code(page: Path) -> str:
    """What stands in blocks, indented lines and between backticks."""
    return "\n".join(
        fenced or indented or inline
        for fenced, indented, inline in re.findall(
            r"^```\w*\n(.*?)^```|^ {4}(.+?)$|`([^`\n]+)`", text(page), re.MULTILINE | re.DOTALL
        )
    )


def anchors(page: Path) -> set[str]:
    """The names of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text(page), flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def endpoints() -> Iterator[tuple[str, str]]:
    domains = (
        callscribe.transcriptions.endpoints,
        callscribe.transcriptions.correction_endpoints,
        callscribe.recordings.endpoints,
        callscribe.configurations.endpoints,
        callscribe.configurations.engines,
        callscribe.accounts.endpoints,
        callscribe.accounts.session_endpoints,
        callscribe.accounts.token_endpoints,
        callscribe.accounts.audit_endpoints,
        callscribe.conversations.control_plane_endpoints,
        callscribe.conversations.endpoints,
        callscribe.system.endpoints,
        callscribe.evaluation.endpoints,
        callscribe.server.health,
    )
    for domain in domains:
        for route in domain.router.routes:
            for method in route.methods:
                yield method, route.path


def test_settings_table_generated() -> None:
    page = text(DOCS / "configuration.md")
    assert script("write_configuration").written(page) == page, "run scripts/write_configuration.py"


def test_settings_table_is_complete() -> None:
    page = text(DOCS / "configuration.md")
    for name, field in Settings.model_fields.items():
        (row,) = re.findall(rf"^\| `CALLSCRIBE_{name.upper()}` \|.*$", page, re.MULTILINE)
        assert field.description
        assert field.description in row
        if isinstance(field.default, int | float | str):
            assert f"| `{str(field.default).removesuffix('.0')}` |" in row


@each_page
def test_named_variables_exist(page: Path) -> None:
    assert set(re.findall(r"\bCALLSCRIBE_[A-Z_]+\b", text(page))) <= variables()


def test_codes_have_title_and_status() -> None:
    page = text(DOCS / "errors.md")
    sections = re.split(r"^## ", page, flags=re.MULTILINE)
    rows = {
        int(code): (title, third, section)
        for section in sections
        for code, title, third in re.findall(r"^\| (\d{5}) \| ([^|]+) \| ([^|]*)\|", section, re.MULTILINE)
    }
    assert rows.keys() == {int(code) for code in Code}
    for code in Code:
        title, third, section = rows[int(code)]
        assert title == code.title
        if section.startswith(("Any request", "A transcription is not created")):
            assert third.strip() == str(code.http_status)
        else:
            assert 17550 <= code <= 17566 or 17580 <= code <= 17585


def test_guide_has_every_endpoint() -> None:
    rows = [row for row in text(DOCS / "api.md").splitlines() if row.startswith("| `")]
    for method, path in endpoints():
        shown = re.escape(path.removesuffix(".{format_}")) + "`"
        assert any(f"`{method}" in row and re.search(shown, row) for row in rows), (method, path)


def test_guide_has_no_other_endpoint() -> None:
    known = {path for _, path in endpoints()} | {"/docs", "/openapi.json"}
    table = re.search(r"^## Endpoints\n(.*?)^## ", text(DOCS / "api.md"), re.MULTILINE | re.DOTALL)
    assert table
    named = set(re.findall(r"(/(?:v2|v3|2010-04-01)/[\w/{}.]+)`", table[1]))
    assert named
    assert named <= known


@each_page
def test_shown_commands_exist(page: Path) -> None:
    shown = set(re.findall(r"(?<![\w./-])callscribe ([a-z]+)", code(page))) - {"listens"}  # which is output
    assert shown <= set(get_command(app).commands)  # type: ignore[attr-defined]


@each_page
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_every_file_that_the_architecture_names_is_there() -> None:
    named = re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.\w+)`", text(DOCS / "architecture.md"))
    assert named
    for path in named:
        if "NAME" not in path:
            assert (ROOT / path).is_file() or (ROOT / "src" / "callscribe" / path).is_file(), path


def test_every_decision_is_listed() -> None:
    index = text(DOCS / "decisions" / "README.md")
    for record in (DOCS / "decisions").glob("0*.md"):
        number, title = re.findall(r"^# (\d{4}): (.+)$", text(record), re.MULTILINE)[0]
        assert f"| [{number}]({record.name}) | {title} |" in index


def test_the_locales_are_listed_in_their_order() -> None:
    assert ", ".join(LOCALES) in " ".join(text(DOCS / "quickstart.md").split())


def test_every_model_listed() -> None:
    page = text(DOCS / "models.md")
    for model in CATALOGUE:
        assert re.search(rf"^\| `{re.escape(model.name)}` \|", page, re.MULTILINE)

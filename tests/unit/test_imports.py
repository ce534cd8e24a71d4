"""Imports run one way, from the top of the order that `docs/architecture.md` gives to its bottom, without exception.

And of a package others use only what its `__all__` shows.
"""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import callscribe

ROOT = Path(callscribe.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "architecture.md"


def order() -> list[str]:
    """The names at the top level, as the page lists them between its two marks."""
    listed = re.search(r"<!-- order -->\s*```\n(.*?)```\s*<!-- /order -->", PAGE.read_text(), re.DOTALL)
    assert listed
    return [line.split()[0] for line in listed[1].splitlines()]


def modules() -> dict[str, Path]:
    """Every module by its name below the package: `web.problems`, `errors`, and the empty one."""
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts).removesuffix("__init__").removesuffix(".")] = path
    return found


def imported(path: Path, package: str) -> Iterator[tuple[int, str, str]]:
    """What a module imports of the package, at its top or inside: lines, top-level names, and what of each is used."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative imports hide what is imported"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            first, _, rest = name.partition(".")
            if first == package and rest:
                top, _, used = rest.partition(".")
                yield node.lineno, top, used.partition(".")[0]


def broken(places: dict[str, int], found: dict[str, Path]) -> list[str]:
    """Imports that run up, as `module:line → name`."""
    wrong = []
    for name, path in found.items():
        top = name.partition(".")[0]
        for line, target, _ in imported(path, ROOT.name):
            if target in places and target != top and places[target] < places.get(top, len(places)):
                wrong.append(f"{name}:{line} → {target}")
    return wrong


def hidden(found: dict[str, Path]) -> list[str]:
    """Imports from outside of a package of what it does not show, as `module:line → package.name`."""
    wrong = []
    for name, path in found.items():
        for line, target, used in imported(path, ROOT.name):
            package = importlib.import_module(f"{ROOT.name}.{target}") if target in found else None
            shown = getattr(package, "__all__", ())
            outside = target != name.partition(".")[0] and hasattr(package, "__path__")
            if used and outside and used not in shown:
                wrong.append(f"{name}:{line} → {target}.{used}")
    return wrong


def test_only_shown_names_used() -> None:
    assert hidden(modules()) == []


def test_order_lists_all_top_names() -> None:
    tops = {name.partition(".")[0] for name in modules()} - {"", "__main__"}
    assert sorted(order()) == sorted(tops)


def test_imports_run_down_the_order() -> None:
    places = {name: place for place, name in enumerate(["__main__", *order()])}
    assert broken(places, modules()) == []


def test_upward_import_found(tmp_path: Path) -> None:
    places = {name: place for place, name in enumerate(order())}
    lines = {
        "from callscribe import server": ["errors:1 → server"],
        "from callscribe.server.app import create_app": ["errors:1 → server"],
        "def late():\n    import callscribe.jobs.finish": ["errors:2 → jobs"],
        "from callscribe import __version__": [],
    }
    for text, expected in lines.items():
        module = tmp_path / "errors.py"
        module.write_text(text)
        assert broken(places, {"errors": module}) == expected


def test_worker_loads_no_web_framework() -> None:
    code = """
import sys, callscribe.worker.process
print(*sorted({"fastapi", "starlette", "uvicorn"} & set(sys.modules)))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == ""

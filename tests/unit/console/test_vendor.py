"""The libraries of the console are those of the manifest, byte by byte, each with its licence."""

import hashlib
import json

from callscribe.console import FOLDER

VENDOR = FOLDER / "vendor"


def test_files_are_those_of_the_manifest() -> None:
    manifest = json.loads((VENDOR / "manifest.json").read_text())
    hashes = {name: each for package in manifest.values() for name, each in package["files"].items()}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir()}
    del found["manifest.json"]
    assert found == hashes
    assert all(f"{package}.LICENSE.txt" in hashes for package in manifest)


def test_modules_import_files_alone() -> None:
    for path in FOLDER.rglob("*.js"):
        text = path.read_text()
        for start in ('from "', 'from"', 'import("'):
            for piece in text.split(start)[1:]:
                assert piece.startswith(("./", "../")), f"{path.name}: {piece[:40]}"

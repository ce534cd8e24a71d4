"""The files of a model in its folder: written from where they are to be had, and compared with their checksums."""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Any

from callscribe.errors import SetupError
from callscribe.speech.hub import fetched
from callscribe.speech.models import CatalogueModel, ModelFile

Progress = Callable[[int, int | None], None]
"""Told bytes done and bytes in all, None where these are not known."""

HUB = ".hub"
"""Folder for what is being fetched from the hub, gone once all of it is there."""
_BLOCK = 4 * 1024**2
_RECORD = ".verified.json"
"""Name, size, modification time and SHA-256 of the files as they were when they were last hashed."""
_FIRST = ".first.json"
"""Revision and SHA-256 of the files whose checksum nobody published, as they were when they were first got."""


def write(model: CatalogueModel, file: ModelFile, target: Path, done: int, progress: Progress) -> None:
    """Write one file from the first source that has it, and keep it only if its checksum is right.

    `done` are the bytes of the model before it.

    Raises:
        SetupError: no source has it, or what has it is not what it must be.
    """
    partial = target.with_name(target.name + ".partial")

    def tell(count: int) -> None:
        progress(done + count, model.size)

    parts = wheel_parts(file) or [fetched(model, file, target.parent / HUB, tell)]
    digest = hashlib.sha256()
    count = 0
    with partial.open("wb") as output:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    count += output.write(block)
    if file.sha256 not in {None, digest.hexdigest()}:
        partial.unlink()
        shutil.rmtree(target.parent / HUB, ignore_errors=True)
        raise SetupError(_mismatch(model, file, parts[0].parent, target.parent))
    keep_first(model, target.parent, file.name, digest.hexdigest())
    partial.replace(target)
    tell(count)


def _mismatch(model: CatalogueModel, file: ModelFile, source: Path, folder: Path) -> str:
    if any(file.name == each.name and each.sha256 for each in model.files):
        return (
            f"{file.name} of model {model.name} is corrupt in {source}: its SHA-256 is not the published one. "
            "Install the package again, or put the right file into the models folder."
        )
    return (
        f"{file.name} of model {model.name} is not what it was when it was first got: its SHA-256 is another one. If "
        f"that is as it should be, remove {folder / _FIRST}, and it is taken as it is now."
    )


def expected(model: CatalogueModel, folder: Path) -> list[ModelFile]:
    """A model's files with the checksums that they must have: published, or else what was first got."""
    first = _first(model, folder)
    return [file if file.sha256 else replace(file, sha256=first.get(file.name)) for file in model.files]


def _first(model: CatalogueModel, folder: Path) -> dict[str, str]:
    """SHA-256 of what was first got of this revision."""
    try:
        kept = json.loads((folder / _FIRST).read_text())
        return dict(kept["files"]) if kept["revision"] == model.revision else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def keep_first(model: CatalogueModel, folder: Path, name: str, digest: str | None = None) -> None:
    """Write down the SHA-256 of a file whose checksum is not published, if none was yet."""
    first = _first(model, folder)
    if name in first or all(file.sha256 for file in model.files if file.name == name):
        return
    first[name] = digest or sha256(folder / name)
    put_json(folder / _FIRST, {"revision": model.revision, "files": first})


def wheel_parts(file: ModelFile) -> list[Path]:
    """The files in installed distributions that make up `file`, found without importing anything; or none."""
    parts = []
    for distribution, inner in file.wheels:
        try:
            located = Path(str(metadata.distribution(distribution).locate_file(inner)))
        except metadata.PackageNotFoundError:
            return []
        if not located.is_file():
            return []
        parts.append(located)
    return parts if parts and sum(part.stat().st_size for part in parts) == file.size else []


def is_sound(model: CatalogueModel, folder: Path) -> bool:
    """Whether every file has the checksum that it must have. Reads all of them."""
    return all(sha256(folder / file.name) == file.sha256 for file in expected(model, folder))


def _stamp(model: CatalogueModel, folder: Path) -> dict[str, Any]:
    files = expected(model, folder)
    found = status(folder / file.name for file in files)
    return {file.name: [*found[file.name], file.sha256] for file in files}


def record(model: CatalogueModel, folder: Path) -> None:
    """Remember that the files were hashed, so that later starts need only look at size and time."""
    put_json(folder / _RECORD, _stamp(model, folder))


def unchanged(model: CatalogueModel, folder: Path) -> bool:
    """Whether the files are those that were hashed."""
    try:
        record = json.loads((folder / _RECORD).read_text())
        return bool(record == _stamp(model, folder))
    except (OSError, ValueError):
        return False


def status(paths: Iterable[Path]) -> dict[str, list[int]]:
    """Size and modification time of files by their names."""
    return {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in paths}


def has_size(path: Path, size: int | None) -> bool:
    """Whether a file is there, with so many bytes where these are known."""
    return path.is_file() and size in {None, path.stat().st_size}


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def put_json(path: Path, content: Any) -> None:
    """Write a file at once, or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(content))
    partial.replace(path)

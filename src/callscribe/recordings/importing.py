"""Taking in many recordings at once, from folders or a bucket. What is here already is left alone.

A recording that is imported has a SID that its content gives (for a bucket: its address, size and tag, so that nothing
is downloaded twice), together with the call that the metadata names. So a second import finds it, and after one that
was broken off the next goes on.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from callscribe.errors import RequestError, SetupError
from callscribe.media.spool import Spool
from callscribe.recordings.metadata import Metadata
from callscribe.recordings.service import Recordings
from callscribe.recordings.upload import recording_fields

_NAMES = "wav wav49 w64 mp3 flac ogg oga opus m4a mp4 3gp webm mka aac amr awb au snd aif aiff aifc"
EXTENSIONS = frozenset(f".{name}" for name in _NAMES.split())
"""Files of a folder or bucket that are taken; one that is named itself is always taken."""

AT_ONCE = 4
_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file of this machine; `root` is the folder that was named, or its own."""

    path: Path
    root: Path
    size: int

    @property
    def names(self) -> tuple[str, ...]:
        """Its path below the root, its path as it was given, and its whole path."""
        return self.path.relative_to(self.root).as_posix(), str(self.path), str(self.path.absolute())

    def identity(self) -> str:
        """The hash of its content: it may be moved or copied, and is still the same recording."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    @contextmanager
    def opened(self) -> Iterator[Iterator[bytes]]:
        """Its content."""
        with self.path.open("rb") as file:
            yield iter(lambda: file.read(_PIECE), b"")


@dataclass(frozen=True, slots=True)
class BucketObject:
    """An object of a bucket; `url` is what was named, `key` its path below."""

    store: ObjectStore
    url: str
    key: str
    size: int
    tag: str
    spool: Spool

    @property
    def names(self) -> tuple[str, ...]:
        """Its path below the URL, and the whole."""
        return self.key, f"{self.url.rstrip('/')}/{self.key}"

    def identity(self) -> str:
        """Its address with size and tag."""
        return f"{self.names[-1]}\n{self.size}\n{self.tag}"

    @contextmanager
    def opened(self) -> Iterator[Iterator[bytes]]:
        """Its content, by way of a file: obstore cannot read while it writes in the same thread."""
        with ExitStack() as stack:
            stack.enter_context(self.spool.room(self.size))
            file = stack.enter_context(tempfile.TemporaryFile(dir=self.spool.folder))
            for piece in obstore.get(self.store, self.key).stream(min_chunk_size=_PIECE):
                file.write(piece)
            file.seek(0)

            def pieces() -> Iterator[bytes]:
                yield from iter(lambda: file.read(_PIECE), b"")
                stack.close()  # who looks at the recording next needs room as well

            yield pieces()


Candidate = LocalFile | BucketObject
"""A file that may become a recording: `names` are what metadata may call it, the first for people; `identity` tells it
from every other file."""


class Outcome(StrEnum):
    """What became of a file."""

    IMPORTED = "imported"
    KNOWN = "known"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """A file and what became of it; `code` and `reason` where it failed."""

    candidate: Candidate
    outcome: Outcome
    sid: str | None = None
    code: int | None = None
    reason: str | None = None


def find(places: Iterable[str], spool: Spool) -> Iterator[Candidate]:
    """Every recording at the places: files, folders with all that is below them, addresses of buckets.

    Raises:
        SetupError: there is no such place.
    """
    for place in places:
        parts = urlsplit(place)
        if parts.scheme and parts.netloc:
            yield from _in_bucket(place, spool)
            continue
        path = Path(place)
        if path.is_file():
            yield LocalFile(path, path.parent, path.stat().st_size)
        elif path.is_dir():
            found = sorted(each for each in path.rglob("*") if each.suffix.lower() in EXTENSIONS and each.is_file())
            yield from (LocalFile(each, path, each.stat().st_size) for each in found)
        else:
            raise SetupError(f"There is no file or folder {place}.")


def _in_bucket(url: str, spool: Spool) -> Iterator[Candidate]:
    try:
        store = from_url(url)
        for listed in obstore.list(store):
            for meta in listed:
                if Path(meta["path"]).suffix.lower() in EXTENSIONS:
                    yield BucketObject(store, url, meta["path"], meta["size"], meta.get("e_tag") or "", spool)
    except (BaseError, OSError, ValueError) as error:
        raise SetupError(f"{url} cannot be listed: {error}") from error


def import_all(
    candidates: Sequence[Candidate],
    recordings: Recordings,
    account_sid: str,
    metadata: Metadata,
    progress: Callable[[int], None],
) -> Iterator[Result]:
    """Take in each, several at once; what became of them, in their order. `progress` is told bytes as they are done.

    Raises:
        SetupError: the metadata is ambiguous; nothing is imported.
    """
    said = metadata.assigned([each.names for each in candidates])

    def one(candidate: Candidate, values: Mapping[str, str]) -> Result:
        done = 0

        def counted(pieces: Iterator[bytes]) -> Iterator[bytes]:
            nonlocal done
            for piece in pieces:
                yield piece
                done += len(piece)
                progress(len(piece))

        try:
            return _import(candidate, counted, recordings, account_sid, values)
        except (RequestError, BaseError, OSError) as error:
            code = int(error.code) if isinstance(error, RequestError) else None
            return Result(candidate, Outcome.FAILED, code=code, reason=str(error))
        finally:
            progress(candidate.size - done)

    imported: set[str | None] = set()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="import") as threads:
        for result in threads.map(one, candidates, said):
            twin = result.outcome == Outcome.IMPORTED and result.sid in imported  # a copy, taken in at the same time
            imported.add(result.sid)
            yield replace(result, outcome=Outcome.KNOWN) if twin else result


def _import(
    candidate: Candidate,
    counted: Callable[[Iterator[bytes]], Iterator[bytes]],
    recordings: Recordings,
    account_sid: str,
    values: Mapping[str, str],
) -> Result:
    identity = f"{account_sid}\n{values.get('CallSid', '')}\n{candidate.identity()}"
    digest = hashlib.sha256(identity.encode()).hexdigest()
    sid = f"RE{digest[:32]}"
    if recordings.has(account_sid, sid):
        return Result(candidate, Outcome.KNOWN, sid)
    fields = recording_fields(values)
    with candidate.opened() as pieces:
        row = recordings.store(account_sid, fields, counted(pieces), sid=sid)
    return Result(candidate, Outcome.IMPORTED, row.sid)

"""The blob store: recordings and transcripts by key, in a folder or in an object store.

Keys are paths such as `AC…/voice_transcription_…/media`.
"""

import asyncio
import copy
import errno
import fcntl
import glob
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from callscribe import waiting
from callscribe.cancellation import NEVER, Cancellation
from callscribe.errors import BlobDamaged, CallscribeError, Code, SealBroken, SetupError
from callscribe.media.seals import OneKey, Seals
from callscribe.sealing import (
    HEADER,
    Keyring,
    Pieces,
    SealedPath,
    is_sealed,
    key_name,
    name_in,
    object_key,
    sealing,
    sealing_async,
    unseal,
    unsealing,
)

_PART = 8 * 1024 * 1024
"""Bytes of a part of an upload; the smallest that S3 takes is 5 MiB."""

_PARTS_IN_FLIGHT = 3
_PIECE = 1024 * 1024
_KEEP_FREE = 512 * 1024 * 1024
_CONNECT = timedelta(seconds=5)
_CLIENT_OPTIONS = (
    *(
        "allow_http",
        "allow_invalid_certificates",
        "http1_only",
        "http2_only",
        "pool_idle_timeout",
        "proxy_ca_certificate",
    ),
    *("pool_max_idle_per_host", "proxy_excludes", "proxy_url", "randomize_addresses", "root_certificate", "timeout"),
    "user_agent",
)
_COPY = ".blob"
_DIGEST = 2 * hashlib.sha256().digest_size
_COPIES = 3
"""Times that a blob is asked for before it counts as damaged."""
_NEW_SECONDS = 60.0
_REMOVALS = 20


class BlobMissing(CallscribeError):  # noqa: N818  says what is the case
    """There is no blob of this key."""


class BlobStore:
    """Blobs by key, at a URL: `file:///…`, `s3://bucket/prefix`, `gs://…`, `az://…`, or `memory:///`.

    Credentials of an object store come from the environment, by the provider's usual names.

    With `patience`, in seconds, an object store that says nothing for so long is an error: for those whose clients
    wait. Without it, it is asked again and again for three minutes.

    A folder's disk keeps `keep_free` bytes free of recordings; by default a twentieth of it, 512 MiB at most.

    With `seals`, blobs are sealed as these say. All that is said here of bytes is of those in plain. Blobs that are not
    sealed are read as they are.

    Raises:
        SetupError: the URL cannot be used.
    """

    def __init__(
        self, url: str, patience: float | None = None, *, keep_free: int | None = None, seals: Seals | None = None
    ) -> None:
        self._keep_free = keep_free
        self._seals = seals
        parts = urlsplit(url)
        self._root: Path | None = None
        try:
            if parts.scheme == "memory":
                self._store: ObjectStore = MemoryStore()
            elif parts.scheme == "file":
                self._root = Path(unquote(parts.path))
                self._root.mkdir(parents=True, exist_ok=True)
                self._store = LocalStore(self._root, automatic_cleanup=True)
            elif patience is None:
                self._store = from_url(url)
            else:
                silence = timedelta(seconds=patience)
                limits = {"read_timeout": silence, "connect_timeout": min(silence, _CONNECT)}
                options: Any = _client_options(parts.scheme) | limits
                # Refusals are tried again, silence is not.
                self._store = from_url(url, client_options=options, retry_config={"retry_timeout": silence / 2})
        except (BaseError, OSError, ValueError) as error:
            raise SetupError(
                f"The blob store {parts.scheme}://{parts.hostname or ''}{parts.path} cannot be used: "
                f"{error}. Set CALLSCRIBE_BLOBS_URL to file:///…, s3://bucket/prefix, gs://bucket/prefix or "
                "az://container/prefix."
            ) from error

    def sealed_with(self, key: bytes) -> "BlobStore":
        """The same blobs, of which new ones are sealed with this key; whatever this store can open is read as well."""
        view = copy.copy(self)
        view._seals = OneKey(key, self._seals)  # noqa: SLF001  of this class
        return view

    @property
    def is_folder(self) -> bool:
        """Whether blobs are files of this machine, so that they can be read without a copy."""
        return self._root is not None

    def put_bytes(self, key: str, data: bytes) -> None:
        """Store a blob, replacing what is there. Nobody ever sees half of it."""
        self._drop_drafts(key)
        obstore.put(self._store, key, b"".join(self._sealing(key, (data,))))
        self._sync(key)

    def put_new(self, key: str, data: bytes) -> bool:
        """Store a blob unless there is one of this key; whether it was stored."""
        try:
            obstore.put(self._store, key, b"".join(self._sealing(key, (data,))), mode="create")
        except AlreadyExistsError:
            return False
        self._sync(key, folders=len(key.split("/")))  # a key that is lost takes all that is sealed with it
        return True

    def put_stream(self, key: str, pieces: Iterable[bytes]) -> None:
        """Store a blob piece by piece, replacing what is there.

        When `pieces` raises, its error comes through and nothing is left behind. The pieces must not be read from
        an object store in the same thread: obstore cannot do both at once.
        """
        self._drop_drafts(key)
        obstore.put(
            self._store,
            key,
            self._leaving_room(self._sealing(key, pieces)),
            use_multipart=True,
            chunk_size=_PART,
            max_concurrency=_PARTS_IN_FLIGHT,
        )
        self._sync(key)

    async def put_async(self, key: str, pieces: AsyncIterator[bytes]) -> None:
        """Store a blob from coroutines, as `put_stream` does from threads.

        Raises:
            TimedOut: the store takes nothing for too long.
        """

        async def put(pieces: AsyncIterator[bytes]) -> None:
            await obstore.put_async(
                self._store,
                key,
                pieces,
                use_multipart=True,
                chunk_size=_PART,
                max_concurrency=_PARTS_IN_FLIGHT,
            )

        await asyncio.to_thread(self._drop_drafts, key)
        keys = None if self._seals is None else await asyncio.to_thread(self._seals.to_seal, key)
        sealed = pieces if keys is None else sealing_async(keys, pieces)
        await waiting.feeding(put, self._leaving_room_async(sealed), waiting.NO_STORE)
        await asyncio.to_thread(self._sync, key)

    @property
    def has_room(self) -> bool:
        """Whether a folder's disk has room for a part of an upload beside what is kept free, or for as much again."""
        return self._root is None or self._room(self._root) > min(_PART, self._kept(self._root))

    def _room(self, root: Path) -> int:
        return shutil.disk_usage(root).free - self._kept(root)

    def _kept(self, root: Path) -> int:
        return min(_KEEP_FREE, shutil.disk_usage(root).total // 20) if self._keep_free is None else self._keep_free

    def _leaving_room(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        check = self._room_check()
        for piece in pieces:
            check(piece)
            yield piece

    async def _leaving_room_async(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        check = self._room_check()
        async for piece in pieces:
            check(piece)
            yield piece

    def _room_check(self) -> Callable[[bytes], None]:
        """Called with each piece of a recording; as on a full disk, OSError once there is no room for it."""
        root = self._root
        if root is None:
            return lambda _: None
        left = self._room(root)

        def check(piece: bytes) -> None:
            nonlocal left
            left -= len(piece)  # it may be a while until it is written
            if min(left, self._room(root)) < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(root))

        return check

    def reseal(self, key: str, spool: Path, cancelled: Cancellation = NEVER) -> bool:
        """Have a blob sealed as it would be if it were put now; False where it is.

        A blob that had a second name in a folder is a blob of its own from then on.

        Raises:
            BlobMissing: there is none, or its key was erased.
            KeyUnknown: it was sealed with a key that is not at hand.
        """
        wanted = None if self._seals is None else self._seals.to_seal(key)
        with _missing(key):
            size = obstore.head(self._store, key)["size"]
            header = obstore.get_range(self._store, key, start=0, end=min(size, HEADER)).to_bytes() if size else b""
        found = name_in(header) if is_sealed(header) else None
        current = wanted.current if isinstance(wanted, Keyring) else wanted
        if found == (None if current is None else key_name(current)):
            return False
        with self.local_path(key, spool, cancelled) as path, path.open("rb") as file:
            self.put_stream(key, iter(partial(file.read, _PIECE), b""))
        return True

    def copy(self, source: str, target: str) -> None:
        """Make a blob a copy of another, without its bytes coming through here: a second name for it in a folder.

        Raises:
            BlobMissing: there is no `source`.
        """
        self._drop_drafts(target)
        with _missing(source):
            obstore.copy(self._store, source, target)
        self._drop_drafts(target)  # where the copy was there already, its second name stays
        self._sync(target)

    def _drop_drafts(self, key: str) -> None:
        """Remove what a killed process left of this blob: a folder's drafts are `key#1`, `key#2` and so on."""
        if self._root is not None:
            path = self._root / key
            for draft in path.parent.glob(f"{glob.escape(path.name)}#*"):
                draft.unlink(missing_ok=True)

    def _sync(self, key: str, folders: int = 1) -> None:
        """Have a folder's blob on the disk before anybody records that it is there; an object store sees to itself.

        With it, so many `folders` above it.
        """
        if self._root is not None:
            path = self._root / key
            for each in (path, *path.parents[:folders]):
                descriptor = os.open(each, os.O_RDONLY)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)

    def get_bytes(self, key: str) -> bytes:
        """The whole blob.

        Raises:
            BlobMissing: there is none.
        """
        with _missing(key):
            data = obstore.get(self._store, key).bytes().to_bytes()
        return data if self._seals is None or not is_sealed(data) else unseal(self._seals.to_open(key), data)

    def put_document(self, key: str, data: bytes) -> int:
        """Store a blob with its SHA-256 behind it, for `get_document`; the bytes that both are."""
        stored = data + _trailer(data)
        self.put_bytes(key, stored)
        return len(stored)

    def get_document(self, key: str) -> bytes:
        """What `put_document` was given.

        Raises:
            BlobMissing: there is none.
            BlobDamaged: something else comes, also when it is asked for again.
        """
        for _ in range(_COPIES):
            try:
                stored = self.get_bytes(key)
            except SealBroken:
                continue
            data = stored[: -_DIGEST - 1]
            if stored == data + _trailer(data):
                return data
        raise _damaged(key)

    async def pieces(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end`, the latter excluded and not behind the blob's own, a piece at a time.

        Each piece is a request of its own, so that a slow reader may take its time.

        Raises:
            BlobMissing: there is none.
            TimedOut: the store does not answer.
        """
        pieces = (
            None
            if self._seals is None
            else await waiting.within(asyncio.to_thread(self._opened, key), waiting.NO_STORE)
        )
        for position in range(start, end, _PIECE):
            waiting.renew()
            first, last = position, min(position + _PIECE, end)
            within = (first, last) if pieces is None else pieces.span(first, last)
            part = obstore.get_range_async(self._store, key, start=within[0], end=within[1])
            with _missing(key):
                piece = (await waiting.within(part, waiting.NO_STORE)).to_bytes()
            yield piece if pieces is None else pieces.cut(first, last, piece)

    def stream(self, key: str, piece: int = _PIECE) -> Iterator[bytes]:
        """The blob in pieces of at least `piece` bytes, but for the last.

        Raises:
            BlobMissing: there is none.
        """
        with _missing(key):
            found = obstore.get(self._store, key)
        parts = (bytes(part) for part in found.stream(min_chunk_size=piece))
        first = next(parts, b"")
        if self._seals is not None and is_sealed(first):
            yield from unsealing(self._seals.to_open(key), found.meta["size"], chain((first,), parts))
        elif first:
            yield from chain((first,), parts)

    def size(self, key: str) -> int:
        """Bytes.

        Raises:
            BlobMissing: there is none.
        """
        pieces = None if self._seals is None else self._opened(key)
        return self.stored_size(key) if pieces is None else pieces.size

    def stored_size(self, key: str) -> int:
        """Bytes that it takes in the store, sealed or not.

        Raises:
            BlobMissing: there is none.
        """
        with _missing(key):
            return obstore.head(self._store, key)["size"]

    def exists(self, key: str) -> bool:
        """Whether there is a blob of this key."""
        try:
            self.stored_size(key)
        except BlobMissing:
            return False
        return True

    def keys(self, prefix: str) -> list[str]:
        """The keys of the blobs below a folder of keys; of all blobs below the empty one."""
        below = prefix.strip("/") + "/" if prefix else None
        return [meta["path"] for listed in obstore.list(self._store, below) for meta in listed]

    def delete(self, key: str) -> None:
        """Delete a blob; nothing happens where there is none."""
        try:
            with _missing(key):
                obstore.delete(self._store, key)
        except BlobMissing:
            pass

    def delete_prefix(self, prefix: str) -> None:
        """Delete every blob below a folder of keys, such as `AC…/voice_transcription_…`."""
        prefix = prefix.strip("/")
        if not prefix or ".." in prefix.split("/"):
            raise ValueError("a prefix names a folder below the store's root")
        if self._root is not None:
            # With the unfinished uploads of a process that was killed, which no listing shows.
            _remove_folder(self._root / prefix)
            return
        for listed in obstore.list(self._store, prefix + "/"):
            obstore.delete(self._store, [meta["path"] for meta in listed])

    def delete_unfinished(self, prefix: str) -> None:
        """Delete what writers in a folder of keys, not below it, left half-written when they were killed.

        Object stores do so themselves, by a rule of the bucket's life cycle.
        """
        if self._root is not None:
            for path in (self._root / prefix).glob("*#*"):  # the store's name for a blob that is being written
                path.unlink(missing_ok=True)

    @contextmanager
    def local_path(
        self, key: str, spool: Path, cancelled: Cancellation = NEVER, *, sha256: str | None = None
    ) -> Iterator[Path]:
        """A file with the blob in it, to read from: the blob itself where the store is a folder, else a copy.

        What is sealed stays so on the disk: the path is a `sealing.SealedPath` then, by which it is read.

        A copy lies in `spool` for as long as the context is open; see also `reap_copies`. What `cancelled` raises
        while it is made comes out. `sha256`, in hexadecimal, is what the blob must have.

        Raises:
            BlobMissing: there is none.
            BlobDamaged: it has another SHA-256, also when it is copied again.
        """
        if self._root is not None:
            path = self._root / key
            if not path.is_file():
                raise BlobMissing(f"there is no blob {key}")
            path = self._readable(key, path)
            if not _is(path, sha256, cancelled):
                raise _damaged(key)
            yield path
            return
        spool.mkdir(parents=True, exist_ok=True)
        name = hashlib.sha256(key.encode()).hexdigest()[:16]
        with tempfile.NamedTemporaryFile(dir=spool, prefix=f"{name}-", suffix=_COPY, delete=False) as file:
            path = Path(file.name)
            try:
                fcntl.flock(file, fcntl.LOCK_SH)
                for _ in range(_COPIES):
                    file.seek(0)
                    file.truncate()
                    with _missing(key):
                        found = obstore.get(self._store, key)
                    for piece in found.stream(min_chunk_size=_PIECE):
                        cancelled.raise_if_cancelled()
                        file.write(piece)
                    file.flush()
                    readable = self._readable(key, path)
                    if _is(readable, sha256, cancelled):
                        break
                else:
                    raise _damaged(key)
                yield readable
            finally:
                path.unlink(missing_ok=True)  # somebody may have removed it

    def _sealing(self, key: str, pieces: Iterable[bytes]) -> Iterable[bytes]:
        """What is to be stored of these pieces."""
        keys = None if self._seals is None else self._seals.to_seal(key)
        return pieces if keys is None else sealing(keys, pieces)

    def _opened(self, key: str) -> Pieces | None:
        """How a blob is opened; None where it is not sealed, or not there."""
        if self._seals is None or (size := self.stored_size(key)) < HEADER:
            return None
        with _missing(key):
            header = obstore.get_range(self._store, key, start=0, end=HEADER).to_bytes()
        return Pieces.of(header, size, self._seals.to_open(key)) if is_sealed(header) else None

    def _readable(self, key: str, path: Path) -> Path:
        if self._seals is None:
            return path
        with path.open("rb") as file:
            header = file.read(HEADER)
        return SealedPath.of(path, object_key(self._seals.to_open(key), header)) if is_sealed(header) else path


def _client_options(scheme: str) -> dict[str, str]:
    """What the environment says of connections to a store. obstore forgets it where anything is said here."""
    prefix = {"s3": "AWS", "gs": "GOOGLE"}.get(scheme, "AZURE")
    given = {name: os.environ.get(f"{prefix}_{name.upper()}") for name in _CLIENT_OPTIONS}
    return {name: value for name, value in given.items() if value is not None}


def _trailer(data: bytes) -> bytes:
    return b"\n" + hashlib.sha256(data).hexdigest().encode()


def _is(path: Path, sha256: str | None, cancelled: Cancellation) -> bool:
    """Whether a file has this SHA-256; None is whatever it has."""
    try:
        return sha256 is None or _digest(path, cancelled) == sha256
    except SealBroken:
        return False


def _digest(path: Path, cancelled: Cancellation) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            cancelled.raise_if_cancelled()
            digest.update(piece)
    return digest.hexdigest()


def _damaged(key: str) -> BlobDamaged:
    return BlobDamaged(Code.JOB_INTERNAL, f"what the blob store has as {key} is not what was put there")


def _remove_folder(path: Path) -> None:
    """Remove a folder with all that is in it, also where somebody still writes to it or removes it as well.

    Raises:
        OSError: it cannot be done: the disk is read-only, say.
    """
    for _ in range(_REMOVALS):
        try:
            shutil.rmtree(path)
        except FileNotFoundError:  # the folder, or what another removes from it
            if not path.exists():
                return
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:
                raise
        else:
            return
    raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(path))


def reap_copies(spool: Path) -> None:
    """Remove copies of blobs that killed processes left in `spool`: a living one has a lock on each of its own."""
    for path in spool.glob(f"*{_COPY}"):
        with suppress(OSError), path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # One that was begun in this moment may not be locked yet.
            if time.time() - path.stat().st_mtime > _NEW_SECONDS:
                path.unlink()


@contextmanager
def _missing(key: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:  # obstore's NotFoundError is one
        raise BlobMissing(f"there is no blob {key}") from error

"""Taking in a recording: its audio to the blob store, looked at, and only then a row.

Before the first byte a row in `recording_intakes` names the folder that the audio goes to. It goes with the transaction
that makes the recording, so at any moment a folder belongs to a recording, or to an intake that somebody speaks for, or
to one that the sweep will find.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from anyio import to_thread
from sqlalchemy.orm import Session

from callscribe.db.base import now
from callscribe.db.engine import Database
from callscribe.durable.queues import Queue, WorkQueue
from callscribe.errors import BlobDamaged, Code, FieldError, JobError, RequestError, TransientJobError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.derived import ROOM_PATIENCE
from callscribe.media.inspecting import MediaInfo
from callscribe.media.spool import Spool, SpoolFull
from callscribe.outages import RETRY_AFTER
from callscribe.recordings import keys, repository
from callscribe.recordings.tables import Intake
from callscribe.settings import Settings
from callscribe.waiting import DATABASE

SEEN_EVERY = 20.0
"""Seconds after which it is said again that an intake goes on."""

STALE = timedelta(minutes=10)
"""An intake that nobody spoke for so long is over: longer than its last part, the inspection, can take."""

MEDIA_POINTER = "/Media"
"""The field that the audio is."""

STORAGE_WAIT = 3600
"""Seconds after which to ask again where an account stores as much as it may, and nothing goes by itself."""

SWEEP_BATCH = 100
INSPECTIONS = 4
"""Decoder processes of one server that look at recordings at the same time."""


@dataclass(slots=True)
class Incoming:
    """A recording that is coming in; `size` in bytes grows with it, `sha256` in hexadecimal is known at its end."""

    account_sid: str
    sid: str
    folder: str
    size: int = 0
    sha256: str = ""
    room: int | None = None
    """Bytes that its account may still store; None is without a limit."""

    @property
    def key(self) -> str:
        """Where its audio goes in the blob store."""
        return keys.media(self.folder)


class Intakes:
    """Takes audio in, by threads or by coroutines."""

    def __init__(self, database: Database, blobs: BlobStore, decoder: Decoder, settings: Settings) -> None:
        self._database = database
        self._blobs = blobs
        self._decoder = decoder
        self._settings = settings
        self._spool = Spool.of(settings)
        self._inspections = asyncio.Semaphore(INSPECTIONS)

    def begin(self, account_sid: str, sid: str, room: int | None = None) -> Incoming:
        """Say that a recording is coming; `room` is what its account may still store, in bytes."""
        incoming = Incoming(account_sid, sid, keys.new_folder(account_sid, sid), room=room)
        with self._database.write() as session:
            session.add(Intake(folder=incoming.folder, account_sid=account_sid))
        return incoming

    def take(self, incoming: Incoming, pieces: Iterable[bytes]) -> MediaInfo:
        """Store the audio and look at it.

        Raises:
            RequestError: 17554 to 17560; 20429, the account has no room for it.
        """
        self._blobs.put_stream(incoming.key, self._counted(incoming, pieces))
        return self._inspect(incoming)

    async def receive(self, incoming: Incoming, pieces: AsyncIterator[bytes]) -> MediaInfo:
        """The same for audio that a client sends.

        Raises:
            RequestError: 17554 to 17560; 20001 where it comes too slowly; 20429, the account has no room for it.
        """
        await self._blobs.put_async(incoming.key, self._counted_async(incoming, pieces))
        async with self._inspections:
            return await to_thread.run_sync(self._inspect, incoming)

    def abandon(self, incoming: Incoming) -> None:
        """Leave nothing of a recording that came to nothing."""
        self._blobs.delete_prefix(incoming.folder)
        with self._database.write() as session:
            repository.end_intake(session, incoming.folder)

    def _counted(self, incoming: Incoming, pieces: Iterable[bytes]) -> Iterator[bytes]:
        meter = _Meter(incoming, self._settings)
        for piece in pieces:
            meter.count(piece)
            if meter.is_to_be_seen():
                self._see(incoming)
            yield piece
        meter.end()

    async def _counted_async(self, incoming: Incoming, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        meter = _Meter(incoming, self._settings)
        async for piece in pieces:
            meter.count(piece)
            if meter.is_to_be_seen():
                await DATABASE.run(self._see, incoming)
            yield piece
        meter.end()

    def _see(self, incoming: Incoming) -> None:
        with self._database.write() as session:
            repository.see_intake(session, incoming.folder)

    def _inspect(self, incoming: Incoming) -> MediaInfo:
        try:
            with self._spool.copy_of(self._blobs, incoming.key, patience=ROOM_PATIENCE, sha256=incoming.sha256) as path:
                return self._decoder.inspect(path)
        except SpoolFull as error:
            raise no_spool() from error
        except TransientJobError as error:
            detail = f"The recording could not be looked at: {error.detail}."
            raise RequestError(Code.INTERNAL, detail, status=503, retry_after=RETRY_AFTER) from error
        except JobError as error:
            raise refused(error.code, error.detail) from error


class _Meter:
    """Size, hash and time of what comes in."""

    def __init__(self, incoming: Incoming, settings: Settings) -> None:
        self._incoming = incoming
        self._most = settings.media_max_bytes
        self._digest = hashlib.sha256()
        self._seen = time.monotonic()

    def count(self, piece: bytes) -> None:
        self._incoming.size += len(piece)
        check_size(self._incoming.size, self._most)
        if self._incoming.room is not None and self._incoming.size > self._incoming.room:
            raise NoRoom(self._incoming.size - self._incoming.room)
        self._digest.update(piece)

    def is_to_be_seen(self) -> bool:
        """Whether it is time to say that this goes on."""
        moment = time.monotonic()
        if moment - self._seen < SEEN_EVERY:
            return False
        self._seen = moment
        return True

    def end(self) -> None:
        if self._incoming.size == 0:
            raise refused(Code.MEDIA_EMPTY, "the file is empty")
        self._incoming.sha256 = self._digest.hexdigest()


def check_size(size: int, most: int) -> None:
    """Raise 17560, as a 413, for what is larger than a recording may be."""
    if size > most:
        raise refused(Code.MEDIA_TOO_LARGE, f"more than the {most} bytes that are allowed", status=413)


class NoRoom(RequestError):  # noqa: N818  a refusal
    """429 to a recording that its account cannot store now, for which `lacking` bytes must go."""

    def __init__(self, lacking: int, wait: float = STORAGE_WAIT) -> None:
        detail = "This account stores as much as it may, or would with this recording. Delete what is done with."
        super().__init__(Code.TOO_MANY_REQUESTS, detail, retry_after=max(1, math.ceil(wait)))
        self.lacking = lacking


def no_spool() -> RequestError:
    """503 where the disk has no room to work on a recording just now."""
    detail = "The server's disk has no room for a copy of the recording just now. Try again later."
    return RequestError(Code.INTERNAL, detail, status=503, retry_after=int(ROOM_PATIENCE))


@contextmanager
def answered(what: str) -> Iterator[None]:
    """Answer what goes wrong where something is made of a recording; `what` names that."""
    try:
        yield
    except SpoolFull as error:
        raise no_spool() from error
    except (BlobMissing, FileNotFoundError) as error:  # the latter in a folder, between its two looks
        raise RequestError(Code.NOT_FOUND, f"The audio of {what} is gone.") from error
    except BlobDamaged:  # an outage
        raise
    except TransientJobError as error:
        raise RequestError(Code.INTERNAL, f"The recording could not be converted: {error.detail}.") from error
    except JobError as error:
        raise refused(error.code, error.detail) from error


def refused(code: Code, detail: str, *, status: int | None = None) -> RequestError:
    """A recording that is not taken, and why."""
    text = f"{code.title}: {detail}."
    return RequestError(code, text, errors=[FieldError(text, MEDIA_POINTER)], status=status)


def sweep(database: Database, queue: WorkQueue) -> int:
    """Have erased what killed processes left of recordings that were coming in; how many there were."""
    with database.write() as session:
        stale = repository.stale_intakes(session, now() - STALE, SWEEP_BATCH)
        for intake in stale:
            erase(session, queue, intake.account_sid, None, intake.folder)
            session.delete(intake)
        return len(stale)


def erase(session: Session, queue: WorkQueue, account_sid: str, sid: str | None, folder: str) -> None:
    """Have a folder erased, durably, as part of the session's transaction; `sid` is the recording's that it was."""
    queue.enqueue(
        session,
        Queue.ERASURES,
        "RecordingWorkflows.erase_recording",
        f"erase_{folder.replace('/', '_')}",
        account_sid,
        account_sid,
        sid,
        folder,
    )

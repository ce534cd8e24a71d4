"""What is made of recordings when somebody asks for it, once each, and kept beside them in the blob store."""

import asyncio
import copy
import io
import math
import struct
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

from callscribe.errors import Code, JobError
from callscribe.media import mpeg
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.forms import SAMPLE_BYTES, Form, form_rate, mp3_bit_rate
from callscribe.media.peaks import PeakMeter, Peaks
from callscribe.media.spool import Spool
from callscribe.sealing import SealedReader, new_key, sealed_size, sealing
from callscribe.settings import Settings
from callscribe.waiting import STORE, within

PLACES = 2
"""Recordings that one server works on at the same time."""

ROOM_PATIENCE = 60.0
"""Seconds that somebody who asks for something waits for room in the spool."""

_PIECE = 1024 * 1024
_WAV_BYTES = 2**32 - 4096
"""What a WAV file can say that it has. By its rate it needs less, if the recording is as long as it says."""


@dataclass(frozen=True, slots=True)
class Original:
    """A recording in the blob store: `size` in bytes, `sample_rate` in Hz, `duration` in seconds, about."""

    key: str
    sha256: str | None
    size: int
    sample_rate: int
    duration: float


@dataclass(frozen=True, slots=True)
class Audio:
    """A blob with audio: `size` in bytes, and a tag that changes with its content, where that is known."""

    key: str
    size: int
    etag: str | None


class Derived:
    """Makes renditions and peaks; all who serve recordings share its places."""

    def __init__(self, blobs: BlobStore, decoder: Decoder, settings: Settings) -> None:
        self._blobs = blobs
        self._decoder = decoder
        self._spool = Spool.of(settings)
        self._makers = ThreadPoolExecutor(PLACES, thread_name_prefix="derived")
        self._places = asyncio.Semaphore(PLACES)
        self._making: dict[str, asyncio.Task[None]] = {}

    def over(self, blobs: BlobStore) -> "Derived":
        """The same, with the same places, for another view of the blob store."""
        view = copy.copy(self)
        view._blobs = blobs  # noqa: SLF001  of this class
        return view

    def close(self) -> None:
        """Give up what is being made."""
        self._decoder.close()
        self._makers.shutdown(cancel_futures=True)

    async def size(self, key: str) -> int | None:
        """Bytes of a blob; None where there is none."""
        return await STORE.run(self._size, key)

    def pieces(self, audio: Audio, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end`, the latter excluded."""
        return self._blobs.pieces(audio.key, start, end)

    async def once(self, key: str, make: Callable[[], None]) -> None:
        """Have `make` put a blob at a key where there is none.

        Raises:
            TimedOut: others are being made for too long.
            Exception: what `make` raises.
        """
        # Who asks for the same at the same time waits for the first, and fails with it.
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(self._make_missing(key, make))
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key))
        await asyncio.shield(making)

    def render(self, original: Original, key: str, form: Form, channels: int) -> None:
        """Put a recording in another form at a key; PCM as WAV.

        Raises:
            JobError: it cannot be decoded.
            BlobMissing, FileNotFoundError: it is gone; the latter in a folder, between two looks.
            SpoolFull: the disk has no room for it.
        """
        rate = form_rate(form, rate=original.sample_rate, channels=channels, duration=original.duration)
        each_second = SAMPLE_BYTES * rate * channels if form == Form.PCM else mp3_bit_rate(rate, channels) / 8
        # Room for all that is on the disk meanwhile: it, and a copy of what it is made of.
        copied = 0 if self._blobs.is_folder else original.size
        room = sealed_size(math.ceil(each_second * original.duration)) + copied
        # Without a name: nothing of it is left, however this ends. Sealed, so that what the disk frees has nothing.
        between = new_key()
        with (
            self._spool.room(room, account=original.key.partition("/")[0], patience=ROOM_PATIENCE),
            tempfile.TemporaryFile(dir=self._spool.folder) as file,
            self._blobs.local_path(original.key, self._spool.folder, sha256=original.sha256) as path,
        ):
            pieces = self._decoder.render(path, form=form, channels=channels, rate=rate)
            file.writelines(sealing(between, _limited(pieces) if form == Form.PCM else pieces))
            reader = SealedReader(file, between)
            with io.BufferedReader(reader, _PIECE) as rendered:
                if form == Form.PCM:
                    front = _wav_header(reader.size, channels, rate)
                else:
                    head = rendered.read(mpeg.HEADER_BYTES)
                    front = mpeg.info_frame(head, reader.size, mp3_bit_rate(rate, channels))
                    rendered.seek(0)
                self._blobs.put_stream(key, chain((front,), iter(lambda: rendered.read(_PIECE), b"")))

    def peaks(self, key: str, sha256: str | None) -> Peaks:
        """The peaks of a recording, which must have this hash. Raises what `render` raises."""
        meter = PeakMeter()
        with self._spool.copy_of(self._blobs, key, patience=ROOM_PATIENCE, sha256=sha256) as path:
            for window in self._decoder.windows(path):
                meter.push(window.samples)
        return meter.finish()

    def _size(self, key: str) -> int | None:
        try:
            return self._blobs.size(key)
        except BlobMissing:
            return None

    async def _make_missing(self, key: str, make: Callable[[], None]) -> None:
        if await self.size(key) is not None:
            return
        await within(self._places.acquire(), "others are being converted")
        try:
            await asyncio.get_running_loop().run_in_executor(self._makers, make)
        finally:
            self._places.release()


def _limited(samples: Iterator[bytes]) -> Iterator[bytes]:
    """Samples for a WAV file, which cannot be longer than 4 GiB."""
    written = 0
    for piece in samples:
        written += len(piece)
        if written > _WAV_BYTES:
            raise JobError(Code.MEDIA_UNDECODABLE, "the recording is far longer than it says")
        yield piece


def _wav_header(size: int, channels: int, rate: int) -> bytes:
    """What a WAV file has before so many bytes of PCM."""
    frame = SAMPLE_BYTES * channels
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, rate * frame, frame, 8 * SAMPLE_BYTES)
    data = struct.pack("<4sI", b"data", size)
    return struct.pack("<4sI4s", b"RIFF", 4 + len(form) + len(data) + size, b"WAVE") + form + data

"""The audio of a recording as it is delivered: as it came in where that fits, else in a form that is made once."""

import asyncio
import math
import tempfile
import wave
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO

from callscribe.errors import Code, JobError, RequestError, TransientJobError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.forms import SAMPLE_BYTES, Form, form_rate, mp3_bit_rate
from callscribe.media.inspecting import WAV
from callscribe.media.spool import Room, Spool, SpoolFull
from callscribe.recordings import keys
from callscribe.recordings.intake import ROOM_PATIENCE, no_spool, refused
from callscribe.recordings.tables import Recording
from callscribe.settings import Settings
from callscribe.waiting import STORE, within

RENDITIONS = 2
"""Renditions that one server makes at the same time."""

_PIECE = 1024 * 1024
_WAV_BYTES = 2**32 - 4096
"""What a WAV file can say that it has. By its rate it needs less, if the recording is as long as it says."""


class Extension(StrEnum):
    """What a recording can be asked for as."""

    WAV = "wav"
    MP3 = "mp3"

    @property
    def media_type(self) -> str:
        """The type that players know."""
        return "audio/mpeg" if self == Extension.MP3 else "audio/wav"


@dataclass(frozen=True, slots=True)
class Audio:
    """A blob with audio: `size` in bytes, and a tag that changes with its content."""

    key: str
    size: int
    etag: str


class RecordingMedia:
    """Finds or makes the audio of recordings. `exists` is whether a recording is still there."""

    def __init__(
        self, blobs: BlobStore, decoder: Decoder, settings: Settings, exists: Callable[[Recording], bool]
    ) -> None:
        self._blobs = blobs
        self._decoder = decoder
        self._spool = Spool.of(settings)
        self._exists = exists
        self._makers = ThreadPoolExecutor(RENDITIONS, thread_name_prefix="rendition")
        self._places = asyncio.Semaphore(RENDITIONS)
        self._making: dict[str, asyncio.Task[None]] = {}

    def close(self) -> None:
        """Give up what is being made."""
        self._decoder.close()
        self._makers.shutdown(cancel_futures=True)

    async def audio(self, row: Recording, extension: Extension, channels: int | None) -> Audio:
        """The recording in a form; `channels` None is as it was recorded.

        Raises:
            RequestError: 20404 where its audio is not here, 16113 for two channels of a recording that has one, 17558
                where it cannot be decoded.
        """
        if row.blobs is None or row.sha256 is None:
            raise RequestError(Code.NOT_FOUND, f"The audio of recording {row.sid} is not on this server.")
        wanted = channels or row.channels
        if wanted > row.channels:
            detail = f"Recording {row.sid} has one channel; it cannot be fetched with two."
            raise RequestError.at("/RequestedChannels", Code.RECORDING_MONO, detail)
        # Other codecs than Twilio's are not what players expect behind `.wav`.
        plain = row.codec not in WAV.extended or row.codec == row.container
        if row.container == extension.value and plain and wanted == row.channels:
            key, etag = keys.media(row.blobs), f'"{row.sha256}"'
        else:
            name = f"{wanted}.{extension}"
            key, etag = keys.rendition(row.blobs, name), f'"{row.sha256}-{name}"'
            await self._make_once(row, key, extension, wanted)
        size = await STORE.run(self._size, key)
        if size is None:
            raise RequestError(Code.NOT_FOUND, f"The audio of recording {row.sid} is gone.")
        return Audio(key, size, etag)

    def pieces(self, audio: Audio, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end`, the latter excluded."""
        return self._blobs.pieces(audio.key, start, end)

    def _size(self, key: str) -> int | None:
        try:
            return self._blobs.size(key)
        except BlobMissing:
            return None

    async def _make_once(self, row: Recording, key: str, extension: Extension, channels: int) -> None:
        # Who asks for the same at the same time waits for the first, and fails with it.
        making = self._making.get(key)
        if making is None:
            making = asyncio.create_task(self._make_missing(row, key, extension, channels))
            self._making[key] = making
            making.add_done_callback(lambda _: self._making.pop(key))
        await asyncio.shield(making)

    async def _make_missing(self, row: Recording, key: str, extension: Extension, channels: int) -> None:
        if await STORE.run(self._size, key) is not None:
            return
        await within(self._places.acquire(), "others are being converted")
        try:
            await asyncio.get_running_loop().run_in_executor(self._makers, self._make, row, key, extension, channels)
        finally:
            self._places.release()

    def _make(self, row: Recording, key: str, extension: Extension, channels: int) -> None:
        try:
            self._render(row, key, extension, channels)
        except SpoolFull as error:
            raise no_spool() from error
        except (BlobMissing, FileNotFoundError) as error:  # the latter in a folder, between its two looks
            raise RequestError(Code.NOT_FOUND, f"The audio of recording {row.sid} is gone.") from error
        if not self._exists(row):  # deleted meanwhile, perhaps behind the erasure's last look
            assert row.blobs is not None
            self._blobs.delete_prefix(row.blobs)

    def _render(self, row: Recording, key: str, extension: Extension, channels: int) -> None:
        assert row.blobs is not None
        assert row.sample_rate is not None
        form = Form.MP3 if extension == Extension.MP3 else Form.PCM
        rate = form_rate(form, rate=row.sample_rate, channels=channels, duration=row.duration or 0.0)
        # Without a name: nothing of it is left, however this ends.
        with (
            self._room(row, form, rate, channels),
            tempfile.TemporaryFile(dir=self._spool.folder) as file,
            self._blobs.local_path(keys.media(row.blobs), self._spool.folder, sha256=row.sha256) as path,
        ):
            pieces = self._decoder.render(path, form=form, channels=channels, rate=rate)
            try:
                if form == Form.PCM:
                    _write_wav(file, pieces, channels, rate)
                else:
                    file.writelines(pieces)
            except TransientJobError as error:
                raise RequestError(Code.INTERNAL, f"The recording could not be converted: {error.detail}.") from error
            except JobError as error:
                raise refused(error.code, error.detail) from error
            file.seek(0)
            self._blobs.put_stream(key, iter(lambda: file.read(_PIECE), b""))

    def _room(self, row: Recording, form: Form, rate: int, channels: int) -> AbstractContextManager[Room]:
        """Room for all that is on the disk while a rendition is made: it, and a copy of what it is made of."""
        each_second = SAMPLE_BYTES * rate * channels if form == Form.PCM else mp3_bit_rate(rate, channels) / 8
        size = math.ceil(each_second * (row.duration or 0.0))
        copy = 0 if self._blobs.is_folder else row.size or 0
        return self._spool.room(size + copy, account=row.account_sid, patience=ROOM_PATIENCE)


def _write_wav(file: BinaryIO, samples: Iterator[bytes], channels: int, rate: int) -> None:
    with wave.open(file, "wb") as output:
        output.setnchannels(channels)
        output.setsampwidth(SAMPLE_BYTES)
        output.setframerate(rate)
        written = 0
        for piece in samples:
            written += len(piece)
            if written > _WAV_BYTES:
                raise JobError(Code.MEDIA_UNDECODABLE, "the recording is far longer than it says")
            output.writeframesraw(piece)

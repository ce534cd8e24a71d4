"""The audio of a recording as it is delivered: as it came in where that fits, else in a form that is made once."""

from collections.abc import AsyncIterator, Callable
from enum import StrEnum

from callscribe.errors import Code, RequestError
from callscribe.media.blobs import BlobStore
from callscribe.media.derived import Audio, Derived, Original
from callscribe.media.forms import Form
from callscribe.media.inspecting import WAV
from callscribe.recordings import keys
from callscribe.recordings.intake import answered
from callscribe.recordings.tables import Recording


class Extension(StrEnum):
    """What a recording can be asked for as."""

    WAV = "wav"
    MP3 = "mp3"

    @property
    def media_type(self) -> str:
        """The type that players know."""
        return "audio/mpeg" if self == Extension.MP3 else "audio/wav"


class RecordingMedia:
    """Finds or makes the audio of recordings. `exists` is whether a recording is still there."""

    def __init__(self, blobs: BlobStore, derived: Derived, exists: Callable[[Recording], bool]) -> None:
        self._blobs = blobs
        self._derived = derived
        self._exists = exists

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
            await self._derived.once(key, lambda: self._make(row, key, extension, wanted))
        size = await self._derived.size(key)
        if size is None:
            raise RequestError(Code.NOT_FOUND, f"The audio of recording {row.sid} is gone.")
        return Audio(key, size, etag)

    def pieces(self, audio: Audio, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end`, the latter excluded."""
        return self._derived.pieces(audio, start, end)

    def _make(self, row: Recording, key: str, extension: Extension, channels: int) -> None:
        assert row.blobs is not None
        assert row.sample_rate is not None
        media = keys.media(row.blobs)
        original = Original(media, row.sha256, row.size or 0, row.sample_rate, row.duration or 0.0)
        with answered(f"recording {row.sid}"):
            self._derived.render(original, key, Form.MP3 if extension == Extension.MP3 else Form.PCM, channels)
        if not self._exists(row):  # deleted meanwhile, perhaps behind the erasure's last look
            self._blobs.delete_prefix(row.blobs)

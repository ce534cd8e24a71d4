"""What is made of a transcription's recording for those who listen to it: a form that browsers play, and its peaks."""

from collections.abc import AsyncIterator, Callable
from functools import partial

from callscribe.errors import Code, RequestError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.derived import Audio, Derived, Original
from callscribe.media.forms import Form
from callscribe.media.playing import RENDERED, played_as
from callscribe.recordings.intake import answered
from callscribe.transcriptions import keys
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.documents import InspectedMedia
from callscribe.transcriptions.results import check_kept
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription
from callscribe.waiting import STORE

RETRY_AFTER = 2
"""Seconds after which to ask again for what a job has not come to yet, or for its end."""


class TranscriptionMedia:
    """Finds or makes them. `has_media` is whether a transcription is still there, and its recording not erased."""

    def __init__(self, blobs: BlobStore, derived: Derived, has_media: Callable[[Transcription], bool]) -> None:
        self._blobs = blobs
        self._checkpoints = Checkpoints(blobs)
        self._derived = derived
        self._has_media = has_media

    async def playable(self, row: Transcription) -> tuple[Audio, str]:
        """The recording in a form that browsers play, and its media type: as it came, or rendered once.

        Raises:
            RequestError: 20404, it is not here or cannot be played; with 410 where it was erased since its time was
                over. 17558 where it turns out that it cannot be decoded.
        """
        info = self._looked_at(row)
        key, form = keys.media(row.blobs), ""
        media_type = played_as(info.container, info.codec, regular=info.regular)
        if media_type is None:
            key, form, media_type = keys.playable(row.blobs), "-playable", RENDERED
            await self._derived.once(key, partial(self._render, row, info, key))
        size = await self._derived.size(key)
        if size is None:
            raise _gone(row)
        return Audio(key, size, row.media_sha256 and f'"{row.media_sha256}{form}"'), media_type

    def pieces(self, audio: Audio, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes `start` to `end`, the latter excluded."""
        return self._derived.pieces(audio, start, end)

    async def peaks(self, row: Transcription) -> bytes:
        """The peaks of the recording, as JSON. Its job makes them; they are made here for those who come before that.

        Raises:
            RequestError: as for `playable`.
        """
        self._looked_at(row)
        key = keys.peaks(row.blobs)
        await self._derived.once(key, partial(self._find_peaks, row, key))
        try:
            return await STORE.run(self._blobs.get_document, key)
        except BlobMissing as error:
            raise _gone(row) from error

    def _looked_at(self, row: Transcription) -> InspectedMedia:
        check_kept(row, "recording", row.media_erased_at)
        ended = row.status.is_final
        if row.media_info is None or (row.status == Status.FAILED and row.duration is None):
            why = "could not be read" if ended else "has not been looked at yet"
            detail = f"The recording of {row.id} {why}."
            raise RequestError(Code.NOT_FOUND, detail, retry_after=None if ended else RETRY_AFTER)
        return row.media_info

    def _render(self, row: Transcription, info: InspectedMedia, key: str) -> None:
        media = keys.media(row.blobs)
        with answered(row.id):
            size = self._blobs.size(media)
            original = Original(media, row.media_sha256, size, info.sample_rate, row.duration or info.duration)
            self._derived.render(original, key, Form.MP3, info.channels)
        self._keep(row, key)

    def _find_peaks(self, row: Transcription, key: str) -> None:
        with answered(row.id):
            self._checkpoints.put_peaks(row, self._derived.peaks(keys.media(row.blobs), row.media_sha256))
        self._keep(row, key)

    def _keep(self, row: Transcription, key: str) -> None:
        if not self._has_media(row):  # erased meanwhile, perhaps behind the erasure's last look
            self._blobs.delete(key)


def _gone(row: Transcription) -> RequestError:
    return RequestError(Code.NOT_FOUND, f"There is no media of {row.id}.")

"""A transcription's recording for those who listen to it: as it came, in a form that browsers play, and its peaks.

Of a job that redacts it is the redacted one. The original, where it is kept, is sealed, and so is what is made of it.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from callscribe.db.url_credentials import Cipher
from callscribe.errors import Code, RequestError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.derived import Audio, Derived, Original
from callscribe.media.forms import Form
from callscribe.media.playing import RENDERED, played_as
from callscribe.recordings.intake import answered
from callscribe.transcriptions import keys
from callscribe.transcriptions.checkpoints import peaks_document
from callscribe.transcriptions.documents import InspectedMedia
from callscribe.transcriptions.results import RETRY_AFTER, check_heard, check_kept, check_original
from callscribe.transcriptions.sealed import store_of
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Transcription
from callscribe.waiting import STORE

AS_FETCHED = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Listened:
    """Audio that is answered, its media type, and its bytes from a position to another, the latter excluded."""

    audio: Audio
    media_type: str
    pieces: Callable[[int, int], AsyncIterator[bytes]]


@dataclass(frozen=True, slots=True)
class _Source:
    """A recording that may be heard: where it is, and what it is, once that is known."""

    folder: str
    sha256: str | None
    info: InspectedMedia | None
    blobs: BlobStore
    derived: Derived


class TranscriptionMedia:
    """Finds or makes them. `has_media` is whether a transcription is still there, and its recording not erased."""

    def __init__(
        self,
        blobs: BlobStore,
        derived: Derived,
        has_media: Callable[[Transcription], bool],
        cipher: Cipher | None = None,
    ) -> None:
        self._blobs = blobs
        self._derived = derived
        self._has_media = has_media
        self._cipher = cipher

    async def as_fetched(self, row: Transcription, *, original: bool = False) -> Listened:
        """The recording as it was fetched; of a job that redacts as it came of that, or the `original`.

        Raises:
            RequestError: 20404, it is not fetched or not redacted yet, was erased, or its original is not kept; with
                410 where that was since its time was over.
        """
        source = self._source(row, original=original)
        return await _listened(row, source, keys.media(source.folder), AS_FETCHED)

    async def playable(self, row: Transcription, *, original: bool = False) -> Listened:
        """The recording in a form that browsers play: as it came, or rendered once.

        Raises:
            RequestError: as for `as_fetched`, also where it cannot be played. 17558 where it turns out that it cannot
                be decoded.
        """
        source = self._source(row, original=original)
        info = _looked_at(row, source)
        key, form = keys.media(source.folder), ""
        media_type = played_as(info.container, info.codec, regular=info.regular)
        if media_type is None:
            key, form, media_type = keys.playable(source.folder), "-playable", RENDERED
            await source.derived.once(key, partial(self._render, row, source, info, key))
        return await _listened(row, source, key, media_type, form)

    async def peaks(self, row: Transcription, *, original: bool = False) -> bytes:
        """The peaks of the recording, as JSON. Its job makes them; they are made here for those who come before that.

        Raises:
            RequestError: as for `playable`.
        """
        source = self._source(row, original=original)
        _looked_at(row, source)
        key = keys.peaks(source.folder)
        await source.derived.once(key, partial(self._find_peaks, row, source, key))
        try:
            return await STORE.run(source.blobs.get_document, key)
        except BlobMissing as error:
            raise _gone(row) from error

    def _source(self, row: Transcription, *, original: bool) -> _Source:
        check_kept(row, "recording", row.media_erased_at)
        if original and check_original(row) and row.original_audio is not None:
            store = store_of(row, self._blobs, self._cipher)
            was = row.original_audio
            return _Source(row.blobs, was.sha256, was.info, store, self._derived.over(store))
        check_heard(row)
        return _Source(row.audio, row.media_sha256, row.media_info, self._blobs, self._derived)

    def _render(self, row: Transcription, source: _Source, info: InspectedMedia, key: str) -> None:
        media = keys.media(source.folder)
        with answered(row.id):
            size = source.blobs.size(media)
            original = Original(media, source.sha256, size, info.sample_rate, row.duration or info.duration)
            source.derived.render(original, key, Form.MP3, info.channels)
        self._keep(row, key)

    def _find_peaks(self, row: Transcription, source: _Source, key: str) -> None:
        with answered(row.id):
            found = source.derived.peaks(keys.media(source.folder), source.sha256)
            source.blobs.put_document(key, peaks_document(found))
        self._keep(row, key)

    def _keep(self, row: Transcription, key: str) -> None:
        if not self._has_media(row):  # erased meanwhile, perhaps behind the erasure's last look
            self._blobs.delete(key)


async def _listened(row: Transcription, source: _Source, key: str, media_type: str, form: str = "") -> Listened:
    """What a source has at a key; `form` tells it from the source's other forms, for caches."""
    size = await source.derived.size(key)
    if size is None:
        raise _gone(row)
    audio = Audio(key, size, source.sha256 and f'"{source.sha256}{form}"')
    return Listened(audio, media_type, partial(source.derived.pieces, audio))


def _looked_at(row: Transcription, source: _Source) -> InspectedMedia:
    ended = row.status.is_final
    if source.info is None or (row.status == Status.FAILED and row.duration is None):
        why = "could not be read" if ended else "has not been looked at yet"
        detail = f"The recording of {row.id} {why}."
        raise RequestError(Code.NOT_FOUND, detail, retry_after=None if ended else RETRY_AFTER)
    return source.info


def _gone(row: Transcription) -> RequestError:
    return RequestError(Code.NOT_FOUND, f"There is no media of {row.id}.")

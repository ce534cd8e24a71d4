"""What a transcription has in the blob store, as it is answered."""

import re
from collections.abc import Sequence
from datetime import datetime

from pydantic_core import to_json

from callscribe.db.url_credentials import Cipher
from callscribe.errors import Code, RequestError
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.derived import Audio
from callscribe.transcriptions import keys
from callscribe.transcriptions.checkpoints import Checkpoints, participants_by_channel
from callscribe.transcriptions.schemas import TranscriptResource, notices_of
from callscribe.transcriptions.sealed import store_of
from callscribe.transcriptions.status import Status
from callscribe.transcriptions.tables import Chunk, Transcription, TranscriptVersion
from callscribe.transcriptions.versions import Versioned, versioned
from callscribe.transcripts.formats import Format
from callscribe.transcripts.models import TRANSCRIPT, Transcript
from callscribe.transcripts.statistics import statistics
from callscribe.transcripts.wire import StatisticsResource

RETRY_AFTER = 2
"""Seconds after which to ask again for what a job has not come to yet, or for its end."""

_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")


def preferred_format(accept: str) -> Format:
    """The format that an `Accept` header likes best (RFC 9110, section 12.5.1); JSON where it names none of them."""
    weights: dict[Format, float] = {}
    for part in accept.split(","):
        media_type, *parameters = (each.strip().lower() for each in part.split(";"))
        quality = next((each[2:] for each in parameters if each.startswith("q=")), "1")
        for format_ in Format:
            if media_type == format_.media_type and _QUALITY.fullmatch(quality) and float(quality) > 0:
                weights[format_] = float(quality)
    return max(weights, key=weights.__getitem__, default=Format.JSON)


class Results:
    """Transcripts and recordings from the blob store. `cipher` decrypts the keys of jobs that redact."""

    def __init__(self, blobs: BlobStore, cipher: Cipher | None = None) -> None:
        self._blobs = blobs
        self._cipher = cipher
        self._checkpoints = Checkpoints(blobs, cipher)

    def original(self, row: Transcription) -> Transcript:
        """The transcript of a completed transcription, as it was recognised, or redacted where the job does so.

        Raises:
            RequestError: 20404; with 410 where it was erased since its time was over.
        """
        check_kept(row, "transcript", row.transcript_erased_at)
        try:
            data = self._blobs.get_document(keys.transcript(row.blobs))
        except BlobMissing as error:
            raise RequestError(Code.NOT_FOUND, f"The transcript of {row.id} is gone.") from error
        return TRANSCRIPT.validate_json(data)

    def in_version(self, row: Transcription, versions: Sequence[TranscriptVersion]) -> Transcript:
        """The same in the version that the last of these makes, which are all from the first on.

        Raises:
            RequestError: as for `original`.
        """
        return versioned(row, self.original(row), versions).transcript

    def transcript(self, row: Transcription, versions: Sequence[TranscriptVersion], format_: Format) -> bytes:
        """The same as it is answered.

        Raises:
            RequestError: as for `original`.
        """
        return _rendered(row, versioned(row, self.original(row), versions), format_)

    def unredacted(self, row: Transcription, format_: Format) -> bytes:
        """The original of a transcript that was redacted, as it was recognised; its only version.

        Raises:
            RequestError: 20404, there is none; with 410 where it was not kept, or erased since its time was over.
        """
        check_kept(row, "transcript", row.transcript_erased_at)
        if not check_original(row):
            return self.transcript(row, (), format_)
        try:
            data = store_of(row, self._blobs, self._cipher).get_document(keys.original(row.blobs))
        except BlobMissing as error:
            raise RequestError(Code.NOT_FOUND, f"The original of {row.id} is gone.") from error
        version = versioned(row, TRANSCRIPT.validate_json(data), ())
        if format_ == Format.JSON:
            return _document(row, version, figures(row, version.transcript))
        return _rendered(row, version, format_)

    def transcript_so_far(self, row: Transcription, chunks: Sequence[Chunk], format_: Format) -> bytes | None:
        """What a running transcription has by now; None where there is nothing, since it has ended meanwhile, say.

        Nothing of a job that redacts: it does so once it has all of it.
        """
        if not chunks or row.is_withheld:
            return None
        try:
            transcript = self._checkpoints.transcript_so_far(row, chunks)
        except BlobMissing:
            return None
        return _rendered(row, versioned(row, transcript, ()), format_)

    def media(self, row: Transcription) -> Audio:
        """The recording as it was fetched, or redacted where the job does so.

        Raises:
            RequestError: 20404, it is not fetched yet, not redacted yet, or was erased; with 410 where that was since
                its time was over.
        """
        check_kept(row, "recording", row.media_erased_at)
        check_heard(row)
        key = keys.media(row.audio)
        try:
            return Audio(key, self._blobs.size(key), row.media_sha256 and f'"{row.media_sha256}"')
        except BlobMissing as error:
            raise RequestError(Code.NOT_FOUND, f"There is no media of {row.id}.") from error


def check_kept(row: Transcription, what: str, erased_at: datetime | None) -> None:
    """Raise 20404 with 410 for what was erased since its time was over."""
    if erased_at is not None:
        detail = f"The {what} of {row.id} was erased on {erased_at:%Y-%m-%d}, when its time was over."
        raise RequestError(Code.NOT_FOUND, detail, status=410)


def check_heard(row: Transcription) -> None:
    """Raise 20404 for the recording of a job that redacts, and has not come to that."""
    if not row.is_withheld:
        return
    if row.status.is_final:
        detail = f"The recording of {row.id} was to be redacted, which it never came to; it was not kept."
        raise RequestError(Code.NOT_FOUND, detail)
    detail = f"The recording of {row.id} can be heard once it is redacted, with the end of the job."
    raise RequestError(Code.NOT_FOUND, detail, retry_after=RETRY_AFTER)


def check_original(row: Transcription) -> bool:
    """Whether there is an original beside what everybody may read and hear; not where nothing was redacted.

    Raises:
        RequestError: 20404, the job has not come to that; with 410 where the original was not kept.
    """
    asked = row.redaction
    if asked is None:
        return False
    if row.status != Status.COMPLETED:
        detail = f"Transcription {row.id} is {row.status}; there is nothing of its original to be read."
        raise RequestError(Code.NOT_FOUND, detail, retry_after=None if row.status.is_final else RETRY_AFTER)
    if not asked.keeps_original:
        detail = f"The original of {row.id} was erased with the end of the job, as its policy `{asked.policy}` says."
        raise RequestError(Code.NOT_FOUND, detail, status=410)
    if row.sealing_key is None:  # the account's key was erased, and with it that of the job
        raise RequestError(Code.NOT_FOUND, f"The original of {row.id} is gone.")
    return True


def _rendered(row: Transcription, version: Versioned, format_: Format) -> bytes:
    if format_ == Format.JSON:
        return _document(row, version, _figures_of(row, version))
    names = {position: each.called for position, each in enumerate(version.participants) if each.called}
    return format_.render(version.transcript, names or None, notices_of(row, version.transcript))


def _document(row: Transcription, version: Versioned, known: StatisticsResource | None) -> bytes:
    return to_json(TranscriptResource.of(row, version, known), by_alias=True)


def _figures_of(row: Transcription, version: Versioned) -> StatisticsResource | None:
    """The figures of a version: those in the row where it is the latest. None while the job runs."""
    if not row.status.is_final:
        return None  # what is not recognised yet would count as silence
    is_latest = version.corrected.version == (row.transcript_version or 0)
    return (row.statistics if is_latest else None) or figures(row, version.transcript)


def figures(row: Transcription, transcript: Transcript) -> StatisticsResource:
    """Figures for a call that is recognised as a whole."""
    return StatisticsResource.of(statistics(transcript, participants_by_channel(row, transcript.channels)))

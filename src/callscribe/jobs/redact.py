"""What a job becomes that redacts: its text with labels, its audio without the secrets, its original sealed or gone.

Everything is written before the transaction that ends the job, and under names that nobody reads until then. What was
sealed can be read as long as the job has its key, which that transaction takes away.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callscribe.jobs.hearing_again import Listening, muted, stretches_of, widened
from callscribe.jobs.job_tracker import JobTracker
from callscribe.jobs.replacing import FOLDER, Audible, AudioChanged, Replacement, Replacing
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.decoding import Decoder
from callscribe.media.forms import Form
from callscribe.media.muting import CODEC, CONTAINER, TONE_LEVEL, Muted, muted_flac
from callscribe.media.peaks import FULL_SCALE
from callscribe.redaction.masking import Spot, redacted
from callscribe.redaction.policy import Muting, Redaction
from callscribe.speech.engines.registry import Engines
from callscribe.speech.interface import OnLanguageMismatch, RecognitionOptions
from callscribe.speech.languages import MULTI
from callscribe.speech.segmentation import SEGMENTATION, Segmentation
from callscribe.transcriptions import keys
from callscribe.transcriptions.checkpoints import Checkpoints
from callscribe.transcriptions.documents import InspectedMedia, OriginalAudio
from callscribe.transcriptions.sealed import copy_into
from callscribe.transcriptions.tables import Transcription
from callscribe.transcripts.models import TRANSCRIPT, Transcript


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text that is left, the columns that say where the rest is, and the bytes that the original's text takes.

    `replacement` is what takes the place of its recording's audio.
    """

    transcript: Transcript
    columns: dict[str, Any] = field(default_factory=dict)
    original_bytes: int = 0
    replacement: Replacement | None = None


@dataclass(eq=False)
class Redactor:
    """Redacts jobs at their end. Doing so twice writes the same."""

    _blobs: BlobStore
    _checkpoints: Checkpoints
    _decoder: Decoder
    _engines: Engines
    _tracker: JobTracker
    _replacing: Replacing

    def redact(self, row: Transcription, transcript: Transcript) -> Redacted:
        """A job's transcript and recording as they may be read and heard; as they are where it does not redact.

        Raises:
            AudioChanged: to be done once more, for another job has redacted the recording's audio meanwhile.
            Cancelled: the job is not wanted any more.
            JobError: its recording cannot be decoded or recognised.
        """
        asked = row.redaction
        current = self._replacing.current(row)
        if asked is None:
            return Redacted(transcript, {} if current is None else self._followed(row, current))
        names = [each.name for each in row.participants if each.name]
        masked = redacted(transcript, asked, names, timed=transcript.words_timed)
        store = self._checkpoints.store(row)
        kept = 0
        if asked.keeps_original:
            kept = store.put_document(keys.original(row.blobs), TRANSCRIPT.dump_json(transcript))
        stretches = self._muted(row, asked, masked.transcript, masked.spots) if asked.mutes and masked.spots else []
        replacement = None
        if stretches:
            audible = self._put_muted(row, asked, stretches, current)
            replacement = self._replacing.prepare(row, audible, current.sha256 if current else row.media_sha256)
            columns = audible.columns(FOLDER)
            if asked.keeps_original and current is None and row.media_info is not None:
                size = store.size(keys.media(row.blobs))
                columns["original_audio"] = OriginalAudio(info=row.media_info, sha256=row.media_sha256, size=size)
                columns["media_bytes"] += size
        elif current is not None:
            columns = self._followed(row, current)
        else:
            columns = self._opened(row)
        if not asked.keeps_original:
            columns["sealing_key"] = None
        return Redacted(masked.transcript, columns, kept, replacement)

    def _followed(self, row: Transcription, current: Audible) -> dict[str, Any]:
        """The columns of a job whose recording was redacted by another, which holds for its audio as well."""
        return self._replacing.follow(row, current).columns(FOLDER)

    def _opened(self, row: Transcription) -> dict[str, Any]:
        """The recording as it was fetched for everybody to hear, where there is nothing that they may not."""
        store, folder = self._checkpoints.store(row), f"{row.blobs}/{FOLDER}"
        copy_into(self._blobs, keys.media(row.blobs), keys.media(folder), of=store)
        self._blobs.put_document(keys.peaks(folder), store.get_document(keys.peaks(row.blobs)))
        return {"audio_folder": FOLDER, "media_bytes": self._blobs.size(keys.media(folder))}

    def _muted(
        self, row: Transcription, asked: Redaction, transcript: Transcript, spots: Sequence[Spot]
    ) -> list[Muted]:
        """What is not to be heard: the spots, as wide as it takes for nothing of them to be understood."""
        segmentation = SEGMENTATION.validate_python(self._checkpoints.segmentation(row))
        stretches = stretches_of(spots, _channels(row, segmentation))
        engine = self._engines.serving(row.served_by)
        if engine.takes == "recordings":  # it may be paid for, and takes no less than a whole recording
            return muted(stretches)
        options = row.resolved_configuration
        listening = Listening(
            self._decoder,
            self._fetched(row),
            engine,
            row.served_by.model,
            RecognitionOptions(
                language=None if options.language == MULTI else options.language,
                models=options.language_models or {},
                owner=row.account_sid,
                on_language_mismatch=OnLanguageMismatch.FOLLOW,
                verbatim=bool(options.verbatim),
            ),
            transcript,
            {each.channel: each.gain for each in segmentation.channels},
            self._tracker.cancellation(row.id),
        )
        others = not segmentation.copies
        return muted(widened(listening, stretches, others=others, tone=asked.audio is Muting.TONE))

    def _put_muted(
        self, row: Transcription, asked: Redaction, stretches: Sequence[Muted], current: Audible | None
    ) -> Audible:
        """The recording without what is muted, with its peaks; of what another job has left of it, where one has."""
        info = row.media_info if current is None else current.info
        assert info is not None  # a job that was not looked at has no transcript
        tone, folder = asked.audio is Muting.TONE, f"{row.blobs}/{FOLDER}"
        if current is None:
            path = self._fetched(row)
            peaks = json.loads(self._checkpoints.store(row).get_document(keys.peaks(row.blobs)))
            _flatten(peaks, stretches, round(TONE_LEVEL * FULL_SCALE) if tone else 0)
            self._blobs.put_document(keys.peaks(folder), json.dumps(peaks, separators=(",", ":")).encode())
        else:  # its peaks are made when somebody asks for them
            try:
                path = self._tracker.local_path(row.id, current.key, current.sha256)
            except BlobMissing as error:
                raise AudioChanged(f"the recording of {row.id} has other audio, or none") from error
        pieces = self._decoder.render(path, form=Form.PCM, channels=info.channels, rate=info.sample_rate)
        encoded = muted_flac(
            pieces,
            channels=info.channels,
            rate=info.sample_rate,
            seconds=row.duration or info.duration,
            stretches=stretches,
            tone=tone,
        )
        key = keys.media(folder)
        sha256 = _put_hashed(self._blobs, key, encoded)
        seconds = row.duration or info.duration
        return Audible(key, _as_flac(info, seconds), sha256, self._blobs.size(key))

    def _fetched(self, row: Transcription) -> Path:
        """The recording as it was fetched, in a file that is sealed."""
        store = self._checkpoints.store(row)
        return self._tracker.local_path(row.id, keys.media(row.blobs), row.media_sha256, blobs=store)


def _put_hashed(blobs: BlobStore, key: str, pieces: Iterable[bytes]) -> str:
    digest = hashlib.sha256()

    def hashed() -> Iterator[bytes]:
        for piece in pieces:
            digest.update(piece)
            yield piece

    blobs.put_stream(key, hashed())
    return digest.hexdigest()


def _channels(row: Transcription, segmentation: Segmentation) -> Callable[[int], Iterable[int]]:
    """The channels of the file on which a channel's party is heard: both, where one is the other's copy."""
    number = row.media_info.channels if row.media_info else 1
    return lambda channel: range(number) if segmentation.copies else (channel,)


def _as_flac(info: InspectedMedia, seconds: float) -> InspectedMedia:
    return info.model_copy(update={"container": CONTAINER, "codec": CODEC, "duration": seconds, "regular": True})


def _flatten(peaks: dict[str, Any], stretches: Iterable[Muted], level: int) -> None:
    """Draw what is muted as it is heard, in peaks as they are answered."""
    seconds = peaks["secondsPerPeak"]
    for each in stretches:
        heights = peaks["channels"][each.channel]
        for place in range(int(each.start / seconds), min(len(heights), int(each.end / seconds) + 1)):
            heights[place] = level

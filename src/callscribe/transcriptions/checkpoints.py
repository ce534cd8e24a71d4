"""What a running job has in the blob store: where speech is, the words of each chunk; and the transcript they make."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import ConfigDict, TypeAdapter
from pydantic_core import to_json

from callscribe.db.url_credentials import Cipher
from callscribe.media.blobs import BlobMissing, BlobStore
from callscribe.media.peaks import Peaks
from callscribe.speech.diarization.turns import SpeakerRange, SpeakerTurn
from callscribe.speech.interface import Segment
from callscribe.transcriptions import keys
from callscribe.transcriptions.schemas import PeaksResource
from callscribe.transcriptions.sealed import store_of
from callscribe.transcriptions.tables import Chunk, Transcription
from callscribe.transcripts.assembly import assemble, models_used
from callscribe.transcripts.models import Diarization, Transcript

_SEGMENTS = TypeAdapter(list[Segment], config=ConfigDict(hide_input_in_errors=True))  # or the log had their texts


class Checkpoints:
    """Reads and writes them, sealed where the job redacts: `cipher` decrypts the key.

    The segmentation is plain values here: a reader needs none of its library.
    """

    def __init__(self, blobs: BlobStore, cipher: Cipher | None = None) -> None:
        self._blobs = blobs
        self._cipher = cipher

    def put_peaks(self, row: Transcription, peaks: Peaks) -> bytes:
        """Keep the peaks of the recording as it was fetched, as they are answered; returned."""
        document = peaks_document(peaks)
        self.store(row).put_document(keys.peaks(row.blobs), document)
        return document

    def put_segmentation(self, row: Transcription, segmentation: dict[str, Any]) -> None:
        """Keep where speech is."""
        self.store(row).put_document(keys.segmentation(row.blobs), to_json(segmentation))

    def segmentation(self, row: Transcription) -> dict[str, Any]:
        """Where speech is.

        Raises:
            BlobMissing: it is not known yet, or the job was erased.
        """
        data: dict[str, Any] = json.loads(self.store(row).get_document(keys.segmentation(row.blobs)))
        return data

    def has_chunk(self, row: Transcription, number: int) -> bool:
        """Whether a chunk was recognised to its end, by whichever worker."""
        return self.store(row).exists(keys.chunk(_chunks(row), number))

    def put_chunk(self, row: Transcription, number: int, segments: Iterable[Segment]) -> None:
        """Keep what was recognised in a chunk."""
        self._put(row, keys.chunk(_chunks(row), number), segments)

    def put_draft(self, row: Transcription, number: int, segments: Iterable[Segment]) -> None:
        """Let what is recognised of a chunk so far be read."""
        self._put(row, keys.draft(_chunks(row), number), segments)

    def has_voices(self, row: Transcription, number: int) -> bool:
        """Whether the voices of a chunk were heard to its end, by whichever worker."""
        return self.store(row).exists(keys.voices(_chunks(row), number))

    def put_voices(self, row: Transcription, number: int, voices: list[dict[str, Any]]) -> None:
        """Keep what was heard of voices in a chunk."""
        self.store(row).put_document(keys.voices(_chunks(row), number), to_json(voices))

    def voices(self, row: Transcription, chunks: Sequence[Chunk]) -> list[dict[str, Any]]:
        """What was heard of voices in all chunks.

        Raises:
            BlobMissing: one is not there.
        """
        return [
            each
            for chunk in chunks
            for each in json.loads(self.store(row).get_document(keys.voices(_chunks(row), chunk.number)))
        ]

    def answer(self, row: Transcription, part: int) -> bytes | None:
        """What a provider answered to a part of the recording; None where no answer was kept."""
        try:
            return self.store(row).get_document(keys.answer(row.blobs, part))
        except BlobMissing:
            return None

    def put_answer(self, row: Transcription, part: int, answer: bytes) -> None:
        """Keep what a provider answered: it is paid for."""
        self.store(row).put_document(keys.answer(row.blobs, part), answer)

    def transcript(
        self, row: Transcription, chunks: Sequence[Chunk], turns: Sequence[SpeakerTurn] | None = None
    ) -> Transcript:
        """What all chunks make together; with `turns` sentences have speakers.

        Raises:
            BlobMissing: one is not there.
        """
        segments = [each for chunk in chunks for each in self._segments(row, keys.chunk(_chunks(row), chunk.number))]
        transcript = self._assembled(row, segments, turns)
        if turns is None and speakers_asked(row) is not None:
            return replace(transcript, diarization=Diarization(applied=False))
        return transcript

    def transcript_so_far(self, row: Transcription, chunks: Sequence[Chunk]) -> Transcript:
        """What there is from the beginning up to the first chunk that is not finished, with what there is of that one.

        Raises:
            BlobMissing: the job has ended meanwhile.
        """
        segments: list[Segment] = []
        for chunk in chunks:
            if chunk.finished:
                segments += self._segments(row, keys.chunk(_chunks(row), chunk.number))
                continue
            if chunk.readable > 0:
                segments += self._segments(row, keys.draft(_chunks(row), chunk.number))
            break
        return self._assembled(row, segments)

    def forget_chunks(self, row: Transcription) -> None:
        """Remove the chunks, whose text is in the transcript."""
        self._blobs.delete_prefix(keys.chunks(row.blobs))

    def _assembled(
        self, row: Transcription, segments: Sequence[Segment], turns: Sequence[SpeakerTurn] | None = None
    ) -> Transcript:
        """The one place where a job's words become its transcript."""
        segmentation = self.segmentation(row)
        channels = len(segmentation["channels"])
        transcript = assemble(
            segments,
            duration=segmentation["duration"],
            participants=participants_by_channel(row, channels),
            language=row.language,
            channels=channels,
            turns=turns,
            roles=[each.type for each in row.participants],
        )
        others = row.resolved_configuration.language_models or {}
        return replace(transcript, models=models_used(segments, row.served_by.model, others))

    def store(self, row: Transcription) -> BlobStore:
        """The blob store as this job's own: what it puts there is sealed where the job redacts."""
        return store_of(row, self._blobs, self._cipher)

    def _put(self, row: Transcription, key: str, segments: Iterable[Segment]) -> None:
        self.store(row).put_document(key, _SEGMENTS.dump_json(list(segments)))

    def _segments(self, row: Transcription, key: str) -> list[Segment]:
        return _SEGMENTS.validate_json(self.store(row).get_document(key))


def _chunks(row: Transcription) -> str:
    """The folder of a job's chunks, as it is served now."""
    stands_in = row.resolved_configuration.stands_in_for is not None
    return keys.stand_in(row.blobs) if stands_in else keys.chunks(row.blobs)


def peaks_document(peaks: Peaks) -> bytes:
    """Peaks as they are answered, and kept."""
    return to_json(PeaksResource.of(peaks), by_alias=True)


def speakers_asked(row: Transcription) -> SpeakerRange | None:
    """How many speakers to look for; None where the configuration does not ask for them."""
    asked = row.resolved_configuration.diarization
    if asked is None or not asked.enabled:
        return None
    return SpeakerRange.of(asked.min_speakers, asked.max_speakers)


def participants_by_channel(row: Transcription, channels: int) -> dict[int, int]:
    """Channel, from 0, to position in `participants`. One channel that two share is nobody's."""
    if channels == 1 and len(row.participants) > 1:
        return {}
    return {each.audio_channel_index - 1: position for position, each in enumerate(row.participants)}
